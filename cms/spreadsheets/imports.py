"""Imports in two steps: upload, check, look, confirm, apply the same bytes. All or nothing (DESIGN invariant 14).

Rooms register a kind:

    register_import(
        "units", UnitResource, title=_("Units"), permission=lambda user, context: …, columns=[Column("code", _("Code"))]
    )

`resource_factory(user=…, context=…)` returns a `BaseResource`. `context` names what the import belongs to
({"round": "5"}), comes from the address and is checked by `permission` before upload, check and apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from django.core.files.base import File
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cms import audit
from cms.domain.files import is_intact, store_file
from cms.enums import FileKind, JobStatus
from cms.exceptions import PermissionRefused, PortalError
from cms.jobs import JobContext, enqueue
from cms.models import JobRun, StoredFile, Unit, User
from cms.permissions import Person
from cms.spreadsheets.inspection import SpreadsheetError
from cms.spreadsheets.reading import Source, Table, read_table
from cms.spreadsheets.resources import BaseResource, Outcome, Progress
from cms.spreadsheets.writing import Sheet, write_xlsx
from cms.text import fold

Text = str | Promise
CHECK_JOB, APPLY_JOB = "cms.import_check", "cms.import_apply"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an import file: `name` is the resource's column, `label` the header people see."""

    name: str
    label: Text
    required: bool = True
    note: Text = ""
    example: Text = ""
    text: bool = False

    def headers(self) -> set[str]:
        """Return all headers that mean this column, folded: its name and its label in both languages."""
        found = {fold(self.name)}
        for language in ("vi", "en"):
            with translation.override(language):
                found.add(fold(str(self.label)))
        return found


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind of import."""

    kind: str
    title: Text
    resource_factory: Callable[..., BaseResource]
    permission: Callable[[Person, Mapping[str, str]], bool]
    columns: tuple[Column, ...]
    description: Text = ""
    context_names: tuple[str, ...] = ()
    sheet: str | None = None
    rows_for_template: Callable[[Mapping[str, str]], Sequence[Sequence[Any]]] | None = None
    owner_unit: Callable[[Person, Mapping[str, str]], Unit | None] | None = None
    done_url: Callable[[Mapping[str, str]], str] | None = None


_kinds: dict[str, ImportKind] = {}


def register_import(
    kind: str,
    resource_factory: Callable[..., BaseResource],
    *,
    title: Text,
    permission: Callable[[Person, Mapping[str, str]], bool],
    columns: Sequence[Column],
    **options: Any,
) -> ImportKind:
    """Register a kind of import; `options` are the optional fields of `ImportKind`."""
    _kinds[kind] = ImportKind(
        kind=kind,
        title=title,
        resource_factory=resource_factory,
        permission=permission,
        columns=tuple(columns),
        **options,
    )
    return _kinds[kind]


def get_import(kind: str) -> ImportKind:
    """Return the kind; raises `LookupError`."""
    try:
        return _kinds[kind]
    except KeyError:
        raise LookupError(f"There is no import {kind!r}.") from None


def import_kinds() -> list[ImportKind]:
    """Return all kinds by name."""
    return [_kinds[kind] for kind in sorted(_kinds)]


def usable_kinds(user: Person) -> list[ImportKind]:
    """Return the kinds that the user may import without saying first what they belong to."""
    return [kind for kind in import_kinds() if not kind.context_names and kind.permission(user, {})]


def require_permission(kind: ImportKind, user: Person, context: Mapping[str, str]) -> None:
    """Raise `PermissionRefused` unless the user may import this kind for this context."""
    if not kind.permission(user, context):
        raise PermissionRefused(_("You may not import “%(title)s” here.") % {"title": kind.title})


def start_check(
    *,
    kind: ImportKind,
    content: File | IO[bytes],
    name: str,
    context: Mapping[str, str],
    user: User,
    at_once: bool = False,
) -> JobRun:
    """Store the uploaded file and order its check. Raises `PermissionRefused` and nothing about the content.

    With `at_once` (commands) the job runs before the function returns.
    """
    require_permission(kind, user, context)
    unit = kind.owner_unit(user, context) if kind.owner_unit else None
    stored = store_file(kind=FileKind.IMPORT, content=content, name=name, owner_unit=unit, user=user)
    return enqueue(
        CHECK_JOB,
        arguments={"kind": kind.kind, "context": dict(context), "sha256": stored.sha256},
        key=f"import-check:{stored.uid}",
        user=user,
        unit=unit,
        title=f"{kind.title}: {stored.original_name}",
        source_file=stored,
        at_once=at_once,
    )


def start_apply(*, check: JobRun, user: User, at_once: bool = False) -> JobRun:
    """Order the import of the very bytes that were checked. Ordering it twice gives the same job.

    Raises `PortalError` where the check found problems or is another person's.
    """
    kind = get_import(check.arguments["kind"])
    if check.created_by_id != user.pk:
        raise PermissionRefused(_("Only the person who had the file checked may confirm the import."))
    require_permission(kind, user, check.arguments["context"])
    if check.status != JobStatus.SUCCEEDED or not is_clean(check.report):
        raise PortalError(_("The check found problems. Mend the file and upload it again."), code="not_clean")
    return enqueue(
        APPLY_JOB,
        arguments={**check.arguments, "check": check.pk},
        key=apply_key(check),
        user=user,
        unit=check.unit,
        title=check.title,
        source_file=check.source_file,
        at_once=at_once,
    )


def apply_key(check: JobRun) -> str:
    """Return the key of the job that applies what this job checked."""
    return f"import-apply:{check.pk}"


def is_clean(report: Mapping[str, Any]) -> bool:
    """Whether a check's report allows the import: something to do and nothing wrong."""
    return bool(
        report
        and not report.get("problems")
        and not report.get("file_problem")
        and report.get("new", 0) + report.get("changed", 0)
    )


