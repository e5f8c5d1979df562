"""A unit's appeals against its published result: file, follow, take back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms.exceptions import PermissionRefused, PortalError
from cms.numbers import exact, parse_id
from submissions.appeal_forms import FileAppealForm
from submissions.domain import unit_appeals
from submissions.domain.earlier_results import is_published
from submissions.domain.evidence import add_evidence, library_of
from submissions.domain.ledger import current_entries
from submissions.models import AppealPeriod
from submissions.views.access import attempt
from submissions.views.pages import FormPlace, form_screen

_FIELD_OF = {"unknown_code": "code", "filed_already": "code", "foreign_evidence": "documents"}


@form_screen
@require_http_methods(["GET", "HEAD", "POST"])
def appeals(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Show the appeals of the unit with what became of them; file one, take one back."""
    participant = place.submission.participant
    if request.method == "POST" and request.POST.get("viec") == "rut":
        return _withdraw(request, place)
    leaves = _leaves(place)
    form = FileAppealForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        leaves=leaves,
        library=library_of(participant.unit),
        initial={"code": request.GET.get("tieu-chi", "")},
    )
    if request.method == "POST" and _file(request, place, form):
        return redirect("submissions:unit_appeals", place.submission.pk)
    names = dict(leaves)
    rows = [{"filing": filing, "leaf": names.get(filing.code, filing.code)}
            for filing in unit_appeals.filings_of(participant)]  # fmt: skip
    context = place.context(
        form=form,
        rows=rows,
        period=AppealPeriod.objects.filter(round=participant.round).first(),
        refusal=unit_appeals.filing_refusal(user=place.user, participant=participant),
        now=place.now,
        crumbs=place.crumbs(),
    )
    return render(request, "submissions/workspace/appeals.html", context, status=422 if form.errors else 200)


def _leaves(place: FormPlace) -> list[tuple[str, str]]:
    """Return the criteria of the unit; once the result is public, with the points that count."""
    participant = place.submission.participant
    entries = current_entries(participant) if is_published(participant.round) else {}
    found = []
    for leaf in place.definition.leaves:
        words = f"{leaf.code} {leaf.name[:100]}"
        if (entry := entries.get(leaf.code)) is not None and entry.points is not None:
            words = _("%(criterion)s (%(points)s of %(maximum)s)") % {
                "criterion": words,
                "points": exact(entry.points),
                "maximum": exact(leaf.maximum),
            }
        found.append((leaf.code, words))
    return found


def _file(request: HttpRequest, place: FormPlace, form: FileAppealForm) -> bool:
    participant = place.submission.participant
    try:
        # Asked before the form is read and the file is taken, so that a refused appeal leaves no document behind.
        unit_appeals.check_may_file(user=place.user, participant=participant)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error(None, refusal.message)
        return False
    if not form.is_valid():
        return False
    try:
        unit_appeals.check_leaf(participant, form.cleaned_data["code"])
        # Of two at once the later one is refused only here; its document goes back with it.
        with transaction.atomic():
            filing = unit_appeals.file_appeal(
                user=place.user,
                participant=participant,
                code=form.cleaned_data["code"],
                asked=form.cleaned_data["asked"],
                reason=form.cleaned_data["reason"],
                evidence=_documents(place, form.cleaned_data),
            )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error(_FIELD_OF.get(refusal.code), refusal.message)
        return False
    messages.success(request, _("The appeal %(reference)s is filed.") % {"reference": filing.reference})
    return True


def _documents(place: FormPlace, data: dict[str, Any]) -> list[Any]:
    documents = list(data["documents"])
    if data["upload"]:
        unit = place.submission.participant.unit
        documents.append(add_evidence(user=place.user, unit=unit, content=data["upload"], name=data["upload"].name))
    return documents


def _withdraw(request: HttpRequest, place: FormPlace) -> HttpResponse:
    filings = place.submission.participant.filed_appeals.select_related("participant__unit", "participant__round")
    filing = filings.filter(pk=parse_id(request.POST.get("muc")) or 0).first()
    if filing is None:
        raise Http404
    attempt(
        request,
        lambda: unit_appeals.withdraw_filing(user=place.user, filing=filing),
        _("The appeal %(reference)s is withdrawn.") % {"reference": filing.reference},
    )
    return redirect("submissions:unit_appeals", place.submission.pk)
