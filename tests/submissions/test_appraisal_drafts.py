"""An appraiser's draft: kept by the gate of the decision, seen by its author alone, refused when stale, no decision."""

from __future__ import annotations

import uuid

from django.urls import reverse
from django.utils import timezone

import pytest

from cms.enums import Role
from submissions.domain.appraisal import record_appraisal
from submissions.domain.ledger import current_entry, final_points
from submissions.domain.score_batches import RowDecision, record_appraisals
from submissions.domain.second_readings import draw_sample
from submissions.models import AppraisalDraft, ScoreEntry
from tests.factories import cms
from tests.factories.appraisal import appraisal_round
from tests.factories.submissions import OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

LEAF = "1.2.2"


@pytest.fixture
def this() -> OpenRound:
    return appraisal_round()


def url(this: OpenRound, name: str = "appraisal_draft", code: str = LEAF) -> str:
    return reverse(f"submissions:{name}", args=[this.round.code, this.plain.pk, code])


def typed(this: OpenRound, version: int = 0, **fields: object) -> dict[str, object]:
    """What the page sends for a leaf over the entry that counts now."""
    seen = current_entry(this.plain, LEAF)
    given = {"points": "0,5", "reason": "Trang 3 thiếu", "version": version, "expected_entry_id": seen.pk}
    return {**given, "write_id": uuid.uuid4(), **fields}


def decide(this: OpenRound, user, **fields: object) -> ScoreEntry:
    given = {"accept": not fields, "expected_entry_id": current_entry(this.plain, LEAF).pk, **fields}
    return record_appraisal(user=user, participant=this.plain, code=LEAF, **given)


def test_draft__survives_a_reload_and_is_its_authors_alone(this, signed_in):
    colleague = cms.user_with_role(Role.APPRAISER, this.agency)
    client, before = signed_in(this.appraiser), (ScoreEntry.objects.count(), final_points(this.round))
    answer = client.post(url(this), typed(this, in_numerator="9"))
    assert (answer.status_code, answer.json()["state"], answer.json()["version"]) == (200, "saved", 1)
    page = client.get(url(this, "appraisal_leaf"))
    shown = {
        name: page.context["form"][name].value() for name in ("points", "reason", "in_numerator", "in_denominator")
    }
    assert shown == {"points": "0,5", "reason": "Trang 3 thiếu", "in_numerator": "9", "in_denominator": ""}
    assert 'name="version" value="1"' in page.content.decode()
    queue = reverse("submissions:appraisal_queue", args=[this.round.code])
    drafts = {
        (row["entry"].participant_id, row["entry"].code) for row in client.get(queue).context["rows"] if row["draft"]
    }
    assert drafts == {(this.plain.pk, LEAF)}
    for other in (colleague, this.secretary):
        pages = [
            queue,
            url(this, "appraisal_leaf"),
            reverse("submissions:round_leaf", args=[this.round.code, this.plain.pk, LEAF]),
        ]
        text = "".join(signed_in(other).get(one).content.decode() for one in pages)
        assert "Trang 3 thiếu" not in text
    assert (ScoreEntry.objects.count(), final_points(this.round)) == before


def test_draft__is_refused_when_stale_by_another_screen_but_not_by_an_own_write_that_was_lost(this, signed_in):
    client, lost = signed_in(this.appraiser), uuid.uuid4()
    client.post(url(this), typed(this, write_id=lost))
    again = client.post(url(this), typed(this, reason="Khác"))
    assert (again.status_code, again.json()["state"], again.json()["current"]["reason"]) == (
        409,
        "stale",
        "Trang 3 thiếu",
    )
    assert AppraisalDraft.objects.get().values["reason"] == "Trang 3 thiếu"
    assert client.post(url(this), typed(this)).json()["version"] == 1  # the same again does no harm
    assert client.post(url(this), typed(this, reason="Khác", own_writes=str(lost))).json()["version"] == 2


