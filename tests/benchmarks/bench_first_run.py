"""How long a newcomer waits: `make run` in a fresh clone until the portal is ready, and the second start.

The limits of the project (180 s with downloads, 15 s) stand as baselines. Both starts end by SIGINT to the whole group,
as Ctrl-C does; nothing may be left running. `BENCH_FIRST_RUN_CACHE=1` lets pip use what it downloaded before.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.benchmarks.figures import Report
from tests.portal_process import REPOSITORY, free_port

FIRST_LIMIT = 180.0
SECOND_LIMIT = 15.0
PATIENCE = 900.0


def run(report: Report) -> None:
    """Clone what is committed, start twice, stop twice."""
    with tempfile.TemporaryDirectory(prefix="portal-first-run-") as scratch:
        clone = Path(scratch) / "portal"
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(REPOSITORY), str(clone)], check=True)
        for figure, limit in (("first_start", FIRST_LIMIT), ("second_start", SECOND_LIMIT)):
            with (Path(scratch) / "log").open("wb") as log:
                _start_and_stop(report, clone, figure, limit, log)


def _start_and_stop(report: Report, clone: Path, figure: str, limit: float, log) -> None:
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAL_", "DJANGO_", "VIRTUAL_ENV", "DATABASE"))}
    if not os.environ.get("BENCH_FIRST_RUN_CACHE"):
        kept["PIP_NO_CACHE_DIR"] = "1"
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env={**kept, "PORTAL_PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        live = _wait(f"http://127.0.0.1:{port}/-/live", process, log.name, began)
        ready = _wait(f"http://127.0.0.1:{port}/-/ready", process, log.name, began)
        report.add(f"{figure}_seconds_to_first_page", live, "s", baseline=limit)
        report.add(f"{figure}_seconds_to_ready", ready, "s", baseline=limit)
    finally:
        stopping = time.perf_counter()
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)
        report.add(f"{figure}_seconds_to_stop", time.perf_counter() - stopping, "s")
        report.add(f"{figure}_processes_left", _left_in(clone), "processes")


def _wait(address: str, process: subprocess.Popen[bytes], log: str, began: float) -> float:
    while time.perf_counter() - began < PATIENCE:
        if process.poll() is not None:
            break
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310 -- our own address
                if answer.status == 200 and json.load(answer)["status"] == "ok":
                    return time.perf_counter() - began
        except (HTTPError, URLError, OSError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{address} did not answer:\n{Path(log).read_text(errors='replace')[-3000:]}")


def _left_in(clone: Path) -> int:
    """Return how many processes still run from the clone's environment."""
    left = 0
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            left += str(clone) in command.read_bytes().decode(errors="replace")
        except OSError:
            continue
    return left
