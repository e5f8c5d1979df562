"""The council room over HTTP: who sees what, every act of the secretariat, a member's vote, the papers."""

from __future__ import annotations

import io

from django.test import Client
from django.urls import reverse
from django.utils import timezone

import docx
import pytest

from cms.enums import Role
from submissions.council_enums import AgendaSubject, ItemState, SessionState
from submissions.domain.ledger import current_entry
from submissions.models import AgendaItem, CouncilDecision, CouncilSession, ScoreEntry
from tests.factories import cms
from tests.factories.council import Council, council, hands, item_on, put
from tests.factories.files import pdf_bytes

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

PAPERS = ("council_session", "council_members", "council_minutes", "council_screen", "council_agenda", "council_rest")
READERS = {Role.SECRETARIAT, Role.COUNCIL_MEMBER, Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR}


@pytest.fixture
def room() -> Council:
    return council()


def url(room: Council, name: str, *args: object) -> str:
    return reverse(f"submissions:{name}", args=[room.session.pk, *args])


def test_papers_are_open_to_the_people_of_the_round_and_hidden_from_others(room, signed_in):
    item = item_on(room)
    found = {}
    for role in Role:
        client = signed_in(cms.user_with_role(role, room.this.round.owner))
        codes = {client.get(url(room, name)).status_code for name in PAPERS}
        codes.add(client.get(url(room, "council_item", item.pk)).status_code)
        codes.add(client.get(url(room, "council_file", "pdf")).status_code)
        found[role] = codes
    assert found == {role: {200} if role in READERS else {404} for role in Role}


def test_papers_are_hidden_from_the_secretariat_and_council_of_another_body(room, signed_in):
    for role in (Role.SECRETARIAT, Role.COUNCIL_MEMBER):
        client = signed_in(cms.user_with_role(role))
        assert {client.get(url(room, name)).status_code for name in PAPERS} == {404}


def acts(room: Council, item: AgendaItem) -> dict[str, tuple[str, dict[str, str]]]:
    """Every act of the secretariat in a sitting session: its address and a sound form."""
    seat = room.seat(room.chair)
    at = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    rules = {"quorum": "half", "majority": "present_half", "held_at": at}
    return {
        "plan": (reverse("submissions:round_council", args=[room.this.round.code]), {"title": "Phiên 2", **rules}),
        "members": (url(room, "council_members"), {"viec": "luu", f"vi-tri-{seat.pk}": "chair"}),
        "draw": (url(room, "council_agenda"), {"viec": "rut", "rut-special_cases": "on"}),
        "add": (
            url(room, "council_agenda"),
            {
                "viec": "them",
                "muc-subject": AgendaSubject.SPECIAL,
                "muc-participant": str(room.this.full.pk),
                "muc-topic": "Trường hợp đặc thù",
            },
        ),
        "show": (url(room, "council_item_act", item.pk), {"viec": "chieu"}),
        "postpone": (url(room, "council_item_act", item.pk), {"viec": "hoan", "ly-do": "Chờ tài liệu"}),
        "put": (
            url(room, "council_put", item.pk),
            {
                "kind": "keep",
                "reason": "Thống nhất",
                "expected_entry_id": str(current_entry(room.this.plain, "1.1").pk),
            },
        ),
        "rest": (url(room, "council_rest"), {"ly-do": "Thống nhất"}),
        "cancel": (url(room, "council_step"), {"viec": "huy", "ly-do": "Bão lũ"}),
        "close": (url(room, "council_close"), {"number": "01"}),
    }


def fingerprint(room: Council) -> tuple[object, ...]:
    session = CouncilSession.objects.get(pk=room.session.pk)
    return (
        CouncilSession.objects.count(),
        session.state,
        session.current_item_id,
        list(session.items.values_list("pk", "state")),
        list(session.seats.values_list("pk", "is_present")),
        session.motions.count(),
    )


ACTS = ("plan", "members", "draw", "add", "show", "postpone", "put", "rest", "cancel")


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_done_for_the_secretariat(room, signed_in, act):
    from submissions.domain.rounds import set_participant_status

    set_participant_status(participant=room.this.full, status="not_ranked", reason="Mới lập", user=room.this.secretary)
    address, data = acts(room, item_on(room))[act]
    before = fingerprint(room)
    assert signed_in(room.this.secretary).post(address, data).status_code == 302
    assert fingerprint(room) != before


@pytest.mark.parametrize("act", [*ACTS, "close"])
def test_an_act_is_refused_to_everybody_else(room, signed_in, act):
    address, data = acts(room, item_on(room))[act]
    before = fingerprint(room)
    for role in Role:
        if role != Role.SECRETARIAT:
            answer = signed_in(cms.user_with_role(role, room.this.round.owner)).post(address, data)
            assert answer.status_code == (
                403 if role in READERS or (act == "plan" and role == Role.SURVEY_OFFICER) else 404
            )
            assert fingerprint(room) == before, role


