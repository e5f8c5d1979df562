"""The contributors of a deadline day over real HTTP, in a process of their own and without Django.

`python -m tests.benchmarks.deadline_load PLAN LOG`: reads the plan, writes what was acknowledged, refused and timed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.factories.files import pdf_bytes

TOKEN = "b" * 32
UPLOADS = 0.01
READS = 0.04


@dataclass
class Log:
    """What happened: seconds by kind, the last acknowledged text of each leaf, hashes of acknowledged uploads."""

    lock_at: float
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"autosave": [], "upload": [], "read": []})
    refused: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    accepted_after_lock: int = 0
    # What the contributors themselves take from the processors that they share with the server.
    processor_seconds: float = 0.0

    def note(self, kind: str, began: float, sent_at: float, *, accepted: bool, locked: bool, what: str) -> bool:
        """Sort one answer; return whether a write was acknowledged."""
        seconds = time.perf_counter() - began
        if accepted:
            self.seconds[kind].append(seconds)
            self.accepted_after_lock += sent_at > self.lock_at
        elif locked and time.time() >= self.lock_at:
            self.refused.append(seconds)
        else:
            self.failures.append(what)
        return accepted


class Contributor:
    """One person who fills in one form."""

    def __init__(self, plan: dict[str, Any], person: dict[str, Any], number: int, log: Log) -> None:
        self.plan, self.log = plan, log
        self.chance = random.Random(plan["seed"] * 10_000 + number)
        self.form = f"{plan['base_url']}/lam-viec/ho-so/{person['submission']}/"
        self.submission = person["submission"]
        self.versions: dict[str, int] = {}
        self.session = aiohttp.ClientSession(
            cookies={"sessionid": person["session"], "csrftoken": TOKEN},
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={"X-CSRFToken": TOKEN, "Referer": self.form, "Accept-Language": "vi"},
            timeout=aiohttp.ClientTimeout(total=60),
        )

    async def work(self, end: float) -> None:
        """Type, wait, type, until the end."""
        await asyncio.sleep(max(self.plan["begin"] - time.time(), 0) + self.chance.uniform(0, 3))
        while time.time() < end:
            draw = self.chance.random()
            try:
                if draw < UPLOADS:
                    await self.upload()
                elif draw < UPLOADS + READS:
                    await self.read()
                else:
                    await self.autosave()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.log.failures.append(type(error).__name__)
            await asyncio.sleep(self.chance.uniform(self.plan["think"][0], self.plan["think"][1]))
        await self.session.close()

    async def autosave(self) -> None:
        """Save one leaf as the page does."""
        code = self.chance.choice(self.plan["codes"])
        key, text = f"{self.submission}|{code}", f"Giải trình {uuid.uuid4()}"
        leaf = self.log.answers.setdefault(key, {"version": 0, "text": "", "unsure": [""]})
        leaf["unsure"].append(text)
        data = {
            f"{code}-points": str(self.chance.choice(["0,5", "1", "1,5", "2"])),
            f"{code}-explanation": text,
            f"{code}-version": str(self.versions.get(code, 0)),
            "write_id": str(uuid.uuid4()),
        }
        began, sent_at = time.perf_counter(), time.time()
        url = f"{self.form}tieu-chi/{code}/tu-luu/"
        async with self.session.post(url, data=data, headers={"Accept": "application/json"}) as answer:
            found = await answer.json() if answer.content_type == "application/json" else {}
        saved, locked = found.get("state") == "saved", found.get("code") == "locked"
        what = f"autosave {answer.status} {found.get('state', '')} {found.get('code', '')}"
        if self.log.note("autosave", began, sent_at, accepted=saved, locked=locked, what=what):
            self.versions[code] = found["version"]
            leaf.update(version=found["version"], text=text, unsure=[])

    async def upload(self) -> None:
        """Attach a document to one leaf."""
        code = self.chance.choice(self.plan["codes"])
        content = pdf_bytes(text=uuid.uuid4().hex)
        form = aiohttp.FormData()
        form.add_field("file", content, filename="minh-chung.pdf", content_type="application/pdf")
        began, sent_at = time.perf_counter(), time.time()
        url = f"{self.form}tieu-chi/{code}/minh-chung/"
        async with self.session.post(url, data=form, allow_redirects=False) as answer:
            await answer.read()
        # A refused upload comes back as the page with the reason.
        done, refused = answer.status == 302, answer.status == 422
        if self.log.note("upload", began, sent_at, accepted=done, locked=refused, what=f"upload {answer.status}"):
            self.log.uploads.append(hashlib.sha256(content).hexdigest())

    async def read(self) -> None:
        """Open one domain of the form."""
        began = time.perf_counter()
        domain = self.chance.choice(self.plan["codes"]).split(".")[0]
        async with self.session.get(f"{self.form}linh-vuc/{domain}/") as answer:
            await answer.read()
        if answer.status == 200:
            self.log.seconds["read"].append(time.perf_counter() - began)
        else:
            self.log.failures.append(f"read {answer.status}")


async def run(plan: dict[str, Any]) -> Log:
    """Let everybody work until the end of the plan."""
    log = Log(lock_at=plan["lock_at"])
    people = [Contributor(plan, person, number, log) for number, person in enumerate(plan["people"])]
    await asyncio.gather(*(person.work(plan["end"]) for person in people))
    log.processor_seconds = time.process_time()
    return log


def main(plan_file: str, log_file: str) -> None:
    """Read the plan, work, write the log."""
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    log = asyncio.run(run(plan))
    Path(log_file).write_text(json.dumps({**log.__dict__, "lock": plan["lock"]}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
