"""nginx with the deployed configuration: baked pages from their files, everything else from the portal."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from cms import baked
from tests.nginx_process import running_nginx

pytestmark = [pytest.mark.integration, pytest.mark.nginx, pytest.mark.slow]
HOME = "/ket-qua/r/"
PAGE = b"<!doctype html><title>baked</title>" + b"x" * 2000


class _Portal(BaseHTTPRequestHandler):
    """Stands for the portal: says that it was asked, and what."""

    def do_GET(self) -> None:
        content = json.dumps({"live": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *args: Any) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def base(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    portal = ThreadingHTTPServer(("127.0.0.1", 0), _Portal)
    Thread(target=portal.serve_forever, daemon=True).start()
    try:
        with running_nginx(
            folder, tmp_path_factory.mktemp("nginx"), upstream=f"127.0.0.1:{portal.server_port}"
        ) as address:
            yield address
    finally:
        portal.shutdown()
        portal.server_close()


@pytest.fixture(autouse=True)
def _baked(folder: Path, settings: Any) -> Iterator[None]:
    settings.PORTAL_BAKED_ROOT = folder / "baked"
    for address in (HOME, f"/en{HOME}", f"{HOME}don-vi/a-1/", f"{HOME}tieu-chi/1.2/"):
        baked.write(baked.file_of(address), PAGE)
    for name in ("ket-qua.csv", "goi-du-lieu.zip"):
        baked.write(baked.file_of(f"{HOME}tai-ve/{name}"), b"a,b\r\n")
    yield
    baked.remove(baked.place_of(HOME))


def ask(address: str, **headers: str) -> tuple[int, Any, bytes]:
    """Return status, headers and body."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urlopen(Request(address, headers=given), timeout=5) as answer:  # noqa: S310 -- our own address
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.parametrize("path", [HOME, f"/en{HOME}", f"{HOME}don-vi/a-1/", f"{HOME}tieu-chi/1.2/", f"{HOME}?fbclid=x"])
def test_a_baked_page_comes_from_its_file(base, path):
    status, headers, body = ask(base + path)
    assert (status, body) == (200, PAGE)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Language"] == ("en" if path.startswith("/en/") else "vi")
    assert headers["Cache-Control"] == baked.CACHE_CONTROL
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["ETag"] is not None, headers["Last-Modified"] is not None) == (True, True)


def test_a_browser_gets_the_compressed_file(base, folder):
    _status, headers, body = ask(base + HOME, Accept_Encoding="gzip")
    assert (headers["Content-Encoding"], headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert body == (folder / "baked/served/ket-qua/r/index.html.gz").read_bytes()
    assert gzip.decompress(body) == PAGE


def test_what_a_reader_has_is_not_sent_again(base):
    tag = ask(base + HOME)[1]["ETag"]
    assert ask(base + HOME, If_None_Match=tag)[0] == 304


@pytest.mark.parametrize(
    "path",
    [f"{HOME}?sort=name", f"{HOME}?q=a&fbclid=x", "/ket-qua/other/", f"{HOME}don-vi/b/", f"{HOME}phuong-phap", "/",
     "/api/v1/x", f"{HOME[:-1]}", f"{HOME}don-vi/a-1", f"{HOME}index.html", f"{HOME}index.html.gz",
     f"/en{HOME}index.html", f"{HOME}tai-ve/ket-qua.csv.gz"],
)  # fmt: skip
def test_everything_else_comes_from_the_portal(base, path):
    assert json.loads(ask(base + path)[2]) == {"live": path}


@pytest.mark.parametrize("path", [f"{HOME}don-vi/b/", HOME])
def test_what_is_sent_goes_to_the_portal(base, path):
    with urlopen(Request(base + path, data=b"a=1"), timeout=5) as answer:  # noqa: S310 -- our own address
        assert json.loads(answer.read()) == {"live": path}


def test_over_plain_http_the_portal_sends_the_reader_on(base):
    assert json.loads(ask(base + HOME, X_Forwarded_Proto="http")[2]) == {"live": HOME}
    status, headers, _body = ask(base + HOME, X_Forwarded_Proto="https")
    assert (status, headers["Strict-Transport-Security"]) == (200, "max-age=31536000; includeSubDomains; preload")


def test_files_are_saved_under_the_name_of_their_release(base):
    headers = ask(f"{base}{HOME}tai-ve/ket-qua.csv")[1]
    assert headers["Content-Disposition"] == 'attachment; filename="r-ket-qua.csv"'
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert ask(f"{base}{HOME}tai-ve/goi-du-lieu.zip")[1]["Content-Type"] == "application/zip"
    assert ask(base + HOME)[1]["Content-Disposition"] is None


def test_a_page_that_was_taken_away_is_gone_with_the_next_request(base):
    assert ask(base + HOME)[2] == PAGE
    baked.remove(baked.place_of(HOME))
    assert json.loads(ask(base + HOME)[2]) == {"live": HOME}


@pytest.mark.parametrize(
    "path", ["/ket-qua/r/../../../manifests/r.json", "/ket-qua/r/%2e%2e/%2e%2e/%2e%2e/manifests/r.json"]
)
def test_nothing_beside_the_served_folder_can_be_read(base, folder, path):
    secret = folder / "baked" / "manifests" / "r.json"
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_text("secret")
    assert b"secret" not in ask(base + path)[2]
