"""Takes what the mail system sends back: a mailbox file, or messages on standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from submissions.domain.survey.deliveries import messages_of, take_bounces


class Command(BaseCommand):
    """Marks letters of surveys whose addresses failed for good as come back; other messages are passed over."""

    help = (
        "Read delivery status messages (RFC 3464) from a mailbox file (mbox) or, without a file, from standard input, "
        "and mark the letters of open surveys that came back. May be repeated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("file", nargs="?", type=Path, help="a mailbox (mbox) or a single message; none: stdin")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, mark, tell."""
        path: Path | None = options["file"]
        if path is not None and not path.is_file():
            raise CommandError(f"There is no file {path}.")
        content = path.read_bytes() if path is not None else sys.stdin.buffer.read()
        counts = take_bounces(messages_of(content))
        self.stdout.write(
            f"{counts.messages} messages read, {counts.marked} letters marked as come back, "
            f"{counts.unknown} addresses that no open survey has written to, {counts.unreadable} messages unreadable."
        )
