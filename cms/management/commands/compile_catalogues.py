"""Compile the message catalogues without gettext."""

from typing import Any

from django.core.management.base import BaseCommand

from cms.catalogues import compile_all


class Command(BaseCommand):
    """Write the compiled catalogues that are absent or older than their source."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Compile."""
        written = compile_all()
        if options["verbosity"] > 0:
            self.stdout.write(f"{len(written)} catalogues compiled.")
