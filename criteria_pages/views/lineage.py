"""Next year's set: starting it, and the table of what became of each node."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms.exceptions import PortalError
from cms.numbers import parse_id
from cms.text import fold, normal
from criteria_pages.blocks.lineage import OVERRIDES
from criteria_pages.domain.authoring import NodeLink, definition_from_page
from criteria_pages.domain.editions import latest_edition
from criteria_pages.domain.lineage import (
    Lineage,
    LineageLine,
    lineage_lines,
    lineage_of_page,
    lineage_problems,
)
from criteria_pages.domain.next_set import (
    edit_lineage,
    may_edit_lineage,
    next_title,
    page_links,
    sets_after,
    start_next_set,
)
from criteria_pages.enums import LineageStatus
from criteria_pages.models import CriteriaSetPage
from criteria_pages.views.drafts import editable_page, frame

MAX_CODE, MAX_REASON = 32, 500


@dataclass(frozen=True)
class TableRow:
    """A line of the table with what stands in its inputs."""

    line: LineageLine
    key: str
    link: NodeLink
    problems: tuple[str, ...] = ()
    hint: str = ""
    edited: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
def start_next(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the title of next year's set, then start it as a draft."""
    page = get_object_or_404(CriteriaSetPage, pk=pk)
    edition = latest_edition(page)
    if edition is None:
        raise Http404
    if not page.permissions_for_user(request.user).can_copy_to(page.get_parent()):
        raise PermissionDenied
    typed = {
        "title": request.POST.get("title", next_title(page.title)),
        "title_en": request.POST.get("title_en", next_title(page.title_en)),
        "move_dates": "move_dates" in request.POST if request.method == "POST" else True,
    }
    problem = ""
    if request.method == "POST":
        try:
            draft = start_next_set(edition=edition, user=request.user, **typed)
        except PortalError as refusal:
            problem = refusal.message
        else:
            messages.success(
                request,
                _("“%(title)s” was started as a draft: each node is linked to its predecessor.")
                % {"title": draft.title},
            )
            return redirect("criteria_lineage", draft.pk)
    context = {
        **frame(page, _("Start next year's set")),
        "page": page,
        "edition": edition,
        "started": sets_after(edition),
        "typed": typed,
        "problem": problem,
    }
    return TemplateResponse(request, "criteria_pages/admin/next_set.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def lineage_table(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how each node compares with its predecessor; store what the editor says."""
    draft = editable_page(request, pk)
    lineage = lineage_of_page(draft)
    if lineage is None or draft.predecessor is None:
        raise Http404
    typed: dict[tuple[int, ...], NodeLink] = {}
    if request.method == "POST":
        typed = _typed(request, draft)
        seen = parse_id(request.POST.get("revision"))
        try:
            edit_lineage(page=draft, user=request.user, seen_revision=seen, links=typed)
        except PortalError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("Stored as a draft. The comparison is frozen with the edition on publication."))
            shown = request.GET.urlencode()
            return redirect(f"{request.path}?{shown}" if shown else request.path)
    rows = _rows(draft, lineage, typed)
    chosen = request.GET.get("loai", "")
    context = {
        **frame(draft, _("Comparison with the set before")),
        "page": draft,
        "edition": draft.predecessor,
        "may_edit": may_edit_lineage(draft, request.user),
        "whole": _whole(draft, lineage, typed),
        "rows": [row for row in rows if chosen in {"", row.line.row.status}],
        "counts": _counts(lineage),
        "total": len(rows),
        "chosen": chosen,
        "choices": OVERRIDES,
        "old_nodes": draft.predecessor.node_names.items(),
        "new_nodes": [(code, node.name) for code, node in definition_from_page(draft).nodes.items()],
        "problems": [str(problem) for problem in lineage_problems(draft, page_links(draft)[1:])],
    }
    return TemplateResponse(
        request, "criteria_pages/admin/lineage.html", context, status=409 if request.method == "POST" else 200
    )


def _typed(request: HttpRequest, draft: CriteriaSetPage) -> dict[tuple[int, ...], NodeLink]:
    """Return what was typed, by position; a dropped node's “continued by” becomes the past of the node it names."""
    typed: dict[tuple[int, ...], NodeLink] = {}
    stored = page_links(draft)
    for link in stored:
        key = _key(link.position)
        if f"{key}-status" in request.POST:
            typed[link.position] = NodeLink(
                link.code,
                predecessor=_line(request, f"{key}-from", MAX_CODE),
                status=_status(request, f"{key}-status"),
                reason=_line(request, f"{key}-reason", MAX_REASON),
                position=link.position,
            )
    places = {link.code: link for link in stored[1:]}
    for name in request.POST:
        if name.startswith("dropped-") and (follower := places.get(_line(request, name, MAX_CODE))):
            said = typed.get(follower.position, follower)
            typed[follower.position] = NodeLink(
                follower.code, name.removeprefix("dropped-"), said.status, said.reason, follower.position
            )
    return typed


def _line(request: HttpRequest, name: str, limit: int) -> str:
    return " ".join(normal(request.POST.get(name, "")).split())[:limit]


def _status(request: HttpRequest, name: str) -> str:
    given = request.POST.get(name, "")
    return given if given in dict(OVERRIDES) else ""


def _rows(draft: CriteriaSetPage, lineage: Lineage, typed: dict[tuple[int, ...], NodeLink]) -> list[TableRow]:
    assert draft.predecessor is not None  # noqa: S101 -- the caller has looked
    old, new = draft.predecessor.definition, definition_from_page(draft)
    links = page_links(draft)[1:]
    by_place = {link.position: link for link in links}
    found: dict[tuple[int, ...], list[str]] = {}
    for problem in lineage_problems(draft, links):
        found.setdefault(problem.position, []).append(problem.message)
    lines = lineage_lines(lineage, old, new, links)
    alike = _alike(lines)
    rows = []
    for line in lines:
        place = line.position
        link = typed.get(place) or by_place.get(place) or NodeLink(line.row.code)
        rows.append(
            TableRow(
                line=line,
                key=_key(place) if line.row.code else f"dropped-{line.row.predecessor}",
                link=link,
                problems=tuple(found.get(place, ())) if line.row.code else (),
                hint=alike.get(line.row.code or line.row.predecessor, "") if not line.row.is_comparable else "",
                edited=place in typed and typed[place] != by_place.get(place),
            )
        )
    return rows


def _alike(lines: list[LineageLine]) -> dict[str, str]:
    """Return by code of a new node the code of a dropped one of the same name, and the other way round."""
    gone = {fold(line.old.name): line.row.predecessor for line in lines if line.new is None and line.old is not None}
    pairs: dict[str, str] = {}
    for line in lines:
        if line.row.status == LineageStatus.NEW and line.new is not None and (code := gone.get(fold(line.new.name))):
            pairs |= {line.row.code: code, code: line.row.code}
    return pairs


def _whole(draft: CriteriaSetPage, lineage: Lineage, typed: dict[tuple[int, ...], NodeLink]) -> TableRow:
    stored = page_links(draft)[0]
    line = LineageLine(lineage.whole, None, None)
    return TableRow(line, _key(()), typed.get((), stored))


def _counts(lineage: Lineage) -> list[tuple[str, str, int]]:
    counted = Counter(row.status for row in lineage.rows)
    return [(status.value, str(status.label), counted[status.value]) for status in LineageStatus]


def _key(position: tuple[int, ...]) -> str:
    return "-".join(["node", *map(str, position)])
