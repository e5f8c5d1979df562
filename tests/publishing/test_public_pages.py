"""The public pages of a release: what they say, and that nothing is said before its time."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

import pytest

from cms import clock
from publishing.domain.reasons import why
from publishing.domain.release_life import withdraw_release
from publishing.domain.releases import correct_release
from publishing.models import RankingPage, ReleaseScore
from submissions.enums import ParticipantStatus, Stage
from tests.factories.cms import UnitFactory, home_page
from tests.factories.publishing import approve, built_release, published_release, score_round
from tests.factories.rules import ruled
from tests.factories.submissions import ParticipantFactory, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MOMENT = dt.datetime(2026, 5, 4, 1, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def this():
    return open_round()


def text_of(response) -> str:
    """Return the text of a page without markup and with single spaces."""
    body = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\xa0", " ").split())


def release_paths(release) -> list[str]:
    """Return every address that says something of the release."""
    unit = release.entries.order_by("pk").first().unit_code
    base = f"/ket-qua/{release.slug}/"
    return [
        base,
        f"{base}?sort=-index",
        f"{base}don-vi/{unit}/",
        f"{base}tieu-chi/1/",
        f"{base}tieu-chi/1.2/",
        f"{base}tieu-chi/1.2.1/",
        f"{base}so-sanh/",
        f"{base}so-sanh/?unit={unit}",
        f"{base}phuong-phap/",
        f"{base}du-lieu/",
        f"{base}tai-ve/ket-qua.csv",
        f"{base}tai-ve/ket-qua-excel.csv",
        f"{base}tai-ve/diem.csv",
        f"{base}tai-ve/ket-qua.xlsx",
        f"{base}tai-ve/ket-qua.json",
        f"/en{base}",
    ]


def test_every_address_of_a_release_holds_the_embargo(client, this):
    release = published_release(this, publish_at=MOMENT)
    for path in release_paths(release):
        with clock.at(MOMENT - SECOND):
            early = client.get(path)
            assert (path, early.status_code) == (path, 404)
            assert early["Cache-Control"] == "no-store"
            assert "Tỉnh A" not in early.content.decode(errors="ignore")
        with clock.at(MOMENT):
            assert (path, client.get(path).status_code) == (path, 200)


@pytest.mark.parametrize("path", ["/ket-qua/", "/ket-qua/dinh-chinh/", "/don-vi/{unit}/", "/", "/tim-kiem/?q=chi+so"])
def test_lists_name_a_release_only_from_its_time(client, this, path):
    home_page()
    release = published_release(this, publish_at=MOMENT)
    path = path.format(unit=this.plain.unit.code)
    with clock.at(MOMENT - SECOND):
        assert release.slug not in client.get(path).content.decode()
        assert release.title not in client.get(path).content.decode()
    with clock.at(MOMENT + SECOND):
        response = client.get(path, follow=True)
        assert response.status_code == 200
        if "dinh-chinh" not in path:
            assert release.slug in response.content.decode()


def test_a_draft_a_returned_and_an_unknown_release_are_equally_absent(client, this):
    release = built_release(this)
    assert client.get(f"/ket-qua/{release.slug}/").status_code == 404
    assert client.get("/ket-qua/khong-co/").status_code == 404


def test_a_withdrawn_release_says_so_and_nothing_else(client, this):
    release = published_release(this)
    withdraw_release(release=release, user=this.approver, reason="Quyết định bị huỷ")
    for path in release_paths(release):
        response = client.get(path)
        assert (path, response.status_code) == (path, 410)
        assert "Quyết định bị huỷ" in response.content.decode()
        assert "Tỉnh A" not in response.content.decode()
    assert "Quyết định bị huỷ" in client.get("/ket-qua/dinh-chinh/").content.decode()


def test_a_release_withdrawn_before_its_time_never_existed(client, this):
    release = published_release(this, publish_at=clock.now() + dt.timedelta(days=1))
    withdraw_release(release=release, user=this.approver, reason="Sai")
    with clock.at(clock.now() + dt.timedelta(days=2)):
        assert client.get(f"/ket-qua/{release.slug}/").status_code == 404
        assert "Sai" not in text_of(client.get("/ket-qua/dinh-chinh/"))


def test_a_correction_is_told_on_both(client, this):
    old = published_release(this)
    new = approve(correct_release(release=old, user=this.secretary, note="Cộng sai điểm 1.1"), this)
    assert "Cộng sai điểm 1.1" in client.get(f"/ket-qua/{old.slug}/").content.decode()
    assert f"/ket-qua/{new.slug}/" in client.get(f"/ket-qua/{old.slug}/").content.decode()
    log = client.get("/ket-qua/dinh-chinh/").content.decode()
    assert "Cộng sai điểm 1.1" in log
    assert old.slug in log
    assert f'href="/ket-qua/{old.slug}/"' not in client.get("/ket-qua/").content.decode()


def test_the_ranking_says_its_finding(client, this):
    release = published_release(this)
    page = text_of(client.get(f"/en/ket-qua/{release.slug}/"))
    assert "Tỉnh B leads with 95.00 %, 0.28 points above the mean." in page


def test_units_not_assessed_are_shown_with_the_reason_and_without_a_zero(client, this):
    ParticipantFactory(
        round=this.round, unit=UnitFactory(name="Tỉnh C"), status=ParticipantStatus.NOT_ASSESSED, reason="Mới lập"
    )
    release = published_release(this)
    page = client.get(f"/en/ket-qua/{release.slug}/").content.decode()
    row = re.search(r'<tr id="[^"]*">(?:(?!</tr>).)*Tỉnh C.*?</tr>', page, re.S).group()
    assert "Mới lập" in row
    assert "not assessed" in row
    assert "0.00" not in row


def test_ties_are_shown_as_ties(client, this):
    score_round(this)
    release = published_release(this)
    page = client.get(f"/en/ket-qua/{release.slug}/").content.decode()
    assert page.count(">=1</span>") == 2
    assert "Tỉnh A and Tỉnh B share the lead with 100.00" in text_of(client.get(f"/en/ket-qua/{release.slug}/"))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Tỉnh B", "Tỉnh A"]),
        ("?sort=-rank", ["Tỉnh A", "Tỉnh B"]),
        ("?sort=name", ["Tỉnh A", "Tỉnh B"]),
        ("?sort=index", ["Tỉnh A", "Tỉnh B"]),
        ("?sort=-index", ["Tỉnh B", "Tỉnh A"]),
        ("?sort=-1", ["Tỉnh A", "Tỉnh B"]),
        ("?q=tinh+a", ["Tỉnh A"]),
        ("?class=A", ["Tỉnh B", "Tỉnh A"]),
        ("?class=B", []),
        ("?q=khong+co", []),
        ("?tier=province&utm_source=x", ["Tỉnh B", "Tỉnh A"]),
    ],
)
def test_sort_and_filter_by_the_address_alone(client, this, query, names):
    release = published_release(this)
    page = client.get(f"/ket-qua/{release.slug}/{query}").content.decode()
    assert re.findall(r'<th scope="row"><a href="[^"]*don-vi[^"]*">([^<]*)</a>', page) == names


@pytest.mark.parametrize(
    "query",
    ["?tier=mars", "?class=Z", "?group=x", "?sort=luck", "?page=0", "?page=2", "?page=abc", "?page=٣", "?page=9999999",
     "?q=" + "x" * 101, "?page=-1", "?tier=%00"],
)  # fmt: skip
def test_what_does_not_exist_is_absent(client, this, query):
    release = published_release(this)
    response = client.get(f"/ket-qua/{release.slug}/{query}")
    assert response.status_code == 404
    assert "text/html" in response["Content-Type"]


@pytest.mark.parametrize(
    "path",
    ["don-vi/khong-co/", "tieu-chi/9.9/", "tieu-chi/1.1/?page=2", "so-sanh/?unit=khong-co", "tai-ve/mat-khau.txt",
     "so-sanh/?unit=a&unit=b&unit=c&unit=d&unit=e"],
)  # fmt: skip
def test_unknown_parts_of_a_release_are_absent(client, this, path):
    release = published_release(this)
    assert client.get(f"/ket-qua/{release.slug}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["/ket-qua/?year=1990", "/ket-qua/?year=x", "/ket-qua/?series=x", "/don-vi/khong-co/"])
def test_unknown_years_series_and_units_are_absent(client, path):
    assert client.get(path).status_code == 404


def test_only_reading(client, this):
    release = published_release(this)
    assert client.post(f"/ket-qua/{release.slug}/").status_code == 405


def test_an_answer_has_an_etag_and_is_not_sent_twice(client, this):
    release = published_release(this)
    for path in release_paths(release):
        first = client.get(path)
        again = client.get(path, headers={"if-none-match": first["ETag"]})
        assert (path, again.status_code, again.content) == (path, 304, b"")


def test_the_unit_page_says_why(client, this):
    release = published_release(this)
    page = text_of(client.get(f"/en/ket-qua/{release.slug}/don-vi/{this.plain.unit.code}/"))
    assert "Tỉnh A reached 94.44 %, rank 2 of 2, 0.28 points below the mean." in page
    assert "1.00 points lost, most of them (1.00) in “Tiêu chí 1.1”" in page
    assert "First appraisal set 0 points." in page


def test_points_that_are_not_the_rules_are_told_apart_from_its_computation():
    score = ReleaseScore(code="1", points=Decimal(2), maximum=Decimal(2), stage=Stage.COUNCIL, inputs={"count": "3"})
    with translation.override("en"):
        told = why(ruled("deduction"), score)
        score.points = Decimal("1.7")
        assert (told, why(ruled("deduction"), score)) == (
            "By the rule: 2 − 3 × 0.1 = 1.7. Council set 2 points.",
            "2 − 3 × 0.1 = 1.7.",
        )


def test_the_criterion_page_says_who_scored_what(client, this):
    release = published_release(this)
    page = text_of(client.get(f"/en/ket-qua/{release.slug}/tieu-chi/1.2.1/"))
    assert "1 of 2 units have full points; the mean is 75.00 % of the maximum." in page
    leaf = text_of(client.get(f"/en/ket-qua/{release.slug}/tieu-chi/2.6.1/"))
    assert "1 of 1 units have full points" in leaf


def test_the_methodology_names_rounding_ties_and_hashes(client, this):
    release = published_release(this)
    page = text_of(client.get(f"/en/ket-qua/{release.slug}/phuong-phap/"))
    assert "Equal results share a rank, the next rank is skipped (1, 2, 2, 4)" in page
    assert "kept to six decimal places" in page
    assert release.rows_sha256 in page
    assert release.edition.sha256 in page


def test_the_illustrative_banner_stands_on_every_page_and_in_every_file(client):
    this = open_round(illustrative=True)
    release = published_release(this)
    for path in release_paths(release):
        response = client.get(path)
        if "text/html" in response["Content-Type"]:
            assert (path, 'class="illustrative' in response.content.decode()) == (path, True)
    assert "số liệu minh họa" in client.get(f"/ket-qua/{release.slug}/tai-ve/ket-qua.csv").content.decode()
    assert json.loads(client.get(f"/ket-qua/{release.slug}/tai-ve/ket-qua.json").content)["note"] == "số liệu minh họa"


def _queries(client, path) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("part", ["", "tieu-chi/1/", "so-sanh/", "du-lieu/"])
def test_the_number_of_queries_does_not_grow_with_the_units(client, part):
    counts = []
    for extra in (1, 4):
        this = open_round()
        for number in range(extra):
            ParticipantFactory(round=this.round, unit=UnitFactory(name=f"Tỉnh thêm {number}"))
        counts.append(_queries(client, f"/ket-qua/{published_release(this).slug}/{part}"))
    assert counts[0] == counts[1]


def test_last_years_result_gives_the_change_unless_the_rules_are_new(client, this):
    score_round(this, {"Tỉnh A": {"1.1": "0"}})
    published_release(this, series="s")
    later = open_round(year=2026, edition=this.round.edition, owner=this.round.owner)
    unit = this.plain.unit
    ParticipantFactory(round=later.round, unit=unit)
    score_round(later)
    later = replace(later, secretary=this.secretary, approver=this.approver)
    release = published_release(later, series="s")
    page = text_of(client.get(f"/en/ket-qua/{release.slug}/?q={unit.code}"))
    assert "up by + 5.56" in page.replace("+5.56", "+ 5.56")
    withdraw_release(release=release, user=this.approver, reason="Sai")
    marked = published_release(later, series="s", rule_set_mark="Bộ tiêu chí mới")
    page = text_of(client.get(f"/en/ket-qua/{marked.slug}/"))
    assert "Bộ tiêu chí mới" in page
    assert "up by" not in page


def test_a_page_of_the_tree_shows_a_release_with_words(client, this):
    release = published_release(this)
    page = RankingPage(title="Xếp hạng 2025", slug="xep-hang-2025", release=release, intro="<p>Lời dẫn</p>")
    home_page().add_child(instance=page)
    shown = client.get("/xep-hang-2025/")
    assert shown.status_code == 200
    assert "Lời dẫn" in shown.content.decode()
    assert "Tỉnh A" in shown.content.decode()
    assert client.get("/xep-hang-2025/?tier=mars").status_code == 404
    withdraw_release(release=release, user=this.approver, reason="Sai")
    page.refresh_from_db()
    assert page.live is False
    assert client.get("/xep-hang-2025/").status_code == 404


def test_a_page_of_the_tree_cannot_be_live_before_its_release(this):
    from django.core.exceptions import ValidationError

    release = built_release(this)
    page = RankingPage(title="Sớm", slug="som", release=release)
    with pytest.raises(ValidationError, match="release"):
        home_page().add_child(instance=page)


def test_exact_figures_leave_in_the_files(client, this):
    release = published_release(this)
    data = json.loads(client.get(f"/ket-qua/{release.slug}/tai-ve/ket-qua.json").content)
    row = next(entry for entry in data["entries"] if entry["unit_name"] == "Tỉnh A")
    assert Decimal(row["index"]) == Decimal("94.444444444444")
    assert data["rows_sha256"] == release.rows_sha256
    assert {score["code"]: score["points"] for score in row["scores"]}["1.1"] == "0"
