"""The static archive of a release: whole, and its links stay inside or lead to the portal."""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
import zipfile
from html import unescape
from urllib.parse import unquote, urlsplit

import pytest

from cms import clock
from cms.enums import JobStatus
from cms.models import JobRun
from publishing.domain import archives
from tests.factories.cms import UnitFactory, home_page
from tests.factories.publishing import published_release
from tests.factories.submissions import ParticipantFactory, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def this(settings):
    settings.PORTAL_BASE_URL = "https://portal.example.vn"
    home_page()
    return open_round()


def read(release) -> dict[str, bytes]:
    """Return the archive's files by name, below the folder of the release."""
    content = archives.static_archive(release, progress=lambda done, total: None)
    with content, zipfile.ZipFile(content) as archive:
        assert archive.testzip() is None
        return {name.removeprefix(f"{release.slug}/"): archive.read(name) for name in archive.namelist()}


def links(page: bytes) -> list[str]:
    return [unescape(link) for link in re.findall(r'\b(?:href|src|action)="([^"]*)"', page.decode())]


def test_every_link_of_an_archive_leads_to_a_file_in_it_or_to_the_portal(this):
    release = published_release(this)
    files = read(release)
    pages = [name for name in files if name.endswith(".html")]
    unit = release.entries.first().unit_code
    assert {f"ket-qua/{release.slug}/index.html", f"en/ket-qua/{release.slug}/don-vi/{unit}/index.html"} <= set(pages)
    broken, outside = [], set()
    for name in pages:
        for link in links(files[name]):
            parts = urlsplit(link)
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
            if parts.scheme:
                outside.add(f"{parts.scheme}://{parts.netloc}")
            elif parts.path and target not in files:
                broken.append((name, link))
    assert broken == []
    # The licence is the only other place that a page names.
    assert outside == {"https://portal.example.vn", "https://creativecommons.org"}


def test_an_archive_has_the_files_and_the_style(this, client):
    release = published_release(this)
    files = read(release)
    live = client.get(f"/ket-qua/{release.slug}/tai-ve/ket-qua.csv").content
    assert files[f"ket-qua/{release.slug}/tai-ve/ket-qua.csv"] == live
    assert any(name.endswith("publishing.css") for name in files)
    assert all(content for content in files.values())


def test_a_long_ranking_is_in_it_page_by_page(this):
    for number in range(160):
        ParticipantFactory(round=this.round, unit=UnitFactory(name=f"Xã {number}"))
    release = published_release(this)
    with archives.static_archive(release, progress=lambda done, total: None) as content:
        names = zipfile.ZipFile(content).namelist()
    assert f"{release.slug}/ket-qua/{release.slug}/index-2.html" in names
    assert f"{release.slug}/ket-qua/{release.slug}/index-3.html" not in names


def test_the_desk_orders_the_archive_and_gives_it_to_whoever_ordered(this, signed_in):
    release = published_release(this)
    client = signed_in(this.secretary)
    address = f"/lam-viec/cong-bo/{release.pk}/luu-tru/"
    shown = client.post(address, follow=True)
    run = JobRun.objects.get(task="publishing.archive_release")
    assert (run.status, run.result_file.original_name) == (JobStatus.SUCCEEDED, f"{release.slug}.zip")
    assert f"/files/{run.result_file.uid}/" in shown.content.decode()
    with run.result_file.file.open() as stored:
        assert zipfile.ZipFile(io.BytesIO(stored.read())).testzip() is None
    assert signed_in(this.contributor).post(address).status_code == 404


def test_before_its_time_there_is_no_archive(this, signed_in):
    release = published_release(this, publish_at=clock.now() + dt.timedelta(days=1))
    shown = signed_in(this.secretary).post(f"/lam-viec/cong-bo/{release.pk}/luu-tru/", follow=True)
    assert shown.status_code == 200
    assert not JobRun.objects.filter(task="publishing.archive_release").exists()
