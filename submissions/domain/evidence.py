"""The evidence library of a unit, and documents attached to answers with pages.

A document is uploaded once and serves many leaves and years. Nothing is physically deleted: a document is withdrawn,
or replaced by a new version. Uploading asks for the role in the unit; attaching and detaching go through the gate.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import IO, Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.dates import check_year
from cms.domain.files import clean_name, store_file
from cms.enums import FileKind, Role
from cms.models import StoredFile, Unit, User
from cms.permissions import Person, has_role, memberships_of, require_role
from submissions.domain.definitions import definition_of_round
from submissions.domain.gate import check_write
from submissions.domain.inputs import clean_line
from submissions.domain.pdf_check import check_pdf
from submissions.domain.sign_off import void_after_change
from submissions.enums import WriteAction
from submissions.exceptions import SubmissionError
from submissions.models import Answer, AppraisalAssignment, AssessmentRound, Evidence, EvidenceUse, Submission

LIBRARY_ROLES = (Role.CONTRIBUTOR, Role.LEADER)
_PAGES = re.compile(r"\d{1,5}(\s*-\s*\d{1,5})?(\s*[,;]\s*\d{1,5}(\s*-\s*\d{1,5})?)*", re.ASCII)


def add_evidence(
    *,
    user: User,
    unit: Unit,
    content: File | IO[bytes],
    name: str,
    title: str = "",
    number: str = "",
    issued_on: dt.date | None = None,
    issuer: str = "",
) -> Evidence:
    """Check a file by content and put it into the unit's library; return the document.

    The same bytes that the unit already has return the existing document, so a repeated upload does no harm. Raises
    `PermissionRefused`, `FileRefused`, `SubmissionError` for a date of issue in the future.
    """
    require_role(user, *LIBRARY_ROLES, unit=unit)
    _check_issue_date(issued_on)
    findings = check_pdf(content, name=clean_name(name))
    with transaction.atomic():
        stored = store_file(
            kind=FileKind.EVIDENCE,
            content=content,
            name=name,
            owner_unit=unit,
            user=user,
            inspection=findings.to_json(),
            content_type="application/pdf",
        )
        known = Evidence.objects.filter(unit=unit, file__sha256=stored.sha256, withdrawn_at__isnull=True).first()
        if known is not None:
            stored.delete()
            return known
        evidence = Evidence.objects.create(
            unit=unit,
            file=stored,
            title=_title(title, stored),
            number=clean_line(number)[:100],
            issued_on=issued_on,
            issuer=clean_line(issuer)[:255],
            created_by=user,
        )
        audit.record(
            "submissions.evidence_added",
            evidence,
            user=user,
            after={"title": evidence.title, "sha256": stored.sha256, "size": stored.size},
        )
    return evidence


def replace_evidence(*, user: User, evidence: Evidence, content: File | IO[bytes], name: str) -> Evidence:
    """Put a new version of a document into the library; return it. The old version stays, and stays where it is used.

    Raises as `add_evidence`; `SubmissionError` where the document was withdrawn or replaced already.
    """
    require_role(user, *LIBRARY_ROLES, unit=evidence.unit)
    findings = check_pdf(content, name=clean_name(name))
    with transaction.atomic():
        old = Evidence.objects.select_for_update(of=("self",)).select_related("unit", "file").get(pk=evidence.pk)
        if old.withdrawn_at is not None or Evidence.objects.filter(replaces=old).exists():
            raise SubmissionError(_("There is a newer version of “%(title)s” already.") % {"title": old.title})
        stored = store_file(
            kind=FileKind.EVIDENCE,
            content=content,
            name=name,
            owner_unit=old.unit,
            user=user,
            inspection=findings.to_json(),
            content_type="application/pdf",
        )
        if stored.sha256 == old.file.sha256:
            stored.delete()
            return old
        newer = Evidence.objects.create(
            unit=old.unit,
            file=stored,
            title=old.title,
            number=old.number,
            issued_on=old.issued_on,
            issuer=old.issuer,
            replaces=old,
            created_by=user,
        )
        audit.record(
            "submissions.evidence_replaced",
            newer,
            user=user,
            before={"sha256": old.file.sha256},
            after={"sha256": stored.sha256},
        )
    return newer


def describe_evidence(
    *, user: User, evidence: Evidence, title: str, number: str, issued_on: dt.date | None, issuer: str
) -> Evidence:
    """Change number, date, issuer and title of a document that no form uses; return it.

    Raises `PermissionRefused`; `SubmissionError` where a form uses it (what was signed must stay what it was).
    """
    require_role(user, *LIBRARY_ROLES, unit=evidence.unit)
    _check_issue_date(issued_on)
    with transaction.atomic():
        locked = Evidence.objects.select_for_update(of=("self",)).select_related("file").get(pk=evidence.pk)
        if locked.uses.exists():
            raise SubmissionError(
                _("“%(title)s” is used in a form; its description can no longer be changed. Upload a new version.")
                % {"title": locked.title},
                code="in_use",
            )
        before = _description(locked)
        locked.title = _title(title, locked.file)
        locked.number = clean_line(number)[:100]
        locked.issued_on = issued_on
        locked.issuer = clean_line(issuer)[:255]
        locked.save(update_fields=["title", "number", "issued_on", "issuer"])
        audit.record("submissions.evidence_changed", locked, user=user, before=before, after=_description(locked))
    return locked


def withdraw_evidence(*, user: User, evidence: Evidence) -> None:
    """Take a document out of the library's list; the file stays. Refused while a form uses it."""
    require_role(user, *LIBRARY_ROLES, unit=evidence.unit)
    with transaction.atomic():
        locked = Evidence.objects.select_for_update(of=("self",)).get(pk=evidence.pk)
        if locked.uses.exists():
            raise SubmissionError(
                _("“%(title)s” is used in a form. Take it off the criteria first.") % {"title": locked.title},
                code="in_use",
            )
        if locked.withdrawn_at is None:
            locked.withdrawn_at = clock.now()
            locked.save(update_fields=["withdrawn_at"])
            audit.record("submissions.evidence_withdrawn", locked, user=user, after={"title": locked.title})


