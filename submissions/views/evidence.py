"""The evidence library of a unit, and documents on one criterion."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms.domain.files import may_read
from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit
from cms.numbers import parse_id
from cms.permissions import may_read_all, units_where
from submissions.domain import evidence as library
from submissions.domain.access import MEMBER_ROLES
from submissions.domain.evidence_warnings import warnings_for
from submissions.forms import AttachForm, DocumentForm, ReplaceForm, UploadForm
from submissions.models import Evidence, EvidenceUse
from submissions.views.cards import leaf_url
from submissions.views.pages import FormPlace, form_screen

PAGE_SIZE = 50
# In one form without JavaScript; with it files go one by one and more are taken (static/submissions/js/upload.js).
MAX_FILES = 20
# Stands in addresses for the number that the browser gives to an upload.
NO_UPLOAD = uuid.UUID(int=0)


@form_screen
@require_http_methods(["GET", "HEAD", "POST"])
def leaf_evidence(request: HttpRequest, place: FormPlace, code: str) -> HttpResponse:
    """Add documents to one criterion: upload new ones, or choose from the unit's library."""
    if not place.definition.has_leaf(code):
        raise Http404
    domain, _criterion, leaf = place.definition.path(code)
    back = leaf_url(place.submission, place.definition, code)
    form = AttachForm()
    if request.method == "POST":
        form = AttachForm(request.POST, request.FILES)
        if form.is_valid() and _upload(request, place, code, form):
            return HttpResponseRedirect(back)
    uses = list(
        EvidenceUse.objects.filter(answer__submission=place.submission, answer__code=code)
        .select_related("evidence__file")
        .order_by("pk")
    )
    documents = library.library_of(place.submission.participant.unit)
    return render(
        request,
        "submissions/workspace/leaf_evidence.html",
        place.context(
            leaf=leaf,
            domain=domain,
            form=form,
            uses=uses,
            warnings=warnings_for([use.evidence for use in uses], round=place.submission.participant.round).items(),
            documents=documents.exclude(pk__in=[use.evidence_id for use in uses])[:PAGE_SIZE],
            back=back,
            upload_url=reverse("submissions:leaf_upload", args=[place.submission.pk, code, NO_UPLOAD]),
            max_plain=MAX_FILES,
            writable=place.is_writable and code in place.open_codes,
            crumbs=place.crumbs((f"{domain.code}. {domain.name}", back)),
        ),
        status=422 if form.errors else 200,
    )