def test_draft__over_a_decision_that_came_meanwhile_is_refused_and_shows_it(this, signed_in):
    colleague, client = cms.user_with_role(Role.APPRAISER, this.agency), signed_in(this.appraiser)
    form = typed(this)
    client.post(url(this), form)
    decided = decide(this, colleague, points="0.25", reason="Theo biên bản")
    answer = client.post(url(this), form | {"version": 1, "reason": "Viết tiếp"})
    assert (answer.status_code, answer.json()["follow"]) == (409, {"expected_entry_id": str(decided.pk)})
    assert "Theo biên bản" in answer.json()["html"]
    assert "Có điểm khác được tính" in client.get(url(this, "appraisal_leaf")).content.decode()
    kept = client.post(url(this), typed(this, version=1, reason="Viết tiếp"))
    assert (kept.json()["state"], AppraisalDraft.objects.get().seen_entry) == ("saved", decided.pk)


def test_draft__goes_with_the_decision_however_it_is_made_and_by_its_author(this, signed_in):
    colleague = cms.user_with_role(Role.APPRAISER, this.agency)
    for user in (this.appraiser, colleague):
        signed_in(user).post(url(this), typed(this))
    decide(this, this.appraiser)
    assert [draft.author for draft in AppraisalDraft.objects.all()] == [colleague]
    row = RowDecision(this.plain, LEAF, reason="Theo bảng")
    record_appraisals(user=colleague, round=this.round, decisions=[row])
    assert AppraisalDraft.objects.count() == 0
    client = signed_in(this.appraiser)
    client.post(url(this), typed(this))
    assert client.post(url(this, "appraisal_draft_discard")).headers["Location"] == url(this, "appraisal_leaf")
    assert AppraisalDraft.objects.count() == 0


def test_draft__passes_the_gate_of_the_decision_and_says_when_the_session_has_ended(this, client, signed_in):
    stranger = cms.user_with_role(Role.APPRAISER, cms.UnitFactory())
    other = signed_in(this.appraiser)
    answers = {
        "stranger": signed_in(stranger).post(url(this), typed(this)).status_code,
        "signed out": client.post(url(this), typed(this)).status_code,
        "another account": other.post(url(this), typed(this, as_user=stranger.pk)).status_code,
        "too long": other.post(url(this), typed(this, reason="x" * 4001)).status_code,
        "no leaf": other.post(url(this, code="9.9"), typed(this)).status_code,
    }
    assert answers == {"stranger": 404, "signed out": 401, "another account": 401, "too long": 422, "no leaf": 404}
    this.round.deadlines.update(closes_at=timezone.now(), opens_at=timezone.now() - timezone.timedelta(days=2))
    late = other.post(url(this), typed(this))
    assert (late.status_code, late.json()["state"], AppraisalDraft.objects.count()) == (403, "refused", 0)


def test_draft__of_a_second_reader_is_kept_over_the_claim_and_tells_nothing(this, signed_in):
    colleague = cms.user_with_role(Role.APPRAISER, this.agency)
    claim = current_entry(this.plain, LEAF).pk
    decide(this, this.appraiser, points="0.25", reason="Bí mật")
    draw_sample(round=this.round, agency=this.agency, reading_agency=this.agency, share=100, user=this.secretary)
    client = signed_in(colleague)
    stale = client.post(url(this), typed(this))
    assert (stale.status_code, "Bí mật" in stale.content.decode()) == (409, False)
    assert client.post(url(this), typed(this, expected_entry_id=claim)).json()["state"] == "saved"
    reading = reverse("submissions:second_reading", args=[this.round.code, colleague.second_readings.get().pk])
    page = client.get(reading)
    assert (page.context["form"]["reason"].value(), "Bí mật" in page.content.decode()) == ("Trang 3 thiếu", False)
    client.post(reading, {"viec": "chap-nhan", "expected_entry_id": claim})
    assert AppraisalDraft.objects.count() == 0