def attach_evidence(
    *, user: User, submission: Submission, code: str, evidence: Evidence, pages: str = ""
) -> EvidenceUse:
    """Let a document of the unit's library prove an answer, at the noted pages; return the use.

    Attaching again changes the pages. Raises what the gate raises; `SubmissionError` for another unit's document, a
    withdrawn one, or pages that are none.
    """
    noted = _read_pages(pages)
    with transaction.atomic():
        locked = check_write(user=user, submission=submission, code=code, action=WriteAction.EVIDENCE)
        document = Evidence.objects.select_related("file").get(pk=evidence.pk)
        if document.unit_id != locked.participant.unit_id:
            raise SubmissionError(_("The document belongs to another unit."), code="foreign_evidence")
        if document.withdrawn_at is not None:
            raise SubmissionError(_("“%(title)s” was withdrawn.") % {"title": document.title}, code="withdrawn")
        _check_pages(noted, document)
        answer, _created = Answer.objects.get_or_create(submission=locked, code=code, defaults={"updated_by": user})
        use = EvidenceUse.objects.filter(answer=answer, evidence=document).first()
        before = {"pages": use.pages} if use else None
        if use is not None and use.pages == noted:
            return use
        if use is None:
            use = EvidenceUse(answer=answer, evidence=document)
        use.pages = noted
        use.save()
        void_after_change(
            submission=locked,
            user=user,
            reason=_("Evidence of %(code)s was changed by %(user)s.") % {"code": code, "user": user},
        )
        audit.record(
            "submissions.evidence_attached",
            answer,
            user=user,
            before=before,
            after={"pages": noted, "sha256": document.file.sha256},
            evidence=document.pk,
        )
    return use


def detach_evidence(*, user: User, submission: Submission, code: str, evidence: Evidence) -> None:
    """Take a document off an answer; it stays in the library. Does nothing where it is not attached."""
    with transaction.atomic():
        locked = check_write(user=user, submission=submission, code=code, action=WriteAction.EVIDENCE)
        use = EvidenceUse.objects.filter(answer__submission=locked, answer__code=code, evidence=evidence).first()
        if use is None:
            return
        answer = use.answer
        audit.record(
            "submissions.evidence_detached", answer, user=user, before={"pages": use.pages}, evidence=evidence.pk
        )
        use.delete()
        void_after_change(
            submission=locked,
            user=user,
            reason=_("Evidence of %(code)s was changed by %(user)s.") % {"code": code, "user": user},
        )


