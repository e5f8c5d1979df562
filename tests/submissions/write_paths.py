"""All ways in which a form, an appraisal or a list of respondents can be written through the portal.

Whoever adds a way adds it here, and it is held against the gates. A path is a function that tries to write as the given
user; it need not raise: what counts is whether a row of the room has changed afterwards. `prepare` brings an untouched
place to where the path could write if it may; `addresses` are the names of the addresses that it posts to.
"""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import openpyxl

from cms.enums import Role
from cms.models import JobRun, User
from submissions.domain import explanations
from submissions.domain.appraisal import record_appraisal
from submissions.domain.content import content_of, content_sha256
from submissions.domain.evidence import attach_evidence
from submissions.domain.leaf_story import leaf_story
from submissions.domain.ledger import current_entry
from submissions.domain.second_readings import draw_sample
from submissions.domain.survey import lists
from submissions.domain.survey.workbook import HEADERS as LIST_HEADERS
from submissions.domain.workbook_export import write_workbook
from submissions.enums import RoundState
from submissions.models import EvidenceUse, ExplanationRequest, Notice, SecondReading, Submission
from tests.factories.appraisal import appraisal_round
from tests.factories.cms import user_with_role
from tests.factories.files import pdf_bytes
from tests.factories.filling import fill, sign
from tests.factories.submissions import (
    AnswerFactory,
    EvidenceFactory,
    OpenRound,
    ParticipantFactory,
    RoundFactory,
    open_round,
)
from tests.factories.survey import OpenSurvey, open_survey
from tests.submissions.test_survey import enter, invite, people

Attempt = Callable[[Any, User], None]

# Who may take a path: the account of `OpenRound`, the unit it acts for, and the roles that may.
WHO: dict[str, tuple[str, frozenset[str]]] = {
    "contributor": ("unit", frozenset({Role.CONTRIBUTOR, Role.LEADER})),
    "leader": ("unit", frozenset({Role.LEADER})),
    "appraiser": ("agency", frozenset({Role.APPRAISER})),
}


@dataclass(frozen=True)
class WritePath:
    """One way in. `by` names the account that may; `build` makes the place, an open form where nothing is said.

    `follows_sending`: what may still be added once the form was sent, because it changes nothing of it.
    """

    name: str
    attempt: Attempt
    addresses: tuple[str, ...]
    prepare: Callable[[Any], None] = lambda place: None
    build: Callable[[], Any] = open_round
    by: str = "contributor"
    follows_sending: bool = False


def around(place: OpenRound | OpenSurvey) -> OpenRound:
    """The round with its people around a place."""
    return place.around if isinstance(place, OpenSurvey) else place


def fingerprint() -> dict[str, list[tuple[object, ...]]]:
    """Every row of the room but notices: whatever a write can change."""
    models = [model for model in apps.get_app_config("submissions").get_models() if model is not Notice]
    return {model.__name__: list(model._base_manager.order_by("pk").values_list()) for model in models}


def content_fingerprint(submission: Submission) -> tuple[object, ...]:
    """What a form says and how it stands."""
    submission = Submission.objects.get(pk=submission.pk)
    return (
        submission.state,
        content_sha256(content_of(submission)),
        submission.sign_offs.count(),
        submission.sign_offs.filter(scan__isnull=False).count(),
        submission.receipts.count(),
        submission.participant.score_entries.count(),
    )


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _post(user: User, address: str, /, *args: object, **data: object) -> HttpResponse:
    return _client(user).post(reverse(f"submissions:{address}", args=args), data)


# --- the unit's form --------------------------------------------------------------------------------------------------
def _form(this: OpenRound, user: User) -> None:
    data = {"1.2.3-count": "3", "1.2.3-explanation": "x", "1.2.3-version": "0"}
    _post(user, "save_answer", this.plain.submission.pk, "1.2.3", **data)


