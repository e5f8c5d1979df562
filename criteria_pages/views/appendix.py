"""The appendix table out of a set or an edition, and in again: upload, report per cell, then a draft."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from wagtail.models import Page

from cms.domain.files import is_intact, store_file
from cms.enums import FileKind
from cms.exceptions import PortalError
from cms.models import StoredFile
from cms.numbers import parse_id
from cms.text import slug
from criteria_pages.definition import Definition
from criteria_pages.domain.appendix_import import import_as_new, import_into
from criteria_pages.domain.appendix_nodes import GUESSED, OPEN, UNDERSTOOD, WRONG, Appendix
from criteria_pages.domain.appendix_reading import LIMITS, read_appendix
from criteria_pages.domain.appendix_writing import write_appendix
from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.models import CriteriaEdition, CriteriaSetPage
from criteria_pages.views.drafts import editable_page

PER_PAGE = 200
#: In the session: which draft was made of which workbook, so that a second press makes no second draft.
MADE = "criteria_appendix_drafts"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def export_set(request: HttpRequest, pk: int) -> FileResponse:
    """Send the appendix table of a set's latest draft."""
    page = editable_page(request, pk)
    return _file(definition_from_page(page), page.slug)


@require_safe
def export_edition(request: HttpRequest, pk: int) -> FileResponse:
    """Send the appendix table of an edition."""
    edition = get_object_or_404(CriteriaEdition.objects.select_related("page"), pk=pk)
    return _file(edition.definition, f"{edition.page.slug}-{edition.number}")


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take a workbook, read it once, and lead to its report; what cannot be read at all is refused here."""
    if not _places(request):
        raise PermissionDenied
    problem = ""
    if request.method == "POST":
        sent = request.FILES.get("file")
        if sent is None:
            problem = _("Choose the workbook first.")
        elif sent.size is None or sent.size > LIMITS.size:
            problem = _("The file is larger than %(size)d MB.") % {"size": LIMITS.size // 1024**2}
        else:
            try:
                read_appendix(source=sent.file)
                stored = store_file(
                    kind=FileKind.IMPORT, content=sent, name=sent.name or "", owner_unit=None, user=request.user
                )
            except PortalError as refusal:
                problem = refusal.message
            else:
                return redirect("criteria_appendix_report", stored.uid)
    context = {**_frame(_("Appendix table from Excel")), "problem": problem, "size": LIMITS.size // 1024**2}
    return TemplateResponse(request, "criteria_pages/admin/appendix.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show what was understood of each cell; on a post make the draft of exactly those bytes."""
    stored = StoredFile.objects.filter(uid=uid, kind=FileKind.IMPORT, uploaded_by=request.user).first()
    places = _places(request)
    if stored is None or not is_intact(stored) or not places:
        raise Http404
    problem, status = "", 200
    made = request.session.get(MADE, {})
    if request.method == "POST":
        if str(uid) in made:
            messages.info(request, _("A draft was made of this workbook already; here it is."))
            return redirect("wagtailadmin_pages:edit", made[str(uid)])
        try:
            draft, appendix = _import(request, stored, places)
        except PortalError as refusal:
            problem, status = refusal.message, 422
        else:
            messages.success(
                request,
                _(
                    "A draft was made of the workbook: %(guessed)s cells are guessed, %(open)s are left open, "
                    "%(wrong)s are wrong."
                )
                % {
                    "guessed": appendix.count(GUESSED),
                    "open": appendix.count(OPEN),
                    "wrong": appendix.count(WRONG),
                },
            )
            request.session[MADE] = {**made, str(uid): draft.pk}
            return redirect("wagtailadmin_pages:edit", draft.pk)
    appendix = read_appendix(source=stored)
    chosen = request.GET.get("loai", "")
    notes = [note for note in appendix.notes if chosen in {"", note.kind}]
    sets = _sets(request)
    context = {
        **_frame(_("Appendix table from Excel")),
        "stored": stored,
        "appendix": appendix,
        "definition": appendix.definition,
        "listed": Paginator(notes, PER_PAGE).get_page(request.GET.get("trang")),
        "counts": _counts(appendix),
        "chosen": chosen,
        "places": places,
        "sets": sets,
        "namesake": any(page.title == appendix.definition.title for page in sets),
        "typed": request.POST,
        "problem": problem,
    }
    return TemplateResponse(request, "criteria_pages/admin/appendix_report.html", context, status=status)


def _import(request: HttpRequest, stored: StoredFile, places: list[Page]) -> tuple[CriteriaSetPage, Appendix]:
    chosen = request.POST.get("set", "")
    target = parse_id(chosen)
    if target is None and chosen:
        raise PortalError(_("Choose a new set, or one of the sets of the list."))
    if target is not None:
        page = get_object_or_404(CriteriaSetPage, pk=target)
        seen = parse_id(request.POST.get(f"revision-{target}"))
        return import_into(source=stored, user=request.user, page=page, seen_revision=seen)
    parent = next((place for place in places if place.pk == parse_id(request.POST.get("parent"))), places[0])
    title = "".join(letter for letter in request.POST.get("title", "") if letter.isprintable()).strip()
    return import_as_new(source=stored, user=request.user, parent=parent, title=title)


def _places(request: HttpRequest) -> list[Page]:
    """Return the pages under which the user may add a set: those that hold sets already first."""
    parents = Page.objects.filter(pk__in=[page.get_parent().pk for page in CriteriaSetPage.objects.all()[:50]])
    found = [page for page in parents.specific() if page.permissions_for_user(request.user).can_add_subpage()]
    if found:
        return found
    roots = Page.objects.filter(depth=2).specific()
    return [
        page
        for page in roots
        if CriteriaSetPage.can_create_at(page) and page.permissions_for_user(request.user).can_add_subpage()
    ]


def _sets(request: HttpRequest) -> list[CriteriaSetPage]:
    pages = CriteriaSetPage.objects.order_by("-latest_revision_created_at")[:50]
    return [page for page in pages if page.permissions_for_user(request.user).can_edit()]


def _counts(appendix: Appendix) -> list[tuple[str, str, int]]:
    return [
        (WRONG, _("Wrong"), appendix.count(WRONG)),
        (OPEN, _("Left open"), appendix.count(OPEN)),
        (GUESSED, _("Guessed"), appendix.count(GUESSED)),
        (UNDERSTOOD, _("Understood"), appendix.count(UNDERSTOOD)),
    ]


def _file(definition: Definition, name: str) -> FileResponse:
    target = io.BytesIO()
    write_appendix(definition=definition, target=target)
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename=f"phu-luc-{slug(name)}.xlsx", content_type=XLSX)


def _frame(title: str) -> dict[str, Any]:
    return {
        "header_title": title,
        "page_title": title,
        "header_icon": "table",
        "breadcrumbs_items": [
            {"url": reverse("wagtailadmin_home"), "label": _("Home")},
            {"url": reverse("criteria_appendix"), "label": title},
        ],
    }