def upload_to_answer(
    *,
    user: User,
    submission: Submission,
    code: str,
    content: File | IO[bytes],
    name: str,
    title: str = "",
    number: str = "",
    issued_on: dt.date | None = None,
    issuer: str = "",
    pages: str = "",
) -> EvidenceUse:
    """Upload a document and attach it to an answer. The gate is asked before the file is looked at and at the write."""
    check_may_attach(user=user, submission=submission, code=code)
    _read_pages(pages)
    evidence = add_evidence(
        user=user,
        unit=submission.participant.unit,
        content=content,
        name=name,
        title=title,
        number=number,
        issued_on=issued_on,
        issuer=issuer,
    )
    return attach_evidence(user=user, submission=submission, code=code, evidence=evidence, pages=pages)


def check_may_attach(*, user: User, submission: Submission, code: str) -> None:
    """Raise what the gate raises where a document could not be attached now, before its bytes are taken."""
    with transaction.atomic():
        check_write(user=user, submission=submission, code=code, action=WriteAction.EVIDENCE)


def library_of(unit: Unit) -> QuerySet[Evidence]:
    """Return the documents of a unit's library that count: neither withdrawn nor replaced."""
    return Evidence.objects.filter(unit=unit, withdrawn_at__isnull=True, replaced_by__isnull=True).select_related(
        "file", "created_by"
    )


def may_read_evidence(user: Person, stored: StoredFile) -> bool:
    """Whether a user may read a stored piece of evidence.

    The members of its unit and the secretariat of a round in whose forms it is used; once a form was sent, the council
    of the round and the appraisers of agencies assigned to a criterion that the document proves. Auditors read all by
    `cms.domain.files.may_read`.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    if stored.owner_unit is not None and any(has_role(user, role, stored.owner_unit) for role in LIBRARY_ROLES):
        return True
    uses = EvidenceUse.objects.filter(evidence__file=stored)
    mine = memberships_of(user)
    secretariats = mine.filter(role=Role.SECRETARIAT).values("unit_id")
    if uses.filter(answer__submission__participant__round__owner__in=secretariats).exists():
        return True
    sent = uses.filter(answer__submission__receipts__isnull=False)
    councils = mine.filter(role=Role.COUNCIL_MEMBER).values("unit_id")
    if sent.filter(answer__submission__participant__round__owner__in=councils).exists():
        return True
    return _is_appraiser_of(sent, agencies=mine.filter(role=Role.APPRAISER).values("unit_id"))


def _is_appraiser_of(uses: QuerySet[EvidenceUse], *, agencies: QuerySet[Any, Any]) -> bool:
    rounds = AssessmentRound.objects.filter(assignments__agency__in=agencies).distinct().select_related("edition")
    for round in rounds:
        definition = definition_of_round(round)
        assigned = set(
            AppraisalAssignment.objects.filter(round=round, agency__in=agencies).values_list("code", flat=True)
        )
        codes = uses.filter(answer__submission__participant__round=round).values_list("answer__code", flat=True)
        for code in codes.distinct():
            domain = definition.path(code)[0].code if definition.has_leaf(code) else ""
            if code in assigned or domain in assigned:
                return True
    return False


def _title(title: str, stored: StoredFile) -> str:
    name = stored.original_name.rpartition(".")[0] or stored.original_name
    return (clean_line(title) or clean_line(name))[:500]


def _description(evidence: Evidence) -> dict[str, str]:
    return {
        "title": evidence.title,
        "number": evidence.number,
        "issued_on": evidence.issued_on.isoformat() if evidence.issued_on else "",
        "issuer": evidence.issuer,
    }


def _check_issue_date(day: dt.date | None) -> None:
    if day is None:
        return
    check_year(day)
    if day > clock.today():
        raise SubmissionError(
            _("The date of issue %(day)s lies in the future.") % {"day": day.strftime("%d/%m/%Y")},
            code="future_date",
        )


def _read_pages(pages: str) -> str:
    text = " ".join(pages.split())
    if text and not _PAGES.fullmatch(text):
        raise SubmissionError(
            _("“%(pages)s” are no page numbers. Write them like 1, 3-5.") % {"pages": text[:50]}, code="pages"
        )
    if len(text) > 100:
        raise SubmissionError(_("The list of pages is too long."), code="pages")
    return text


def _check_pages(pages: str, document: Evidence) -> None:
    last = document.file.inspection.get("pages")
    numbers = [int(n) for n in re.findall(r"\d+", pages)]
    if last and numbers and (max(numbers) > int(last) or min(numbers) < 1):
        raise SubmissionError(
            _("“%(title)s” has %(last)s pages; “%(pages)s” points outside.")
            % {"title": document.title, "last": last, "pages": pages},
            code="pages",
        )
