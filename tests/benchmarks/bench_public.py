"""The ranking page of 3,321 communes: live, known to the reader, baked through the portal, baked through nginx.

The yardstick is nginx serving the same compressed bytes as a plain file, in the same run: once bare and once with the
headers of our answers (`nginx_headed_ratio`), for headers are bytes as well. `live_ms` is the uncached view of all
rows, sorted anew, on one core. Load comes from wrk (Debian: wrk) or, without it, from plain sockets, which are slower
than nginx and flatter the portal's ratio; `client_is_wrk` says which. Without nginx (Debian: nginx-light) its figures
are left out. `fcp_ms` is what a slow phone sees of the baked page: the first contentful paint in headless Chromium
with a processor four times as slow, the median of some first visits; left out without Chromium.
`BENCH_PUBLIC_UNITS` and `BENCH_PUBLIC_SECONDS` set other sizes.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import socket
import statistics
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from django.conf import settings
from django.db import connections as databases

from cms import baked
from cms.rendering import Renderer
from publishing.domain import baking
from publishing.models import IndexRelease
from tests.benchmarks.browser import first_contentful_paint
from tests.benchmarks.figures import Report
from tests.benchmarks.release_data import big_release
from tests.nginx_process import CONFIGURATION, nginx_path, running_nginx
from tests.portal_process import running_portal

UNITS = int(os.environ.get("BENCH_PUBLIC_UNITS", "3321"))
SECONDS = int(os.environ.get("BENCH_PUBLIC_SECONDS", "5"))
LIVE_LIMIT = 150.0
PAINT_LIMIT = 1000.0
ROUNDS = 4
CONNECTIONS = 16
# Sent by every browser.
PACKED = {"Accept-Encoding": "gzip"}


def run(report: Report) -> None:
    """Make the release, time the view, then put load on one server after the other."""
    release = big_release(units=UNITS)
    home = release.get_absolute_url()
    live_view(report, home)
    _bake_front(release)
    page = baked.file_of(home).with_name("index.html.gz").read_bytes()
    report.add("page_gzipped_kb", len(page) / 1000, "kB", baseline=100)
    report.add("client_is_wrk", int(bool(shutil.which("wrk"))), "yes=1")
    folder = Path(settings.VAR_DIR)
    databases.close_all()
    rates: dict[str, float] = {}
    with running_portal(folder, extra=_same_database()) as portal:
        rates["live"] = rate(f"{portal.base_url}{home}?sort=-index", {}, connections=2)
        rates["not_modified"] = rate(portal.base_url + home, _known(portal.base_url + home))
        rates["baked_portal"] = rate(portal.base_url + home, PACKED)
        first_paint(report, portal.base_url + home)
        if nginx_path():
            upstream = urlsplit(portal.base_url).netloc
            rates |= _through_nginx(folder, upstream, home, page)
    for name, value in rates.items():
        report.add(f"{name}_per_second", value, "1/s")
    if "plain_file" in rates:
        report.add("portal_ratio", rates["baked_portal"], "1/s", baseline=rates["plain_file"])
        report.add("nginx_ratio", rates["baked_nginx"], "1/s", baseline=rates["plain_file"])
        report.add("nginx_headed_ratio", rates["baked_nginx"], "1/s", baseline=rates["headed_file"])
    else:
        report.add("nginx_skipped_because_not_installed", 1, "yes=1")


def live_view(report: Report, home: str) -> None:
    """Time the uncached view of all rows, through all middleware: first in a fresh process, then the median."""
    renderer = Renderer()
    began = time.perf_counter()
    renderer.get(f"{home}?sort=-index")
    report.add("live_first_ms", (time.perf_counter() - began) * 1000, "ms")
    walls, cpus = [], []
    for number in range(15):
        began, cpu = time.perf_counter(), time.process_time()
        renderer.get(f"{home}?sort={'-index' if number % 2 else 'name'}")
        walls.append((time.perf_counter() - began) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    report.add("live_ms", statistics.median(walls), "ms", baseline=LIVE_LIMIT)
    report.add("live_cpu_ms", statistics.median(cpus), "ms", baseline=LIVE_LIMIT)


def first_paint(report: Report, address: str) -> None:
    """Note when a slow phone shows the first of the page."""
    found = first_contentful_paint(address)
    if found is None:
        report.add("fcp_skipped_because_no_chromium", 1, "yes=1")
    else:
        report.add("fcp_ms", found, "ms", baseline=PAINT_LIMIT)


def _bake_front(release: IndexRelease) -> None:
    found = next((one, wanted) for one, wanted in baking.due() if one.pk == release.pk)
    baking.bake(*found, progress=lambda done, total: None, is_over=lambda: True)


def _same_database() -> dict[str, str]:
    return {name: os.environ[name] for name in ("DATABASE_URL",) if name in os.environ}


def _known(address: str) -> dict[str, str]:
    """Return the headers of a reader who has the page already."""
    with urlopen(Request(address, headers=PACKED), timeout=10) as answer:  # noqa: S310 -- our own address
        return {**PACKED, "If-None-Match": answer.headers["ETag"]}


def _through_nginx(folder: Path, upstream: str, home: str, page: bytes) -> dict[str, float]:
    plain = folder / "plain"
    plain.mkdir(exist_ok=True)
    (plain / "page.html").write_bytes(page)
    configured = CONFIGURATION.read_text(encoding="utf-8").partition("gzip_vary")[2]
    headers = " ".join(re.findall(r'add_header (?:"[^"]*"|[^";])+;', configured))
    extra = f"location /plain/ {{ root {folder}; }} location /headed/ {{ alias {plain}/; {headers} }}"
    rates = {"baked_nginx": 0.0, "plain_file": 0.0, "headed_file": 0.0}
    with running_nginx(folder, folder / "nginx", upstream=upstream, server_extra=extra) as base:
        with urlopen(Request(base + home, headers=PACKED), timeout=10) as answer:  # noqa: S310 -- our own address
            assert gzip.decompress(answer.read())
            assert answer.headers["Content-Encoding"] == "gzip"
        # In turns, so that a slow moment of the machine meets both.
        for _round in range(ROUNDS):
            for name, path in (
                ("plain_file", "/plain/page.html"),
                ("headed_file", "/headed/page.html"),
                ("baked_nginx", home),
            ):
                rates[name] = max(rates[name], rate(base + path, PACKED))
    return rates


def rate(address: str, headers: dict[str, str], *, connections: int = CONNECTIONS) -> float:
    """Return how many answers a second the address gives to a few connections that ask without pause."""
    if shutil.which("wrk"):
        given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", *given, address]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.search(r"Requests/sec:\s+([0-9.]+)", printed)
        if found is None or ("Non-2xx" in printed and "If-None-Match" not in headers):
            raise RuntimeError(printed)
        return float(found.group(1))
    return _by_sockets(address, headers, connections)


def _by_sockets(address: str, headers: dict[str, str], connections: int) -> float:
    parts = urlsplit(address)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    sockets = [socket.create_connection((str(parts.hostname), parts.port or 80)) for _ in range(connections)]
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        for one in sockets:
            one.sendall(request)
        for one in sockets:
            _read_answer(one)
            count += 1
    elapsed = time.perf_counter() - began
    for one in sockets:
        one.close()
    return count / elapsed


def _read_answer(one: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(one)
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    wanted = int(length.group(1)) if length and b" 304 " not in head[:20] else 0
    got = len(body)
    while got < wanted:
        got += len(_some(one))


def _some(one: socket.socket) -> bytes:
    found = one.recv(262_144)
    if not found:
        raise RuntimeError("the server closed the connection")
    return found
