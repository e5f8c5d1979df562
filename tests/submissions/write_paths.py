"""Every way in which a unit's form can be written. Whoever adds a way adds it here, and it is held against the gate.

A path is a function that tries to write as the given user; it need not raise: what counts is whether the fingerprint of
the form has changed afterwards. `prepare` brings an untouched form to where the path could write if it may.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

import openpyxl

from cms.models import User
from submissions.domain.content import content_of, content_sha256
from submissions.domain.evidence import attach_evidence
from submissions.domain.workbook import write_workbook
from submissions.models import Submission
from tests.factories.files import pdf_bytes
from tests.factories.filling import fill, sign
from tests.factories.submissions import EvidenceFactory, OpenRound

Attempt = Callable[[OpenRound, User], None]


@dataclass(frozen=True)
class WritePath:
    """One way in: `needs_leader` where only the leader may take it."""

    name: str
    attempt: Attempt
    prepare: Callable[[OpenRound], None] = lambda this: None
    needs_leader: bool = False


def fingerprint(submission: Submission) -> tuple[object, ...]:
    """Everything of a form that a write can change."""
    submission = Submission.objects.get(pk=submission.pk)
    return (
        submission.state,
        content_sha256(content_of(submission)),
        submission.sign_offs.count(),
        submission.sign_offs.filter(scan__isnull=False).count(),
        submission.receipts.count(),
        submission.participant.score_entries.count(),
        submission.participant.unit.evidence.count(),
    )


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _post(user: User, name: str, submission: Submission, *args: str, **data: object) -> None:
    _client(user).post(reverse(f"submissions:{name}", args=[submission.pk, *args]), data)


def _form(this: OpenRound, user: User) -> None:
    data = {"1.2.3-count": "3", "1.2.3-explanation": "x", "1.2.3-version": "0"}
    _post(user, "save_answer", this.plain.submission, "1.2.3", **data)


def _autosave(this: OpenRound, user: User) -> None:
    data = {"1.2.3-count": "3", "1.2.3-explanation": "x", "1.2.3-version": "0"}
    _post(user, "autosave", this.plain.submission, "1.2.3", **data)


def _upload(this: OpenRound, user: User) -> None:
    file = SimpleUploadedFile("a.pdf", pdf_bytes(), content_type="application/pdf")
    _post(user, "leaf_evidence", this.plain.submission, "1.2.3", file=file)


def _library_document(this: OpenRound) -> None:
    EvidenceFactory(unit=this.plain.unit)


def _attach(this: OpenRound, user: User) -> None:
    document = this.plain.unit.evidence.first()
    _post(user, "attach", this.plain.submission, "1.2.3", evidence=str(document.pk))


def _attached_document(this: OpenRound) -> None:
    attach_evidence(
        user=this.contributor,
        submission=this.plain.submission,
        code="1.2.3",
        evidence=EvidenceFactory(unit=this.plain.unit),
    )


def _detach(this: OpenRound, user: User) -> None:
    document = this.plain.unit.evidence.first()
    _post(user, "detach", this.plain.submission, "1.2.3", evidence=str(document.pk))


def _report(this: OpenRound, user: User) -> None:
    _post(user, "report_texts", this.plain.submission, difficulties="Khó", proposals="", version="0")


def _complete(this: OpenRound) -> None:
    fill(this.plain.submission, this.contributor)


def _sign(this: OpenRound, user: User) -> None:
    submission = this.plain.submission
    _post(user, "sign", submission, sha256=content_sha256(content_of(submission)))


def _signed(this: OpenRound) -> None:
    _complete(this)
    sign(this.plain.submission, this.leader)


def _send(this: OpenRound, user: User) -> None:
    _post(user, "send", this.plain.submission)


def _scan(this: OpenRound, user: User) -> None:
    file = SimpleUploadedFile("ban-ky.pdf", pdf_bytes(), content_type="application/pdf")
    _post(user, "scan", this.plain.submission, file=file)


def _workbook(this: OpenRound, user: User) -> None:
    """Download with the secretariat's eyes, fill by another library, upload and confirm as the user."""
    target = io.BytesIO()
    write_workbook(submission=this.plain.submission, target=target)
    book = openpyxl.load_workbook(target)
    for sheet in book.worksheets[1:]:
        for row in sheet.iter_rows(min_row=2):
            if row[6].value == "1.2.3|count":
                row[4].value = 3
    filled = io.BytesIO()
    book.save(filled)
    client = _client(user)
    file = SimpleUploadedFile("a.xlsx", filled.getvalue())
    address = reverse("submissions:workbook", args=[this.plain.submission.pk])
    client.post(client.post(address, {"file": file}).headers.get("Location", address))


WRITE_PATHS: list[WritePath] = [
    WritePath("form", _form),
    WritePath("autosave", _autosave),
    WritePath("evidence upload", _upload),
    WritePath("attach from the library", _attach, prepare=_library_document),
    WritePath("detach", _detach, prepare=_attached_document),
    WritePath("workbook", _workbook),
    WritePath("difficulties and proposals", _report),
    WritePath("sign-off", _sign, prepare=_complete, needs_leader=True),
    WritePath("send", _send, prepare=_signed),
    WritePath("signed report", _scan, prepare=_signed),
]
