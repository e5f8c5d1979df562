"""`manage.py permission_table`: writes docs/permissions.md; with --check fails where it is stale."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from submissions.permission_table import table


class Command(BaseCommand):
    help = "Write the table of permissions (docs/permissions.md), or fail where it is stale."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail where the file differs.")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "permissions.md"
        wanted = table()
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != wanted:
                raise CommandError("docs/permissions.md is stale: run manage.py permission_table.")
            self.stdout.write("docs/permissions.md is current.")
            return
        path.write_text(wanted, encoding="utf-8")
        self.stdout.write(f"{path} is written.")