def _autosave(this: OpenRound, user: User) -> None:
    data = {"1.2.3-count": "3", "1.2.3-explanation": "x", "1.2.3-version": "0"}
    _post(user, "autosave", this.plain.submission.pk, "1.2.3", **data)


def _earlier_answer(this: OpenRound) -> None:
    earlier = RoundFactory(edition=this.round.edition, year=this.round.year - 1, state=RoundState.FINALISED)
    AnswerFactory(
        submission__participant=ParticipantFactory(round=earlier, unit=this.plain.unit),
        code="1.2.3",
        inputs={"count": "3"},
        self_points=Decimal("1.5"),
        version=1,
    )


def _copy(this: OpenRound, user: User) -> None:
    _post(user, "copy_earlier", this.plain.submission.pk, "1.2.3")


def _pdf() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.pdf", pdf_bytes(), content_type="application/pdf")


def _upload(this: OpenRound, user: User) -> None:
    _post(user, "leaf_evidence", this.plain.submission.pk, "1.2.3", file=_pdf())


def _in_pieces(address: str, user: User) -> None:
    """Send a file in two pieces; stop where the first is refused."""
    client, content = _client(user), pdf_bytes()
    for start, end in ((0, 200), (200, len(content))):
        piece = SimpleUploadedFile("piece", content[start:end])
        client.post(address, {"name": "a.pdf", "size": len(content), "offset": start, "piece": piece})


def _upload_in_pieces(this: OpenRound, user: User) -> None:
    _in_pieces(reverse("submissions:leaf_upload", args=[this.plain.submission.pk, "1.2.3", uuid.uuid4()]), user)


def _library_document(this: OpenRound) -> None:
    EvidenceFactory(unit=this.plain.unit)


def _attach(this: OpenRound, user: User) -> None:
    document = this.plain.unit.evidence.first()
    _post(user, "attach", this.plain.submission.pk, "1.2.3", evidence=str(document.pk))


def attached_document(this: OpenRound) -> None:
    """Let a document of the library prove 1.2.3."""
    attach_evidence(
        user=this.contributor,
        submission=this.plain.submission,
        code="1.2.3",
        evidence=EvidenceFactory(unit=this.plain.unit),
    )


def _detach(this: OpenRound, user: User) -> None:
    document = this.plain.unit.evidence.first()
    _post(user, "detach", this.plain.submission.pk, "1.2.3", evidence=str(document.pk))


def _report(this: OpenRound, user: User) -> None:
    _post(user, "report_texts", this.plain.submission.pk, difficulties="Khó", proposals="", version="0")


def _complete(this: OpenRound) -> None:
    fill(this.plain.submission, this.contributor)


def _sign(this: OpenRound, user: User) -> None:
    submission = this.plain.submission
    _post(user, "sign", submission.pk, sha256=content_sha256(content_of(submission)))


def _signed(this: OpenRound) -> None:
    _complete(this)
    sign(this.plain.submission, this.leader)


def _take_back(this: OpenRound, user: User) -> None:
    _post(user, "take_back", this.plain.submission.pk, reason="Cần sửa")


def _send(this: OpenRound, user: User) -> None:
    _post(user, "send", this.plain.submission.pk)


def _scan(this: OpenRound, user: User) -> None:
    file = SimpleUploadedFile("ban-ky.pdf", pdf_bytes(), content_type="application/pdf")
    _post(user, "scan", this.plain.submission.pk, file=file)


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


# --- explanation and appraisal ----------------------------------------------------------------------------------------
def _asked(this: OpenRound) -> None:
    explanations.ask(
        user=this.appraiser,
        participant=this.plain,
        code="1.2.2",
        question="Vì sao?",
        due_at=timezone.now() + dt.timedelta(days=1),
    )


def _explain(this: OpenRound, user: User) -> None:
    request = ExplanationRequest.objects.get()
    _post(user, "explanation", request.pk, answer="Vì đã làm.", upload=_pdf())


