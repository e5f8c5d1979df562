"""The releases desk: who sees what, build with preview, decide, correct, withdraw, verify."""

from __future__ import annotations

from decimal import Decimal

from django.urls import reverse

import pytest

from cms.enums import Role
from cms.navigation import todos_for
from publishing.domain.release_changes import changes_since
from publishing.domain.release_life import return_release
from publishing.enums import ReleaseState
from publishing.models import IndexRelease
from submissions.domain.ledger import NewEntry, append_many
from submissions.enums import Basis, Stage
from submissions.navigation import round_actions
from tests.factories.cms import UserFactory, user_with_role
from tests.factories.publishing import approve, built_release, published_release, score_round
from tests.factories.submissions import open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this():
    return open_round()


def _build_data(**changes):
    data = {
        "title": "Chỉ số 2025",
        "title_en": "Index 2025",
        "tie_rule": "competition",
        "rank_scope": "tier",
        "series": "Chỉ số tỉnh",
        "rule_set_mark": "",
        "source": "",
        "lop-TOTAL_FORMS": "2",
        "lop-INITIAL_FORMS": "0",
        "lop-0-code": "A",
        "lop-0-name": "Tốt",
        "lop-0-start": "90,5",
        "lop-1-code": "",
    }
    return data | changes


def test_preview_stores_nothing_then_build_freezes(signed_in, this):
    score_round(this, {"Tỉnh A": {"1.1": "0"}})
    client = signed_in(this.secretary)
    url = f"/lam-viec/cong-bo/ky/{this.round.code}/"
    preview = client.post(url, _build_data(preview="1"))
    assert preview.status_code == 200
    assert "Tỉnh A" in preview.content.decode()
    assert not IndexRelease.objects.exists()
    built = client.post(url, _build_data(build="1"))
    release = IndexRelease.objects.get()
    assert (built.status_code, built["Location"]) == (302, f"/lam-viec/cong-bo/{release.pk}/")
    assert (release.series, release.state) == ("chi-so-tinh", ReleaseState.DRAFT)
    assert release.classes == [{"code": "A", "name": "Tốt", "from": "90.5"}]


def test_an_unfinished_round_says_what_is_missing_and_offers_no_build(signed_in, this):
    client = signed_in(this.secretary)
    page = client.post(f"/lam-viec/cong-bo/ky/{this.round.code}/", _build_data(preview="1")).content.decode()
    assert "1.2.1" in page
    assert 'name="build"' not in page
    refused = client.post(f"/lam-viec/cong-bo/ky/{this.round.code}/", _build_data(build="1"))
    assert refused.status_code == 422
    assert not IndexRelease.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"lop-0-start": "1.234,5"}, {"lop-0-start": "x"}, {"lop-0-name": ""}, {"lop-0-start": "101"}]
)
def test_a_wrong_threshold_is_told(signed_in, this, wrong):
    score_round(this)
    page = signed_in(this.secretary).post(f"/lam-viec/cong-bo/ky/{this.round.code}/", _build_data(build="1", **wrong))
    assert "field__error" in page.content.decode() or "error-summary" in page.content.decode()
    assert not IndexRelease.objects.exists()


def test_a_big_round_is_built_by_a_job(signed_in, this, settings):
    settings.PORTAL_BUILD_INLINE_UNITS = 1
    score_round(this)
    client = signed_in(this.secretary)
    response = client.post(f"/lam-viec/cong-bo/ky/{this.round.code}/", _build_data(build="1"))
    assert response["Location"].startswith("/lam-viec/tac-vu/")
    assert IndexRelease.objects.get().entries.count() == 2


def test_the_approver_decides_and_citizens_see_it(signed_in, this, client):
    release = built_release(this)
    url = f"/lam-viec/cong-bo/{release.pk}/"
    approver = signed_in(this.approver)
    assert 'action="' + url + 'phe-duyet/"' in approver.get(url).content.decode()
    empty = approver.post(f"{url}phe-duyet/", {"decision_number": "", "decision_date": ""})
    assert empty.status_code == 422
    approver.post(f"{url}phe-duyet/", {"decision_number": "9/QĐ", "decision_date": "2026-04-01", "publish_at": ""})
    release.refresh_from_db()
    assert (release.state, release.decision_number) == (ReleaseState.APPROVED, "9/QĐ")
    assert client.get(f"/ket-qua/{release.slug}/").status_code == 200


def test_return_correct_discard_and_withdraw_by_the_screens(signed_in, this):
    release = built_release(this)
    approver, secretary = signed_in(this.approver), signed_in(this.secretary)
    approver.post(f"/lam-viec/cong-bo/{release.pk}/tra-lai/", {"reason": "Thiếu"})
    release.refresh_from_db()
    assert release.state == ReleaseState.RETURNED
    secretary.post(f"/lam-viec/cong-bo/{release.pk}/huy/")
    release.refresh_from_db()
    assert release.state == ReleaseState.DISCARDED
    second = published_release(this)
    secretary.post(f"/lam-viec/cong-bo/{second.pk}/dinh-chinh/", {"reason": "Sửa"})
    correction = second.corrections.get()
    assert correction.correction_note == "Sửa"
    approver.post(f"/lam-viec/cong-bo/{second.pk}/thu-hoi/", {"reason": "Huỷ"})
    second.refresh_from_db()
    assert second.state == ReleaseState.WITHDRAWN