def run_check(ctx: JobContext, *, kind: str, context: dict[str, str], sha256: str) -> None:
    """The check job: read, look at every cell, write nothing, keep the report."""
    found = get_import(kind)
    _require_actor(found, ctx, context)
    report = check_source(found, _same_bytes(ctx, sha256), user=ctx.user, context=context, progress=ctx.progress)
    ctx.report(report)
    audit.record(
        "cms.import_check",
        ctx.run,
        user=ctx.user,
        kind=kind,
        context=context,
        sha256=sha256,
        problems=len(report["problems"]) or int(bool(report["file_problem"])),
    )


def run_apply(ctx: JobContext, *, kind: str, context: dict[str, str], sha256: str, check: int) -> None:
    """The apply job: the same bytes, checked again, in one transaction with the note that it happened."""
    found = get_import(kind)
    _require_actor(found, ctx, context)
    stored = _same_bytes(ctx, sha256)
    with transaction.atomic():
        run = JobRun.objects.select_for_update().get(pk=ctx.run.pk)
        if run.report.get("applied"):
            return
        outcome = apply_source(found, stored, user=ctx.user, context=context, progress=ctx.progress)
        report = {**outcome.to_json(), "applied": True, "sheet": "", "file_problem": ""}
        ctx.report(report)
        audit.record(
            "cms.import_apply",
            ctx.run,
            user=ctx.user,
            kind=kind,
            context=context,
            sha256=sha256,
            check=check,
            rows=outcome.rows,
            new=outcome.new,
            changed=outcome.changed,
        )


