"""The survey of a public release: aggregates frozen with it, nothing of fewer than five, files with hashes."""

from __future__ import annotations

import csv
import io
import json

from django.test import Client

import pytest

from publishing.domain.verification import verify_release
from publishing.models import IndexRelease, ReleaseSurvey
from submissions.domain.survey import mixing, results, watch
from submissions.models import SurveyTally
from tests.factories.publishing import approve, built_release
from tests.factories.survey import OpenSurvey, open_survey
from tests.submissions.test_survey import answer, enter, invite, people

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def surveyed(*, cancel: bool = False) -> tuple[OpenSurvey, IndexRelease]:
    """Return a public release of a surveyed round. Of unit A seven deputies and six heads are asked; seven and three
    answer, so the two groups stand together. Of unit B seven deputies are asked, of whom six answer."""
    case = open_survey()
    enter(case, [*people(7, "dai-bieu"), *people(6, "truong-phong", start=100)])
    enter(case, people(7, "dai-bieu", start=200, organisation="Sở B"), other=True)
    tokens = invite(case)
    for token in tokens[:13]:  # the deputies of both units come first
        answer(token)
    for token in tokens[14:17]:
        answer(token, "C")
    mixing.close_survey(survey=case.survey, user=case.officer)
    if cancel:
        incident = case.survey.incidents.create(unit=case.around.full.unit, kind="inside", finding="Mười phiếu")
        watch.review(user=case.officer, incident=incident, cancel=True, reason="Trả lời tại trụ sở")
        watch.review(user=case.second_officer, incident=incident, cancel=True, reason="Đồng ý")
    results.write_results(user=case.officer, survey=case.survey)
    return case, built_release(case.around)


def test_the_page_shows_frozen_aggregates_with_non_response_and_no_small_group(client: Client) -> None:
    case, release = surveyed()
    place = f"/ket-qua/{release.slug}/dieu-tra/"
    assert client.get(place).status_code == 404  # a draft
    approve(release, case.around)
    page = client.get(place).content.decode()
    # Deputies 7 x (100, 100), heads 3 x (20, 20): (1400 + 120) / 20 = 76; of 2 points 1.52.
    for words in ("76,00", "1,52", "13 người được hỏi, 10 người trả lời, 3 người không trả lời", "100,00", "80,00"):
        assert words in page, words
    assert "16 trên 20 người được hỏi đã trả lời" in page
    assert "Đại biểu + Trưởng phòng" in page
    assert client.get(f"/en{place}").status_code == 200
    tabs = client.get(f"/ket-qua/{release.slug}/").content.decode()
    assert place in tabs
    assert place in client.get("/sitemap-releases.xml").content.decode() + client.get("/sitemap.xml").content.decode()
    # No number of fewer than five people anywhere but those who did not answer and single choices of a shown class.
    content = ReleaseSurvey.objects.get().content
    assert [part["respondents"] for unit in content["units"] for part in unit["classes"]] == [10, 6]
    # What is counted anew afterwards changes nothing of it.
    SurveyTally.objects.all().delete()
    assert client.get(place).content.decode().count("76,00") == page.count("76,00")
    assert verify_release(IndexRelease.objects.get()) == []
    ReleaseSurvey.objects.update(content={**content, "asked": 21})
    assert [finding.code for finding in verify_release(IndexRelease.objects.get())] == ["survey_changed"]


def test_its_files_are_open_data(client: Client) -> None:
    case, release = surveyed()
    approve(release, case.around)
    base = f"/ket-qua/{release.slug}/tai-ve/"
    rows = list(csv.DictReader(io.StringIO(client.get(f"{base}dieu-tra.csv").content.decode())))
    code = case.around.plain.unit.code
    found = [[row[name] for name in ("groups", "question", "asked", "respondents", "answers", "mean", "points")]
             for row in rows if row["unit_code"] == code]  # fmt: skip
    assert found == [
        ["", "", "", "10", "20", "76", "1.52"],
        ["dai-bieu+truong-phong", "", "13", "10", "20", "76", ""],
        ["dai-bieu+truong-phong", "q1", "13", "10", "10", "76", ""],
        ["dai-bieu+truong-phong", "q2", "13", "10", "10", "76", ""],
    ]
    document = json.loads(client.get(f"{base}dieu-tra.json").content)
    assert document["survey"] == ReleaseSurvey.objects.get().content
    assert "dieu-tra.json" in client.get(f"/ket-qua/{release.slug}/du-lieu/").content.decode()


def test_cancelled_results_stand_with_their_reason_and_without_figures(client: Client) -> None:
    case, release = surveyed(cancel=True)
    approve(release, case.around)
    page = client.get(f"/ket-qua/{release.slug}/dieu-tra/").content.decode()
    assert "Trả lời tại trụ sở" in page
    assert "100,00" not in page.split('id="units"')[1].split('id="method"')[0]
    text = client.get(f"/ket-qua/{release.slug}/tai-ve/dieu-tra.csv").content.decode()
    assert f"2025,{case.around.full.unit.code},{case.around.full.unit.name},,,,,,,,,cancelled" in text


def test_a_release_without_a_survey_has_no_such_page(client: Client) -> None:
    case = open_survey()
    release = approve(built_release(case.around), case.around)
    assert client.get(f"/ket-qua/{release.slug}/dieu-tra/").status_code == 404
    assert client.get(f"/ket-qua/{release.slug}/tai-ve/dieu-tra.csv").status_code == 404
    assert "dieu-tra" not in client.get(f"/ket-qua/{release.slug}/").content.decode()