@form_screen
@require_POST
def attach(request: HttpRequest, place: FormPlace, code: str) -> HttpResponse:
    """Attach a document of the library to a criterion, or change the pages noted."""
    document = get_object_or_404(
        Evidence, pk=parse_id(request.POST.get("evidence")) or 0, unit=place.submission.participant.unit
    )
    try:
        library.attach_evidence(
            user=place.user,
            submission=place.submission,
            code=code,
            evidence=document,
            pages=request.POST.get("pages", ""),
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
        return redirect("submissions:leaf_evidence", pk=place.submission.pk, code=code)
    messages.success(request, _("“%(title)s” now proves criterion %(code)s.") % {"title": document.title, "code": code})
    return HttpResponseRedirect(leaf_url(place.submission, place.definition, code))


@form_screen
@require_POST
def detach(request: HttpRequest, place: FormPlace, code: str) -> HttpResponse:
    """Take a document off a criterion."""
    document = get_object_or_404(
        Evidence, pk=parse_id(request.POST.get("evidence")) or 0, unit=place.submission.participant.unit
    )
    try:
        library.detach_evidence(user=place.user, submission=place.submission, code=code, evidence=document)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(
            request,
            _("“%(title)s” was taken off criterion %(code)s; it stays in the library.")
            % {"title": document.title, "code": code},
        )
    return HttpResponseRedirect(leaf_url(place.submission, place.definition, code))


@login_required
@require_safe
def my_libraries(request: HttpRequest) -> HttpResponse:
    """Go to the library of the user's unit, or let the user choose one of several."""
    units = list(units_where(request.user, *MEMBER_ROLES))
    if len(units) == 1:
        return redirect("submissions:library", unit=units[0].pk)
    return render(request, "submissions/workspace/libraries.html", {"units": units})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def unit_library(request: HttpRequest, unit: int) -> HttpResponse:
    """Show a unit's documents; upload one."""
    owner = _unit(request, unit)
    form = UploadForm()
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid() and _add(request, owner, form):
            return redirect("submissions:library", unit=owner.pk)
    documents = library.library_of(owner).annotate(times=Count("uses"))
    query = request.GET.get("q", "").strip()
    if query:
        documents = documents.filter(title__icontains=query) | documents.filter(number__icontains=query)
    page = Paginator(documents.order_by("-created_at", "-pk"), PAGE_SIZE).get_page(request.GET.get("trang"))
    return render(
        request,
        "submissions/workspace/library.html",
        {
            "unit": owner,
            "page_obj": page,
            "form": form,
            "query": query,
            "may_write": _is_writer(request, owner),
            "upload_url": reverse("submissions:library_upload", args=[owner.pk, NO_UPLOAD]),
            "max_plain": MAX_FILES,
        },
        status=422 if form.errors else 200,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one document: description, uses, versions; change what may be changed."""
    found = get_object_or_404(Evidence.objects.select_related("unit", "file", "created_by", "replaces"), pk=pk)
    _unit(request, found.unit_id)
    initial = {
        "title": found.title,
        "number": found.number,
        "issued_on": found.issued_on,
        "issuer": found.issuer,
    }
    form = DocumentForm(initial=initial)
    if request.method == "POST":
        form = DocumentForm(request.POST)
        if form.is_valid() and _describe(request, found, form):
            return redirect("submissions:document", pk=found.pk)
    uses = list(
        found.uses.select_related("answer__submission__participant__round").order_by(
            "-answer__submission__participant__round__year", "answer__code"
        )
    )
    return render(
        request,
        "submissions/workspace/document.html",
        {
            "document": found,
            "unit": found.unit,
            "form": form,
            "uses": uses,
            "versions": _versions(found),
            "page": _page_of(request, found),
            "warnings": warnings_for([found]).get(found.pk, []),
            "replace_form": ReplaceForm(),
            "may_write": _is_writer(request, found.unit),
        },
        status=422 if form.errors else 200,
    )


@login_required
@require_safe
def evidence_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a document in the browser's own viewer, at `?trang=3`, to everybody who may read the file."""
    found = get_object_or_404(Evidence.objects.select_related("unit", "file", "created_by"), pk=pk)
    if not may_read(request.user, found.file):
        raise PermissionRefused(_("You may not read this file. Ask the unit that owns it."))
    context = {
        "document": found,
        "unit": found.unit,
        "page": _page_of(request, found),
        "may_manage": _is_writer(request, found.unit) or may_read_all(request.user),
    }
    return render(request, "submissions/workspace/evidence_view.html", context)


def _page_of(request: HttpRequest, found: Evidence) -> int:
    """The page that the link names, within the document; the first otherwise."""
    last = int(found.file.inspection.get("pages") or 1)
    return max(1, min(parse_id(request.GET.get("trang")) or 1, last))


@login_required
@require_POST
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Upload a new version of a document."""
    found = get_object_or_404(Evidence.objects.select_related("unit", "file"), pk=pk)
    _unit(request, found.unit_id)
    sent = request.FILES.get("file")
    if sent is None:
        messages.error(request, _("Choose a PDF file first."))
        return redirect("submissions:document", pk=pk)
    try:
        newer = library.replace_evidence(user=request.user, evidence=found, content=sent, name=sent.name or "")
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
        return redirect("submissions:document", pk=pk)
    messages.success(request, _("The new version is in the library. Forms that use the old one keep it."))
    return redirect("submissions:document", pk=newer.pk)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a document out of the library's list."""
    found = get_object_or_404(Evidence.objects.select_related("unit"), pk=pk)
    _unit(request, found.unit_id)
    try:
        library.withdraw_evidence(user=request.user, evidence=found)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
        return redirect("submissions:document", pk=pk)
    messages.success(request, _("“%(title)s” was withdrawn. The file itself is kept.") % {"title": found.title})
    return redirect("submissions:library", unit=found.unit_id)


def _upload(request: HttpRequest, place: FormPlace, code: str, form: AttachForm) -> bool:
    """Upload and attach every chosen file; say of each what became of it. True where all went well."""
    data = form.cleaned_data
    sent = request.FILES.getlist("file")
    if _too_many(form, sent):
        return False
    several = len(sent) > 1
    fine = True
    for upload in sent:
        try:
            use = library.upload_to_answer(
                user=place.user,
                submission=place.submission,
                code=code,
                content=upload,
                name=upload.name or "",
                title="" if several else data["title"],
                number=data["number"],
                issued_on=data["issued_on"],
                issuer=data["issuer"],
                pages=data["pages"],
            )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            form.add_error("file" if refusal.code not in {"pages", "future_date"} else None, refusal.message)
            fine = False
        else:
            messages.success(
                request,
                _("“%(title)s” now proves criterion %(code)s.") % {"title": use.evidence.title, "code": code},
            )
    return fine


def _add(request: HttpRequest, unit: Unit, form: UploadForm) -> bool:
    data = form.cleaned_data
    sent = request.FILES.getlist("file")
    if _too_many(form, sent):
        return False
    fine = True
    for upload in sent:
        try:
            added = library.add_evidence(
                user=request.user,
                unit=unit,
                content=upload,
                name=upload.name or "",
                title="" if len(sent) > 1 else data["title"],
                number=data["number"],
                issued_on=data["issued_on"],
                issuer=data["issuer"],
            )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            form.add_error("file", refusal.message)
            fine = False
        else:
            messages.success(request, _("“%(title)s” is in the library.") % {"title": added.title})
    return fine


def _too_many(form: UploadForm, sent: list[Any]) -> bool:
    """Refuse more files than one form takes; none of them is stored."""
    if len(sent) <= MAX_FILES:
        return False
    form.add_error(
        "file",
        _("You chose %(number)s files; at most %(most)s go at once. None was stored; choose fewer.")
        % {"number": len(sent), "most": MAX_FILES},
    )
    return True


def _describe(request: HttpRequest, found: Evidence, form: DocumentForm) -> bool:
    try:
        library.describe_evidence(user=request.user, evidence=found, **form.cleaned_data)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error(None, refusal.message)
        return False
    messages.success(request, _("The description was saved."))
    return True


def _unit(request: HttpRequest, pk: int) -> Unit:
    """The unit whose library the user may see; refused otherwise."""
    unit = get_object_or_404(Unit, pk=pk)
    if _is_writer(request, unit) or may_read_all(request.user):
        return unit
    raise PermissionRefused(_("You may not see the documents of %(unit)s.") % {"unit": unit.name})


def _is_writer(request: HttpRequest, unit: Unit) -> bool:
    return units_where(request.user, *MEMBER_ROLES).filter(pk=unit.pk).exists()


def _versions(found: Evidence) -> list[dict[str, Any]]:
    """All versions of a document, newest first, marking the one shown."""
    chain = [found]
    while chain[0].replaces_id:
        chain.insert(0, chain[0].replaces)
    while newer := Evidence.objects.filter(replaces=chain[-1]).select_related("file").first():
        chain.append(newer)
    return [
        {"number": number, "document": item, "current": item.pk == found.pk}
        for number, item in reversed(list(enumerate(chain, start=1)))
    ]
