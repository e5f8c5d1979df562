"""Notes on pages of the evidence: who writes and reads them, what the unit sees, which version they belong to."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse

import pytest

from cms import clock
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from submissions.domain import explanations
from submissions.domain.appraisal import record_appraisal
from submissions.domain.evidence import replace_evidence
from submissions.domain.ledger import current_entry
from submissions.domain.page_notes import (
    Typed,
    add_page_note,
    change_page_note,
    documents_of,
    notes_for_council,
    remove_page_note,
)
from submissions.exceptions import WrongState
from submissions.models import Answer, Evidence, EvidenceUse, PageNote, ScoreEntry
from tests.factories import cms
from tests.factories.appraisal import appraisal_round
from tests.factories.files import pdf_bytes
from tests.factories.submissions import EvidenceFactory, OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
CODE = "1.2.2"


@pytest.fixture
def this() -> OpenRound:
    return appraisal_round()


@pytest.fixture
def document(this: OpenRound) -> Evidence:
    evidence = EvidenceFactory(unit=this.plain.unit, file__inspection={"pages": 12})
    answer = Answer.objects.get(submission=this.plain.submission, code=CODE)
    EvidenceUse.objects.create(answer=answer, evidence=evidence, pages="2-4")
    return evidence


def add(this: OpenRound, document: Evidence, **changes: object) -> PageNote:
    typed = Typed(**{"page": "3", "text": "Thiếu con dấu", "quote": "Điều 2", **changes})
    return add_page_note(user=this.appraiser, participant=this.plain, code=CODE, evidence=document, typed=typed)


def decide(this: OpenRound, notes: list[int]) -> ScoreEntry:
    return record_appraisal(
        user=this.appraiser,
        participant=this.plain,
        code=CODE,
        accept=False,
        points="0",
        reason="Không đủ căn cứ",
        notes=notes,
        expected_entry_id=current_entry(this.plain, CODE).pk,
    )


def ask(this: OpenRound, notes: list[int]) -> explanations.ExplanationRequest:
    return explanations.ask(
        user=this.appraiser,
        participant=this.plain,
        code=CODE,
        question="Con dấu ở đâu?",
        due_at=clock.now() + dt.timedelta(days=2),
        notes=notes,
    )


def address(this: OpenRound, document: Evidence) -> str:
    return reverse("submissions:appraisal_evidence", args=[this.round.code, this.plain.pk, CODE, document.pk])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"page": "13"}, "page"),
        ({"page": "0"}, "page"),
        ({"page": "-1"}, "page"),
        ({"page": "²"}, "page"),
        ({"page": "ba"}, "page"),
        ({"text": " \n"}, "text"),
        ({"text": "a" * 2001}, "text"),
        ({"quote": "a" * 501}, "quote"),
    ],
)
def test_what_cannot_be_noted_is_refused(this, document, changes, code):
    with pytest.raises(PortalError) as refused:
        add(this, document, **changes)
    assert (refused.value.code, PageNote.objects.count()) == (code, 0)


def test_a_page_outside_names_the_pages_that_there_are(this, document):
    with pytest.raises(PortalError) as refused:
        add(this, document, page="13")
    assert "13" in refused.value.message
    assert "12" in refused.value.message


def test_only_documents_of_the_leaf_carry_notes(this):
    with pytest.raises(PortalError) as refused:
        add(this, EvidenceFactory(unit=this.plain.unit))
    assert refused.value.code == "foreign_evidence"


def test_the_author_changes_and_removes_it_a_colleague_does_not(this, document):
    note, colleague = add(this, document), cms.user_with_role(Role.APPRAISER, this.agency)
    with pytest.raises(PermissionRefused):
        change_page_note(user=colleague, note=note, typed=Typed(page="4", text="Khác"))
    changed = change_page_note(user=this.appraiser, note=note, typed=Typed(page="4", text="Đã thấy"))
    assert (changed.page, changed.text, changed.quote) == (4, "Đã thấy", "")
    remove_page_note(user=this.appraiser, note=note)
    assert PageNote.objects.count() == 0


def test_who_is_not_of_the_agency_or_works_for_the_unit_notes_nothing(this, document):
    for person in (this.secretary, this.contributor, cms.user_with_role(Role.APPRAISER, this.plain.unit)):
        with pytest.raises(PermissionRefused):
            add_page_note(user=person, participant=this.plain, code=CODE, evidence=document, typed=Typed("1", "Ghi"))


def test_after_the_decision_it_stays_as_it_is(this, document):
    note = add(this, document)
    decide(this, [])
    for act in (
        lambda: change_page_note(user=this.appraiser, note=note, typed=Typed("4", "Khác")),
        lambda: remove_page_note(user=this.appraiser, note=note),
    ):
        with pytest.raises(WrongState) as refused:
            act()
        assert refused.value.code == "decided"


def test_the_unit_reads_what_goes_with_the_request_and_nothing_else(this, document, signed_in):
    shown, hidden = add(this, document), add(this, document, text="Nghi trùng lặp")
    request = ask(this, [shown.pk])
    page = signed_in(this.contributor).get(reverse("submissions:explanation", args=[request.pk])).content.decode()
    assert shown.text in page
    assert f"#page={shown.page}" in page
    assert hidden.text not in page
    with pytest.raises(WrongState) as refused:
        remove_page_note(user=this.appraiser, note=shown)
    assert refused.value.code == "shared"
    # While the unit explains, the agency goes on noting.
    assert add(this, document, page="5").page == 5


def test_a_note_of_the_decisions_reason_stands_in_the_trail(this, document, signed_in):
    note = add(this, document)
    entry = decide(this, [note.pk])
    note.refresh_from_db()
    assert note.entry == entry
    page = reverse("submissions:round_leaf", args=[this.round.code, this.plain.pk, CODE])
    assert signed_in(this.secretary).get(page).content.decode().count(note.text) == 2


def test_a_note_that_is_gone_stops_the_act(this, document):
    note = add(this, document)
    remove_page_note(user=this.appraiser, note=PageNote.objects.get(pk=note.pk))
    with pytest.raises(PortalError) as refused:
        decide(this, [note.pk])
    assert (refused.value.code, current_entry(this.plain, CODE).stage) == ("note_gone", "self")


def test_the_council_reads_all_who_works_for_the_unit_what_the_unit_reads(this, document):
    note = add(this, document)
    own = cms.user_with_role(Role.COUNCIL_MEMBER, this.round.owner)
    read = {"participant": this.plain, "code": CODE}
    assert notes_for_council(user=own, **read) == [note]
    cms.MembershipFactory(user=own, unit=this.plain.unit, role=Role.LEADER)
    assert notes_for_council(user=own, **read) == []


def test_a_newer_version_leaves_the_note_on_its_own(this, document, signed_in, tmp_path):
    note = add(this, document)
    upload = tmp_path / "moi.pdf"
    upload.write_bytes(pdf_bytes(pages=2, text="Ban moi"))
    with upload.open("rb") as content:
        newer = replace_evidence(user=this.contributor, evidence=document, content=content, name="moi.pdf")
    note.refresh_from_db()
    assert note.evidence == document
    assert list(documents_of(this.plain, CODE)) == [document]
    page = signed_in(this.appraiser).get(address(this, document)).content.decode()
    assert "phiên bản mới hơn" in page
    assert newer.title in page


def test_screen__note_refuse_change_remove(this, document, signed_in):
    client, page = signed_in(this.appraiser), address(this, document)
    refused = client.post(page, {"viec": "them", "page": "40", "text": "Gõ nhầm trang"})
    assert (refused.status_code, "Gõ nhầm trang" in refused.content.decode()) == (422, True)
    kept = client.post(f"{page}?trang=2", {"viec": "them", "page": "3", "text": "Thiếu con dấu", "quote": "Điều 2"})
    note = PageNote.objects.get()
    assert (kept.status_code, kept.headers["Location"]) == (302, f"{page}?trang=3")
    shown = client.get(f"{page}?trang=3").content.decode()
    assert "#page=3" in shown
    assert "Thiếu con dấu" in shown
    assert "?trang=4" in shown
    leaf = reverse("submissions:appraisal_leaf", args=[this.round.code, this.plain.pk, CODE])
    assert f"{page}?trang=3" in client.get(leaf).content.decode()
    prefix = f"sua-{note.pk}"
    changed = {"viec": "sua", "muc": note.pk, f"{prefix}-page": "4", f"{prefix}-text": "Đã thấy"}
    assert client.post(page, changed).status_code == 302
    note.refresh_from_db()
    assert (note.page, note.text) == (4, "Đã thấy")
    assert client.post(page, {"viec": "xoa", "muc": "9" * 30}).status_code == 404
    assert client.post(page, {"viec": "xoa", "muc": note.pk}).status_code == 302
    assert PageNote.objects.count() == 0
    assert signed_in(this.contributor).get(page).status_code == 404


def test_notes_ticked_while_a_draft_is_kept_come_back_with_it(this, document, signed_in):
    ticked, other = add(this, document), add(this, document, page="4")
    leaf, client = [this.round.code, this.plain.pk, CODE], signed_in(this.appraiser)
    page, keep = (reverse(f"submissions:{name}", args=leaf) for name in ("appraisal_leaf", "appraisal_draft"))
    seen = current_entry(this.plain, CODE).pk
    form = {"reason": "Không đủ căn cứ", "expected_entry_id": seen}
    assert client.post(keep, {**form, "version": 0, "ghi-chu-trang": [ticked.pk, other.pk]}).json()["version"] == 1
    assert client.post(keep, {**form, "version": 1, "ghi-chu-trang": [ticked.pk]}).json()["version"] == 2
    shown = client.get(page)
    assert (shown.context["chosen_for_reason"], shown.context["chosen_for_request"]) == ([ticked.pk], [])
    box = f'id="reason-note-{ticked.pk}" name="ghi-chu-trang" value="{ticked.pk}"'
    assert f"{box} checked" in shown.content.decode()
    colleague = signed_in(cms.user_with_role(Role.APPRAISER, this.agency)).get(page)
    assert (colleague.context["chosen_for_reason"], box in colleague.content.decode()) == ([], True)
    refused = client.post(page, {**form, "reason": "", "points": "0", "viec": "cho-diem", "ghi-chu-trang": other.pk})
    assert (refused.status_code, refused.context["chosen_for_reason"]) == (422, [other.pk])
    again = client.post(keep, {**form, "reason": "Khác", "version": 0})
    assert (again.status_code, again.json()["current"]["ghi-chu-trang"]) == (409, str(ticked.pk))


def test_a_refused_question_comes_back_with_the_ticked_note(this, document, signed_in):
    note = add(this, document)
    leaf = [this.round.code, this.plain.pk, CODE]
    data = {"question": "", "due_at": "", "ghi-chu-trang": note.pk}
    answer = signed_in(this.appraiser).post(reverse("submissions:explanation_ask", args=leaf), data)
    assert answer.status_code == 422
    assert f'name="ghi-chu-trang" value="{note.pk}" checked' in answer.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_the_screen_asks_the_database_the_same_number_of_times(
    this, document, signed_in, django_assert_max_num_queries, number
):
    for page in range(1, number + 1):
        add(this, document, page=str(page))
    client = signed_in(this.appraiser)
    client.get(address(this, document))
    with django_assert_max_num_queries(40):
        client.get(address(this, document))


def test_a_withdrawn_request_gives_its_notes_to_the_next_one(this, document):
    note = add(this, document)
    first = ask(this, [note.pk])
    explanations.withdraw(user=this.appraiser, request=first, note="Nhầm hạn trả lời")
    note.refresh_from_db()
    assert note.request == first
    second = ask(this, [note.pk])
    note.refresh_from_db()
    assert note.request == second