def test_verify_says_that_all_agrees(signed_in, this):
    release = built_release(this)
    page = signed_in(this.secretary).post(f"/lam-viec/cong-bo/{release.pk}/kiem-tra/").content.decode()
    assert release.rows_sha256 in page


STEPS = ["phe-duyet", "tra-lai", "thu-hoi", "dinh-chinh", "huy", "kiem-tra"]


def test_others_do_not_even_learn_that_a_release_exists(signed_in, this):
    release = built_release(this)
    for user in (this.leader, this.appraiser, UserFactory(), user_with_role(Role.APPROVER)):
        client = signed_in(user)
        assert client.get(f"/lam-viec/cong-bo/{release.pk}/").status_code == 404
        assert release.title not in client.get("/lam-viec/cong-bo/").content.decode()
        for step in STEPS:
            assert client.post(f"/lam-viec/cong-bo/{release.pk}/{step}/", {"reason": "x"}).status_code == 404
    release.refresh_from_db()
    assert release.state == ReleaseState.DRAFT


def test_the_secretariat_cannot_approve_and_the_auditor_only_reads(signed_in, this):
    release = built_release(this)
    data = {"decision_number": "9", "decision_date": "2026-04-01", "reason": "x"}
    for user in (this.secretary, user_with_role(Role.AUDITOR)):
        client = signed_in(user)
        assert client.get(f"/lam-viec/cong-bo/{release.pk}/").status_code == 200
        for step in ("phe-duyet", "tra-lai", "thu-hoi"):
            assert client.post(f"/lam-viec/cong-bo/{release.pk}/{step}/", data).status_code == 403
    release.refresh_from_db()
    assert release.state == ReleaseState.DRAFT


def test_strangers_sign_in_first(client, this):
    release = built_release(this)
    for path in ("", f"{release.pk}/", f"ky/{this.round.code}/"):
        assert client.get(f"/lam-viec/cong-bo/{path}")["Location"].startswith("/tai-khoan/dang-nhap/")


def test_what_waits_is_on_the_first_page(this):
    score_round(this)
    assert [todo.kind for todo in todos_for(this.secretary) if todo.kind == "build"] == ["build"]
    built_release(this)
    assert [todo.kind for todo in todos_for(this.approver)] == ["approve"]
    assert [todo.kind for todo in todos_for(this.secretary) if todo.kind == "build"] == []


def test_a_rounds_page_links_to_its_releases(this):
    release = built_release(this)
    urls = [item.url for item in round_actions(this.round, this.secretary)]
    assert f"/lam-viec/cong-bo/{release.pk}/" in urls
    assert f"/lam-viec/cong-bo/ky/{this.round.code}/" in urls
    approve(release, this)
    assert [item.url for item in round_actions(this.round, this.secretary)] == [
        f"/lam-viec/cong-bo/{release.pk}/",
        f"/lam-viec/dot/{this.round.code}/gia-dinh/",
    ]


def test_an_archive_is_ordered_by_those_who_build_or_approve_and_not_by_the_auditor(signed_in, this):
    release = published_release(this)
    page, act = f"/lam-viec/cong-bo/{release.pk}/", reverse("publishing:desk_archive", args=[release.pk])
    found = {}
    for role in (Role.SECRETARIAT, Role.APPROVER, Role.ADMINISTRATOR, Role.AUDITOR, Role.SURVEY_OFFICER):
        client = signed_in(user_with_role(role, this.round.owner))
        found[role] = (act in client.get(page).content.decode(), client.post(act).status_code)
    assert found == {
        Role.SECRETARIAT: (True, 302),
        Role.APPROVER: (True, 302),
        Role.ADMINISTRATOR: (True, 302),
        Role.AUDITOR: (False, 403),
        Role.SURVEY_OFFICER: (False, 404),
    }


def test_the_approver_sees_what_changed_since_the_draft_that_went_back(signed_in, this):
    first = built_release(this)
    return_release(release=first, user=this.approver, reason="Xem lại tiêu chí 1.1")
    this.plain.round.refresh_from_db()
    new = NewEntry(
        participant=this.plain,
        code="1.1",
        stage=Stage.COUNCIL,
        points=Decimal(1),
        basis=Basis.SET,
        reason="Hội đồng xem lại hồ sơ",
        actor=this.secretary,
    )
    append_many([new], correction=True)
    second = built_release(this, title="Bản thứ hai", classes=[])
    client = signed_in(this.approver)
    page = " ".join(client.get(f"/lam-viec/cong-bo/{second.pk}/").content.decode().split())
    for words in ("Xem lại tiêu chí 1.1", "2 → 1", "0,00 → 1,00", "Hội đồng xem lại hồ sơ"):
        assert words in page
    changes = changes_since(first, second)
    assert [(unit.unit_name, [score.code for score in unit.scores]) for unit in changes.units] == [
        ("Tỉnh A", ["1.1"]),
        ("Tỉnh B", []),
    ]
    assert len(changes.rules) == 1
    assert "changes-heading" not in client.get(f"/lam-viec/cong-bo/{first.pk}/").content.decode()
