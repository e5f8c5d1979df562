"""Notes between colleagues: who reads and writes them, what comes back, and that they are no part of the form."""

from django.urls import reverse

from wagtail.models import ModelLogEntry

import pytest
from bs4 import BeautifulSoup

from cms.enums import Role
from cms.exceptions import PermissionRefused
from submissions.domain.content import content_of, content_sha256
from submissions.domain.notes import MAX_NOTE, add_note, change_note, notes_by_code, remove_note
from submissions.enums import RoundState, SubmissionState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import LeafNote
from tests.factories.cms import UserFactory, user_with_role
from tests.factories.filling import fill, fill_sign_send, sign
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def note(this: OpenRound, text: str = "Chờ số liệu của Sở Tài chính", code: str = "1.2.3") -> LeafNote:
    return add_note(user=this.contributor, submission=this.plain.submission, code=code, text=text)


def test_note__is_no_part_of_the_form_and_voids_no_sign_off():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    before = content_sha256(content_of(submission))
    note(this)
    submission.refresh_from_db()
    assert (submission.state, content_sha256(content_of(submission))) == (SubmissionState.SIGNED, before)


def test_note__pasted_word_text_emoji_and_long_text():
    this = open_round()
    assert note(this, "  “Kế hoạch”\r\nsố 5\x0b 😀\u2028hết  ").text == "“Kế hoạch”\nsố 5\n 😀\nhết"
    assert note(this, "ă" * MAX_NOTE).text == "ă" * MAX_NOTE
    for bad, code in (("ă" * (MAX_NOTE + 1), "too_long"), (" \x00\n ", "empty_note")):
        with pytest.raises(SubmissionError) as refused:
            note(this, bad)
        assert refused.value.code == code
    with pytest.raises(SubmissionError) as refused:
        note(this, code="9.9")
    assert refused.value.code == "unknown_leaf"


def test_note__changed_and_removed_by_its_author_alone_and_audited():
    this = open_round()
    mine = note(this)
    for act in (
        lambda: change_note(user=this.leader, note=mine, text="x"),
        lambda: remove_note(user=this.leader, note=mine),
    ):
        with pytest.raises(PermissionRefused):
            act()
    changed = change_note(user=this.contributor, note=mine, text="Đã có số liệu")
    assert (changed.text, changed.edited_at is not None) == ("Đã có số liệu", True)
    remove_note(user=this.contributor, note=changed)
    assert LeafNote.objects.count() == 0
    told = ModelLogEntry.objects.filter(action__startswith="submissions.note").order_by("pk")
    assert [(entry.action, (entry.data.get("before") or {}).get("text")) for entry in told] == [
        ("submissions.note_added", None),
        ("submissions.note_changed", "Chờ số liệu của Sở Tài chính"),
        ("submissions.note_removed", "Đã có số liệu"),
    ]


def test_note__only_the_unit_reads_and_writes():
    this = open_round()
    note(this)
    fill_sign_send(this)
    strangers = [user_with_role(role, this.full.unit) for role in Role.values]
    strangers += [user_with_role(role, this.round.owner) for role in Role.values]
    strangers += [user_with_role(role, this.agency) for role in Role.values]
    strangers += [user_with_role(r, this.plain.unit) for r in Role.values if r not in {Role.CONTRIBUTOR, Role.LEADER}]
    strangers.append(UserFactory(is_superuser=True))
    for stranger in strangers:
        assert notes_by_code(user=stranger, submission=this.plain.submission, codes=["1.2.3"])["1.2.3"] == []
        with pytest.raises(PermissionRefused):
            add_note(user=stranger, submission=this.plain.submission, code="1.2.3", text="x")
    for colleague in (this.contributor, this.leader):
        assert len(notes_by_code(user=colleague, submission=this.plain.submission, codes=["1.2.3"])["1.2.3"]) == 1


def test_note__screens_of_others_do_not_hold_it(signed_in):
    """The secretariat reads the form and the agency appraises the leaf; neither page holds the note."""
    this = open_round()
    note(this, "chuyện nội bộ")
    fill_sign_send(this)
    this.round.state = RoundState.APPRAISAL
    this.round.save()
    submission = this.plain.submission
    pages = {
        this.contributor: reverse("submissions:domain", args=[submission.pk, "1"]),
        this.secretary: reverse("submissions:domain", args=[submission.pk, "1"]),
        this.appraiser: reverse("submissions:appraisal_leaf", args=[this.round.code, this.plain.pk, "1.2.3"]),
    }
    found = {user: "chuyện nội bộ" in signed_in(user).get(page).content.decode() for user, page in pages.items()}
    assert found == {this.contributor: True, this.secretary: False, this.appraiser: False}
    address = reverse("submissions:notes", args=[submission.pk, "1.2.3"])
    assert signed_in(this.secretary).get(address).status_code == 403
    assert signed_in(this.other_contributor).get(address).status_code == 403


def test_note__not_in_a_finalised_round():
    this = open_round()
    this.round.state = RoundState.FINALISED
    this.round.save()
    this.plain.refresh_from_db()
    with pytest.raises(WrongState):
        note(this)


def test_leaf_notes__posts_go_back_to_the_leaf_and_refused_text_comes_back(signed_in):
    this = open_round()
    client = signed_in(this.contributor)
    address = reverse("submissions:notes", args=[this.plain.submission.pk, "1.2.3"])
    response = client.post(address, {"text": "Xem lại số liệu"})
    assert response["Location"] == reverse("submissions:domain", args=[this.plain.submission.pk, "1"]) + "#leaf-1-2-3"
    long = "x" * (MAX_NOTE + 1)
    refused = client.post(address, {"text": long})
    page = BeautifulSoup(refused.content, "html.parser")
    assert refused.status_code == 422
    assert page.select_one("#note-new-1\\.2\\.3").text == long
    assert page.select_one("#note-new-1\\.2\\.3")["aria-describedby"] == "note-new-1.2.3-error"


def test_leaf_notes__htmx_gets_the_list_alone(signed_in):
    this = open_round()
    own = note(this)
    client = signed_in(this.contributor)
    address = reverse("submissions:note_edit", args=[this.plain.submission.pk, own.pk])
    response = client.post(address, {"text": "Mới"}, headers={"HX-Request": "true"})
    page = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 200
    assert page.find("html") is None
    assert [text.text for text in page.select(".note__text")] == ["Mới"]
    assert page.select_one("details.notes__box").has_attr("open")


def test_note_edit__of_another_form_is_not_found(signed_in):
    this = open_round()
    foreign = add_note(user=this.other_contributor, submission=this.full.submission, code="1.2.3", text="của B")
    address = reverse("submissions:note_delete", args=[this.plain.submission.pk, foreign.pk])
    assert signed_in(this.contributor).post(address).status_code == 404
    assert LeafNote.objects.count() == 1
