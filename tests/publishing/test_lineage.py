"""Trends, changes and the history of a criterion follow the lineage of the criteria sets."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from criteria_pages.definition import RuleSpec
from criteria_pages.domain.authoring import body_from_definition, body_with_links, links_of_body
from criteria_pages.domain.editions import freeze_edition
from publishing.domain.unit_years import compare_releases, results_of_unit
from tests.factories import criteria, rules
from tests.factories.cms import UnitFactory
from tests.factories.publishing import ReleaseEntryFactory, ReleaseFactory, ReleaseScoreFactory
from tests.factories.submissions import RoundFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def text_of(response) -> str:
    body = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\xa0", " ").split())


def leaves(*kinds, first="1.1.1"):
    codes = [first, "1.1.2", "1.1.3", "1.1.4"]
    return rules.definition(
        rules.domain(
            "1",
            rules.criterion(
                "1.1",
                *(
                    rules.leaf(code, rule=RuleSpec(kind, rules.SOUND_RULES[kind]))
                    for code, kind in zip(codes, kinds, strict=True)
                ),
            ),
        )
    )


def edition_of(definition, predecessor=None, recoded=None, **fields):
    page = criteria.CriteriaSetPageFactory(definition=definition)
    body = body_from_definition(definition)
    links = {
        link.position: replace(link, predecessor=(recoded or {}).get(link.code, link.code))
        for link in links_of_body(body)
    }
    page.body = json.dumps(body_with_links(body, links))
    page.predecessor = predecessor
    for name, value in fields.items():
        setattr(page, name, value)
    page.save()
    return freeze_edition(page=page, revision=page.save_revision(), user=None)


def result(edition, unit, year, index, codes, **fields):
    """Publish a result of one unit with full points for the codes."""
    release = ReleaseFactory(public=True, year=year, round=RoundFactory(edition=edition, year=year), **fields)
    entry = ReleaseEntryFactory(release=release, unit=unit, index=Decimal(index))
    for code in codes:
        ReleaseScoreFactory(entry=entry, code=code, level=3, points=Decimal(1), maximum=Decimal(2))
    return release


CODES = ("1.1.1", "1.1.2", "1.1.3", "1.1.4")
FOUR = ("yes_no",) * 4


def two_years(kinds=FOUR, **fields):
    """Return last year's and this year's release of one unit; the sets follow each other, 1.1.1 is 1.1.9 now."""
    unit = UnitFactory(name="Tỉnh A")
    before = edition_of(leaves(*FOUR))
    now = edition_of(leaves(*kinds, first="1.1.9"), before, {"1.1.9": "1.1.1"}, **fields)
    old = result(before, unit, 2024, "80", CODES, slug="nam-2024")
    return unit, old, result(now, unit, 2025, "85", ("1.1.9", *CODES[1:]), slug="nam-2025")


def test_the_same_set_under_other_codes_is_compared_without_a_mark(client):
    unit, old, new = two_years()
    assert (compare_releases(old, new).comparable, compare_releases(old, new).why) == (True, "")
    assert [(r.year, r.breaks, r.shifted, r.why) for r in results_of_unit(unit)] == [
        (2024, False, False, ""),
        (2025, False, False, ""),
    ]
    page = client.get("/ket-qua/nam-2025/").content.decode()
    assert "sort=-change" in page


def test_a_changed_set_is_compared_with_a_mark(client):
    unit, old, new = two_years(("yes_no", "yes_no", "yes_no", "count"))
    found = compare_releases(old, new)
    assert found.comparable
    assert "1" in found.why
    _first, second = results_of_unit(unit)
    assert (second.breaks, second.shifted, second.why) == (False, True, found.why)
    assert found.why in text_of(client.get("/ket-qua/nam-2025/"))
    shown = client.get(f"/ket-qua/nam-2025/don-vi/{unit.code}/").content.decode()
    assert ("mark-shift" in shown, "mark-break" in shown) == (True, False)


def test_a_set_scored_otherwise_breaks_the_trend_and_shows_no_change(client):
    unit, old, new = two_years(("yes_no", "count", "count", "count"))
    assert compare_releases(old, new).comparable is False
    _first, second = results_of_unit(unit)
    assert (second.breaks, second.shifted, bool(second.why)) == (True, False, True)
    page = client.get("/ket-qua/nam-2025/")
    assert "sort=-change" not in page.content.decode()
    assert second.why in text_of(page)
    shown = client.get(f"/ket-qua/nam-2025/don-vi/{unit.code}/").content.decode()
    assert ("mark-shift" in shown, "mark-break" in shown) == (False, True)


def test_the_editors_reason_is_what_citizens_read(client):
    unit, _old, _new = two_years(comparison_status="not_comparable", comparison_reason="Quyết định mới")
    _first, second = results_of_unit(unit)
    assert (second.breaks, second.why) == (True, "Quyết định mới")
    assert "Quyết định mới" in text_of(client.get("/ket-qua/nam-2025/"))


def test_the_publishers_mark_overrides_the_lineage():
    unit, old, _new = two_years()
    other = result(old.edition, unit, 2026, "70", CODES, rule_set_mark="Chấm theo cách khác")
    assert compare_releases(old, other).why == "Chấm theo cách khác"
    assert results_of_unit(unit)[-1].breaks


def test_sets_of_different_lines_are_not_compared():
    unit = UnitFactory()
    result(edition_of(leaves(*FOUR)), unit, 2024, "80", CODES)
    result(edition_of(leaves(*FOUR)), unit, 2025, "85", CODES)
    assert [(r.breaks, bool(r.why)) for r in results_of_unit(unit)] == [(False, False), (True, True)]


@pytest.mark.parametrize(
    ("slug", "code", "other"),
    [("nam-2025", "1.1.9", ("nam-2024", "1.1.1")), ("nam-2024", "1.1.1", ("nam-2025", "1.1.9"))],
)
def test_the_history_of_a_criterion_follows_its_codes(client, slug, code, other):
    two_years()
    shown = client.get(f"/ket-qua/{slug}/tieu-chi/{code}/")
    (figure,) = shown.context["years"]
    assert (figure.release.slug, figure.code, figure.status, figure.mean) == (*other, "same", Decimal(50))
    assert f"/ket-qua/{other[0]}/tieu-chi/{other[1]}/" in shown.content.decode()


def test_the_history_marks_what_may_not_be_compared(client):
    two_years(("count", "yes_no", "yes_no", "yes_no"))
    shown = client.get("/ket-qua/nam-2025/tieu-chi/1.1.9/", headers={"accept-language": "vi"})
    assert [figure.status for figure in shown.context["years"]] == ["not_comparable"]
    assert client.get("/ket-qua/nam-2025/tieu-chi/1.1.2/").context["years"][0].status == "same"
