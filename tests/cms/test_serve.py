"""The one command: starts, answers, stops, leaves nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import CommandError, call_command

import pytest

from cms.serving import Supervisor, port_is_free

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.embedded]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def group_of(pid):
    """Return the ids of all processes below the process."""
    found, level = [], [pid]
    while level:
        children = []
        for parent in level:
            try:
                text = open(f"/proc/{parent}/task/{parent}/children").read()  # noqa: SIM115
            except (FileNotFoundError, ProcessLookupError):
                continue
            children += [int(child) for child in text.split()]
        found += children
        level = children
    return found


def is_alive(pid):
    try:
        state = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]  # noqa: SIM115
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def portal(tmp_path):
    """A portal that starts in an empty folder."""
    yield from running(tmp_path / "var")


@pytest.fixture
def migrated_portal(tmp_path, migrated_folder):
    """A portal that starts on tables that are there."""
    yield from running(migrated_folder(tmp_path / "var"))


def running(folder):
    """Start the one command on a data folder; give the process and its port, and end it."""
    port = free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "cms.settings.dev",
        "PORTAL_VAR_DIR": str(folder),
        "PORTAL_PORT": str(port),
        "PORTAL_WEB_WORKERS": "1",
        "PORTAL_WORKERS": "1",
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    environment.pop("DATABASE_URL")
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", "--no-demo"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=settings.BASE_DIR
    )
    try:
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_for(address, seconds=240):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310 -- our own address
                return json.load(answer)
        except (URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"{address} did not answer")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_it_serves_works_and_stops_without_a_trace(portal):
    process, port = portal
    assert wait_for(f"http://127.0.0.1:{port}/-/live") == {"status": "ok"}
    assert wait_for(f"http://127.0.0.1:{port}/-/ready") == {"status": "ok"}
    family = group_of(process.pid)
    assert len(family) >= 4
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    output = process.stdout.read().decode()
    assert f"http://127.0.0.1:{port}/lam-viec/" in output
    assert "quantri" in output
    time.sleep(0.5)
    assert [pid for pid in family if is_alive(pid)] == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_it_ends_with_an_error_when_a_part_dies(migrated_portal):
    process, port = migrated_portal
    wait_for(f"http://127.0.0.1:{port}/-/live")
    family = group_of(process.pid)
    worker = next(pid for pid in family if "qcluster" in open(f"/proc/{pid}/cmdline").read())  # noqa: SIM115
    os.kill(worker, signal.SIGKILL)
    assert process.wait(timeout=60) == 1
    time.sleep(0.5)
    assert [pid for pid in family if is_alive(pid)] == []


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_a_worker_that_asks_for_it_is_started_again_and_what_it_left_is_ended(tmp_path):
    """The first start leaves a process behind and ends with 75, the second ends with 3: that ends the command."""
    log = tmp_path / "pids"
    script = f"""
import os, subprocess, sys
log = {str(log)!r}
first = not os.path.exists(log)
left = subprocess.Popen(["sleep", "60"])
open(log, "a").write(f"{{left.pid}}\\n")
os._exit(75 if first else 3)
"""
    said: list[str] = []
    supervisor = Supervisor(commands={"worker": [sys.executable, "-c", script]}, say=said.append)
    assert supervisor.run(address="http://127.0.0.1:9/", on_ready=lambda: None) == 1
    assert said == ["worker is started again.", "worker ended with code 3."]
    left = [int(pid) for pid in log.read_text().split()]
    time.sleep(0.5)
    assert (len(left), [pid for pid in left if is_alive(pid)]) == (2, [])


def test_a_taken_port_is_told():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not port_is_free("127.0.0.1", port)
        with pytest.raises(CommandError, match=str(port)):
            call_command("serve", port=port)
