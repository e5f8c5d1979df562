"""Bring the Vietnamese catalogues up to date with the code, or check that they are complete."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cms.catalogues import ROOMS, GettextMissing, check, compile_all, update


class Command(BaseCommand):
    """`messages update` adds what is new and drops what is gone; `messages check` fails on anything incomplete."""

    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what to do and for which rooms."""
        parser.add_argument("action", choices=["update", "check"])
        parser.add_argument("rooms", nargs="*", help="Only these rooms.")

    def handle(self, *args: Any, action: str, rooms: list[str], **options: Any) -> None:
        """Run the action for every room; exits with an error where a room is incomplete."""
        chosen = rooms or list(ROOMS)
        try:
            if action == "update":
                for room in chosen:
                    self.stdout.write(f"{room}: {update(room) or 'no messages'}")
                compile_all()
            problems = [problem for room in chosen for problem in check(room)]
        except GettextMissing as error:
            raise CommandError(str(error)) from error
        for problem in problems:
            self.stderr.write(str(problem))
        if problems and action == "check":
            raise CommandError(f"{len(problems)} problems in the catalogues: run `make messages` and translate.")
        self.stdout.write(f"{len(problems)} left to translate." if problems else "The catalogues are complete.")
