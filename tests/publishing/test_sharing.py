"""Pictures, frames, short addresses, citation and the QR code on paper."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from publishing.domain import sharing
from publishing.domain.release_life import withdraw_release
from tests.factories.cms import home_page
from tests.factories.publishing import published_release
from tests.factories.submissions import open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this():
    home_page()
    return open_round(illustrative=True)


def test_what_a_page_gives_to_those_who_share_it(client, this, settings):
    release = published_release(this)
    entry = release.entries.get(unit=this.plain.unit)
    home = release.get_absolute_url()
    for path, name in (
        (home, release.title),
        (f"{home}don-vi/{entry.unit_code}/", f"{entry.unit_name} – {release.title}"),
    ):
        page = client.get(path).content.decode()
        picture = re.search(r'property="og:image" content="([^"]+)"', page).group(1)
        drawn = client.get(picture.removeprefix(settings.PORTAL_BASE_URL))
        assert (drawn["Content-Type"], Image.open(io.BytesIO(drawn.content)).size) == ("image/png", (1200, 630))
        short = re.search(r"<dd><a href=\"([^\"]+/[kd]/\w+/)\"", page).group(1)
        assert client.get(short.removeprefix(settings.PORTAL_BASE_URL)).headers["Location"] == path
        assert f'property="og:title" content="{name}"' in page
        code = re.search(r"<svg[^>]*class=\"segno\".*?</svg>", page).group()
        assert ("<path" in code, "style=" in code) == (True, False)
        assert "số liệu minh họa" in re.search(r"<dt>Trích dẫn</dt><dd>(.*?)</dd>", page, re.S).group(1)


def test_a_chart_may_stand_in_any_frame_and_runs_nothing(client, this):
    release = published_release(this)
    entry = release.entries.get(unit=this.plain.unit)
    for path, finding in (
        (f"/nhung/{release.slug}/", "Tỉnh B"),
        (f"/nhung/{release.slug}/{entry.unit_code}/", "94,44"),
    ):
        answer = client.get(path)
        policy = answer["Content-Security-Policy"]
        assert ("frame-ancestors *" in policy, "script-src" in policy, "X-Frame-Options" in answer) == (
            True,
            False,
            False,
        )
        content = answer.content.decode()
        assert (finding in content, "<script" in content) == (True, False)
    assert client.get(release.get_absolute_url())["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["/k/khong-co/", "/k/zzzzzzzzzzzzzz/", "/d/0/", "/d/zzzz/", "/nhung/khong-co/"])
def test_short_addresses_that_lead_nowhere(client, this, path):
    assert client.get(path).status_code == 404


def test_what_is_shared_of_a_withdrawn_release_is_gone(client, this):
    release = published_release(this)
    entry = release.entries.first()
    paths = [f"/nhung/{release.slug}/", f"{release.get_absolute_url()}anh.png"]
    shorts = [sharing.short_address(one) for one in (release, entry)]
    assert [client.get(path).status_code for path in paths] == [200, 200]
    withdraw_release(release=release, user=this.approver, reason="Huỷ quyết định")
    assert [client.get(path).status_code for path in paths] == [410, 410]
    assert [client.get("/" + short.split("/", 3)[3]).status_code for short in shorts] == [404, 404]
