"""The guides of the roles inside the portal: links and pictures lead somewhere, and whoever signed in may read."""

from __future__ import annotations

import re
from urllib.parse import unquote

from django.urls import reverse

import pytest

from cms.enums import Role
from cms.guides import ROLES, guide, picture_path
from tests.factories.cms import UserFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.mark.parametrize("slug", ROLES)
def test_every_guide__links_pictures_and_anchors_lead_somewhere(slug):
    shown = guide(slug)
    assert shown.title
    assert "Tài khoản trình diễn" not in shown.html
    ids = set(re.findall(r'id="([^"]+)"', shown.html))
    assert {anchor for anchor, _words in shown.headings} <= ids
    for target in re.findall(r'(?:href|src)="([^"]*)"', shown.html):
        if target.startswith("https://"):
            continue
        address, _sign, anchor = unquote(target).partition("#")
        name = address.rstrip("/").rpartition("/")[2]
        if name.endswith(".png"):
            assert picture_path(name) is not None, target
        elif address:
            assert address == reverse("cms:guide", args=[name])
            assert not anchor or f'id="{anchor}"' in guide(name).html, target
        else:
            assert anchor in ids, target


def test_every_role_has_a_guide():
    assert set(ROLES.values()) - {""} == set(Role.values)


def test_own_guides_come_first_and_strangers_sign_in(client, signed_in):
    address = reverse("cms:guide", args=["editor"])
    assert client.get(address).status_code == 302
    reader = signed_in(user_with_role(Role.EDITOR))
    assert [row[0].slug for row in reader.get(reverse("cms:guides")).context["own"]] == ["editor"]
    page = reader.get(address)
    assert (page.status_code, "<th>" in page.content.decode()) == (200, True)
    assert address in reader.get(reverse("cms:workspace")).content.decode()


@pytest.mark.parametrize(("name", "status"), [("login.png", 200), ("khong-co.png", 404), ("..%2Findex.md", 404)])
def test_pictures_of_the_guides_and_nothing_else(name, status, signed_in):
    answer = signed_in(user_with_role(Role.EDITOR)).get(f"/lam-viec/huong-dan/anh/{name}")
    assert answer.status_code == status


def test_a_guide_that_does_not_exist(signed_in):
    assert signed_in(user_with_role(Role.EDITOR)).get("/lam-viec/huong-dan/khong-co/").status_code == 404


def test_the_first_page_of_the_admin_leads_to_our_guides_alone(signed_in):
    shown = signed_in(UserFactory(is_superuser=True)).get(reverse("wagtailadmin_home")).content.decode()
    summary = shown[shown.index("w-label-1") :]
    assert reverse("cms:guides") in summary
    assert "guide.wagtail.org" not in shown
