"""Appraisers on one round over real HTTP, in a process of their own and without Django.

`python -m tests.benchmarks.appraisal_load PLAN LOG`: reads the plan, writes what was acknowledged, refused and timed.
Everybody decides leaves of the same few units, so that many meet on one unit or leaf; every fourth act
opens a leaf or the queue. A decision that came too late is refused with the newest one, and is no failure.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

TOKEN = "b" * 32
READS = 0.25


@dataclass
class Log:
    """What happened: seconds by kind, reasons of acknowledged decisions with their place, refusals, failures."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"decision": [], "leaf": [], "queue": []})
    acknowledged: dict[str, str] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)
    stale: int = 0
    failures: list[str] = field(default_factory=list)


class Appraiser:
    """One person who works through the queue."""

    def __init__(self, plan: dict[str, Any], person: dict[str, str], number: int, log: Log, left: list[str]) -> None:
        self.plan, self.log, self.left, self.name = plan, log, left, person["username"]
        self.chance = random.Random(plan["seed"] * 10_000 + number)
        self.desk = f"{plan['base_url']}/lam-viec/tham-dinh/{plan['round']}/"
        self.session = aiohttp.ClientSession(
            cookies={"sessionid": person["session"], "csrftoken": TOKEN},
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={"X-CSRFToken": TOKEN, "Referer": self.desk, "Accept-Language": "vi"},
            timeout=aiohttp.ClientTimeout(total=60),
        )

    async def work(self, end: float) -> None:
        """Decide, think, decide, until the end."""
        await asyncio.sleep(self.chance.uniform(0, 2))
        while time.time() < end and self.left:
            try:
                if self.chance.random() < READS:
                    await self.read()
                else:
                    await self.decide()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.log.failures.append(type(error).__name__)
            await asyncio.sleep(self.chance.uniform(*self.plan["think"]))
        await self.session.close()

    async def decide(self) -> None:
        """Set points with a reason that nobody else gives; now and then on the leaf that somebody else has open."""
        key = self.chance.choice(self.left[:40])
        participant, code = key.split("|")
        reason = f"Lý do {uuid.uuid4()}"
        data = {
            "expected_entry_id": str(self.plan["entries"][key]),
            "in_points": self.chance.choice(["0", "0,5", "1", "1,5", "2"]),
            "reason": reason,
            "viec": "cho-diem",
            "o-lai": "1",
        }
        self.log.unsure.append(reason)
        began = time.perf_counter()
        async with self.session.post(f"{self.desk}{participant}/{code}/", data=data, allow_redirects=False) as answer:
            await answer.read()
        self.log.seconds["decision"].append(time.perf_counter() - began)
        if answer.status == 302:
            self.log.acknowledged[reason] = f"{key}|{self.name}"
        elif answer.status == 409:
            self.log.stale += 1
        else:
            self.log.failures.append(f"decision {answer.status}")
        if key in self.left:
            self.left.remove(key)

    async def read(self) -> None:
        """Open a leaf or the queue."""
        kind = self.chance.choice(["leaf", "queue"])
        participant, code = self.chance.choice(self.left).split("|")
        address = f"{self.desk}{participant}/{code}/" if kind == "leaf" else f"{self.desk}?trang-thai=cho"
        began = time.perf_counter()
        async with self.session.get(address) as answer:
            await answer.read()
        if answer.status == 200:
            self.log.seconds[kind].append(time.perf_counter() - began)
        else:
            self.log.failures.append(f"{kind} {answer.status}")


async def run(plan: dict[str, Any]) -> Log:
    """Let everybody work until the end of the plan."""
    log = Log()
    left = [f"{participant}|{code}" for participant in plan["participants"] for code in plan["codes"]]
    people = [Appraiser(plan, person, number, log, left) for number, person in enumerate(plan["people"])]
    await asyncio.gather(*(person.work(plan["end"]) for person in people))
    return log


def main(plan_file: str, log_file: str) -> None:
    """Read the plan, work, write the log."""
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    log = asyncio.run(run(plan))
    Path(log_file).write_text(json.dumps(log.__dict__), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