def test_a_whole_item_over_http__motion_hands_result_and_the_page_tells_it(room, signed_in):
    item, client = item_on(room), signed_in(room.this.secretary)
    seen = current_entry(room.this.plain, "1.1")
    form = {"kind": "set", "points": "1", "reason": "Đã bổ sung văn bản", "conditions": "Gửi bản ký số"}
    client.post(url(room, "council_put", item.pk), {**form, "expected_entry_id": str(seen.pk)})
    motion = room.session.motions.get()
    votes = {f"phieu-{room.seat(u).pk}": "for" for u in (room.chair, *room.members[:2])}
    client.post(url(room, "council_result", motion.pk), {**votes, "viec": "ket-qua"})
    assert current_entry(room.this.plain, "1.1").points == 1
    page = client.get(url(room, "council_item", item.pk)).content.decode()
    assert "Gửi bản ký số" in page
    client.post(url(room, "council_close"), {"number": "01/BB-HĐTĐ", "remarks": ""})
    assert CouncilSession.objects.get().state == SessionState.CLOSED
    word = client.get(url(room, "council_file", "docx")).content
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(word)).paragraphs)
    assert ("Tỉnh A" in text, "Gửi bản ký số" in text) == (True, True)
    assert client.get(url(room, "council_file", "pdf")).content.startswith(b"%PDF-")


def test_put__what_was_typed_comes_back_with_the_sentence(room, signed_in):
    item, client = item_on(room), signed_in(room.this.secretary)
    seen = str(current_entry(room.this.plain, "1.1").pk)
    answer = client.post(
        url(room, "council_put", item.pk),
        {"kind": "set", "points": "7", "reason": "Lý do đã gõ", "expected_entry_id": seen},
    )
    assert (answer.status_code, "Lý do đã gõ" in answer.content.decode()) == (422, True)
    stale = client.post(
        url(room, "council_put", item.pk),
        {"kind": "set", "points": "1", "reason": "Lý do đã gõ", "expected_entry_id": "1"},
    )
    assert (stale.status_code, "Lý do đã gõ" in stale.content.decode()) == (409, True)


def test_vote__a_member_votes_alone_and_is_refused_on_the_own_unit_by_address(room, signed_in):
    motion = put(room, item_on(room))
    signed_in(room.chair).post(url(room, "council_vote", motion.pk), {"phieu": "for"})
    assert list(motion.votes.values_list("seat__user", "choice")) == [(room.chair.pk, "for")]
    refused = signed_in(room.insider).post(url(room, "council_vote", motion.pk), {"phieu": "for"})
    assert (refused.status_code, motion.votes.count()) == (403, 1)
    page = signed_in(room.insider).get(url(room, "council_item", motion.item_id)).content.decode()
    assert 'value="for"' not in page


def test_result__votes_for_the_own_unit_are_refused_by_address_too(room, signed_in):
    motion = put(room, item_on(room))
    votes = {f"phieu-{room.seat(room.insider).pk}": "for", "viec": "ket-qua"}
    answer = signed_in(room.this.secretary).post(url(room, "council_result", motion.pk), votes)
    assert (answer.status_code, motion.votes.count(), CouncilDecision.objects.count()) == (403, 0, 0)


def test_bonus__the_evidence_is_kept_and_read_by_the_council_only(room, signed_in):
    item = item_on(room, subject=AgendaSubject.BONUS)
    client = signed_in(room.this.secretary)
    upload = io.BytesIO(pdf_bytes())
    upload.name = "quyet-dinh.pdf"
    client.post(
        url(room, "council_put", item.pk), {"kind": "bonus", "points": "1", "reason": "Giải thưởng", "evidence": upload}
    )
    motion = room.session.motions.get()
    hands(room, motion)
    address = reverse("cms:file", args=[motion.evidence.uid])
    assert signed_in(room.chair).get(address).status_code == 200
    assert signed_in(cms.user_with_role(Role.COUNCIL_MEMBER)).get(address).status_code in {403, 404}


@pytest.mark.parametrize("items", [1, 3])
def test_session_page__queries_do_not_grow_with_the_agenda(room, signed_in, items, django_assert_max_num_queries):
    for code in ("1.1", "1.2.1", "1.2.2")[:items]:
        item_on(room, code)
    client = signed_in(room.chair)
    client.get(url(room, "council_session"))
    with django_assert_max_num_queries(45):
        assert client.get(url(room, "council_session")).status_code == 200


def test_unknown_ids_are_not_found(room, signed_in):
    client: Client = signed_in(room.this.secretary)
    for address in (
        reverse("submissions:council_session", args=[999_999]),
        url(room, "council_item", 999_999),
    ):
        assert client.get(address).status_code == 404
    assert client.post(url(room, "council_vote", 999_999), {"phieu": "for"}).status_code == 404


def test_wall__shows_the_motion_and_then_the_result(room, signed_in):
    item = item_on(room)
    client = signed_in(room.chair)
    motion = put(room, item)
    assert "Đơn vị đã bổ sung văn bản" in client.get(url(room, "council_screen")).content.decode()
    hands(room, motion)
    before = ScoreEntry.objects.count()
    signed_in(room.this.secretary).post(url(room, "council_result", motion.pk), {"viec": "ket-qua"})
    assert ScoreEntry.objects.count() == before + 1
    assert "wall__vote--done" in client.get(url(room, "council_screen")).content.decode()
    item.refresh_from_db()
    assert item.state == ItemState.DECIDED
