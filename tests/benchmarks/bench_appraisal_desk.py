"""Twenty appraisers on one round at once over HTTP: decisions on the same units, the queue and leaves between.

40 units with 104 leaves for a minute with a think time of 1 to 4 s, against the portal as `make run` starts it, on
SQLite first and then on PostgreSQL (`BENCH_POSTGRES`, by default the server on this machine; left out where none
answers). Every acknowledged decision must be in the ledger, and none that nobody made.
`BENCH_APPRAISERS`, `BENCH_APPRAISAL_UNITS`, `BENCH_APPRAISAL_SECONDS` and `BENCH_SEED` change the size and the order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.benchmarks import appraisal_world
from tests.benchmarks.bench_deadline_day import SERVER, postgres_answers
from tests.benchmarks.databases import scratch_database
from tests.benchmarks.figures import Report, percentile
from tests.portal_process import environment, running_portal

APPRAISERS = int(os.environ.get("BENCH_APPRAISERS", "20"))
UNITS = int(os.environ.get("BENCH_APPRAISAL_UNITS", "40"))
SECONDS = float(os.environ.get("BENCH_APPRAISAL_SECONDS", "60"))
SEED = int(os.environ.get("BENCH_SEED", "5"))
GOAL_MS = 300.0
THINK = (1.0, 4.0)


def run(report: Report) -> None:
    """Both databases, one after the other; the sums of both at the end."""
    report.add("appraisers", APPRAISERS, "people")
    report.add("seconds", SECONDS, "s")
    found = [_morning(report, "sqlite", "")]
    if postgres_answers(SERVER):
        with scratch_database(SERVER) as url:
            found.append(_morning(report, "postgres", url))
    else:
        sys.stderr.write(f"appraisal_desk: no PostgreSQL at {SERVER}; its figures are missing.\n")
    for figure in ("lost", "unseen", "twice"):
        report.add(figure, sum(one[figure] for one in found), "decisions")


def _morning(report: Report, name: str, url: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix=f"portal-{name}-") as scratch:
        folder = Path(scratch)
        extra = {"DATABASE_URL": url} if url else {}
        surroundings = environment(folder, extra)
        world_file = str(folder / "world.json")
        appraisal_world.command("setup", str(UNITS), str(APPRAISERS), world_file, environment=surroundings)
        world = json.loads(Path(world_file).read_text(encoding="utf-8"))
        with running_portal(folder, extra=extra) as portal:
            log = _load(folder, portal.base_url, world)
        found: dict[str, int] = json.loads(
            appraisal_world.command("check", str(folder / "log.json"), environment=surroundings)
        )
        _report(report, name, log, found)
        return found


def _load(folder: Path, base_url: str, world: dict[str, Any]) -> dict[str, Any]:
    plan = {**world, "base_url": base_url, "seed": SEED, "think": THINK, "end": time.time() + SECONDS}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    arguments = [str(folder / "plan.json"), str(folder / "log.json")]
    subprocess.run([sys.executable, "-m", "tests.benchmarks.appraisal_load", *arguments], check=True)
    log: dict[str, Any] = json.loads((folder / "log.json").read_text(encoding="utf-8"))
    return log


def _report(report: Report, name: str, log: dict[str, Any], found: dict[str, int]) -> None:
    decisions = log["seconds"]["decision"]
    report.add(f"{name}_decisions", len(log["acknowledged"]), "decisions")
    report.add(f"{name}_p50_ms", percentile(decisions, 0.50) * 1000, "ms")
    report.add(f"{name}_p95_ms", percentile(decisions, 0.95) * 1000, "ms", baseline=GOAL_MS)
    report.add(f"{name}_p99_ms", percentile(decisions, 0.99) * 1000, "ms")
    for kind in ("leaf", "queue"):
        if times := log["seconds"][kind]:
            report.add(f"{name}_{kind}_p95_ms", percentile(times, 0.95) * 1000, "ms")
    report.add(f"{name}_stale", log["stale"], "decisions")
    report.add(f"{name}_stored", found["stored"], "decisions")
    report.add(f"{name}_failures", len(log["failures"]), "answers")
    for what, number in Counter(log["failures"]).most_common(5):
        sys.stderr.write(f"appraisal_desk {name}: {number} x {what}\n")
