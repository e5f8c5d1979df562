"""Bring catalogues, tables, roles and schedules to this version of the code."""

from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Command(BaseCommand):
    """What every start of a new version needs, and nothing where nothing changed."""

    help = "Compile catalogues, migrate, write roles and schedules; with --static also collect the static files."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--static", action="store_true", help="also collect the static files (production)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do each step; all of them are safe to repeat."""
        call_command("compile_catalogues", verbosity=0)
        for name in settings.PORTAL_BUILD_COMMANDS:
            if name in get_commands():
                call_command(name, verbosity=0)
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
        call_command("sync_roles", verbosity=0)
        call_command("sync_schedules", verbosity=0)
        if options["static"]:
            call_command("collectstatic", verbosity=0, interactive=False)
        if options["verbosity"] > 0:
            self.stdout.write("Prepared.")
