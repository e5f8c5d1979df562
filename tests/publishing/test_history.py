"""Published results of past years: imported with their sources, approved, shown in the trend."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pytest

from cms.enums import Role
from cms.models import UnitSuccession
from cms.spreadsheets import get_import, write_csv
from cms.spreadsheets.imports import apply_source, check_source
from publishing.domain import unit_years
from publishing.domain.release_life import approve_release
from publishing.domain.verification import verify_release
from publishing.enums import ReleaseKind, ReleaseState
from publishing.models import IndexRelease
from tests.factories.cms import UnitFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
HEADERS = ["year", "rank", "of", "unit_vi", "par_index_pct", "kind", "source"]
CONTEXT = {"tier": "province", "series": "par-index-provinces"}
LAST_DAY = dt.date(2025, 6, 30)


@pytest.fixture
def units():
    """The new Bắc Ninh follows the old Bắc Ninh and Bắc Giang; the names are the same."""
    old = UnitFactory(code="bac-ninh", name="Tỉnh Bắc Ninh", valid_to=LAST_DAY)
    giang = UnitFactory(code="bac-giang", name="Tỉnh Bắc Giang", valid_to=LAST_DAY)
    new = UnitFactory(code="bac-ninh", name="Tỉnh Bắc Ninh", valid_from=dt.date(2025, 7, 1))
    city = UnitFactory(code="hai-phong", name="Thành phố Hải Phòng")
    for before in (old, giang):
        UnitSuccession.objects.create(kind="merge", predecessor=before, successor=new, date=dt.date(2025, 7, 1))
    return {"old": old, "giang": giang, "new": new, "city": city}


def _file(rows):
    text = io.StringIO()
    write_csv(text, headers=HEADERS, rows=rows)
    source = io.BytesIO(text.getvalue().encode())
    source.name = "ket-qua.csv"
    return source


ROWS = [
    [2022, 1, 63, "Hải Phòng", "90.09", "published", "https://example.vn/2022"],
    [2022, 4, 63, "Bắc Giang", "", "published", "https://example.vn/2022"],
    [2023, 2, 63, "Hải Phòng", "91.87", "published", "https://example.vn/2023"],
    [2023, "", 63, "Bắc Ninh", "88.5", "derived", "https://example.vn/2023"],
]


def _apply(rows, user):
    return apply_source(get_import("published_results"), _file(rows), user=user, context=CONTEXT)


@pytest.fixture
def secretary():
    return user_with_role(Role.SECRETARIAT)


def test_each_year_becomes_a_release_with_a_source_per_line(units, secretary, client):
    outcome = _apply(ROWS, secretary)
    assert (outcome.new, outcome.problems) == (4, [])
    releases = list(IndexRelease.objects.order_by("year"))
    assert [(release.year, release.kind, release.state) for release in releases] == [
        (2022, ReleaseKind.HISTORIC, ReleaseState.DRAFT),
        (2023, ReleaseKind.HISTORIC, ReleaseState.DRAFT),
    ]
    entry = releases[1].entries.get(unit=units["old"])
    assert (entry.rank, entry.rank_of, entry.index, entry.source_kind) == (None, 63, Decimal("88.5"), "derived")
    assert verify_release(releases[1]) == []
    assert client.get(f"/ket-qua/{releases[1].slug}/").status_code == 404
    for release in releases:
        approve_release(release=release, user=user_with_role(Role.APPROVER))
    page = client.get(f"/en/ket-qua/{releases[0].slug}/").content.decode()
    assert "index not printed in the source" in page
    assert "https://example.vn/2022" in page


def test_of_a_part_of_the_units_no_mean_is_told(units, secretary, client):
    _apply(ROWS, secretary)
    releases = list(IndexRelease.objects.order_by("year"))
    for release in releases:
        approve_release(release=release, user=user_with_role(Role.APPROVER))
    whole = releases[1]
    page = client.get(f"/en/ket-qua/{whole.slug}/").content.decode()
    assert "The source names 2 of 63 units; the highest of them is Thành phố Hải Phòng with 91.87 %." in page.replace(
        "\xa0", " "
    )
    unit = client.get(f"/en/ket-qua/{whole.slug}/don-vi/hai-phong/").content.decode().replace("\xa0", " ")
    assert "Thành phố Hải Phòng reached 91.87 %, rank 2 of 63." in unit
    assert [words in text for text in (page, unit) for words in ("the mean", "edian")] == [False] * 4


def test_of_ranks_without_an_index_that_is_said(units, secretary, client):
    _apply(ROWS[1:2], secretary)
    release = IndexRelease.objects.get()
    approve_release(release=release, user=user_with_role(Role.APPROVER))
    page = client.get(f"/en/ket-qua/{release.slug}/").content.decode()
    assert "The source prints the rank of 1 unit and no index." in page


def test_a_merged_unit_shows_its_predecessors_and_not_as_its_own(units, secretary, client):
    _apply(ROWS, secretary)
    for release in IndexRelease.objects.all():
        approve_release(release=release, user=user_with_role(Role.APPROVER))
    assert unit_years.results_of_unit(units["new"]) == []
    predecessors = unit_years.predecessors_of(units["new"])
    assert {(one.succession.predecessor.name, len(one.results)) for one in predecessors} == {
        ("Tỉnh Bắc Ninh", 1),
        ("Tỉnh Bắc Giang", 1),
    }


def test_importing_the_same_again_changes_nothing(units, secretary):
    _apply(ROWS, secretary)
    outcome = _apply(ROWS, secretary)
    assert (outcome.new, outcome.changed, outcome.unchanged) == (0, 0, 4)
    assert IndexRelease.objects.count() == 2


def test_a_changed_line_of_a_published_year_becomes_a_correction(units, secretary):
    _apply(ROWS, secretary)
    for release in IndexRelease.objects.all():
        approve_release(release=release, user=user_with_role(Role.APPROVER))
    _apply([*ROWS[:2], [2023, 2, 63, "Hải Phòng", "91.81", "published", "https://example.vn/khac"], ROWS[3]], secretary)
    corrections = IndexRelease.objects.exclude(corrects=None)
    assert [(row.year, row.corrects.year, row.entries.count()) for row in corrections] == [(2023, 2023, 2)]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ([2023, 1, 63, "Tỉnh Không Có", "90", "published", "x"], "unit_vi"),
        ([2026, 1, 63, "Bắc Giang", "90", "published", "x"], "unit_vi"),
        (["23", 1, 63, "Hải Phòng", "90", "published", "x"], "year"),
        ([1999, 1, 63, "Hải Phòng", "90", "published", "x"], "year"),
        ([2023, 64, 63, "Hải Phòng", "90", "published", "x"], "rank"),
        ([2023, "", 63, "Hải Phòng", "", "published", "x"], "rank"),
        ([2023, 1, 63, "Hải Phòng", "101", "published", "x"], "par_index_pct"),
        ([2023, 1, 63, "Hải Phòng", "1.234,5", "published", "x"], "par_index_pct"),
        ([2023, 1, 63, "Hải Phòng", "90", "rumour", "x"], "kind"),
        ([2023, 1, 63, "Hải Phòng", "90", "published", ""], "source"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_stored(units, secretary, row, column):
    report = check_source(get_import("published_results"), _file([ROWS[0], row]), user=secretary, context=CONTEXT)
    assert [(problem["row"], problem["column"]) for problem in report["problems"]] == [(3, column)]
    assert not IndexRelease.objects.exists()


def test_only_secretariat_and_administrator_import(units):
    kind = get_import("published_results")
    assert kind.permission(user_with_role(Role.SECRETARIAT), CONTEXT)
    assert kind.permission(user_with_role(Role.ADMINISTRATOR), CONTEXT)
    assert not kind.permission(user_with_role(Role.CONTRIBUTOR), CONTEXT)
