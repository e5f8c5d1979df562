"""Load from people who think between two clicks, over real HTTP, on one machine only.

A visitor is a coroutine with a session (cookies) of its own. `Load.get/post` time one answer each under a label;
`run_visitors` starts them spread over a ramp and stops them by the clock.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp

from tests.benchmarks.figures import Report, percentile

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Samples:
    """What was measured: seconds and statuses per label."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    began: float = field(default_factory=time.perf_counter)
    ended: float = 0.0

    @property
    def answers(self) -> int:
        """How many answers came, failures included."""
        return sum(map(len, self.seconds.values()))

    def report_to(self, report: Report, *, prefix: str = "") -> None:
        """Add count, rate, percentiles and failures of every label."""
        elapsed = max(self.ended - self.began, 1e-9)
        for label, seconds in sorted(self.seconds.items()):
            report.add(f"{prefix}{label}_per_second", len(seconds) / elapsed, "1/s")
            for share in (0.50, 0.95, 0.99):
                report.add(f"{prefix}{label}_p{share * 100:.0f}", percentile(seconds, share) * 1000, "ms")
        report.add(f"{prefix}failures", sum(map(len, self.failures.values())), "answers")


class Visitor:
    """One person with a browser: cookies, a CSRF token, timed requests."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession, samples: Samples, chance: random.Random) -> None:
        if urlsplit(base_url).hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("Load goes to this machine only.")
        self.base_url = base_url
        self.session = session
        self.samples = samples
        self.chance = chance

    async def get(self, path: str, label: str = "", *, wanted: int = 200) -> str:
        """Get a path; the answer's text. Timed where it has a label."""
        return await self._timed("GET", path, label, wanted)

    async def post(self, path: str, data: dict[str, str], label: str = "", *, wanted: int = 200) -> str:
        """Post a form with the CSRF token; the answer's text (redirects followed)."""
        cookies = self.session.cookie_jar.filter_cookies(self.base_url)  # type: ignore[arg-type]
        headers = {"Referer": self.base_url + path}
        if "csrftoken" in cookies:
            headers["X-CSRFToken"] = cookies["csrftoken"].value
        return await self._timed("POST", path, label, wanted, data=data, headers=headers)

    async def sign_in(self, username: str, password: str) -> None:
        """Sign in; raises RuntimeError where the portal refuses."""
        address = "/tai-khoan/dang-nhap/"
        token = TOKEN.search(await self.get(address))
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token.group(1) if token else ""}
        await self.post(address, form)
        if "sessionid" not in self.session.cookie_jar.filter_cookies(self.base_url):  # type: ignore[arg-type]
            raise RuntimeError(f"{username} could not sign in.")

    async def think(self, least: float, most: float) -> None:
        """Wait as a person does."""
        await asyncio.sleep(self.chance.uniform(least, most))

    async def _timed(self, method: str, path: str, label: str, wanted: int, **more: object) -> str:
        began = time.perf_counter()
        try:
            async with self.session.request(method, self.base_url + path, **more) as answer:  # type: ignore[arg-type]
                text = await answer.text()
                status: int | str = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            text, status = "", type(error).__name__
        if label:
            self.samples.seconds[label].append(time.perf_counter() - began)
            if status != wanted:
                self.samples.failures[label].append(f"{path}: {status}")
        elif status != wanted:
            raise RuntimeError(f"{method} {path} answers {status}")
        return text


def run_visitors(
    base_url: str,
    *,
    count: int,
    seconds: float,
    behave: Callable[[Visitor, int], Awaitable[None]],
    prepare: Callable[[Visitor, int], Awaitable[None]] | None = None,
    ramp: float = 0.0,
    seed: int = 1,
) -> Samples:
    """Let `count` visitors repeat `behave(visitor, number)` for the seconds, after each did `prepare` untimed."""
    return asyncio.run(_run(base_url, count, seconds, behave, prepare, ramp, seed))


async def _run(
    base_url: str,
    count: int,
    seconds: float,
    behave: Callable[[Visitor, int], Awaitable[None]],
    prepare: Callable[[Visitor, int], Awaitable[None]] | None,
    ramp: float,
    seed: int,
) -> Samples:
    samples = Samples()
    sessions = [
        aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=60), trust_env=False
        )
        for _ in range(count)
    ]
    visitors = [
        Visitor(base_url, session, samples, random.Random(seed * 10_000 + number))
        for number, session in enumerate(sessions)
    ]
    try:
        if prepare is not None:
            few = asyncio.Semaphore(4)

            async def prepared(visitor: Visitor, number: int) -> None:
                async with few:
                    await prepare(visitor, number)

            await asyncio.gather(*(prepared(visitor, number) for number, visitor in enumerate(visitors)))
        samples.began = time.perf_counter()
        end = samples.began + seconds

        async def live(visitor: Visitor, number: int) -> None:
            await asyncio.sleep(ramp * number / max(count, 1))
            while time.perf_counter() < end:
                await behave(visitor, number)

        await asyncio.gather(*(live(visitor, number) for number, visitor in enumerate(visitors)))
        samples.ended = time.perf_counter()
    finally:
        await asyncio.gather(*(session.close() for session in sessions))
    return samples
