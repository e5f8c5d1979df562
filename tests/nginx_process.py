"""nginx with deploy/nginx.conf on a free port, in front of a portal or of nothing. Used by tests and benchmarks."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.portal_process import REPOSITORY, free_port

CONFIGURATION = REPOSITORY / "deploy" / "nginx.conf"


def nginx_path() -> str | None:
    """Return nginx's command, or None (Debian: nginx-light)."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def configuration(folder: Path, *, port: int, upstream: str, server_extra: str = "") -> str:
    """Return the deployed configuration with the places of this machine put in."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    for deployed, here in (
        ("server web:8000;", f"server {upstream};"),
        ("/srv/var", str(folder)),
        ("listen 80 default_server;", f"listen 127.0.0.1:{port};\n{server_extra}"),
        ("access_log /var/log/nginx/access.log combined if=$loggable;", "access_log off;"),
    ):
        if deployed not in text:
            raise ValueError(f"deploy/nginx.conf no longer says {deployed!r}")
        text = text.replace(deployed, here)
    return text


@contextmanager
def running_nginx(
    folder: Path, scratch: Path, *, upstream: str, workers: int = 1, server_extra: str = ""
) -> Iterator[str]:
    """Serve the data folder as in production until the block ends; gives the base address."""
    port = free_port()
    scratch.mkdir(parents=True, exist_ok=True)
    places = " ".join(
        f"{name}_temp_path {scratch}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = scratch / "nginx.conf"
    main.write_text(
        f"worker_processes {workers};\ndaemon off;\npid {scratch}/nginx.pid;\nerror_log {scratch}/error.log warn;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ {places} sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
        f"{configuration(folder, port=port, upstream=upstream, server_extra=server_extra)}\n}}\n",
        encoding="utf-8",
    )
    # Workers of a master that runs as root would be another user and could not read the folder.
    user = ["-g", "user root;"] if _is_root() else []
    process = subprocess.Popen([str(nginx_path()), "-c", str(main), "-p", str(scratch), *user], stderr=subprocess.PIPE)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(base, process)
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _is_root() -> bool:
    done = subprocess.run(["id", "-u"], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "0"


def _wait(base: str, process: subprocess.Popen[bytes]) -> None:
    for _attempt in range(100):
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended: {process.stderr.read().decode() if process.stderr else ''}")
        try:
            urlopen(f"{base}/static/none", timeout=2).close()  # noqa: S310 -- our own address
        except HTTPError:
            return
        except URLError:
            time.sleep(0.05)
    raise RuntimeError("nginx did not answer")
