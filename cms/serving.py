"""The one-command mode: web server and worker as two process groups under one supervisor.

If one of them dies, the other is stopped and the command ends with an error, but for a worker that asks to be started
again (`cms.jobs.watchdog`); on Ctrl-C and SIGTERM both are stopped and nothing is left behind. Should the supervisor
itself be killed, the kernel tells its children (Linux).
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

# Longer than browsers and nginx keep an idle connection (60 s): else they send a save into one that is just closed.
KEEP_ALIVE = 75
_STOP_SECONDS = 15.0
# As `cms.jobs.watchdog.START_AGAIN`, which cannot be read before Django is set up.
_START_AGAIN = 75
_PR_SET_PDEATHSIG = 1


def web_command(host: str, port: int, *, workers: int, threads: int) -> list[str]:
    """Return the command of the web server. The application is loaded once and then forked."""
    return [
        *(sys.executable, "-m", "gunicorn", "cms.wsgi:application", "--bind", f"{host}:{port}", "--preload"),
        *("--worker-class", "cms.web_worker.PortalWorker", "--workers", str(workers), "--threads", str(threads)),
        *("--graceful-timeout", "10", "--timeout", "120", "--keep-alive", str(KEEP_ALIVE), "--no-control-socket"),
        *("--log-level", "warning"),
    ]


def worker_command(manage: Path) -> list[str]:
    """Return the command of the worker."""
    return [sys.executable, str(manage), "qcluster"]


def port_is_free(host: str, port: int) -> bool:
    """Whether nothing listens on the address yet."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError:
            return False
    return True


@dataclass
class Supervisor:
    """Starts named commands, waits until a page answers, and stops everything together."""

    commands: dict[str, list[str]]
    say: Callable[[str], None]
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    asked_to_stop: bool = False

    def run(self, *, address: str, on_ready: Callable[[], None]) -> int:
        """Run until asked to stop (returns 0) or until a child dies (returns 1)."""
        before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for name in self.commands:
                self._start(name)
            return self._watch(address, on_ready)
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self, name: str) -> None:
        self.children[name] = subprocess.Popen(  # noqa: S603 -- our own commands
            self.commands[name],
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )

    def _watch(self, address: str, on_ready: Callable[[], None]) -> int:
        ready = False
        while not self.asked_to_stop:
            for name, child in list(self.children.items()):
                if child.poll() == _START_AGAIN:
                    self.say(f"{name} is started again.")
                    _end_group(child)
                    self._start(name)
                elif child.poll() is not None:
                    self.say(f"{name} ended with code {child.returncode}.")
                    return 1
            if not ready and _answers(address):
                ready = True
                on_ready()
            time.sleep(0.5 if ready else 0.1)
        return 0

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def _stop_all(self) -> None:
        # Only the main process of each group is told: it ends its own children in order.
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        end = time.monotonic() + _STOP_SECONDS
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(end - time.monotonic(), 0.1))
        for child in self.children.values():
            _end_group(child)
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=5)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End what outlived the main process of the group, or would not end."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2) as response:  # noqa: S310 -- our own address
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
