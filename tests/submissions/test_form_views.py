"""The unit's screens: what they show, what comes back after a refusal, how many queries they cost."""

import json
import uuid

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import pytest
from bs4 import BeautifulSoup

from cms.enums import Role
from submissions.domain.answers import write_answer
from submissions.models import Answer, Receipt
from tests.factories.cms import MembershipFactory, UnitFactory, user_with_role
from tests.factories.filling import fill, fill_sign_send, sign
from tests.factories.submissions import (
    AnswerFactory,
    EvidenceFactory,
    EvidenceUseFactory,
    OpenRound,
    ParticipantFactory,
    PhaseDeadlineFactory,
    RoundFactory,
    SubmissionFactory,
    open_round,
)

pytestmark = [pytest.mark.once, pytest.mark.integration, pytest.mark.django_db]


def url(name: str, this: OpenRound, *args: str) -> str:
    return reverse(f"submissions:{name}", args=[this.plain.submission.pk, *args])


def soup(response) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_domain_page__generated_from_the_rules(signed_in):
    this = open_round()
    page = soup(signed_in(this.contributor).get(url("domain", this, "1")))
    names = {element["name"] for element in page.select("[data-leaf-form] [name]") if "-" in element["name"]}
    assert names == {
        "1.1-answer", "1.1-explanation", "1.1-version",
        "1.2.1-level", "1.2.1-explanation", "1.2.1-version",
        "1.2.2-numerator", "1.2.2-denominator", "1.2.2-explanation", "1.2.2-version",
        "1.2.3-count", "1.2.3-explanation", "1.2.3-version",
        "1.3.1-count", "1.3.1-explanation", "1.3.1-version",
        "1.3.2-done", "1.3.2-date", "1.3.2-explanation", "1.3.2-version",
    }  # fmt: skip


def test_domain_page__two_units_have_different_forms(signed_in):
    this = open_round()
    plain = soup(signed_in(this.contributor).get(url("domain", this, "2")))
    address = reverse("submissions:domain", args=[this.full.submission.pk, "2"])
    full = soup(signed_in(this.other_contributor).get(address))
    assert [leaf["data-leaf"] for leaf in plain.select("[data-leaf]")] == ["2.1.1", "2.1.2", "2.2.1", "2.2.2"]
    assert [leaf["data-leaf"] for leaf in full.select("[data-leaf]")] == ["2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.6.1"]


def test_save_answer__goes_back_to_the_leaf(signed_in):
    this = open_round()
    data = {"1.2.3-count": "3", "1.2.3-explanation": "ok", "1.2.3-version": "0"}
    response = signed_in(this.contributor).post(url("save_answer", this, "1.2.3"), data)
    assert response.status_code == 302
    assert response["Location"] == url("domain", this, "1") + "#leaf-1-2-3"
    assert Answer.objects.get().inputs == {"count": "3"}


def test_save_answer__next_missing_skips_what_is_done(signed_in):
    this = open_round()
    data = {"1.3.2-done": "no", "1.3.2-version": "0", "next": "next"}
    response = signed_in(this.contributor).post(url("save_answer", this, "1.3.2"), data)
    assert response["Location"] == url("domain", this, "2") + "#leaf-2-1-1"


def test_save_answer__bad_input_comes_back_as_typed(signed_in):
    this = open_round()
    data = {"1.2.2-numerator": "19", "1.2.2-denominator": "mười", "1.2.2-explanation": "giữ lại", "1.2.2-version": "0"}
    response = signed_in(this.contributor).post(url("save_answer", this, "1.2.2"), data)
    page = soup(response)
    assert response.status_code == 422
    assert page.select_one("[name='1.2.2-numerator']")["value"] == "19"
    assert page.select_one("[name='1.2.2-denominator']")["value"] == "mười"
    assert page.select_one("[name='1.2.2-explanation']").text.strip() == "giữ lại"
    assert "mười" in page.select_one("#id_1\\.2\\.2-denominator_error").text
    assert page.select_one(".error-summary a")["href"] == "#id_1.2.2-denominator"
    assert not Answer.objects.exists()


