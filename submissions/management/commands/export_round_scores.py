"""Write the scores of a round as an Excel workbook: `manage.py export_round_scores ROUND FILE`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from submissions.domain.round_scores import export_round_scores
from submissions.models import AssessmentRound


class Command(BaseCommand):
    """Every leaf of every unit as it stands, and the units' totals."""

    help = "Write the scores of a round (by its code) to an Excel workbook."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the round and the file."""
        parser.add_argument("round", help="code of the round")
        parser.add_argument("file", help="where the workbook is written")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the workbook."""
        found = AssessmentRound.objects.select_related("owner", "edition").filter(code=options["round"]).first()
        if found is None:
            raise CommandError(f"There is no round {options['round']!r}.")
        with Path(options["file"]).open("wb") as target:
            export_round_scores(found, target)
        self.stdout.write(f"{options['file']}: {found.name}")
