"""A mail server that takes everything and keeps nothing but how often each address was written to.

A process of its own (`python -m tests.benchmarks.mail_sink COUNTED`), so that it takes no time from the sender: the
first line it prints is its port; every line that it reads is answered with "letters addresses most-of-one-address".
"""

from __future__ import annotations

import socketserver
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

RECEIVED: Counter[bytes] = Counter()
# Only such recipients are counted: the portal writes to its own people too.
COUNTED = sys.argv[1].encode() if __name__ == "__main__" else b""


class SinkHandler(socketserver.StreamRequestHandler):
    """As much of SMTP as a mail library needs."""

    def handle(self) -> None:
        """Answer one connection, until the sender ends it or is killed."""
        with suppress(ConnectionError):
            self._converse()

    def _converse(self) -> None:
        self._say("220 sink")
        recipient = b""
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"RCPT":
                recipient = line
            if word == b"DATA":
                self._say("354 go on")
                while (part := self.rfile.readline()) != b".\r\n":
                    if not part:
                        return  # broken off in the middle: no letter
                if COUNTED in recipient:
                    RECEIVED[recipient] += 1
            self._say("221 bye" if word == b"QUIT" else "250 ok")
            if word == b"QUIT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@dataclass(frozen=True)
class Received:
    """What came so far."""

    letters: int
    addresses: int
    most_of_one: int


@dataclass(frozen=True)
class Sink:
    """A running mail server."""

    port: int
    process: subprocess.Popen[str]

    def received(self) -> Received:
        """Ask what came so far."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: PT018 -- both are pipes
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return Received(*map(int, self.process.stdout.readline().split()))


@contextmanager
def running_sink(counted: str) -> Iterator[Sink]:
    """Run a mail server on a free port until the block ends; it counts the recipients whose lines hold `counted`."""
    command = [sys.executable, "-m", "tests.benchmarks.mail_sink", counted]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Sink(int(process.stdout.readline()), process)
        finally:
            process.terminate()


def main() -> None:
    """Serve until the input ends."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), SinkHandler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        for _line in sys.stdin:
            counts = RECEIVED.copy()
            sys.stdout.write(f"{counts.total()} {len(counts)} {max(counts.values(), default=0)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
