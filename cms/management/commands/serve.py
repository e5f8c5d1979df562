"""Open the portal with one command: prepare everything, then web server and worker until told to stop."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from cms.models import HomePage, Unit
from cms.serving import Supervisor, port_is_free, web_command, worker_command


class Command(BaseCommand):
    """The one-command mode."""

    help = "Prepare the portal, load the demonstration data on the first run, and serve it until Ctrl-C or SIGTERM."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options; the environment gives their defaults."""
        parser.add_argument("--host", default=settings.PORTAL_HOST)
        parser.add_argument("--port", type=int, default=settings.PORTAL_PORT)
        parser.add_argument("--no-demo", action="store_true", help="do not load the demonstration data")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, start, watch, stop."""
        started = time.monotonic()
        host, port = options["host"], options["port"]
        if not port_is_free(host, port):
            raise CommandError(f"Something listens on {host}:{port} already. Choose another port by PORTAL_PORT.")
        # The children read the same settings.
        os.environ["PORTAL_HOST"], os.environ["PORTAL_PORT"] = host, str(port)
        call_command("prepare", verbosity=0)
        if not options["no_demo"]:
            self._load_demonstration()
        connections.close_all()
        supervisor = Supervisor(
            commands={
                "worker": worker_command(settings.BASE_DIR / "manage.py"),
                "web": web_command(
                    host, port, workers=settings.PORTAL_WEB_WORKERS, threads=settings.PORTAL_WEB_THREADS
                ),
            },
            say=self._say,
        )
        base = f"http://{host}:{port}"
        code = supervisor.run(address=f"{base}/-/live", on_ready=lambda: self._greet(base, time.monotonic() - started))
        self._say("Stopped.")
        if code:
            sys.exit(code)

    def _load_demonstration(self) -> None:
        if HomePage.objects.exists() or Unit.objects.exists() or "load_demo" not in get_commands():
            return
        self._say("First run: loading the demonstration data …")
        call_command("load_demo", verbosity=0)

    def _greet(self, base: str, seconds: float) -> None:
        self._say("")
        self._say(f"  Public site   {base}/")
        self._say(f"  Workspace     {base}/lam-viec/")
        self._say(f"  Admin         {base}/admin/")
        accounts = settings.PORTAL_DEMONSTRATION_ACCOUNTS
        if accounts:
            self._say("")
            self._say(f"  Demonstration accounts (password {settings.PORTAL_DEMONSTRATION_PASSWORD}):")
            for username, role in accounts.items():
                self._say(f"    {username:<12} {role}")
        self._say("")
        self._say(f"  Ready after {seconds:.0f} s. Stop with Ctrl-C.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
