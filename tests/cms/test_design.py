"""The style sheets, the fonts and the pages of the design system."""

import re
from collections.abc import Callable
from pathlib import Path

from django.test import Client
from django.urls import reverse

import pytest

from cms import assets, fonts
from cms.enums import Role
from tests.factories.cms import SectionPageFactory, TextPageFactory, UserFactory, home_page, user_with_role

VARIABLE = re.compile(r"var\((--[a-z0-9-]+)")
DEFINED = re.compile(r"(--[a-z0-9-]+):")


@pytest.mark.unit
def test_every_component_sheet_is_listed() -> None:
    folder = assets.CSS_DIR / "components"

    assert sorted(assets.COMPONENTS) == sorted(path.stem for path in folder.glob("*.css"))


@pytest.mark.unit
def test_sheets_use_only_defined_properties() -> None:
    sheets = {path: path.read_text(encoding="utf-8") for path in assets.CSS_DIR.rglob("*.css")}
    defined = {name for text in sheets.values() for name in DEFINED.findall(text)}
    used = {name for text in sheets.values() for name in VARIABLE.findall(text)}

    assert used - defined == set()


@pytest.mark.unit
def test_dark_theme_replaces_colours_that_exist() -> None:
    light = DEFINED.findall((assets.CSS_DIR / "tokens.css").read_text(encoding="utf-8"))
    dark = DEFINED.findall((assets.CSS_DIR / "theme-dark.css").read_text(encoding="utf-8"))

    assert set(dark) - set(light) == set()


@pytest.mark.unit
def test_fonts_hold_vietnamese_and_tabular_figures(tmp_path: Path) -> None:
    from fontTools.ttLib import TTFont

    assert fonts.build_fonts(tmp_path) is True
    assert fonts.build_fonts(tmp_path) is False
    font = TTFont(tmp_path / "be-vietnam-400.woff2")
    characters = font.getBestCmap()
    features = {record.FeatureTag for record in font["GSUB"].table.FeatureList.FeatureRecord}

    assert [letter for letter in "ăâđêôơưĂÂĐÊÔƠƯếệữằỹ0123456789,.%–—“”×" if ord(letter) not in characters] == []
    assert "tnum" in features
    figures = {characters[ord(digit)] for digit in "0123456789"}
    lookups = [lookup.SubTable[0] for lookup in font["GSUB"].table.LookupList.Lookup if lookup.LookupType == 1]
    (tabular,) = [table.mapping for table in lookups if set(table.mapping) == figures]
    assert len({font["hmtx"][name][0] for name in tabular.values()}) == 1
    assert (tmp_path / "OFL.txt").exists()


@pytest.mark.integration
@pytest.mark.django_db
def test_pattern_page_shows_every_component(signed_in: Callable[..., Client]) -> None:
    response = signed_in(UserFactory(is_superuser=True)).get(reverse("cms_patterns"))
    text = response.content.decode()

    assert response.status_code == 200
    classes = [
        ".btn--primary",
        ".badge--amber",
        ".alert--stale",
        ".leaf--locked",
        ".heat--none",
        ".receipt",
        ".tree__link",
    ]
    assert [name for name in classes if name.removeprefix(".") not in text] == []


@pytest.mark.integration
@pytest.mark.django_db
def test_pattern_page_is_for_those_who_may_open_the_admin(signed_in: Callable[..., Client]) -> None:
    response = signed_in(user_with_role(Role.CONTRIBUTOR)).get(reverse("cms_patterns"))

    assert response.status_code == 403


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 3])
def test_public_pages_ask_the_database_a_fixed_number_of_times(
    number: int, client: Client, django_assert_max_num_queries: Callable[..., object]
) -> None:
    home = home_page()
    section = SectionPageFactory(show_in_menus=True)
    for _ in range(number):
        TextPageFactory(parent=section)
        SectionPageFactory(show_in_menus=True)
    for page, limit in ((home, 10), (section, 15)):
        address = page.get_url()
        client.get(address)
        with django_assert_max_num_queries(limit):
            assert client.get(address).status_code == 200


@pytest.mark.integration
@pytest.mark.django_db
def test_language_switch_keeps_the_place(client: Client) -> None:
    section = SectionPageFactory(title="Kế hoạch", title_en="Plans", show_in_menus=True)

    address = section.get_url()
    vietnamese = client.get(f"{address}?page=2").content.decode()
    english = client.get(f"/en{address}").content.decode()

    assert f'href="/en{address}?page=2"' in vietnamese
    assert '<html lang="en">' in english
    assert "Plans</h1>" in english
    assert f'href="{address}" lang="vi"' in english


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("page", ["-1", "0", "x", "999999", "1'--"])
def test_absurd_page_numbers_show_the_nearest_page(page: str, client: Client) -> None:
    section = SectionPageFactory()
    TextPageFactory(parent=section, title="Duy nhất")

    response = client.get(section.get_url(), {"page": page})

    assert response.status_code == 200
    assert "Duy nhất" in response.content.decode()


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("live", [True, False])
def test_addresses_fold_the_letter_d_with_stroke(live: bool) -> None:
    page = TextPageFactory(title="Đơn vị được đánh giá", live=live)

    assert page.slug == "don-vi-duoc-danh-gia"
