"""The web server's worker: baked pages from its loop, everything else as gunicorn answers it, on one connection."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cms import baked
from cms.baked_server import Asked
from cms.serving import web_command
from cms.web_worker import plain_request
from tests.portal_process import REPOSITORY, environment, free_port, wait_until_live

PAGE, FILE = "/ket-qua/r/", "/ket-qua/r/tai-ve/goi-du-lieu.zip"
HTML = b"<!doctype html><title>baked</title>" + b"x" * 2000
# More than a socket takes at once.
ARCHIVE = os.urandom(1_000_000) * 12


def request(*fields: str, line: str = f"GET {PAGE} HTTP/1.1", host: str = "127.0.0.1") -> bytes:
    return "".join(f"{part}\r\n" for part in (line, f"Host: {host}", *fields, "")).encode("latin-1")


# --- what is plain ----------------------------------------------------------------------------------------------------
@pytest.mark.unit
def test_a_browsers_request_is_plain():
    received = request(
        "Connection: keep-alive",
        "Upgrade-Insecure-Requests: 1",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
        "Accept-Encoding: gzip, deflate, br",
        'IF-NONE-MATCH: "a-1"',
        "If-Modified-Since:Mon, 30 Nov 2026 19:40:18 GMT\t",
        "Cookie: \xe9=1",
        line=f"GET {PAGE}?fbclid=x%20y HTTP/1.1",
    )
    assert plain_request(received) == Asked(
        path=PAGE,
        host="127.0.0.1",
        query="fbclid=x%20y",
        encodings="gzip, deflate, br",
        none_match='"a-1"',
        modified_since="Mon, 30 Nov 2026 19:40:18 GMT",
    )


@pytest.mark.unit
@pytest.mark.parametrize(
    "received",
    [
        request(line=f"POST {PAGE} HTTP/1.1"),
        request(line=f"GET {PAGE} HTTP/1.0"),
        request(line=f"GET http://portal.test{PAGE} HTTP/1.1"),
        request(line="GET /ket-qua/%2e%2e/ HTTP/1.1"),
        request(line=f"GET  {PAGE} HTTP/1.1"),
        request("Content-Length: 0"),
        request("Transfer-Encoding: chunked"),
        request("Connection: close"),
        request("Connection: keep-alive, upgrade"),
        request("connection:Upgrade", "upgrade: h2c"),
        request("Expect: 100-continue"),
        request("X-Forwarded-Proto: https"),
        request("X-Forwarded-For: 192.0.2.1"),
        request("Host: other.test"),
        request('If-None-Match: "a"', 'If-None-Match: "b"'),
        request("Name : value"),
        request("Folded: a", " b"),
        request("Odd: a\x00"),
        request("Odd: a\nContent-Length: 5"),
        request() + request(),
        request() + b"x",
        request()[:-2],
        b"\r\n" + request(),
        f"GET {PAGE} HTTP/1.1\r\n\r\n".encode(),
        f"GET {PAGE} HTTP/1.1\r\nHost: \r\n\r\n".encode(),
        b"",
    ],
)
def test_whatever_is_unusual_is_left_to_gunicorn(received):
    assert plain_request(received) is None


# --- on the wire ------------------------------------------------------------------------------------------------------
@dataclass
class Reader:
    """A connection that stays open, and what has come on it beyond the last answer."""

    connection: socket.socket
    beyond: bytes = field(default=b"")

    def ask(self, received: bytes) -> tuple[int, dict[str, str], bytes]:
        self.connection.sendall(received)
        return self.answer()

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        while b"\r\n\r\n" not in self.beyond:
            self.beyond += self._some()
        head, _, body = self.beyond.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        if headers.get("Transfer-Encoding") == "chunked":
            return int(status.split()[1]), headers, self._until(b"\r\n0\r\n\r\n", body)
        length = 0 if status.split()[1] == "304" else int(headers["Content-Length"])
        parts, got = [body], len(body)
        while got < length:
            parts.append(self._some())
            got += len(parts[-1])
        whole = b"".join(parts)
        self.beyond = whole[length:]
        return int(status.split()[1]), headers, whole[:length]

    def _until(self, end: bytes, begun: bytes) -> bytes:
        while not begun.endswith(end):
            begun += self._some()
        self.beyond = b""
        return begun

    def _some(self) -> bytes:
        found = self.connection.recv(1 << 20)
        assert found, "the server closed the connection"
        return found


def is_from_the_loop(headers: dict[str, str]) -> bool:
    """Gunicorn names itself in what it answers."""
    return "Server" not in headers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated_folder: Any) -> Iterator[tuple[int, Path]]:
    """One worker of the web server on a data folder without style sheets: whatever is not baked is some error."""
    folder, port = migrated_folder(tmp_path_factory.mktemp("worker") / "var"), free_port()
    log = folder / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            web_command("127.0.0.1", port, workers=1, threads=2),
            cwd=REPOSITORY, env=environment(folder), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_until_live(f"http://127.0.0.1:{port}", process, log, 60)
        yield port, folder
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture
def reader(server: tuple[int, Path], settings: Any) -> Iterator[Reader]:
    """A reader whose connection has had its first answer, from a thread."""
    port, folder = server
    settings.PORTAL_BAKED_ROOT = folder / "baked"
    baked.write(baked.file_of(PAGE), HTML)
    baked.write(baked.file_of(FILE), ARCHIVE)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        found = Reader(connection)
        status, headers, body = found.ask(request())
        assert (status, body, is_from_the_loop(headers)) == (200, HTML, False)
        yield found


class TestOnTheWire:
    pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.embedded, pytest.mark.once]

    def test_the_loop_answers_what_a_thread_answers(self, reader):
        for fields in ((), ("Accept-Encoding: gzip",)):
            quick = reader.ask(request(*fields))
            usual = reader.ask(request(*fields, "X-Forwarded-For: 192.0.2.1"))
            assert [is_from_the_loop(one[1]) for one in (quick, usual)] == [True, False]
            del usual[1]["Server"]
            for _status, headers, _body in (quick, usual):
                assert headers.pop("Date").endswith(" GMT")
            assert quick == usual

    def test_what_a_reader_has_is_not_sent_again(self, reader):
        tag = reader.ask(request())[1]["ETag"]
        status, headers, body = reader.ask(request(f"If-None-Match: {tag}"))
        assert (status, body, headers["ETag"], is_from_the_loop(headers)) == (304, b"", tag, True)
        assert reader.ask(request('If-None-Match: "other"'))[0] == 200

    def test_a_page_that_is_taken_away_is_gone_with_the_next_request(self, reader):
        assert is_from_the_loop(reader.ask(request())[1])
        baked.remove(baked.place_of(PAGE))
        status, headers, body = reader.ask(request())
        assert (status == 200, HTML in body, is_from_the_loop(headers)) == (False, False, False)
        baked.write(baked.file_of(PAGE), HTML + b"new")
        assert reader.ask(request())[::2] == (200, HTML + b"new")

    def test_under_another_name_the_loop_gives_nothing_out(self, reader):
        assert is_from_the_loop(reader.ask(request(host="localhost:8000"))[1])
        status, headers, body = reader.ask(request(host="other.example"))
        assert (status, HTML in body, is_from_the_loop(headers)) == (400, False, False)

    def test_a_filter_is_answered_live(self, reader):
        status, headers, body = reader.ask(request(line=f"GET {PAGE}?sort=name HTTP/1.1"))
        assert (status == 200, HTML in body, is_from_the_loop(headers)) == (False, False, False)

    def test_more_than_the_connection_takes_at_once_arrives_whole(self, reader):
        reader.connection.sendall(request(line=f"GET {FILE} HTTP/1.1"))
        time.sleep(0.3)
        status, headers, body = reader.answer()
        assert (status, body == ARCHIVE, is_from_the_loop(headers)) == (200, True, True)
        # The connection goes on, and the loop is its again.
        assert is_from_the_loop(reader.ask(request())[1])

    def test_two_at_once_and_one_in_pieces_are_answered_in_order(self, reader):
        reader.connection.sendall(request() + request(line="GET /-/live HTTP/1.1"))
        answers = [reader.answer()[::2] for _ in range(2)]
        assert answers[0] == (200, HTML)
        assert (answers[1][0], answers[1][1] != HTML) == (200, True)
        whole = request()
        reader.connection.sendall(whole[:20])
        time.sleep(0.1)
        assert reader.ask(whole[20:])[::2] == (200, HTML)

    def test_who_leaves_in_the_middle_harms_nobody(self, server, reader):
        for sent in (request(line=f"GET {FILE} HTTP/1.1"), request()[:30]):
            with socket.create_connection(("127.0.0.1", server[0]), timeout=30) as other:
                Reader(other).ask(request())
                other.sendall(sent)
        time.sleep(0.2)
        assert reader.ask(request())[::2] == (200, HTML)
