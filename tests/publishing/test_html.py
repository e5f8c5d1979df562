"""The public pages as HTML: parsed strictly by html5lib, identifiers used once, every part named for the ear."""

from __future__ import annotations

from collections import Counter

import html5lib
import pytest

from criteria_pages.models import GuidancePage
from publishing.domain.release_life import withdraw_release
from publishing.domain.releases import correct_release
from publishing.models import RankingPage
from tests.factories.cms import SectionPageFactory, TextPageFactory, UnitFactory, home_page
from tests.factories.criteria import EditionFactory
from tests.factories.publishing import approve, published_release
from tests.factories.submissions import ParticipantFactory, open_round
from tests.publishing.test_plans import plan_page

pytestmark = [pytest.mark.integration, pytest.mark.django_db, pytest.mark.once]
HTML = "{http://www.w3.org/1999/xhtml}"


def _public_pages() -> dict[str, tuple[str, int]]:
    """Make a site with every kind of public page; return (address, status) by kind."""
    home = home_page()
    this = open_round(illustrative=True)
    for number in range(160):
        ParticipantFactory(round=this.round, unit=UnitFactory(name=f"Xã <{number}> & Cộng"))
    old = published_release(this, series="s")
    release = approve(correct_release(release=old, user=this.secretary, note='Cộng "sai" <điểm>'), this)
    gone = published_release(this, series="t")
    withdraw_release(release=gone, user=this.approver, reason="Quyết định bị huỷ")
    home.add_child(instance=RankingPage(title="Xếp hạng", slug="xep-hang", release=release, intro="<p>Lời dẫn</p>"))
    SectionPageFactory(title="Mục", slug="muc", show_in_menus=True)
    TextPageFactory(title="Giới thiệu", slug="gioi-thieu")
    guidance = GuidancePage(title="Hướng dẫn", slug="huong-dan", body="<p>Nội dung</p>")
    home.add_child(instance=guidance)
    edition = EditionFactory()
    plan = plan_page()
    unit = release.entries.order_by("rank").first().unit_code
    base = f"/ket-qua/{release.slug}/"
    return {
        "home": ("/", 200),
        "search": ("/tim-kiem/?q=tinh", 200),
        "nothing found": ("/tim-kiem/?q=%3Cb%3Exyz", 200),
        "releases": ("/ket-qua/", 200),
        "corrections": ("/ket-qua/dinh-chinh/", 200),
        "ranking": (base, 200),
        "second page": (f"{base}?page=2", 200),
        "filtered": (f"{base}?q=%22%3E%3Cscript%3E", 200),
        "corrected": (f"/ket-qua/{old.slug}/", 200),
        "unit": (f"{base}don-vi/{unit}/", 200),
        "domain": (f"{base}tieu-chi/1/", 200),
        "criterion": (f"{base}tieu-chi/1.2/", 200),
        "leaf": (f"{base}tieu-chi/1.2.1/", 200),
        "compare": (f"{base}so-sanh/", 200),
        "compared": (f"{base}so-sanh/?unit={unit}&unit={this.plain.unit.code}", 200),
        "methodology": (f"{base}phuong-phap/", 200),
        "data": (f"{base}du-lieu/", 200),
        "unit without result": (f"/don-vi/{this.agency.code}/", 200),
        "page of the tree": ("/xep-hang/", 200),
        "section": ("/muc/", 200),
        "text": ("/gioi-thieu/", 200),
        "plan": (plan.url, 200),
        "guidance": (guidance.url, 200),
        "criteria set": (edition.page.url, 200),
        "withdrawn": (f"/ket-qua/{gone.slug}/", 410),
        "absent": ("/ket-qua/khong-co/", 404),
    }


def _faults(content: bytes) -> list[str]:
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    tree = parser.parse(content)
    faults = [f"{line}: {code} {values}" for (line, _column), code, values in parser.errors]
    names = Counter(element.get("id") for element in tree.iter() if element.get("id"))
    faults += [f"id {name} is used {count} times" for name, count in names.items() if count > 1]
    for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
        for element in tree.iter():
            for name in (element.get(attribute) or "").split():
                if name not in names:
                    faults.append(f"{attribute} names {name}, which is not there")
    titles = list(tree.iter(f"{HTML}h1"))
    if len(titles) != 1:
        faults.append(f"{len(titles)} h1")
    if not (tree.get("lang") and "".join(tree.find(f".//{HTML}title").itertext()).strip()):
        faults.append("no language or no title")
    return faults


@pytest.mark.parametrize("language", ["", "/en"])
def test_every_kind_of_public_page_is_sound_html(client, language):
    faults = {}
    for kind, (address, status) in _public_pages().items():
        answer = client.get(language + address)
        assert (kind, answer.status_code) == (kind, status)
        assert b"<script>" not in answer.content
        if found := _faults(answer.content):
            faults[kind] = found[:8]
    assert faults == {}
