"""`manage.py verify_release [SLUG …]`: recompute releases and name what differs; exit code 1 where something does."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from publishing.domain.verification import verify_release
from publishing.models import IndexRelease


class Command(BaseCommand):
    help = "Recompute releases from edition, ledger and pinned facts, and name what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="SLUG", help="addresses of releases; left out: all")

    def handle(self, *args: Any, **options: Any) -> None:
        slugs: list[str] = options["slugs"]
        releases = IndexRelease.objects.order_by("year", "slug")
        if slugs:
            releases = releases.filter(slug__in=slugs)
            unknown = sorted(set(slugs) - set(releases.values_list("slug", flat=True)))
            if unknown:
                raise CommandError(f"No such release: {', '.join(unknown)}")
        faulty = 0
        for release in releases:
            findings = verify_release(release)
            self.stdout.write(f"{release.slug}: {'OK ' + release.rows_sha256 if not findings else 'DIFFERS'}")
            for finding in findings:
                self.stdout.write(f"  {finding.code}: {finding.message}")
            faulty += bool(findings)
        if faulty:
            raise CommandError(f"{faulty} release(s) differ from what was published.")
