"""Notes between colleagues beside a criterion, and who of them has the form open."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms.exceptions import PermissionRefused, PortalError
from submissions.domain.access import is_member
from submissions.domain.notes import add_note, change_note, notes_by_code, remove_note
from submissions.domain.presence import at_work, beat
from submissions.models import LeafNote
from submissions.views.cards import leaf_url
from submissions.views.pages import FormPlace, form_screen


@form_screen
@require_http_methods(["GET", "HEAD", "POST"])
def leaf_notes(request: HttpRequest, place: FormPlace, code: str) -> HttpResponse:
    """Show the notes beside a criterion on a page of their own; add one."""
    _check_place(place, code)
    if request.method != "POST":
        return _notes_response(request, place, code)
    text = request.POST.get("text", "")
    return _act(
        request,
        place,
        code,
        lambda: add_note(user=place.user, submission=place.submission, code=code, text=text),
        done=_("The note was added; your colleagues see it."),
        typed=text,
    )


@form_screen
@require_POST
def edit_note(request: HttpRequest, place: FormPlace, note: int) -> HttpResponse:
    """Change an own note."""
    found = get_object_or_404(LeafNote, pk=note, submission=place.submission)
    text = request.POST.get("text", "")
    return _act(
        request,
        place,
        found.code,
        lambda: change_note(user=place.user, note=found, text=text),
        done=_("The note was changed."),
        typed=text,
        editing=found.pk,
    )


@form_screen
@require_POST
def delete_note(request: HttpRequest, place: FormPlace, note: int) -> HttpResponse:
    """Remove an own note."""
    found = get_object_or_404(LeafNote, pk=note, submission=place.submission)
    return _act(
        request,
        place,
        found.code,
        lambda: remove_note(user=place.user, note=found),
        done=_("The note was removed."),
    )


@form_screen
@require_safe
def colleagues(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Say who else of the unit has the form open; a sign of life of the asker at the same time."""
    domain = request.GET.get("linh-vuc", "")
    if place.is_member and any(domain == known.code for known in place.definition.domains):
        beat(user=place.user, submission=place.submission, domain=domain)
    there = at_work([place.submission], besides=place.user)[place.submission.pk] if place.is_member else []
    return render(request, "submissions/workspace/colleagues.html", place.context(colleagues=there))


def _act(
    request: HttpRequest,
    place: FormPlace,
    code: str,
    act: Callable[[], object],
    *,
    done: str,
    typed: str = "",
    editing: int | None = None,
) -> HttpResponse:
    """Do it; then back to the criterion, or (htmx) the new list in its place. What was refused comes back as typed."""
    try:
        act()
    except PermissionRefused:
        raise
    except PortalError as refusal:
        return _notes_response(request, place, code, problem=refusal.message, typed=typed, editing=editing)
    if request.headers.get("HX-Request"):
        return _notes_response(request, place, code, done=done)
    messages.success(request, done)
    return HttpResponseRedirect(leaf_url(place.submission, place.definition, code))


def _notes_response(
    request: HttpRequest,
    place: FormPlace,
    code: str,
    *,
    problem: str = "",
    typed: str = "",
    editing: int | None = None,
    done: str = "",
) -> HttpResponse:
    partial = bool(request.headers.get("HX-Request"))
    context = place.context(
        leaf=place.definition.leaf(code),
        code=code,
        notes=notes_by_code(user=place.user, submission=place.submission, codes=[code])[code],
        notes_open=True,
        problem=problem,
        typed=typed,
        editing=editing,
        done=done,
        back=leaf_url(place.submission, place.definition, code),
        crumbs=place.crumbs(),
    )
    # htmx puts only what was answered with success into the page.
    status = 422 if problem and not partial else 200
    template = "leaf_notes" if partial else "notes_page"
    return render(request, f"submissions/workspace/{template}.html", context, status=status)


def _check_place(place: FormPlace, code: str) -> None:
    if not place.definition.has_leaf(code):
        raise Http404
    if not is_member(place.user, place.submission):
        raise PermissionRefused(
            _("Notes are for the colleagues of %(unit)s alone.") % {"unit": place.submission.participant.unit.name}
        )
