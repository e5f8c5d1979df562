"""Write the groups of the roles, their permissions in the admin, and the workflow that the approvers serve."""

from typing import Any

from django.core.management.base import BaseCommand

from cms import roles
from cms.domain.approvals import ensure_workflow


class Command(BaseCommand):
    """Groups and permissions are code; this makes the tables say the same."""

    help = (
        "Write one group per role with its permissions, put every member into the groups of the roles held, and create "
        "the workflow with approval by a second person where there is none."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and say what there is."""
        groups = roles.sync_groups()
        people = roles.sync_all_members()
        ensure_workflow()
        if options["verbosity"] > 0:
            self.stdout.write(f"{groups} role group(s), {people} member(s).")
