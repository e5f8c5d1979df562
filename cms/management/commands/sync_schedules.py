"""Write the schedules that the code registers to the queue's table."""

from typing import Any

from django.core.management.base import BaseCommand

from cms.jobs import schedules


class Command(BaseCommand):
    """Schedules are code; this makes the table say the same."""

    help = "Write the registered schedules to the queue's table and remove others."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and say what changed."""
        written, removed = schedules.sync()
        if options["verbosity"] > 0:
            self.stdout.write(f"{written} schedule(s) written, {removed} removed.")
