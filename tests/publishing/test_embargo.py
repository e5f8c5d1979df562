"""Every address that could tell something of a release, asked one second before its time and at its time."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.http import int_to_base36

import pytest

from cms import baked, clock
from criteria_pages.models import LegalDocument
from publishing import tasks
from publishing.domain.releases import correct_release
from publishing.models import IndexRelease, RankingPage
from tests.factories.cms import home_page
from tests.factories.publishing import approve, published_release
from tests.factories.submissions import OpenRound, open_round
from tests.publishing.test_plans import plan_page

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MOMENT = dt.datetime(2026, 5, 4, 1, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
SECRET = "Kết quả chưa được công bố"

# Addresses of one release: absent before its time.
OF_RELEASE = (
    "/ket-qua/?year=2025",
    "/ket-qua/{slug}/",
    "/ket-qua/{slug}/?sort=-index",
    "/ket-qua/{slug}/?q=tinh",
    "/ket-qua/{slug}/don-vi/{unit}/",
    "/ket-qua/{slug}/tieu-chi/1/",
    "/ket-qua/{slug}/tieu-chi/1.2.1/",
    "/ket-qua/{slug}/so-sanh/",
    "/ket-qua/{slug}/so-sanh/?unit={unit}",
    "/ket-qua/{slug}/phuong-phap/",
    "/ket-qua/{slug}/du-lieu/",
    "/ket-qua/{slug}/anh.png",
    "/ket-qua/{slug}/don-vi/{unit}/anh.png",
    "/nhung/{slug}/",
    "/nhung/{slug}/{unit}/",
    "/k/{short}/",
    "/d/{entry}/",
    "/ket-qua/{slug}/tai-ve/ket-qua.csv",
    "/ket-qua/{slug}/tai-ve/ket-qua-excel.csv",
    "/ket-qua/{slug}/tai-ve/diem.csv",
    "/ket-qua/{slug}/tai-ve/ket-qua.xlsx",
    "/ket-qua/{slug}/tai-ve/ket-qua.json",
    "/ket-qua/{slug}/tai-ve/goi-du-lieu.zip",
    "/api/v1/releases/{slug}",
    "/api/v1/releases/{slug}/entries",
    "/api/v1/releases/{slug}/entries/{unit}",
    "/api/v1/releases/{slug}/scores",
)
# Addresses of a release that has a survey; this one has none, so they are absent at its time too.
OF_SURVEY = ("/ket-qua/{slug}/dieu-tra/",)
# Addresses that are there anyway: they may not name it before its time.
LISTS = (
    "/",
    "/ket-qua/",
    "/ket-qua/dinh-chinh/",
    "/ket-qua/tin.atom",
    "/ket-qua/danh-muc.jsonld",
    "/ket-qua/danh-muc.ttl",
    "/sitemap.xml",
    "/sitemap-pages.xml",
    "/sitemap-lists.xml",
    "/sitemap-documents.xml",
    "/sitemap-releases.xml",
    "/sitemap-units.xml",
    "/du-lieu-mo/",
    "/van-ban/",
    "/van-ban/{document}/",
    "/tim-kiem/?q=ket+qua+chua",
    "/don-vi/{unit}/",
    "/don-vi/{unit}/lich.ics",
    "/ke-hoach-nam/{plan}/lich.ics",
    "/ke-hoach-2023/",
    "/api/v1/releases",
    "/api/v1/releases?current=false",
    "/api/v1/rounds",
    "/api/v1/rounds/{round}",
    "/api/v1/units",
    "/api/v1/units/{unit}",
    "/api/v1/plans",
    "/api/v1/plans/{plan}",
    "/api/v1/editions",
    "/api/v1/editions/{edition}",
    "/api/v1/openapi.json",
    "/api/v1/navigation",
    "/api/v1/search?q=ket+qua+chua",
    "/api/v2/pages/?fields=*",
    "/api/v2/images/",
    "/api/v2/documents/",
    "/api/v2/redirects/",
)
# What no reader without an account gets, or what is no page; the content API's lists are asked above.
# Everything else has to stand in the lists above.
NOT_PUBLIC = re.compile(
    r"^(admin/|lam-viec/|tai-khoan/|khao-sat/|xac-minh/|documents/|media/|files/|-/|robots\.txt|_util/|<path>|"
    r"api/v1/docs|api/v1/$|api/v2/\^|api/<|((?:<[^>]+>/)*)$|.*\(\?P|\^)"
)


@pytest.fixture
def this(settings: Any, tmp_path: Path) -> OpenRound:
    settings.PORTAL_BAKE = True
    settings.PORTAL_BAKED_ROOT = tmp_path / "baked"
    home_page()
    plan_page()
    LegalDocument.objects.create(number="1/QĐ-THU", title="Quyết định")
    return open_round()


def _addresses(patterns: tuple[str, ...], release: IndexRelease, this: OpenRound) -> list[str]:
    from publishing.models import YearlyPlanPage

    values = {
        "slug": release.slug,
        "unit": this.plain.unit.code,
        "short": int_to_base36(release.pk),
        "entry": int_to_base36(release.entries.get(unit=this.plain.unit).pk),
        "round": this.round.code,
        "edition": this.round.edition.sha256,
        "plan": YearlyPlanPage.objects.get().pk,
        "document": LegalDocument.objects.get().slug,
    }
    vi = [pattern.format(**values) for pattern in patterns]
    return vi + [f"/en{path}" for path in vi if not path.startswith(("/api/", "/sitemap"))]


def _tells(content: bytes, release: IndexRelease) -> bool:
    return any(word.encode() in content for word in (release.slug, release.title, release.rows_sha256))


def test_every_address_one_second_before_and_at_the_time(this):
    release = published_release(this, title=SECRET, title_en=SECRET, slug="chua-cong-bo", publish_at=MOMENT)
    client = Client()
    for moment, is_out in ((MOMENT - SECOND, False), (MOMENT, True)):
        with clock.at(moment):
            tasks.bake_due()
            for path in _addresses(OF_RELEASE, release, this):
                answer = client.get(path, follow=is_out)
                assert (moment, path, answer.status_code) == (moment, path, 200 if is_out else 404)
                if not is_out:
                    assert (path, _tells(answer.content, release)) == (path, False)
                    assert (path, answer["Cache-Control"]) == (path, "no-store")
            for path in _addresses(OF_SURVEY, release, this):
                answer = client.get(path)
                assert (path, answer.status_code, _tells(answer.content, release)) == (path, 404, False)
            told = {}
            for path in _addresses(LISTS, release, this):
                answer = client.get(path, follow=is_out)
                assert (path, answer.status_code) in {(path, 200), (path, 302)}
                told[path] = _tells(answer.content, release)
            assert [path for path, tells in told.items() if tells and not is_out] == []
            served = [path for path in baked.served_root().rglob("*") if path.is_file()]
            assert bool(served) is is_out
    assert sum(told.values()) >= 15


def test_nothing_that_is_kept_tells_early(this):
    """The caches are filled before the time, with whatever anybody asks, and tell nothing then or later that is old."""
    release = published_release(this, title=SECRET, slug="chua-cong-bo", publish_at=MOMENT)
    client = Client()
    paths = _addresses((*OF_RELEASE, *LISTS), release, this)
    with clock.at(MOMENT - SECOND):
        tags = {path: client.get(path).headers.get("ETag") for path in paths}
        again = {path: client.get(path) for path in paths}
        assert [path for path, answer in again.items() if _tells(answer.content, release)] == []
    with clock.at(MOMENT):
        for path in _addresses(LISTS, release, this):
            if tags[path] and _tells(client.get(path).content, release):
                # What a reader kept from before is not confirmed any more.
                assert (path, client.get(path, headers={"if-none-match": tags[path]}).status_code) == (path, 200)
    cache.clear()


def test_a_page_of_the_tree_and_a_correction_hold_the_embargo_too(this):
    old = published_release(this, publish_at=MOMENT - dt.timedelta(days=9))
    note = "Sửa điểm chưa công bố"
    with clock.at(MOMENT - dt.timedelta(days=1)):
        new = approve(correct_release(release=old, user=this.secretary, note=note), this, publish_at=MOMENT)
    page = RankingPage(title="Xếp hạng", slug="xep-hang", release=new, live=False)
    home_page().add_child(instance=page)
    client = Client()
    paths = [*_addresses((*OF_RELEASE, *LISTS), old, this), "/xep-hang/", f"/api/v2/pages/{page.pk}/"]
    with clock.at(MOMENT - SECOND):
        tasks.bake_due()
        contents = {path: client.get(path).content for path in paths}
        words = (note.encode(), f"/{new.slug}/".encode(), f'"{new.slug}"'.encode())
        assert [path for path, content in contents.items() if any(word in content for word in words)] == []
        assert client.get("/xep-hang/").status_code == 404
    with clock.at(MOMENT):
        assert note in client.get(f"/ket-qua/{old.slug}/").content.decode()


def _routes(resolver: URLResolver, before: str = "") -> list[str]:
    found = []
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        found += [route] if isinstance(one, URLPattern) else _routes(one, route)
    return found


def _shape(address: str) -> str:
    """Return an address of a list above as a route: every value in braces is one part."""
    return re.sub(r"\{[^}]+\}|<[^>]+>", "*", address.split("?")[0].strip("/"))


def test_every_public_address_of_the_portal_is_asked(this):
    asked = {_shape(pattern) for pattern in (*OF_RELEASE, *OF_SURVEY, *LISTS)}
    asked |= {_shape(re.sub(r"(tieu-chi|tai-ve)/[^/]+", r"\1/{x}", pattern)) for pattern in OF_RELEASE}
    asked |= {_shape(re.sub(r"sitemap-\w+", "sitemap-{x}", pattern)) for pattern in LISTS}
    routes = {route for route in _routes(get_resolver()) if not NOT_PUBLIC.match(route)}
    assert sorted(route for route in routes if _shape(route) not in asked) == []
