"""The web server's worker: gunicorn's threads, and baked pages answered in the loop that would hand them to a thread.

Handing a request to a thread, parsing it in full and checking the answer's headers cost ten times what looking up a
baked page costs. A request on an open connection that is nothing but a plain GET is therefore read where it arrives;
whatever is unusual about it, or has no baked file, goes gunicorn's way, untouched.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from socket import socket
from typing import Any

from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn, ThreadWorker

from cms.baked_server import NOT_MODIFIED, OK, Asked, BakedPages

# What is longer has no business in a request for a page; gunicorn says so.
_HEAD_BYTES = 8190
# One request, whole, without a body, in the plainest spelling. Anything else is gunicorn's to judge.
_PLAIN_GET = re.compile(
    rb"GET (?P<path>/[A-Za-z0-9._/-]*)(?:\?(?P<query>[!-~]*))? HTTP/1\.1\r\n"
    rb"(?P<fields>(?:[A-Za-z0-9-]+:[\t -~\x80-\xff]*\r\n)+)\r\n"
)
# With one of these a request is not plain: a body, another protocol, a proxy in front.
_NOT_PLAIN = re.compile(
    rb"(?i)^(?:(?:content-length|transfer-encoding|upgrade|expect|http2-settings|forwarded|x-forwarded-[a-z-]+):"
    rb"|connection:(?![\t ]*keep-alive[\t ]*\r))",
    re.MULTILINE,
)
_READ = (b"host", b"accept-encoding", b"if-none-match", b"if-modified-since")


def plain_request(received: bytes) -> Asked | None:
    """Return what the bytes ask for, None unless they are one plain GET of one address and nothing more."""
    found = _PLAIN_GET.fullmatch(received)
    if found is None or _NOT_PLAIN.search(received, found.start("fields")):
        return None
    values: dict[bytes, str] = {}
    for field in found["fields"].split(b"\r\n"):
        name, _colon, value = field.partition(b":")
        name = name.lower()
        if name in _READ:
            if name in values:
                return None
            values[name] = value.strip(b" \t").decode("latin-1")
    if not values.get(b"host"):
        return None
    return Asked(
        path=found["path"].decode(),
        host=values[b"host"],
        query=(found["query"] or b"").decode(),
        encodings=values.get(b"accept-encoding", ""),
        none_match=values.get(b"if-none-match", ""),
        modified_since=values.get(b"if-modified-since", ""),
    )


class PortalWorker(ThreadWorker):  # type: ignore[misc]
    """Threads for everything, but a baked page for a connection that is open already comes from the loop itself."""

    def on_client_socket_readable(self, conn: TConn, client: socket) -> None:
        """Answer at once from a baked file, or hand the connection to a thread with all it has sent."""
        received = self._received(conn, client)
        answer = self._answer(received) if received else None
        if answer is None:
            if received:
                conn.parser.unreader.unread(received)
            super().on_client_socket_readable(conn, client)
            return
        self.nr += 1
        try:
            sent = client.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = None
        if sent == len(answer):
            self.keepalived_conns.remove(conn)
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        rest = None if sent is None else memoryview(answer)[sent:]
        done = self.tpool.submit(_send_rest, conn, rest)
        done.add_done_callback(lambda result: self.method_queue.defer(self.finish_request, conn, result))

    def _received(self, conn: TConn, client: socket) -> bytes:
        """Return what has arrived, nothing where reading it is gunicorn's."""
        is_ours = self.alive and isinstance(self.wsgi, BakedPages) and not (self.cfg.is_ssl or conn.is_http2)
        if not is_ours or conn.parser is None or conn.parser.unreader.buf.getvalue():
            return b""
        try:
            return client.recv(_HEAD_BYTES)
        except OSError:
            return b""

    def _answer(self, received: bytes) -> bytes | None:
        asked = plain_request(received)
        kept = self.wsgi.files.find(asked) if asked else None
        if asked is None or kept is None:
            return None
        known = kept.is_known(asked)
        return b"".join(
            (_first_lines(known, int(time.time())), kept.heads[known], b"\r\n", b"" if known else kept.content)
        )


@lru_cache(maxsize=4)
def _first_lines(known: bool, second: int) -> bytes:
    status = NOT_MODIFIED if known else OK
    return f"HTTP/1.1 {status}\r\nDate: {http_date(second)}\r\nConnection: keep-alive\r\n".encode()


def _send_rest(conn: TConn, rest: Any) -> bool:
    """Send what the connection did not take at once; return whether it may go on."""
    if rest is None:
        return False
    conn.sock.setblocking(True)
    try:
        conn.sock.sendall(rest)
    except OSError:
        return False
    return True
