"""The evening before the lock: units write at once over HTTP, the lock falls in the middle.

200 units for two minutes with a think time of 1 to 5 s, uploads and reads among the autosaves, against the portal as
`make run` starts it, first on SQLite and then on PostgreSQL (`BENCH_POSTGRES`, by default the server on this machine;
left out with a word where none answers). Every acknowledged write must be stored, none taken after the lock.
PostgreSQL is joined by Redis where `REDIS_URL` names one, as in production.
`BENCH_DEADLINE_UNITS`, `BENCH_DEADLINE_SECONDS` and `BENCH_SEED` change the size and the order.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks import deadline_world
from tests.benchmarks.databases import scratch_database
from tests.benchmarks.figures import Report, percentile
from tests.portal_process import environment, running_portal

UNITS = int(os.environ.get("BENCH_DEADLINE_UNITS", "200"))
SECONDS = float(os.environ.get("BENCH_DEADLINE_SECONDS", "120"))
SEED = int(os.environ.get("BENCH_SEED", "4"))
SERVER = (
    os.environ.get("BENCH_POSTGRES") or os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
)
GOAL_MS = 300.0
THINK = (1.0, 5.0)
# How long the contributors' process may take to start, in seconds.
AHEAD = 10.0


def run(report: Report) -> None:
    """Both databases, one after the other; the sums of both at the end."""
    report.add("units", UNITS, "units")
    report.add("seconds", SECONDS, "s")
    found = [_evening(report, "sqlite", "")]
    if postgres_answers(SERVER):
        with scratch_database(SERVER) as url:
            found.append(_evening(report, "postgres", url))
    else:
        sys.stderr.write(f"deadline_day: no PostgreSQL at {SERVER}; its figures are missing.\n")
    for figure in ("lost", "accepted_after_lock"):
        report.add(figure, sum(one[figure] for one in found), "writes")


def postgres_answers(server: str) -> bool:
    """Whether a PostgreSQL server answers at the address."""
    try:
        psycopg.connect(server.replace("postgres://", "postgresql://"), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _evening(report: Report, name: str, url: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix=f"portal-{name}-") as scratch:
        folder = Path(scratch)
        extra = {"DATABASE_URL": url} if url else {}
        if url and os.environ.get("REDIS_URL"):
            extra["REDIS_URL"] = os.environ["REDIS_URL"]
        surroundings = environment(folder, extra)
        deadline_world.command("setup", str(UNITS), str(folder / "world.json"), environment=surroundings)
        world = json.loads((folder / "world.json").read_text(encoding="utf-8"))
        with running_portal(folder, extra=extra) as portal:
            log = _load(folder, portal.base_url, world, surroundings)
        found = json.loads(deadline_world.command("check", str(folder / "log.json"), environment=surroundings))
        _report(report, name, log, found)
        return found


def _load(folder: Path, base_url: str, world: dict[str, Any], surroundings: dict[str, str]) -> dict[str, Any]:
    # The command names the moment when it has stored it: on a busy machine it takes its time to start.
    moment = deadline_world.command("lock", str(AHEAD + SECONDS / 2), environment=surroundings).strip()
    lock_at = dt.datetime.fromisoformat(moment).timestamp()
    plan = {
        **world,
        "base_url": base_url,
        "seed": SEED,
        "think": THINK,
        "lock": moment,
        "lock_at": lock_at,
        "begin": lock_at - SECONDS / 2,
        "end": lock_at + SECONDS / 2,
    }
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    arguments = [str(folder / "plan.json"), str(folder / "log.json")]
    subprocess.run([sys.executable, "-m", "tests.benchmarks.deadline_load", *arguments], check=True)
    log: dict[str, Any] = json.loads((folder / "log.json").read_text(encoding="utf-8"))
    return log


def _report(report: Report, name: str, log: dict[str, Any], found: dict[str, int]) -> None:
    for what, number in Counter(log["failures"]).most_common(5):
        sys.stderr.write(f"deadline_day {name}: {number} x {what}\n")
    autosaves = log["seconds"]["autosave"]
    if not autosaves:
        raise RuntimeError(f"No write was acknowledged on {name}; {len(log['refused'])} came after the lock.")
    report.add(f"{name}_autosaves", len(autosaves), "writes")
    report.add(f"{name}_p50_ms", percentile(autosaves, 0.50) * 1000, "ms")
    report.add(f"{name}_p95_ms", percentile(autosaves, 0.95) * 1000, "ms", baseline=GOAL_MS)
    report.add(f"{name}_p99_ms", percentile(autosaves, 0.99) * 1000, "ms")
    for kind in ("upload", "read"):
        if times := log["seconds"][kind]:
            report.add(f"{name}_{kind}_p95_ms", percentile(times, 0.95) * 1000, "ms")
    report.add(f"{name}_refused_after_lock", len(log["refused"]), "writes")
    report.add(f"{name}_failures", len(log["failures"]), "answers")
    report.add(f"{name}_stored", found["stored"], "answers")
    report.add(f"{name}_clients_processor", log["processor_seconds"], "s")
