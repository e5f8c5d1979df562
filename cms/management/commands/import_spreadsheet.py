"""Import a table from the command line, by the same steps as the screens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cms.exceptions import PortalError
from cms.models import User
from cms.spreadsheets import imports


class Command(BaseCommand):
    """Check a file, and with --apply import it; all or nothing, with an entry in the audit log."""

    help = (
        "Check a spreadsheet cell by cell; with --apply import it as the given user. Without arguments list the kinds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("kind", nargs="?", help="the kind of import")
        parser.add_argument("file", nargs="?", type=Path, help="an .xlsx or .csv file")
        parser.add_argument("--apply", action="store_true", help="import it, unless there is a problem")
        parser.add_argument("--user", default="", help="the account that imports; its permissions are checked")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="context, e.g. round=5")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, print, and apply where asked."""
        if not options["kind"] or not options["file"]:
            self._list_kinds()
            return
        try:
            kind = imports.get_import(options["kind"])
        except LookupError as fault:
            raise CommandError(str(fault)) from fault
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError("Name an active account by --user: an import is always somebody's act.")
        context = dict(part.split("=", 1) for part in options["set"] if "=" in part)
        missing = [name for name in kind.context_names if name not in context]
        if missing:
            raise CommandError(f"Give --set for: {', '.join(missing)}.")
        try:
            self._run(kind, path, user, context, apply=options["apply"])
        except PortalError as refusal:
            raise CommandError(str(refusal.message)) from refusal

    def _run(self, kind: imports.ImportKind, path: Path, user: User, context: dict[str, str], *, apply: bool) -> None:
        with path.open("rb") as content:
            check = imports.start_check(
                kind=kind, content=content, name=path.name, context=context, user=user, at_once=True
            )
        if check.error:
            raise CommandError(check.error)
        report = check.report
        if report["file_problem"]:
            raise CommandError(report["file_problem"])
        for problem in report["problems"]:
            self.stderr.write(f"{problem['cell'] or problem['row']}: {problem['message']}")
        self.stdout.write(
            f"{report['rows']} rows: {report['new']} new, {report['changed']} changed, "
            f"{report['unchanged']} unchanged, {len(report['problems'])} problems."
        )
        if report["problems"]:
            raise CommandError("Nothing was imported.")
        if not apply:
            self.stdout.write("Checked only. Add --apply to import.")
        elif not imports.is_clean(report):
            self.stdout.write("Nothing to import.")
        else:
            job = imports.start_apply(check=check, user=user, at_once=True)
            if job.error:
                raise CommandError(job.error)
            self.stdout.write("Imported.")

    def _list_kinds(self) -> None:
        for kind in imports.import_kinds():
            context = "".join(f" --set {name}=…" for name in kind.context_names)
            self.stdout.write(f"{kind.kind}{context}  {kind.title}")
            for column in kind.columns:
                self.stdout.write(f"    {column.name}{'' if column.required else ' (optional)'}  {column.label}")
