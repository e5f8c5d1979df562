"""Write the groups of the roles and their permissions in the admin."""

from typing import Any

from django.core.management.base import BaseCommand

from cms import roles


class Command(BaseCommand):
    """Groups and permissions are code; this makes the tables say the same."""

    help = "Write one group per role with its permissions, and put every member into the groups of the roles held."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and say what there is."""
        groups = roles.sync_groups()
        people = roles.sync_all_members()
        if options["verbosity"] > 0:
            self.stdout.write(f"{groups} role group(s), {people} member(s).")
