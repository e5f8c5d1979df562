"""Files and catalogues that programs read back: each is parsed by the library that its readers use."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import zipfile
from decimal import Decimal

from django.test import Client

import feedparser
import openpyxl
import pytest
import rdflib
import rdflib.compare
import schemathesis
from frictionless import Package
from hypothesis import HealthCheck, given, settings

from cms import clock
from cms.wsgi import application
from publishing.domain.releases import correct_release
from tests.factories.cms import home_page
from tests.factories.publishing import approve, published_release
from tests.factories.submissions import open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MOMENT = dt.datetime(2026, 5, 4, 1, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def this():
    return open_round(illustrative=True)


def _file(client: Client, release, name: str) -> bytes:
    response = client.get(f"/ket-qua/{release.slug}/tai-ve/{name}")
    assert response.status_code == 200
    assert response["Content-Disposition"] == f'attachment; filename="{release.slug}-{name}"'
    return response.content


def test_csv_reads_back_exactly(client, this):
    release = published_release(this)
    rows = list(csv.DictReader(io.StringIO(_file(client, release, "ket-qua.csv").decode())))
    for row, entry in zip(rows, release.entries.order_by("rank"), strict=True):
        assert (row["unit_name"], Decimal(row["index"]), row["note"]) == (
            entry.unit_name,
            entry.index,
            "số liệu minh họa",
        )
    assert rows[0]["domain_1_maximum"] == "10"


def test_the_variant_for_excel_has_a_byte_order_mark(client, this):
    release = published_release(this)
    plain, bom = _file(client, release, "ket-qua.csv"), _file(client, release, "ket-qua-excel.csv")
    assert bom == b"\xef\xbb\xbf" + plain


def test_scores_have_a_line_per_unit_and_node(client, this):
    release = published_release(this)
    rows = list(csv.DictReader(io.StringIO(_file(client, release, "diem.csv").decode())))
    assert len(rows) == 16 + 18
    assert {row["code"] for row in rows if row["unit_code"] == this.full.unit.code} >= {"2.6.1"}


def test_the_workbook_opens_with_numbers_as_numbers(client, this):
    release = published_release(this)
    book = openpyxl.load_workbook(io.BytesIO(_file(client, release, "ket-qua.xlsx")))
    sheet = book.worksheets[0]
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert "SỐ LIỆU MINH HỌA" in [line[0] for line in lines[:4]]
    header = next(number for number, line in enumerate(lines) if line[0] == "year")
    assert isinstance(lines[header + 1][lines[header].index("index")], int | float)


def test_the_data_package_is_valid_and_its_bytes_do_not_change(client, this, tmp_path):
    release = published_release(this)
    content = _file(client, release, "goi-du-lieu.zip")
    assert content == _file(client, release, "goi-du-lieu.zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    report = Package(str(tmp_path / "datapackage.json")).validate()
    assert report.valid, report.flatten(["message"])
    description = json.loads((tmp_path / "datapackage.json").read_text())
    assert description["description"] == "số liệu minh họa"


@pytest.mark.parametrize(("path", "format"), [("danh-muc.ttl", "turtle"), ("danh-muc.jsonld", "json-ld")])
def test_the_catalogue_parses_and_names_datasets(client, this, path, format):
    release = published_release(this)
    graph = rdflib.Graph().parse(data=client.get(f"/ket-qua/{path}").content, format=format)
    dcat = rdflib.Namespace("http://www.w3.org/ns/dcat#")
    datasets = list(graph.subjects(rdflib.RDF.type, dcat.Dataset))
    assert [str(found).endswith(f"/ket-qua/{release.slug}/") for found in datasets] == [True]
    assert len(list(graph.objects(datasets[0], dcat.distribution))) == 4


def test_both_forms_of_the_catalogue_say_the_same(client, this):
    published_release(this)
    turtle = rdflib.Graph().parse(data=client.get("/ket-qua/danh-muc.ttl").content, format="turtle")
    linked = rdflib.Graph().parse(data=client.get("/ket-qua/danh-muc.jsonld").content, format="json-ld")
    assert rdflib.compare.isomorphic(turtle, linked)


def test_the_feed_has_results_and_corrections(client, this):
    old = published_release(this)
    approve(correct_release(release=old, user=this.secretary, note="Sửa điểm"), this)
    feed = feedparser.parse(client.get("/ket-qua/tin.atom").content)
    assert feed.bozo == 0
    assert len(feed.entries) == 2
    assert any("Sửa điểm" in entry.summary for entry in feed.entries)


@pytest.mark.parametrize(
    "path", ["/ket-qua/danh-muc.ttl", "/ket-qua/danh-muc.jsonld", "/ket-qua/tin.atom", "/sitemap-units.xml"]
)
def test_catalogues_feeds_and_sitemap_hold_the_embargo(client, this, path):
    home_page()
    release = published_release(this, publish_at=MOMENT)
    address = f"/ket-qua/{release.slug}/"
    with clock.at(MOMENT - SECOND):
        assert address not in client.get(path).content.decode()
    with clock.at(MOMENT):
        assert address in client.get(path).content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_the_api_keeps_its_own_description():
    release = published_release(open_round())
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    known = {"slug": release.slug, "unit_code": release.entries.first().unit_code}
    few = settings(
        max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )

    def ask(case: schemathesis.Case) -> None:
        case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
        case.call_and_validate()

    for operation in schema.get_all_operations():
        few(given(case=operation.ok().as_strategy())(ask))()