def test_save_answer__stale_page_shows_both_versions_and_can_be_saved_again(signed_in):
    this = open_round()
    first = {"1.2.3-count": "3", "1.2.3-explanation": "của đồng nghiệp", "1.2.3-version": "0"}
    signed_in(this.leader).post(url("save_answer", this, "1.2.3"), first)
    mine = {"1.2.3-count": "4", "1.2.3-explanation": "của tôi", "1.2.3-version": "0"}
    client = signed_in(this.contributor)
    response = client.post(url("save_answer", this, "1.2.3"), mine)
    page = soup(response)
    assert response.status_code == 409
    assert "của đồng nghiệp" in page.select_one(".stale").text
    assert page.select_one("[name='1.2.3-explanation']").text.strip() == "của tôi"
    again = mine | {"1.2.3-version": page.select_one("[name='1.2.3-version']")["value"]}
    assert client.post(url("save_answer", this, "1.2.3"), again).status_code == 302
    assert Answer.objects.get().explanation == "của tôi"


def test_autosave__answers_with_points_and_progress(signed_in):
    this = open_round()
    data = {"1.2.2-numerator": "15", "1.2.2-denominator": "18", "1.2.2-version": "0"}
    answer = signed_in(this.contributor).post(url("autosave", this, "1.2.2"), data).json()
    assert (answer["state"], answer["version"], answer["points"], answer["done"], answer["total"]) == (
        "saved", 1, "1,67", 1, 8,
    )  # fmt: skip
    assert "83,33" in answer["sentence"]
    assert answer["domains"] == {"1": [1, 6], "2": [0, 2]}
    # What stands above the domain follows each save, as it does when the page is loaded.
    assert answer["finding"].startswith("Đã làm 1 trên 6 tiêu chí; điểm tự chấm ")


def test_autosave__lost_acknowledgement_is_not_a_conflict(signed_in):
    this = open_round()
    client = signed_in(this.contributor)
    lost = str(uuid.uuid4())
    data = {"1.2.3-count": "3", "1.2.3-version": "0", "write_id": lost}
    client.post(url("autosave", this, "1.2.3"), data)
    later = {"1.2.3-count": "4", "1.2.3-version": "0", "write_id": str(uuid.uuid4()), "own_writes": lost}
    answer = client.post(url("autosave", this, "1.2.3"), later).json()
    assert (answer["state"], answer["version"]) == ("saved", 2)
    stranger = {"1.2.3-count": "5", "1.2.3-version": "0", "own_writes": lost}
    assert client.post(url("autosave", this, "1.2.3"), stranger).json()["state"] == "stale"


def test_autosave__invalid_and_stale_and_locked_and_signed_out(signed_in):
    this = open_round()
    client = signed_in(this.contributor)
    invalid = client.post(url("autosave", this, "1.2.3"), {"1.2.3-count": "nhiều", "1.2.3-version": "0"})
    assert (invalid.status_code, list(invalid.json()["errors"])) == (422, ["count"])
    write_answer(
        user=this.leader,
        submission=this.plain.submission,
        code="1.2.3",
        expected_version=0,
        inputs={"count": "1"},
        explanation="bản kia",
    )
    stale = client.post(url("autosave", this, "1.2.3"), {"1.2.3-count": "2", "1.2.3-version": "0"})
    assert (stale.status_code, stale.json()["state"]) == (409, "stale")
    assert "bản kia" in stale.json()["html"]
    foreign = signed_in(this.other_contributor).post(url("autosave", this, "1.2.3"), {"1.2.3-count": "2"})
    assert (foreign.status_code, foreign.json()["state"]) == (403, "refused")
    out = Client().post(url("autosave", this, "1.2.3"), {"1.2.3-count": "2"})
    assert (out.status_code, out.json()["state"]) == (401, "signed_out")


def test_review__lists_what_is_missing_with_links(signed_in):
    this = open_round()
    page = soup(signed_in(this.contributor).get(url("review", this)))
    links = [a["href"] for a in page.select("#missing a.list-rows__title")]
    assert len(links) == 8
    assert links[0] == url("domain", this, "1") + "#leaf-1-1"


