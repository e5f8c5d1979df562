"""The portal as its users run it: a process with its own data folder. Used by browser tests and benchmarks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

REPOSITORY = Path(__file__).resolve().parent.parent
DEMONSTRATION_PASSWORD = "Chi-so-2026!"
START_SECONDS = 120.0


class PortalFailed(Exception):
    """The portal did not start, or a command of it failed; the message ends with what it printed."""


@dataclass(frozen=True)
class Portal:
    """A running portal."""

    base_url: str
    folder: Path
    seconds_to_ready: float

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"{self.base_url}{path}"


def free_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of the one-command mode with its data in the folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAL_", "DJANGO_", "PYTEST_"))}
    kept.pop("DATABASE_URL", None)
    kept.pop("REDIS_URL", None)
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "cms.settings.dev",
        "PORTAL_VAR_DIR": str(folder),
        "PORTAL_LOG_LEVEL": "WARNING",
        # A test that looks at baked pages switches it on; the others need the worker's time for themselves.
        "PORTAL_BAKE": "false",
        **(extra or {}),
    }


def manage(folder: Path, *arguments: str, extra: Mapping[str, str] | None = None, timeout: float = 600) -> str:
    """Run a management command on the data in the folder; return what it printed. Raises PortalFailed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=environment(folder, extra),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if done.returncode:
        raise PortalFailed(f"manage.py {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def wait_until_live(base_url: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Return once `/-/live` answers: the web server alone, without a worker. Raises as `wait_until_ready`."""
    wait_until_ready(base_url, process, log, seconds, path="/-/live")


def wait_until_ready(
    base_url: str, process: subprocess.Popen[bytes], log: Path, seconds: float, *, path: str = "/-/ready"
) -> None:
    """Return once the path answers; raises PortalFailed where the process ends or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise PortalFailed(f"The portal ended with code {process.returncode}:\n{_tail(log)}")
        try:
            with urlopen(f"{base_url}{path}", timeout=5) as answer:  # noqa: S310 -- our own address
                if answer.status == 200:
                    return
        except (URLError, OSError):
            pass
        time.sleep(0.1)
    raise PortalFailed(f"The portal was not ready after {seconds:.0f} s:\n{_tail(log)}")


@contextmanager
def running_portal(folder: Path, *, extra: Mapping[str, str] | None = None) -> Iterator[Portal]:
    """Serve the data in the folder on a free port until the block ends; web server and worker, as `make run` does."""
    port = free_port()
    log = folder / "portal.log"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port), "--no-demo"],
            cwd=REPOSITORY,
            env=environment(folder, extra),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            base_url = f"http://127.0.0.1:{port}"
            wait_until_ready(base_url, process, log, START_SECONDS)
            yield Portal(base_url=base_url, folder=folder, seconds_to_ready=time.monotonic() - began)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-4000:]
