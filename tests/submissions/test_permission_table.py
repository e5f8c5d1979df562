"""Every cell of docs/permissions.md over HTTP: role x action x situation, one round walked through its year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from wagtail.models import ModelLogEntry

import pytest

from cms import clock
from cms.enums import Role
from cms.models import JobRun, User
from submissions.domain import explanations
from submissions.domain.appraisal import claim_of
from submissions.domain.appraisers import assign_appraiser
from submissions.domain.content import content_of, content_sha256
from submissions.domain.evidence import attach_evidence
from submissions.domain.finalise import readiness
from submissions.domain.ledger import current_entry
from submissions.domain.rounds import advance_round
from submissions.domain.sending import send
from submissions.enums import Phase, RoundState, Stage, SubmissionState
from submissions.models import (
    AppealPeriod,
    AppraisalDraft,
    AssessmentRound,
    EvidenceUse,
    ExplanationRequest,
    FiledAppeal,
    SecondReading,
    SecondReadingSample,
    Submission,
)
from submissions.permission_table import ROWS, Row, Situation
from tests.factories import cms
from tests.factories.appraisal import with_phases
from tests.factories.criteria import EditionFactory, tiny_definition
from tests.factories.files import pdf_bytes
from tests.factories.filling import fill, sign
from tests.factories.publishing import ReleaseFactory
from tests.factories.submissions import EvidenceFactory, OpenRound, ScoreEntryFactory, open_round

pytestmark = [pytest.mark.integration, pytest.mark.once, pytest.mark.django_db]

UNIT_ROLES = frozenset({Role.CONTRIBUTOR, Role.LEADER})
FREE, ASKED = "1.2.2", "1.2.3"


@dataclass
class Case:
    """The round with one account for each role at the place where the role counts."""

    this: OpenRound
    people: dict[str, User]
    colleague: User

    @property
    def plain(self) -> Any:
        return self.this.plain


def _at(days: float) -> str:
    return timezone.localtime(timezone.now() + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def _round(name: str) -> Callable[[Case], str]:
    return lambda case: reverse(name, args=[case.this.round.code])


def _unit(case: Case, name: str, *more: object) -> str:
    return reverse(name, args=[case.this.round.code, case.plain.pk, *more])


def _entry(case: Case, code: str = FREE) -> str:
    entry = current_entry(case.plain, code)
    return str(entry.pk) if entry else "1"


def _request(case: Case) -> int:
    return ExplanationRequest.objects.values_list("pk", flat=True).first() or 1


def _filed(case: Case) -> int:
    return FiledAppeal.objects.values_list("pk", flat=True).first() or 1


def _evidence(case: Case) -> int:
    return EvidenceUse.objects.values_list("evidence", flat=True).first() or 1


def _form(case: Case, name: str, *more: object) -> str:
    return reverse(name, args=[case.plain.submission.pk, *more])


def _pdf() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.pdf", pdf_bytes(), content_type="application/pdf")


def _version(case: Case) -> str:
    row = case.plain.submission.answers.filter(code="1.2.3").first()
    return str(row.version) if row else "0"


def _declare(case: Case, *, person: bool) -> dict[str, object]:
    prefix = f"khai-{case.this.round.pk}"
    data = {"dot": case.this.round.pk, f"{prefix}-unit": case.this.full.unit_id, f"{prefix}-reason": "Người nhà"}
    return data | ({f"{prefix}-person": case.people[Role.APPRAISER].pk} if person else {})


def _deadline(case: Case) -> dict[str, object]:
    phase = Phase.COUNCIL
    return {f"{phase}-opens_at": _at(0), f"{phase}-closes_at": _at(60)}


def _step(case: Case) -> dict[str, object]:
    now = AssessmentRound.objects.get(pk=case.this.round.pk).state
    following = {RoundState.DRAFT: RoundState.OPEN, RoundState.OPEN: RoundState.APPRAISAL,
                 RoundState.APPRAISAL: RoundState.COUNCIL, RoundState.COUNCIL: RoundState.APPRAISAL}  # fmt: skip
    return {"buoc": following.get(now, RoundState.COUNCIL)}


def _hand(case: Case) -> dict[str, object]:
    prefix = f"ban-giao-{case.this.agency.pk}"
    return {"co-quan": case.this.agency.pk, f"{prefix}-taker": case.colleague.pk, f"{prefix}-reason": "Nghỉ phép"}


def _give(case: Case) -> dict[str, object]:
    prefix, agency = f"giao-{case.this.agency.pk}", case.this.agency.pk
    return {"viec": "giao", "co-quan": agency, f"{prefix}-code": "1", f"{prefix}-appraiser": case.colleague.pk}


def _reading(case: Case) -> SecondReading:
    """A second reading that waits for the appraiser: drawn from what another agency decided, so that nothing else of
    the round depends on it. Undone with whatever is tried on it."""
    if made := SecondReading.objects.first():
        return made
    other = cms.UnitFactory()
    entry = ScoreEntryFactory(participant=case.plain, code=FREE)
    sample = SecondReadingSample.objects.create(
        round=case.this.round, agency=other, reading_agency=case.this.agency, share=10, seed="x", last_entry=entry.pk,
        population=1, drawn=1, drawn_by=case.this.secretary, drawn_at=timezone.now(),
    )  # fmt: skip
    return SecondReading.objects.create(
        sample=sample, participant=case.plain, code=FREE, entry=entry, reader=case.people[Role.APPRAISER],
        agency=case.this.agency,
    )  # fmt: skip


def _claim(case: Case) -> str:
    claim = claim_of(case.plain, FREE)
    return str(claim.pk) if claim else ""


def _draw(case: Case) -> dict[str, object]:
    """A colleague has decided something that the appraiser can read."""
    agency = case.this.agency.pk
    ScoreEntryFactory(participant=case.plain, code="2.1.1", stage=Stage.APPRAISAL_1, actor=case.colleague,
                      agency=case.this.agency)  # fmt: skip
    form = f"mau-{agency}"
    return {"viec": "rut-mau", "co-quan": agency, f"{form}-share": "10", f"{form}-reading_agency": agency}


def _session(case: Case) -> dict[str, object]:
    return {"title": "Phiên", "held_at": _at(5), "place": "", "quorum": "half", "majority": "present_half"}


def _finalise(case: Case) -> dict[str, object]:
    with clock.at(timezone.now() + dt.timedelta(days=90)):
        round_ = AssessmentRound.objects.select_related("edition", "owner").get(pk=case.this.round.pk)
        state = round_.state
        return {"xac-nhan": readiness(round_).digest if state not in {RoundState.DRAFT, RoundState.FINALISED} else "x"}


Address = Callable[[Case], str]
Data = Callable[[Case], dict[str, object]] | None
# How each action is asked for: its address, and what is posted (None: it is read).
ASKS: dict[str, tuple[Address, Data]] = {
    "Read the form of a unit": (lambda c: _form(c, "submissions:overview"), None),
    "Answer a criterion": (
        lambda c: _form(c, "submissions:save_answer", "1.2.3"),
        lambda c: {"1.2.3-count": "2", "1.2.3-explanation": "Sửa", "1.2.3-version": _version(c)},
    ),
    "Attach evidence": (lambda c: _form(c, "submissions:leaf_evidence", "1.2.3"), lambda c: {"file": _pdf()}),
    "Sign off": (
        lambda c: _form(c, "submissions:sign"),
        lambda c: {"sha256": content_sha256(content_of(Submission.objects.get(pk=c.plain.submission.pk)))},
    ),
    "Take back the sign-off": (lambda c: _form(c, "submissions:take_back"), lambda c: {"reason": "Cần sửa"}),
    "Send": (lambda c: _form(c, "submissions:send"), lambda c: {}),
    "Answer a request for explanation": (
        lambda c: reverse("submissions:explanation", args=[_request(c)]),
        lambda c: {"answer": "Vì đã làm.", "upload": _pdf()},
    ),
    "Read a criterion on the appraiser's desk": (lambda c: _unit(c, "submissions:appraisal_leaf", FREE), None),
    "Decide on a criterion": (
        lambda c: _unit(c, "submissions:appraisal_leaf", FREE),
        lambda c: {"viec": "chap-nhan", "expected_entry_id": _entry(c)},
    ),
    "Keep a draft of a decision": (
        lambda c: _unit(c, "submissions:appraisal_draft", FREE),
        lambda c: {"reason": "Xem lại", "version": "0", "expected_entry_id": _entry(c)},
    ),
    "Accept many": (
        _round("submissions:appraisal_accept"),
        lambda c: {"muc": f"{c.plain.pk}:{FREE}:{_entry(c)}"},
    ),
    "Give a second reading": (
        lambda c: reverse("submissions:second_reading", args=[c.this.round.code, _reading(c).pk]),
        lambda c: {"viec": "chap-nhan", "expected_entry_id": _claim(c)},
    ),
    "Read the second readings": (_round("submissions:round_second_readings"), None),
    "Draw a sample for second readings": (_round("submissions:round_second_readings"), _draw),
    "Give second readings to another appraiser": (
        _round("submissions:round_second_readings"),
        lambda c: {"viec": "chuyen", "muc": _reading(c).pk, "nguoi": c.colleague.pk, "ly-do": "Nghỉ phép"},
    ),
    "Ask for an explanation": (
        lambda c: _unit(c, "submissions:explanation_ask", FREE),
        lambda c: {"question": "Vì sao?", "due_at": _at(1)},
    ),
    "Note something on a page of the evidence": (
        lambda c: _unit(c, "submissions:appraisal_evidence", FREE, _evidence(c)),
        lambda c: {"viec": "them", "page": "1", "text": "Thiếu con dấu"},
    ),
    "Read the notes of an agency on pages": (lambda c: _unit(c, "submissions:round_leaf", FREE), None),
    "Withdraw a request": (
        lambda c: reverse("submissions:explanation_withdraw", args=[_request(c)]),
        lambda c: {"ly-do": "Nhầm"},
    ),
    "Hand over the own part": (_round("submissions:appraisal_own"), _hand),
    "Declare the own conflict of interest": (
        lambda c: reverse("submissions:conflicts"),
        lambda c: _declare(c, person=False),
    ),
    "Read the desk of a round": (_round("submissions:round_page"), None),
    "Read points before publication": (lambda c: _unit(c, "submissions:round_participant"), None),
    "Export points before publication": (_round("submissions:round_export"), lambda c: {}),
    "Read the discrepancies": (_round("submissions:round_discrepancies"), None),
    "Assume other rules on a copy": (_round("publishing:what_if"), None),
    "Read the register of conflicts": (_round("submissions:round_conflicts"), None),
    "Add participants": (_round("submissions:round_participants"), lambda c: {"codes": c.this.agency.code}),
    "Set deadlines": (_round("submissions:round_deadlines"), _deadline),
    "Move the round on": (_round("submissions:round_step"), _step),
    "Assign to an agency": (
        _round("submissions:round_assignments"),
        lambda c: {"viec": "giao", "code": "1.1", "agency": c.this.agency.code},
    ),
    "Assign to an appraiser": (_round("submissions:round_appraisers"), _give),
    "Declare somebody's conflict of interest": (
        _round("submissions:round_conflicts"),
        lambda c: _declare(c, person=True),
    ),
    "Give a unit more time": (
        lambda c: _unit(c, "submissions:round_extend"),
        lambda c: {"phase": Phase.APPRAISAL_1, "part": "all:", "until": _at(80), "reason": "Bão lũ"},
    ),
    "Say that a unit is not ranked": (
        lambda c: _unit(c, "submissions:round_status"),
        lambda c: {"status": "not_ranked", "reason": "Mới thành lập"},
    ),
    "Enter central points": (
        lambda c: f"{_round('submissions:round_central')(c)}?tieu-chi=2.2.2",
        lambda c: {f"diem-{c.plain.pk}": "1"},
    ),
    "Enter points of the survey": (
        lambda c: f"{_round('submissions:round_central')(c)}?tieu-chi=2.2.1",
        lambda c: {f"diem-{c.plain.pk}": "1"},
    ),
    "Give bonus or penalty": (
        _round("submissions:round_adjustments"),
        lambda c: {"participant": c.plain.pk, "kind": "bonus", "points": "1", "reason": "Giải thưởng"},
    ),
    "Correct bonus or penalty after the end": (
        _round("submissions:round_adjustments"),
        lambda c: {
            "viec": "dinh-chinh",
            "participant": c.plain.pk,
            "kind": "bonus",
            "points": "1",
            "reason": "Giải thưởng",
            "decision": "15/QĐ, 09/4/2026",
        },
    ),
    "File an appeal": (
        lambda c: _form(c, "submissions:unit_appeals"),
        lambda c: {"code": FREE, "asked": "Công nhận kế hoạch", "reason": "Đã ban hành đúng hạn"},
    ),
    "Withdraw an appeal": (
        lambda c: _form(c, "submissions:unit_appeals"),
        lambda c: {"viec": "rut", "muc": _filed(c)},
    ),
    "Set the time for appeals": (
        _round("submissions:round_appeals"),
        lambda c: {"viec": "thoi-han", "closes_at": _at(30)},
    ),
    "Admit an appeal or not": (
        _round("submissions:round_appeals"),
        lambda c: {"viec": "nhan", "muc": _filed(c)},
    ),
    "Decide an appeal": (
        lambda c: f"{_round('submissions:round_appeals')(c)}?don-vi={c.plain.pk}&tieu-chi={FREE}",
        lambda c: {
            "document": "12/KN",
            "asked": "Công nhận",
            "outcome": "rejected",
            "decision": "15/QĐ",
            "reason": "Không đủ căn cứ",
            "muc": _entry(c),
        },
    ),
    "Search for discrepancies": (_round("submissions:round_discrepancies"), lambda c: {"viec": "tim-lai"}),
    "Plan a session of the council": (_round("submissions:round_council"), _session),
    "Finalise": (_round("submissions:round_finalise"), _finalise),
}  # fmt: skip


@pytest.fixture
def case() -> Case:
    edition = EditionFactory(definition=tiny_definition(bonus_cap=2, penalty_cap=1))
    this = with_phases(open_round(edition=edition, state=RoundState.DRAFT))
    at = {Role.CONTRIBUTOR: this.plain.unit, Role.LEADER: this.plain.unit, Role.APPRAISER: this.agency}
    people = {role: cms.user_with_role(role, at.get(role, this.round.owner)) for role in Role}
    colleague = cms.user_with_role(Role.APPRAISER, this.agency)
    assign_appraiser(round=this.round, agency=this.agency, code="1.1", appraiser=people[Role.APPRAISER],
                     user=this.secretary)  # fmt: skip
    return Case(this, people, colleague)


def _open(case: Case) -> None:
    advance_round(round=case.this.round, to=RoundState.OPEN, user=case.this.secretary)
    case.plain.refresh_from_db()
    fill(case.plain.submission, case.this.contributor)
    document = EvidenceFactory(unit=case.plain.unit)
    attach_evidence(user=case.this.contributor, submission=case.plain.submission, code=FREE, evidence=document)


def _ask_unit(case: Case) -> None:
    explanations.ask(user=case.people[Role.APPRAISER], participant=case.plain, code=ASKED, question="Vì sao?",
                     due_at=timezone.now() + dt.timedelta(days=1))  # fmt: skip


def _to_council(case: Case) -> None:
    request = ExplanationRequest.objects.get()
    explanations.withdraw(request=request, user=case.people[Role.APPRAISER], note="Đã rõ")
    advance_round(round=case.this.round, to=RoundState.COUNCIL, user=case.this.secretary)


def _seal(case: Case) -> None:
    AssessmentRound.objects.filter(pk=case.this.round.pk).update(state=RoundState.FINALISED)
    Submission.objects.filter(participant=case.plain).update(state=SubmissionState.FINALISED)
    ReleaseFactory(public=True, round=case.this.round)
    leader, now = case.people[Role.LEADER], timezone.now()
    until = now + dt.timedelta(days=9)
    AppealPeriod.objects.create(round=case.this.round, closes_at=until, set_by=case.this.secretary, set_at=now)
    FiledAppeal.objects.create(
        participant=case.plain, code=ASKED, asked="Xem lại", reason="Có văn bản", filed_by=leader, filed_at=now
    )


def _send(case: Case) -> None:
    send(user=case.this.contributor, submission=Submission.objects.get(pk=case.plain.submission.pk))
    advance_round(round=case.this.round, to=RoundState.APPRAISAL, user=case.this.secretary)


WALK: dict[Situation, Callable[[Case], object]] = {
    Situation.DRAFT: lambda case: None,
    Situation.FILLING: _open,
    Situation.SIGNED: lambda case: sign(case.plain.submission, case.this.leader),
    Situation.APPRAISAL: _send,
    Situation.ASKED: _ask_unit,
    Situation.COUNCIL: _to_council,
    Situation.FINALISED: _seal,
}


def _marks() -> tuple[int, int, int]:
    """What every change leaves behind: an entry in the audit log, an ordered job, or a draft (no change: unaudited)."""
    newest = ModelLogEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0, JobRun.objects.count(), AppraisalDraft.objects.count()


def _allowed(client: Client, case: Case, row: Row) -> bool:
    """Whether the portal does it for the person; whatever it did is undone."""
    address, data = ASKS[row.name]
    late = clock.at(timezone.now() + dt.timedelta(days=90)) if row.name == "Finalise" else nullcontext()
    with transaction.atomic():
        if data is None:
            done = client.get(address(case)).status_code == 200
        else:
            before = _marks()
            with late:
                answer = client.post(address(case), data(case))
            assert answer.status_code < 500
            done = _marks() != before
        transaction.set_rollback(True)
    return done


def test_every_cell_is_what_the_table_says(case):
    """Who may at some time is tried alone; those who never may share an account, which finds whichever gets through.

    The roles of the unit share another one: with them in it the conflict of interest would hide what the rest may.
    """
    clients: dict[frozenset[str], Client] = {}
    wrong = []
    for situation, arrive in WALK.items():
        arrive(case)
        for row in ROWS:
            never = frozenset(Role) - frozenset(row.who)
            for roles in (*(frozenset({role}) for role in row.who), never - UNIT_ROLES, never & UNIT_ROLES):
                if not roles:
                    continue
                if roles not in clients:
                    clients[roles] = _client(case, roles)
                done = _allowed(clients[roles], case, row)
                if done != any(row.allows(role, situation) for role in roles):
                    wrong.append(f"{row.name} / {', '.join(roles)} / {situation}: {'done' if done else 'refused'}")
    assert "\n".join(wrong) == ""


def _client(case: Case, roles: frozenset[str]) -> Client:
    """A person with just these roles, signed in; the accounts of the case where it is one role."""
    person = case.people[next(iter(roles))] if len(roles) == 1 else cms.UserFactory()
    if len(roles) > 1:
        for role in roles:
            place = case.people[role].memberships.get().unit
            cms.MembershipFactory(user=person, role=role, unit=place)
    client = Client(headers={"accept-language": "vi"})
    client.force_login(person)
    return client


def test_nothing_is_done_or_shown_without_an_account(case):
    client, before = Client(), _marks()
    for row in ROWS:
        address, data = ASKS[row.name]
        answer = client.get(address(case)) if data is None else client.post(address(case), data(case))
        where = answer.headers.get("Location", "") or answer.content.decode()
        assert (answer.status_code in {302, 401}, reverse("cms:login") in where) == (True, True), row.name
    assert _marks() == before


def test_the_table_in_the_docs_is_current(tmp_path):
    call_command("permission_table", check=True)
    assert {row.name for row in ROWS} == set(ASKS)
    assert (settings.BASE_DIR / "docs" / "permissions.md").exists()