def test_whole_way__fill_sign_send_receipt_verify(signed_in):
    this = open_round()
    fill(this.plain.submission, this.contributor)
    leader = signed_in(this.leader)
    page = soup(leader.get(url("review", this)))
    sha256 = page.select_one("input[name=sha256]")["value"]
    assert leader.post(url("sign", this), {"sha256": sha256}).status_code == 302
    contributor = signed_in(this.contributor)
    assert contributor.post(url("send", this))["Location"] == url("receipt", this)
    receipt = Receipt.objects.get()
    shown = soup(contributor.get(url("receipt", this)))
    assert receipt.number in shown.select_one(".receipt").text
    again = contributor.post(url("send", this), follow=True)
    assert receipt.number in soup(again).select_one(".messages").text
    assert Receipt.objects.count() == 1
    public = soup(Client().get(reverse("receipts:verify_token", args=[receipt.token])))
    text = public.select_one("main").text
    assert receipt.content_sha256 in text
    assert "Đã thực hiện theo kế hoạch" not in text


def test_verify__unknown_number():
    response = Client().get(reverse("receipts:verify"), {"so": "2025-000001-99"})
    assert response.status_code == 404


def test_review__voided_sign_off_is_shown(signed_in):
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    data = {"1.2.3-count": "1", "1.2.3-explanation": "sửa", "1.2.3-version": "1"}
    signed_in(this.contributor).post(url("save_answer", this, "1.2.3"), data)
    page = soup(signed_in(this.leader).get(url("review", this)))
    assert "1.2.3" in page.select_one(".alert--stale").text


SCREENS = ["overview", "domain", "review", "leaf_side"]
READERS = {
    "contributor": True,
    "leader": True,
    "secretary": True,
    "auditor": True,
    "administrator": True,
    "council": False,
    "other_contributor": False,
    "appraiser": False,
    "editor": False,
    "approver": False,
}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(("who", "allowed"), READERS.items())
def test_screens__who_may_read(signed_in, who: str, allowed: bool, screen: str):
    this = open_round()
    extra = {
        "auditor": (Role.AUDITOR, None),
        "administrator": (Role.ADMINISTRATOR, None),
        "council": (Role.COUNCIL_MEMBER, this.round.owner),
    }
    user = user_with_role(*extra[who]) if who in extra else getattr(this, who)
    args = {"domain": ["1"], "leaf_side": ["1.1"]}.get(screen, [])
    assert signed_in(user).get(url(screen, this, *args)).status_code == (200 if allowed else 403)


def test_screens__council_reads_once_sent(signed_in):
    this = open_round()
    fill_sign_send(this)
    council = user_with_role(Role.COUNCIL_MEMBER, this.round.owner)
    assert signed_in(council).get(url("review", this)).status_code == 200


def test_screens__reader_gets_no_form(signed_in):
    this = open_round()
    page = soup(signed_in(this.secretary).get(url("domain", this, "1")))
    assert page.select("[data-leaf-form]") == []


def test_screens__sign_in_first():
    this = open_round()
    response = Client().get(url("overview", this))
    assert response.status_code == 302
    assert "dang-nhap" in response["Location"]


def test_screens__a_stranger_does_not_learn_whose_form_it_is(signed_in):
    this = open_round()
    response = signed_in(this.other_contributor).get(url("overview", this))
    assert (response.status_code, this.plain.unit.name in response.content.decode()) == (403, False)
    assert "thường trực" in response.content.decode()


def test_library__another_units_is_refused(signed_in):
    this = open_round()
    address = reverse("submissions:library", args=[this.full.unit.pk])
    assert signed_in(this.contributor).get(address).status_code == 403
    document = EvidenceFactory(unit=this.full.unit)
    assert signed_in(this.contributor).get(reverse("submissions:document", args=[document.pk])).status_code == 403


