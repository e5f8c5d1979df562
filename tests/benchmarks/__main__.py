"""`make bench` and `make bench NAME=spreadsheets`: each benchmark in a process and on a database of its own.

A benchmark is a module `bench_<name>.py` with `run(report)`. It runs on SQLite in a throw-away folder, or on a
throw-away database of the PostgreSQL server that DATABASE_URL names. `BENCH_*` variables of the modules change sizes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.databases import scratch_database

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Return the benchmarks that there are."""
    return sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


def run_one(name: str) -> int:
    """Run one benchmark; return its exit code."""
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        scratch_database(os.environ.get("DATABASE_URL", "")) as url,
    ):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "cms.settings.dev",
            "PORTAL_VAR_DIR": folder,
            "PORTAL_LOG_LEVEL": "ERROR",
        }
        environment.pop("DATABASE_URL", None)
        if url:
            environment["DATABASE_URL"] = url
        command = [sys.executable, "-m", "tests.benchmarks.runner", name]
        return subprocess.run(command, env=environment, check=False).returncode


def main(asked: str) -> int:
    """Run one benchmark or all of them."""
    chosen = names() if asked == "all" else [asked]
    unknown = set(chosen) - set(names())
    if unknown:
        sys.stderr.write(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(names())}.\n")
        return 2
    return max(run_one(name) for name in chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
