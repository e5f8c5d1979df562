"""Processes and connections killed in the middle of writing: nothing acknowledged is lost, nothing is half done.

The web server's and the database's side are killed (`pg_terminate_backend`, PostgreSQL only) at random points during
autosaves, uploads, sending and the import of the unit's workbook, `BENCH_FAULTS_KILLS` (20) times each; the worker in
the middle of a job that imports scores. Afterwards the stored rows are held against what the clients were told.
`BENCH_SEED` chooses other points.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks import faults_world
from tests.benchmarks.bench_deadline_day import SERVER, postgres_answers
from tests.benchmarks.databases import scratch_database
from tests.benchmarks.faults_client import ACTS, Client
from tests.benchmarks.figures import Report
from tests.portal_process import REPOSITORY, environment, free_port, wait_until_live

KILLS = int(os.environ.get("BENCH_FAULTS_KILLS", "20"))
SEED = int(os.environ.get("BENCH_SEED", "4"))
# How long an act takes about, in seconds: the kill falls somewhere in it.
SPAN = {"autosave": 0.15, "upload": 0.8, "send": 0.3, "workbook": 0.6}


def run(report: Report) -> None:
    """Kill, restart, look; on PostgreSQL where a server answers, else on SQLite without kills of connections."""
    if not postgres_answers(SERVER):
        sys.stderr.write(f"faults: no PostgreSQL at {SERVER}; on SQLite no connection can be killed.\n")
    with (
        scratch_database(SERVER if postgres_answers(SERVER) else "") as url,
        tempfile.TemporaryDirectory(prefix="portal-faults-") as scratch,
    ):
        folder = Path(scratch)
        surroundings = environment(folder, {"DATABASE_URL": url} if url else {})
        targets = ["web", "connection"] if url else ["web"]
        forms = KILLS * len(targets)
        faults_world.command("setup", str(forms), str(folder / "world.json"), environment=surroundings)
        world = json.loads((folder / "world.json").read_text(encoding="utf-8"))
        server = Server(surroundings, folder / "web.log")
        log: dict[str, Any] = {"kills": 0, "acknowledged": []}
        began = time.monotonic()
        with server.running():
            for act in ACTS:
                for number in range(forms):
                    target = targets[number % len(targets)]
                    _one(server, world, act, number, target, url, log)
            log["kills"] += _worker_kills(server)
        seconds = time.monotonic() - began
        (folder / "log.json").write_text(json.dumps(log), encoding="utf-8")
        found = json.loads(faults_world.command("check", str(folder / "log.json"), environment=surroundings))
    report.add("seconds_of_kills", seconds, "s")
    report.add("kills", log["kills"], "kills")
    report.add("acknowledged", len(log["acknowledged"]), "writes")
    for figure, unit in (("lost", "writes"), ("half_sent", "forms"), ("half_imported", "imports")):
        report.add(figure, found[figure], unit)
    report.add("orphans_before_the_sweep", found["orphans_before"], "files")
    report.add("orphans", found["orphans"], "files")


class Server:
    """The web server alone, killed and started again; and processes that run a job."""

    def __init__(self, surroundings: dict[str, str], log: Path) -> None:
        self.surroundings, self.log = surroundings, log
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.loaded: subprocess.Popen[str] | None = None
        self.web = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve until the block ends."""
        command = [sys.executable, "-m", "tests.benchmarks.faults_server", str(self.port)]
        with self.log.open("ab") as output:
            self.loaded = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=self.surroundings,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        try:
            assert self.loaded.stdout is not None
            self.loaded.stdout.readline()
            self.start()
            yield
        finally:
            self.kill()
            self.loaded.kill()
            self.loaded.wait(timeout=20)

    def start(self) -> None:
        """Start the web server as deployed and wait until it answers."""
        self.web = self.ask("web")
        assert self.loaded is not None
        wait_until_live(self.base_url, self.loaded, self.log, 60)

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut does."""
        self.end(self.web)

    def end(self, pid: int) -> None:
        """Kill a process with all of its own and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self.ask(f"end {pid}")

    def ask(self, line: str) -> int:
        """Let the loaded process do something; return the pid that it answers."""
        assert self.loaded is not None
        assert self.loaded.stdin is not None
        assert self.loaded.stdout is not None
        self.loaded.stdin.write(f"{line}\n")
        self.loaded.stdin.flush()
        return int(self.loaded.stdout.readline())


def _one(
    server: Server, world: dict[str, Any], act: str, number: int, target: str, url: str, log: dict[str, Any]
) -> None:
    """Do one act and kill in the middle of it; note what was acknowledged."""
    chance = random.Random(f"{SEED}-{act}-{number}")
    client = Client(server.base_url, world, act, number)
    thread = threading.Thread(target=client.act)
    thread.start()
    time.sleep(chance.uniform(0, SPAN[act]))
    if target == "web":
        server.kill()
        server.start()
    else:
        _terminate(url)
    thread.join(60)
    log["kills"] += 1
    log["acknowledged"] += client.acknowledged


def _terminate(url: str) -> None:
    with psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )


def _worker_kills(server: Server) -> int:
    """Let a process of the worker run an import and kill it somewhere; the job is taken up again afterwards."""
    chance = random.Random(f"{SEED}-worker")
    for number in range(KILLS):
        worker = server.ask(f"work {number}")
        time.sleep(chance.uniform(0, 0.6))
        server.end(worker)
    return KILLS
