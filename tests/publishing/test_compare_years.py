"""Units side by side over the years: their chart, its breaks, and units that the open year does not name."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal

import pytest

from cms import clock
from cms.enums import Role
from cms.models import Unit
from publishing import charts
from publishing.domain.history import PublishedLine, store_published_results
from publishing.domain.release_life import approve_release, withdraw_release
from publishing.domain.unit_years import results_of_unit, with_index
from publishing.models import IndexRelease
from tests.factories.cms import UnitFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
Table = Mapping[int, Mapping[str, str | None]]
# Per year the index of each unit; None: only a rank. New rule sets count from 2020 and from 2022.
YEARS: Table = {
    2018: {"a": "83.68", "b": "89.06"},
    2019: {"a": "84.35", "b": "90.09"},
    2020: {"a": "90.51", "b": "91.04"},
    2021: {"a": "91.80", "b": "91.14"},
    2022: {"a": "90.09", "b": "90.10", "c": None},
    2023: {"b": "92.18", "c": "91.16"},
}
MARKS = {2020: "Bộ tiêu chí 2020", 2022: "Bộ tiêu chí 2022"}


@pytest.fixture
def units() -> dict[str, Unit]:
    return {code: UnitFactory(code=code, name=f"Tỉnh {code.upper()}") for code in "abc"}


def published(units: Mapping[str, Unit], years: Table = YEARS) -> dict[int, IndexRelease]:
    """Publish the table and return the releases by year."""
    lines = [
        PublishedLine(
            year=year, unit=units[code], rank=1, of=63, index=Decimal(index) if index else None, kind="published",
            source="https://example.vn/", rule_set_mark=MARKS.get(year, ""),
        )
        for year, row in years.items()
        for code, index in row.items()
    ]  # fmt: skip
    releases = store_published_results(
        lines=lines, series="s", tier=units["a"].tier, user=user_with_role(Role.SECRETARIAT)
    )
    for release in releases:
        approve_release(release=release, user=user_with_role(Role.APPROVER))
    return {release.year: release for release in releases}


def page_of(client, release: IndexRelease, *codes: str) -> str:
    shown = client.get(f"/en/ket-qua/{release.slug}/so-sanh/", {"unit": codes})
    assert shown.status_code == 200
    return " ".join(shown.content.decode().replace("\xa0", " ").split())


def test_the_years_of_two_units_are_one_chart_and_one_table(client, units):
    page = page_of(client, published(units)[2022], "a", "b")
    assert "All have an index in 5 years from 2018 to 2022; Tỉnh B was highest in 4 of them" in page
    assert "Tỉnh A: 2018 83.68 %, 2019 84.35 %, 2020 90.51 %, 2021 91.80 %, 2022 90.09 %; Tỉnh B: 2018" in page
    chart = re.search(r'<svg class="comparison".*?</figure>', page)[0].split("<div", 1)[0]
    # 2018-2019 and 2020-2021 of each, 2022-2023 of the one that has both; a dotted line where the rules changed.
    assert [chart.count(f'class="series-line series-line--{number}"') for number in (0, 1)] == [2, 3]
    assert [chart.count(f'class="series series--{number}"') for number in (0, 1, 2)] == [5, 6, 0]
    assert chart.count('class="mark-break"') == 2
    years = re.findall(r'<th scope="row" class="num">(\d+)</th>', page)
    assert years == ["2023", "2022", "2021", "2020", "2019", "2018"]
    notes = re.findall(r"From (\d+): (.*?)\. Not comparable with the years below\.", page)
    assert notes == [("2022", "Bộ tiêu chí 2022"), ("2020", "Bộ tiêu chí 2020")]


def test_a_unit_that_the_open_year_does_not_name_is_chosen_and_compared(client, units):
    release = published(units)[2023]
    page = page_of(client, release)
    assert re.findall(r'<option value="(\w)">', page)[:3] == ["a", "b", "c"]
    page = page_of(client, release, "a", "b")
    assert re.findall(r"<th scope=\"col\"><a href=[^>]+>(.*?)</a></th>", page) == ["Tỉnh B"]
    assert "All have an index in 5 years" in page
    only = page_of(client, release, "a")
    assert "The sources of 2023 name none of these units; the other years are below." in only


def test_years_without_an_index_are_said(client, units):
    page = page_of(client, published(units)[2022], "a", "c")
    assert "There is no year in which all of them have an index" in page
    assert re.search(r'<a href="[^"]+/don-vi/c/">no index</a> <span class="faint year-rank">\(1/63\)</span>', page)


def test_of_one_unit_the_years_are_told_without_a_comparison(client, units):
    page = page_of(client, published(units)[2022], "a")
    assert '<h2 class="chart__title" id="years">Over the years</h2>' in page


def test_results_before_their_time_and_withdrawn_ones_are_in_no_comparison(client, units):
    releases = published(units)
    moment = clock.now() + dt.timedelta(days=1)
    IndexRelease.objects.filter(pk=releases[2021].pk).update(publish_at=moment)
    withdraw_release(release=releases[2019], user=user_with_role(Role.APPROVER), reason="Sai")
    page = page_of(client, releases[2022], "a", "b")
    assert re.findall(r'<th scope="row" class="num">(\d+)</th>', page) == ["2023", "2022", "2020", "2018"]
    assert [figure in page for figure in ("91.80", "84.35", "90.51")] == [False, False, True]


def test_a_break_at_a_year_without_an_index_counts_at_the_next_that_has_one(client, units):
    releases = published(units, {2021: {"a": "90"}, 2022: {"a": None}, 2023: {"a": "92"}})
    results = with_index(results_of_unit(units["a"], series="s"))
    assert [(one.year, one.breaks, one.why) for one in results] == [
        (2021, False, ""),
        (2023, True, "Bộ tiêu chí 2022"),
    ]
    page = client.get(f"/en/ket-qua/{releases[2023].slug}/don-vi/a/").content.decode()
    assert "2023 cannot be compared with 2021" in page
    assert ("mark-line" in page, "mark-break" in page) == (False, True)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        (["96.17", "62.55"], ["60", "70", "80", "90", "100"]),
        (["91.80", "83.68"], ["80", "85", "90", "95"]),
        (["91.80", "90.09"], ["90", "92"]),
        (["100", "100"], ["98", "100"]),
        (["0", "0"], ["0", "2"]),
    ],
)
def test_the_scale_ends_at_round_figures_around_the_values(values, ticks):
    points = tuple(charts.TrendPoint(year=2020 + place, value=Decimal(value)) for place, value in enumerate(values))
    drawn = charts.comparison([charts.Series("A", points)], label="x")
    assert re.findall(r'text-anchor="end">(\d+)<', drawn) == ticks


def test_one_year_is_no_chart():
    points = (charts.TrendPoint(year=2020, value=Decimal(90)),)
    assert charts.comparison([charts.Series("A", points), charts.Series("B", points)], label="x") == ""
