"""The read API and the content API: what they give, to whom, from when."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext

import pytest

from cms import clock
from publishing.domain.release_life import withdraw_release
from publishing.domain.releases import correct_release
from publishing.models import RankingPage
from submissions.models import AssessmentRound
from tests.factories.cms import SectionPageFactory, UnitFactory, home_page
from tests.factories.publishing import approve, published_release
from tests.factories.submissions import ParticipantFactory, open_round
from tests.publishing.test_plans import plan_page

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MOMENT = dt.datetime(2026, 5, 4, 1, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def this():
    return open_round()


def api_paths(release) -> list[str]:
    """Return every address of the API that is about one release."""
    base = f"/api/v1/releases/{release.slug}"
    unit = release.entries.order_by("pk").first().unit_code
    return [base, f"{base}/entries", f"{base}/entries/{unit}", f"{base}/scores", f"{base}/scores?code=1.1"]


def test_the_api_holds_the_embargo(client, this):
    release = published_release(this, publish_at=MOMENT)
    for path in api_paths(release):
        with clock.at(MOMENT - SECOND):
            assert (path, client.get(path).status_code) == (path, 404)
        with clock.at(MOMENT):
            assert (path, client.get(path).status_code) == (path, 200)
    for path in ("/api/v1/releases", f"/api/v1/rounds/{this.round.code}", f"/api/v1/units/{this.plain.unit.code}"):
        key = f'"{release.slug}"'
        with clock.at(MOMENT - SECOND):
            before = client.get(path).json()
            assert release.slug not in str(before.get("results", before.get("releases")))
        with clock.at(MOMENT):
            assert key.strip('"') in client.get(path).content.decode()


def test_a_withdrawn_release_is_gone_with_its_reason(client, this):
    release = published_release(this)
    withdraw_release(release=release, user=this.approver, reason="Huỷ quyết định")
    for path in api_paths(release):
        response = client.get(path)
        assert (path, response.status_code, response.json()["detail"]["reason"]) == (path, 410, "Huỷ quyết định")


def test_entries_are_exact_text(client, this):
    release = published_release(this)
    page = client.get(f"/api/v1/releases/{release.slug}/entries").json()
    assert page["count"] == 2
    assert [(row["unit_name"], row["index"], row["rank"], row["class"]) for row in page["results"]] == [
        ("Tỉnh B", "95", 1, "A"),
        ("Tỉnh A", "94.444444444444", 2, "A"),
    ]


def test_a_unit_has_all_its_points(client, this):
    release = published_release(this)
    entry = client.get(f"/api/v1/releases/{release.slug}/entries/{this.plain.unit.code}").json()
    scores = {score["code"]: score for score in entry["scores"]}
    assert (scores["1.1"]["points"], scores["1.1"]["maximum"], scores["1.1"]["self_points"]) == ("0", "1", "1")
    assert len(scores) == 16


def test_filters_and_pages(client, this):
    release = published_release(this)
    base = f"/api/v1/releases/{release.slug}/entries"
    assert [row["unit_name"] for row in client.get(f"{base}?q=tinh+a").json()["results"]] == ["Tỉnh A"]
    assert client.get(f"{base}?tier=mars").json()["count"] == 0
    first = client.get(f"{base}?limit=1").json()
    assert first["previous"] is None
    assert first["next"].endswith("entries?limit=1&offset=1")
    assert client.get(f"{base}?limit=1&offset=1").json()["next"] is None
    levels = client.get(f"/api/v1/releases/{release.slug}/scores?level=1").json()
    assert levels["count"] == 4


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "offset=-1", "offset=1000001", "unknown=1", "q=%00", "q=" + "x" * 101]
)
def test_absurd_queries_are_refused_with_a_reason(client, this, query):
    release = published_release(this)
    response = client.get(f"/api/v1/releases/{release.slug}/entries?{query}")
    assert response.status_code == 422
    assert response.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["releases/khong-co", "units/khong-co", "rounds/khong-co", "editions/abc", "plans/1", "plans/99999999999999999999",
     "khong-co"],
)  # fmt: skip
def test_unknown_things_are_absent(client, path):
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 404


def test_a_correction_is_linked_both_ways_and_the_old_one_leaves_the_list(client, this):
    old = published_release(this)
    new = approve(correct_release(release=old, user=this.secretary, note="Sửa"), this)
    assert [row["slug"] for row in client.get("/api/v1/releases").json()["results"]] == [new.slug]
    assert client.get("/api/v1/releases?current=false").json()["count"] == 2
    assert client.get(f"/api/v1/releases/{old.slug}").json()["corrected_by"] == new.slug
    assert client.get(f"/api/v1/releases/{new.slug}").json()["corrects"] == old.slug


def test_rounds_in_preparation_are_nobodys_business(client, this):
    AssessmentRound.objects.filter(pk=this.round.pk).update(state="draft")
    assert client.get("/api/v1/rounds").json()["count"] == 0
    assert client.get(f"/api/v1/rounds/{this.round.code}").status_code == 404


def test_an_edition_comes_with_the_definition_that_has_its_hash(client, this):
    from criteria_pages.definition import Definition

    edition = this.round.edition
    listed = client.get("/api/v1/editions").json()["results"]
    assert [row["sha256"] for row in listed] == [edition.sha256]
    detail = client.get(f"/api/v1/editions/{edition.sha256}").json()
    assert Definition.from_json(detail["definition"]).sha256() == edition.sha256


def test_plans_with_tasks_and_warnings(client):
    page = plan_page()
    detail = client.get(f"/api/v1/plans/{page.pk}").json()
    assert [task["number"] for task in detail["tasks"]] == ["1", "2", "3", "4", "5"]
    assert len(detail["warnings"]) == 1
    page.unpublish()
    assert client.get(f"/api/v1/plans/{page.pk}").status_code == 404
    assert client.get("/api/v1/plans").json()["count"] == 0


def test_any_site_may_read_and_nobody_writes(client, this):
    release = published_release(this)
    path = f"/api/v1/releases/{release.slug}"
    response = client.get(path, headers={"origin": "https://example.vn"})
    assert response["Access-Control-Allow-Origin"] == "*"
    preflight = client.options(path, headers={"access-control-request-method": "GET"})
    assert (preflight.status_code, preflight["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(path).status_code == 405


def test_an_unchanged_answer_is_not_sent_twice(client, this):
    release = published_release(this)
    for path in api_paths(release):
        tag = client.get(path)["ETag"]
        again = client.get(path, headers={"if-none-match": tag})
        assert (path, again.status_code, again.content) == (path, 304, b"")


def test_the_description_and_its_page_come_from_here(client):
    schema = client.get("/api/v1/openapi.json").json()
    assert "/api/v1/releases/{slug}/entries" in schema["paths"]
    page = client.get("/api/v1/docs").content.decode()
    assert "cdn." not in page
    assert '<script src="/static/' in page


@pytest.mark.parametrize("path", ["releases", "releases/{slug}/entries", "releases/{slug}/scores", "units", "rounds"])
def test_the_number_of_queries_does_not_grow(client, path):
    counts = []
    for extra in (1, 4):
        this = open_round()
        for number in range(extra):
            ParticipantFactory(round=this.round, unit=UnitFactory(name=f"Thêm {number}"))
        release = published_release(this)
        url = f"/api/v1/{path.format(slug=release.slug)}"
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_content_api_gives_public_pages_only(client, this):
    release = published_release(this)
    ranking = RankingPage(title="Xếp hạng", slug="xep-hang", release=release, intro="<p>Lời dẫn</p>")
    home_page().add_child(instance=ranking)
    plan_page()
    plan_page(slug="nhap", publish=False)
    listed = client.get("/api/v2/pages/?type=publishing.YearlyPlanPage&fields=*").json()
    assert [item["meta"]["slug"] for item in listed["items"]] == ["ke-hoach-2023"]
    assert [task["value"]["number"] for task in listed["items"][0]["tasks"]] == ["1", "2", "3", "4", "5"]
    detail = client.get(f"/api/v2/pages/{ranking.pk}/").json()
    assert (detail["release_slug"], detail["intro"]) == (release.slug, "<p>Lời dẫn</p>")
    with clock.at(release.publish_at - SECOND):
        assert client.get(f"/api/v2/pages/{ranking.pk}/").status_code == 404
        assert "xep-hang" not in client.get("/api/v2/pages/").content.decode()


def test_navigation_names_sections_and_what_is_below(client, this):
    release = published_release(this)
    section = SectionPageFactory(title="Kết quả", slug="muc", title_en="Results", show_in_menus=True)
    section.add_child(instance=RankingPage(title="Xếp hạng", slug="xep-hang", release=release))
    SectionPageFactory(title="Không trong menu", slug="an")
    found = client.get("/api/v1/navigation").json()["results"]
    assert [(item["title"], item["title_en"], item["type"]) for item in found] == [
        ("Kết quả", "Results", "cms.SectionPage")
    ]
    assert [(child["title"], child["url"].endswith("/muc/xep-hang/")) for child in found[0]["children"]] == [
        ("Xếp hạng", True)
    ]
    with clock.at(release.publish_at - SECOND):
        assert client.get("/api/v1/navigation").json()["results"][0]["children"] == []


def test_search_finds_without_accents_and_holds_the_embargo(client, this):
    home_page()
    release = published_release(this, title="Chỉ số cải cách đặc biệt", publish_at=MOMENT)
    with clock.at(MOMENT - SECOND):
        assert client.get("/api/v1/search?q=cai+cach+dac+biet").json()["count"] == 0
    with clock.at(MOMENT):
        found = client.get("/api/v1/search?q=cai+cach+dac+biet").json()
    assert [(hit["title"], hit["url"].endswith(release.get_absolute_url())) for hit in found["results"]] == [
        (release.title, True)
    ]
    assert client.get("/api/v1/search").status_code == 422
    assert client.get("/api/v1/search?q=" + "x" * 101).status_code == 422