def check_source(
    kind: ImportKind,
    source: Source,
    *,
    user: User | None,
    context: Mapping[str, str],
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Check a file without writing and return the report as JSON data."""
    try:
        table = read_import(kind, source)
    except SpreadsheetError as refusal:
        return {**Outcome().to_json(), "file_problem": str(refusal.message), "sheet": ""}
    outcome = kind.resource_factory(user=user, context=context).run(table, write=False, progress=progress)
    return {**outcome.to_json(), "file_problem": "", "sheet": table.sheet}


def apply_source(
    kind: ImportKind,
    source: Source,
    *,
    user: User | None,
    context: Mapping[str, str],
    progress: Progress | None = None,
) -> Outcome:
    """Import a file, all or nothing. Raises `PortalError` with the first problem where there is one."""
    table = read_import(kind, source)
    with transaction.atomic():
        outcome = kind.resource_factory(user=user, context=context).run(table, write=True, progress=progress)
        if outcome.problems:
            first = outcome.problems[0]
            raise PortalError(
                _("Nothing was imported. %(where)s: %(message)s")
                % {"where": first.cell or _("Row %(row)d") % {"row": first.row}, "message": first.message},
                code="problems",
            )
    return outcome


def read_import(kind: ImportKind, source: Source) -> Table:
    """Read the file and name its columns. Raises `SpreadsheetError` for missing and unknown columns."""
    meaning = {header: column.name for column in kind.columns for header in column.headers()}
    table = read_table(source, sheet=kind.sheet, expected=list(meaning))
    names = [meaning.get(fold(header), "") for header in table.headers]
    unknown = [header for header, name in zip(table.headers, names, strict=True) if not name]
    missing = [str(column.label) for column in kind.columns if column.required and column.name not in names]
    if missing:
        raise SpreadsheetError(
            _("These columns are missing: %(columns)s.") % {"columns": ", ".join(missing)}, code="missing_columns"
        )
    if unknown:
        raise SpreadsheetError(
            _("These columns are not known: %(columns)s. Remove them or use the template.")
            % {"columns": ", ".join(unknown)[:300]},
            code="unknown_columns",
        )
    if len(set(names)) != len(names):
        raise SpreadsheetError(_("Two columns mean the same."), code="doubled_header")
    table.headers = names
    return table


def write_template(kind: ImportKind, target: IO[bytes], context: Mapping[str, str]) -> None:
    """Write an empty workbook of this kind with a sheet that explains its columns."""
    labels = [str(column.label) for column in kind.columns]
    rows = kind.rows_for_template(context) if kind.rows_for_template else []
    notes = [
        (str(column.label), _("yes") if column.required else _("no"), str(column.note), str(column.example))
        for column in kind.columns
    ]
    text = frozenset(position for position, column in enumerate(kind.columns) if column.text)
    write_xlsx(
        target,
        sheets=[
            Sheet(name=kind.sheet or _("Data"), headers=labels, rows=rows, text_columns=text),
            Sheet(
                name=_("Columns"),
                headers=[_("Column"), _("Needed"), _("Meaning"), _("Example")],
                rows=notes,
                widths=[24, 10, 70, 24],
            ),
        ],
    )


def write_problems(kind: ImportKind, report: Mapping[str, Any], target: IO[bytes]) -> None:
    """Write the problems of a check as a workbook to work through."""
    labels = {column.name: str(column.label) for column in kind.columns}
    rows = [
        (p["row"], p["cell"], labels.get(p["column"], ""), p["value"], p["message"]) for p in report.get("problems", [])
    ]
    headers = [_("Row"), _("Cell"), _("Column"), _("Value"), _("Problem")]
    write_xlsx(target, sheets=[Sheet(name=_("Problems"), headers=headers, rows=rows, widths=[8, 8, 24, 24, 80])])


def _require_actor(kind: ImportKind, ctx: JobContext, context: Mapping[str, str]) -> None:
    if ctx.user is None:
        raise PermissionRefused(_("The account that ordered the import is gone."))
    require_permission(kind, ctx.user, context)


def _same_bytes(ctx: JobContext, sha256: str) -> StoredFile:
    stored = ctx.source_file
    if stored is None or stored.sha256 != sha256 or not is_intact(stored):
        raise PortalError(_("The stored file is not the one that was uploaded. Upload it again."), code="other_bytes")
    return stored