def _queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_forms_list__queries_do_not_grow_with_forms(signed_in):
    this = open_round()
    user = this.contributor
    client = signed_in(user)
    before = _queries(client, reverse("submissions:forms"))
    for number in range(3):
        round = RoundFactory(state="open", code=f"them-{number}", owner=this.round.owner, edition=this.round.edition)
        PhaseDeadlineFactory(round=round)
        SubmissionFactory(participant=ParticipantFactory(round=round, unit=this.plain.unit))
    assert _queries(client, reverse("submissions:forms")) == before


def test_domain_page__queries_do_not_grow_with_answers(signed_in):
    this = open_round()
    client = signed_in(this.contributor)
    submission = this.plain.submission
    EvidenceUseFactory(answer=AnswerFactory(submission=submission, code="1.1", inputs={"answer": "yes"}, version=1))
    before = _queries(client, url("domain", this, "1"))
    for code, inputs in (("1.2.1", {"level": "a"}), ("1.2.3", {"count": "1"}), ("1.3.1", {"count": "0"})):
        EvidenceUseFactory(answer=AnswerFactory(submission=submission, code=code, inputs=inputs, version=1))
    assert _queries(client, url("domain", this, "1")) == before


def test_review__queries_do_not_grow_with_answers(signed_in):
    this = open_round()
    client = signed_in(this.contributor)
    submission = this.plain.submission
    EvidenceUseFactory(answer=AnswerFactory(submission=submission, code="1.1", inputs={"answer": "yes"}, version=1))
    before = _queries(client, url("review", this))
    for code in ("1.2.1", "1.2.3", "1.3.1"):
        EvidenceUseFactory(answer=AnswerFactory(submission=submission, code=code, inputs={}, version=1))
    assert _queries(client, url("review", this)) == before


def test_library__queries_do_not_grow_with_documents(signed_in):
    this = open_round()
    client = signed_in(this.contributor)
    EvidenceFactory(unit=this.plain.unit)
    address = reverse("submissions:library", args=[this.plain.unit.pk])
    before = _queries(client, address)
    EvidenceFactory.create_batch(3, unit=this.plain.unit)
    assert _queries(client, address) == before


def test_home__todos_of_contributor_and_leader(signed_in):
    this = open_round()
    MembershipFactory(user=this.contributor, unit=UnitFactory(), role=Role.CONTRIBUTOR)
    home = soup(signed_in(this.contributor).get(reverse("cms:workspace")))
    assert url("overview", this) in [a["href"] for a in home.select("a.list-rows__title")]
    fill(this.plain.submission, this.contributor)
    assert json.dumps(
        [a["href"] for a in soup(signed_in(this.leader).get(reverse("cms:workspace"))).select("a.list-rows__title")]
    ) == json.dumps([url("review", this)])


def test_autosave__asks_few_queries_however_full_the_form_is(signed_in, django_assert_max_num_queries):
    this = open_round()
    fill(this.plain.submission, this.contributor)
    client = signed_in(this.contributor)
    data = {"1.2.3-count": "1", "1.2.3-explanation": "x", "1.2.3-version": "1"}
    with django_assert_max_num_queries(11):
        answer = client.post(url("autosave", this, "1.2.3"), data)
    assert answer.json()["state"] == "saved"


def test_autosave__stores_nothing_under_another_account(signed_in):
    this = open_round()
    data = {"1.2.3-count": "1", "1.2.3-explanation": "", "1.2.3-version": "0", "as_user": str(this.contributor.pk)}
    answer = signed_in(this.leader).post(url("autosave", this, "1.2.3"), data)
    assert (answer.status_code, answer.json()["state"], Answer.objects.count()) == (401, "signed_out", 0)
    assert signed_in(this.contributor).post(url("autosave", this, "1.2.3"), data).json()["state"] == "saved"


def test_save__after_the_sign_in_that_an_ended_session_asked_for_the_leaf_is_shown(signed_in):
    this = open_round()
    address = url("save_answer", this, "1.2.3")
    refused = Client().post(address, {"1.2.3-count": "1"})
    assert refused.url.endswith(f"?next={address}")
    assert signed_in(this.contributor).get(address).url == f"{url('domain', this, '1')}#leaf-1-2-3"
