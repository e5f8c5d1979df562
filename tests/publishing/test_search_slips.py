"""A search with slips finds what was meant, and tells nothing early."""

from __future__ import annotations

import datetime as dt

import pytest

from cms import clock
from cms.domain.search import search_meant, search_public
from tests.factories.cms import UnitFactory, home_page
from tests.factories.publishing import published_release

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MOMENT = dt.datetime(2026, 5, 4, 1, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Quagn Ninh", "quang ninh"), ("quangninh", "tinh quang ninh"), ("Thừa Thien Hếu", "thua thien hue"),
     ("Ngi Sơn", "nghi son"), ("xyzxyz", ""), ("Quảng Ninh", ""), ("a", ""), ("", ""), ("zz " * 40, "")],
)  # fmt: skip
def test_what_was_meant(typed, meant):
    home_page()
    for name in ("Tỉnh Quảng Ninh", "Thành phố Thừa Thiên Huế", "Ban Quản lý Khu kinh tế Nghi Sơn"):
        UnitFactory(name=name)
    found, hits = search_meant(typed)
    assert (found, bool(hits)) == (meant, bool(meant))


def test_the_page_says_what_it_searched_for(client):
    home_page()
    UnitFactory(name="Tỉnh Quảng Ninh")
    page = client.get("/tim-kiem/?q=Qu%E1%BA%A3gn+Ninh").content.decode()
    assert ("Quảgn Ninh" in page, "“quang ninh”" in page, "<mark>Quảng" in page) == (True, True, True)


def test_no_word_of_a_hidden_result_is_known():
    home_page()
    published_release(title="Kịch bản zwyxovu", publish_at=MOMENT)
    with clock.at(MOMENT - dt.timedelta(seconds=1)):
        assert (search_public("zwyxovu"), search_meant("zwyxuvo")) == ([], ("", []))
    with clock.at(MOMENT):
        assert search_meant("zwyxuvo")[0] == "zwyxovu"