def _due(days: int = 1) -> str:
    return timezone.localtime(timezone.now() + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def _ask(this: OpenRound, user: User) -> None:
    _post(user, "explanation_ask", this.round.code, this.plain.pk, "1.2.2", question="Vì sao?", due_at=_due())


def _withdraw(this: OpenRound, user: User) -> None:
    _post(user, "explanation_withdraw", ExplanationRequest.objects.get().pk, **{"ly-do": "Nhầm"})


def _proven(this: OpenRound) -> None:
    answer = this.plain.submission.answers.get(code="1.2.2")
    EvidenceUse.objects.create(answer=answer, evidence=EvidenceFactory(unit=this.plain.unit))


def _note_page(this: OpenRound, user: User) -> None:
    document = EvidenceUse.objects.get().evidence_id
    data = {"viec": "them", "page": "1", "text": "Thiếu con dấu"}
    _post(user, "appraisal_evidence", this.round.code, this.plain.pk, "1.2.2", document, **data)


def _draft(this: OpenRound, user: User) -> None:
    entry = current_entry(this.plain, "1.2.2")
    data = {"expected_entry_id": entry.pk, "points": "1", "reason": "Thiếu văn bản", "version": 0}
    _post(user, "appraisal_draft", this.round.code, this.plain.pk, "1.2.2", **data)


def _drawn(this: OpenRound) -> None:
    """Another appraiser decided, so that the sample gives the leaf to the one of the round."""
    other = user_with_role(Role.APPRAISER, this.agency)
    seen = current_entry(this.plain, "1.2.2").pk
    record_appraisal(user=other, participant=this.plain, code="1.2.2", accept=True, expected_entry_id=seen)
    draw_sample(round=this.round, agency=this.agency, reading_agency=this.agency, share=100, user=this.secretary)


def _read_again(this: OpenRound, user: User) -> None:
    claim = leaf_story(this.plain, "1.2.2").claim
    data = {"viec": "cho-diem", "points": "1", "reason": "Thiếu văn bản", "expected_entry_id": claim.entry.pk}
    _post(user, "second_reading", this.round.code, SecondReading.objects.get().pk, **data)


def _decide(this: OpenRound, user: User) -> None:
    entry = current_entry(this.plain, "1.2.2")
    data = {"expected_entry_id": entry.pk, "points": "1", "reason": "Thiếu văn bản"}
    _post(user, "appraisal_leaf", this.round.code, this.plain.pk, "1.2.2", **data)


def _accept(this: OpenRound, user: User) -> None:
    entry = current_entry(this.plain, "1.2.2")
    _post(user, "appraisal_accept", this.round.code, muc=f"{this.plain.pk}:1.2.2:{entry.pk}")


def _import_scores(this: OpenRound, user: User) -> None:
    """Upload appraised scores and confirm."""
    book = openpyxl.Workbook()
    for row in (["Unit code", "Criterion code", "Points", "Reason"], [this.plain.unit.code, "1.2.2", "1", "Thiếu"]):
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    client = _client(user)
    address = f"{reverse('cms:import_start', args=['appraised_scores'])}?round={this.round.code}"
    client.post(address, {"file": SimpleUploadedFile("diem.xlsx", target.getvalue())})
    check = JobRun.objects.filter(task="cms.import_check", created_by=user).last()
    if check is not None:
        client.post(reverse("cms:import_apply", args=["appraised_scores", check.pk]))


# --- lists of respondents and the survey ------------------------------------------------------------------------------
PERSON = {"name": "Người Một", "position": "Trưởng phòng", "organisation": "Sở A", "mail": "", "group": "dai-bieu"}


def _list(case: OpenSurvey) -> int:
    return case.list_of(case.around.plain).pk


def _add_person(case: OpenSurvey, user: User) -> None:
    _post(user, "survey_add_person", _list(case), **PERSON)


def _listed(case: OpenSurvey) -> None:
    one = case.list_of(case.around.plain)
    rows = people(6, "dai-bieu")
    lists.replace_rows(user=case.around.contributor, respondent_list=one, expected_version=one.version, rows=rows)


def _remove_person(case: OpenSurvey, user: User) -> None:
    one = case.list_of(case.around.plain)
    _post(user, "survey_remove_person", one.pk, number="1", version=str(one.version))


def _upload_list(case: OpenSurvey, user: User) -> None:
    book = openpyxl.Workbook()
    for row in (list(LIST_HEADERS), ["Người Hai", "Phó phòng", "Sở A", "", "dai-bieu", ""]):
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    _post(user, "survey_upload", _list(case), file=SimpleUploadedFile("a.xlsx", target.getvalue()))


def _send_list(case: OpenSurvey, user: User) -> None:
    _post(user, "survey_send_list", _list(case))


FORM_PATHS: list[WritePath] = [
    WritePath("form", _form, ("submissions:save_answer",)),
    WritePath("autosave", _autosave, ("submissions:autosave",)),
    WritePath("copy of the earlier answer", _copy, ("submissions:copy_earlier",), prepare=_earlier_answer),
    WritePath("evidence upload", _upload, ("submissions:leaf_evidence",)),
    WritePath("evidence upload in pieces", _upload_in_pieces, ("submissions:leaf_upload",)),
    WritePath("attach from the library", _attach, ("submissions:attach",), prepare=_library_document),
    WritePath("detach", _detach, ("submissions:detach",), prepare=attached_document),
    WritePath("workbook", _workbook, ("submissions:workbook", "submissions:workbook_preview")),
    WritePath("difficulties and proposals", _report, ("submissions:report_texts",)),
    WritePath("sign-off", _sign, ("submissions:sign",), prepare=_complete, by="leader"),
    WritePath("take back the sign-off", _take_back, ("submissions:take_back",), prepare=_signed, by="leader"),
    WritePath("send", _send, ("submissions:send",), prepare=_signed),
    WritePath("signed report", _scan, ("submissions:scan",), prepare=_signed, follows_sending=True),
]
APPRAISAL_PATHS: list[WritePath] = [
    WritePath("explanation", _explain, ("submissions:explanation",), prepare=_asked, build=appraisal_round),
    WritePath("ask", _ask, ("submissions:explanation_ask",), build=appraisal_round, by="appraiser"),
    WritePath(
        "withdraw the question",
        _withdraw,
        ("submissions:explanation_withdraw",),
        prepare=_asked,
        build=appraisal_round,
        by="appraiser",
    ),
    WritePath(
        "note on a page",
        _note_page,
        ("submissions:appraisal_evidence",),
        prepare=_proven,
        build=appraisal_round,
        by="appraiser",
    ),
    WritePath("decision", _decide, ("submissions:appraisal_leaf",), build=appraisal_round, by="appraiser"),
    WritePath("draft", _draft, ("submissions:appraisal_draft",), build=appraisal_round, by="appraiser"),
    WritePath(
        "second reading",
        _read_again,
        ("submissions:second_reading",),
        prepare=_drawn,
        build=appraisal_round,
        by="appraiser",
    ),
    WritePath("accept many", _accept, ("submissions:appraisal_accept",), build=appraisal_round, by="appraiser"),
    WritePath(
        "import of scores",
        _import_scores,
        ("cms:import_start", "cms:import_apply"),
        build=appraisal_round,
        by="appraiser",
    ),
]
LIST_PATHS: list[WritePath] = [
    WritePath("person on the list", _add_person, ("submissions:survey_add_person",), build=open_survey),
    WritePath(
        "person off the list", _remove_person, ("submissions:survey_remove_person",), prepare=_listed, build=open_survey
    ),
    WritePath("list from a workbook", _upload_list, ("submissions:survey_upload",), build=open_survey),
    WritePath("send the list", _send_list, ("submissions:survey_send_list",), prepare=_listed, build=open_survey),
]


# --- the respondent's answer: no account, so nobody else to refuse ----------------------------------------------------
def survey_of_invited() -> tuple[OpenSurvey, str]:
    """Return a survey whose people are invited, and one's code."""
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    return case, invite(case)[0]


def answer_survey(token: str) -> None:
    """Send an answer as the respondent."""
    Client().post(reverse("survey:answer", args=[token]), {"action": "send", "q-q1": "A", "q-q2": "B"})


# --- what changes the unit's library, not a form ----------------------------------------------------------------------
def _library_upload(this: OpenRound, user: User) -> None:
    _post(user, "library", this.plain.unit.pk, file=_pdf())


def _library_upload_in_pieces(this: OpenRound, user: User) -> None:
    _in_pieces(reverse("submissions:library_upload", args=[this.plain.unit.pk, uuid.uuid4()]), user)


def _describe(this: OpenRound, user: User) -> None:
    data = {"title": "Khác", "number": "9/BC", "issued_on": "", "issuer": ""}
    _post(user, "document", this.plain.unit.evidence.first().pk, **data)


def _replace(this: OpenRound, user: User) -> None:
    _post(user, "document_replace", this.plain.unit.evidence.first().pk, file=_pdf())


def _withdraw_document(this: OpenRound, user: User) -> None:
    _post(user, "document_withdraw", this.plain.unit.evidence.first().pk)


LIBRARY_PATHS: list[WritePath] = [
    WritePath("upload to the library", _library_upload, ("submissions:library",), prepare=attached_document),
    WritePath(
        "upload to the library in pieces",
        _library_upload_in_pieces,
        ("submissions:library_upload",),
        prepare=attached_document,
    ),
    WritePath("description", _describe, ("submissions:document",), prepare=attached_document),
    WritePath("new version", _replace, ("submissions:document_replace",), prepare=attached_document),
    WritePath("withdrawal", _withdraw_document, ("submissions:document_withdraw",), prepare=attached_document),
]
WRITE_PATHS = [*FORM_PATHS, *APPRAISAL_PATHS, *LIST_PATHS]

# Addresses that take a post and write neither a form, an appraisal nor a list: what they do, and why no deadline of a
# unit or agency binds them.
OTHER_ADDRESSES: dict[str, str] = {
    "survey:answer": "the respondent's answer; held against its deadline by a test of its own",
    "submissions:survey_text": "blacks out a text of a closed survey; the officer has no deadline for it",
    "survey:enter_code": "finds a questionnaire, writes nothing",
    "submissions:notice": "marks the own notice as read",
    "submissions:notices_read": "marks the own notices as read",
    "submissions:notices_mail": "chooses how often the own notices are mailed",
    "submissions:notes": "a note between colleagues, no part of the form",
    "submissions:note_edit": "changes the own note",
    "submissions:note_delete": "deletes the own note",
    "submissions:survey_contact": "whom to call about computers; needed while the survey runs",
    "submissions:round_create": "the secretariat sets the round up",
    "submissions:round_edition": "the secretariat adopts an edition, by a gate of its own",
    "submissions:round_step": "the secretariat moves the round on",
    "submissions:round_participants": "the secretariat names units before the round opens",
    "submissions:round_extend": "the secretariat gives more time",
    "submissions:round_progress_act": "the secretariat reminds units or gives more time",
    "submissions:round_progress_export": "orders a file",
    "submissions:round_status": "the secretariat takes a unit in or out, with a reason",
    "submissions:round_deadlines": "the secretariat sets deadlines",
    "submissions:round_assignments": "the secretariat assigns agencies",
    "submissions:round_central": "the secretariat enters points until the round is finalised",
    "submissions:round_adjustments": "the secretariat gives bonus and penalty until the round is finalised",
    "submissions:round_finalise": "the secretariat seals the round",
    "submissions:round_appeals": "the secretariat decides appeals after the round is finalised",
    "submissions:unit_appeals": "the unit appeals after publication, until a time of its own",
    "submissions:round_export": "orders a file",
    "submissions:round_appraisers": "the secretariat gives parts of an agency to its appraisers",
    "submissions:appraisal_own": "an appraiser hands the own parts over; the taker meets the gate",
    "submissions:appraisal_draft_discard": "an appraiser drops the own draft",
    "submissions:round_second_readings": "the secretariat draws a sample for a second reading",
    "submissions:round_conflicts": "the secretariat declares and lifts conflicts of interest",
    "submissions:conflicts": "a conflict of interest may be declared whatever the deadline",
    "submissions:round_discrepancies": "the secretariat searches, clears or hands discrepancies to the council",
    "submissions:round_council": "the secretariat plans a session of the council",
    "submissions:council_plan": "the secretariat changes a planned session",
    "submissions:council_step": "the secretariat begins or cancels a session",
    "submissions:council_members": "the secretariat marks who is present",
    "submissions:council_agenda": "the secretariat draws the agenda",
    "submissions:council_item_act": "the secretariat puts an item off or shows it on the wall",
    "submissions:council_put": "a motion in a sitting session; held against the council's phase in test_council",
    "submissions:council_vote": "a member's vote on a motion, in a sitting session",
    "submissions:council_result": "the result of a vote; held against the council's phase in test_council",
    "submissions:council_rest": "a motion in a sitting session",
    "submissions:council_close": "the secretariat closes a session",
    "submissions:survey_create": "the survey officer sets the survey up",
    "submissions:survey_step": "the survey officer moves the survey on",
    "submissions:survey_group": "the survey officer sets a group up",
    "submissions:survey_group_add": "the survey officer adds a group while the survey is prepared",
    "submissions:survey_group_remove": "the survey officer removes a group while the survey is prepared",
    "survey:open_answer": "an answer by the public link; held against the survey's deadline by a test of its own",
    "submissions:survey_rules": "the survey officer sets dates and rules; refused once it is too late for them",
    "submissions:survey_print": "the survey officer orders letters to print",
    "submissions:survey_letter": "the survey officer sends one letter anew; refused once the survey is closed",
    "submissions:survey_review_list": "the survey officer returns or accepts a list",
    "submissions:survey_review_incident": "the survey officer reviews a sign of interference",
    "cms:login": "signs in",
    "cms:logout": "signs out",
    "cms:password_change": "changes the own password",
    "cms:job_retry": "starts an own failed job again; the job asks the gate itself",
    "content_api:drafts:listing": "reads drafts, by a token that a post of a signed-in person does not carry",
    "content_api:drafts:detail": "reads one draft, by token",
    "content_api:drafts:preview": "shows one draft, by token",
    "api-v1:api-root": "describes the read API",
    "api-v1:openapi-json": "describes the read API",
    "api-v1:openapi-view": "describes the read API",
    "publishing:what_if": "orders an assumption about a big round; the record stays as it is",
    "publishing:desk_build": "builds a release from the sealed round",
    "publishing:desk_approve": "the approver's act on a release",
    "publishing:desk_return": "the approver's act on a release",
    "publishing:desk_withdraw": "the approver's act on a release",
    "publishing:desk_correct": "a correction is a new release",
    "publishing:desk_discard": "throws a draft of a release away",
    "publishing:desk_archive": "orders the archive of a public release, changes nothing in it",
    "publishing:desk_summary": "orders the summary report of a release",
    "publishing:desk_verify": "recomputes a release",
    "publishing:rounds_below": "the superior secretariat fixes what rounds below may change",
    "publishing:rounds_below_export": "orders a file",
    "publishing:report_progress": "progress of a task of the yearly plan",
}
