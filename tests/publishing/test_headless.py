"""A front end of one's own: all fields of every page, drafts for the holders of tokens, the example client."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.log_actions import registry
from wagtail.models import APIToken, Page

import pytest
from PIL import Image

from cms.enums import Role
from cms.models import BasePage
from cms.roles import sync_groups
from criteria_pages.models import GuidancePage
from criteria_pages.models.guidance import GuidanceAttachment
from publishing.models import IndexRelease, RankingPage
from tests.factories.cms import SectionPageFactory, TextPageFactory, home_page, user_with_role
from tests.factories.files import pdf_bytes
from tests.factories.publishing import built_release, published_release
from tests.factories.submissions import open_round
from tests.publishing.test_plans import plan_page

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
# Kept by the page's own addresses or for the software alone.
NOT_CONTENT = {"page_ptr", "id", "search_folded"}
GIVEN_OTHERWISE = {"release": "release_slug"}


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("model", [one for one in apps.get_models() if issubclass(one, BasePage)], ids=str)
def test_a_page_gives_all_its_fields(model: type[BasePage]):
    own = {field.name for field in model._meta.get_fields() if not field.auto_created and field.concrete}
    own -= {field.name for field in Page._meta.get_fields()} | NOT_CONTENT
    given = {field.name for field in model.api_fields}
    assert {GIVEN_OTHERWISE.get(name, name) for name in own} - given == set()


def test_guidance_gives_text_as_html_and_what_it_rests_on(client):
    home = home_page()
    hidden = GuidancePage(title="Bản thay thế", slug="an", live=False)
    home.add_child(instance=hidden)
    page = GuidancePage(title="Hướng dẫn", slug="hd", body=f'<p><a linktype="page" id="{home.pk}">x</a></p>')
    page.replaces = hidden
    home.add_child(instance=page)
    document = get_document_model().objects.create(title="Tệp", file=ContentFile(pdf_bytes(), name="tep.pdf"))
    GuidanceAttachment.objects.create(page=page, document=document)
    given = client.get(f"/api/v2/pages/{page.pk}/").json()
    assert (given["body"], given["replaces"]) == ('<p><a href="/">x</a></p>', None)
    assert [(file["name"], file["kind"]) for file in given["attachments"]] == [("Tệp", "PDF")]


def test_an_image_comes_in_widths_and_a_redirect_is_told(client):
    image = get_image_model().objects.create(title="Ảnh", file=_picture(900, 300))
    given = client.get(f"/api/v2/images/{image.pk}/").json()
    assert [given[name]["width"] for name in ("width_400", "width_800", "width_1600")] == [400, 800, 900]
    assert client.get(given["width_400"]["url"]).status_code == 200


def test_the_content_api_is_open_to_readers_and_drafts_are_not(client):
    home_page()
    answer = client.get("/api/v2/pages/")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert client.get("/api/v2/pages/", headers={"if-none-match": answer["ETag"]}).status_code == 304
    refused = client.get("/api/v2/drafts/")
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Bearer realm="drafts"')
    assert "Access-Control-Allow-Origin" not in refused.headers


@pytest.fixture
def draft() -> Page:
    sync_groups()
    page = TextPageFactory(title="Đã đăng", slug="trang")
    page.title = "Bản thảo"
    page.save_revision()
    return page


def drafts_of(client: Client, secret: str, path: str = "") -> tuple[int, Any]:
    answer = client.get(f"/api/v2/drafts/{path}", headers=bearer(secret))
    return answer.status_code, answer


def test_drafts_are_for_holders_of_a_token_in_force(client, draft):
    editor = user_with_role(Role.EDITOR)
    token, secret = APIToken.create_token(user=editor, name="xem thử")
    status, answer = drafts_of(client, secret, f"{draft.pk}/")
    assert (status, answer.json()["title"]) == (200, "Bản thảo")
    assert answer["Cache-Control"] == "private, no-store"
    status, listed = drafts_of(client, secret)
    assert "Bản thảo" in [item["title"] for item in listed.json()["items"]]
    for query in ("?search=đăng", "?search=đăng&type=cms.TextPage"):
        status, found = drafts_of(client, secret, query)
        assert (status, "Bản thảo" in [item["title"] for item in found.json()["items"]]) == (200, True)
    status, preview = drafts_of(client, secret, f"{draft.pk}/preview/")
    assert (status, "Bản thảo" in preview.content.decode()) == (200, True)
    assert client.get(f"/api/v2/pages/{draft.pk}/").json()["title"] == "Đã đăng"
    editor.is_active = False
    editor.save()
    assert drafts_of(client, secret)[0] == 401
    editor.is_active = True
    editor.save()
    token.revoke()
    assert [drafts_of(client, secret, path)[0] for path in ("", f"{draft.pk}/", f"{draft.pk}/preview/")] == [401] * 3


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.EDITOR, 200), (Role.SECRETARIAT, 200), (Role.APPROVER, 200), (Role.ADMINISTRATOR, 200), (Role.AUDITOR, 403),
     (Role.LEADER, 403), (Role.CONTRIBUTOR, 403), (Role.APPRAISER, 403), (Role.COUNCIL_MEMBER, 403),
     (Role.SURVEY_OFFICER, 403)],
)  # fmt: skip
def test_who_may_read_drafts(client, draft, role, status):
    _token, secret = APIToken.create_token(user=user_with_role(role), name="x")
    assert drafts_of(client, secret, f"{draft.pk}/")[0] == status


def test_neither_a_session_nor_a_made_up_token_opens_drafts(client, draft):
    client.force_login(user_with_role(Role.EDITOR))
    assert client.get(f"/api/v2/drafts/{draft.pk}/").status_code == 401
    for secret in ("", "x", "wagtail_" + "0" * 33):
        assert drafts_of(client, secret)[0] == 401


def test_a_token_only_reads(client, draft):
    _token, secret = APIToken.create_token(user=user_with_role(Role.ADMINISTRATOR), name="x")
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(f"/api/v2/drafts/{draft.pk}/", headers=bearer(secret)).status_code == 405
    assert client.get("/admin/", headers=bearer(secret)).status_code == 302


def test_a_token_opens_no_ranking_before_its_time(client):
    release = built_release()
    sync_groups()
    page = RankingPage(title="Xếp hạng", slug="xep-hang", release=release, live=False)
    home_page().add_child(instance=page)
    _token, secret = APIToken.create_token(user=user_with_role(Role.ADMINISTRATOR), name="x")
    for path in (f"{page.pk}/", f"{page.pk}/preview/"):
        assert drafts_of(client, secret, path)[0] == 404
    assert release.slug not in drafts_of(client, secret)[1].content.decode()


def test_administrators_make_and_revoke_tokens_and_it_is_audited(client, draft):
    administrator, editor = user_with_role(Role.ADMINISTRATOR), user_with_role(Role.EDITOR)
    client.force_login(administrator)
    new = reverse("wagtailusers_api_tokens:add")
    refused = client.post(new, {"name": "x", "user": user_with_role(Role.CONTRIBUTOR).pk})
    assert (refused.status_code, APIToken.objects.count()) == (200, 0)
    page = client.post(new, {"name": "Trang xem thử", "user": editor.pk}).content.decode()
    token = APIToken.objects.get()
    secret = re.search(r"wagtail_\w{20,}", page).group()
    assert secret not in (token.key_hash, token.prefix)
    assert drafts_of(Client(), secret)[0] == 200
    client.post(reverse("wagtailusers_api_tokens:delete", args=[token.pk]))
    assert drafts_of(Client(), secret)[0] == 401
    logged = registry.get_logs_for_instance(token).values_list("action", "user_id")
    assert sorted(logged) == [
        ("wagtail.apitoken.create", administrator.pk),
        ("wagtail.apitoken.revoke", administrator.pk),
    ]
    client.force_login(editor)
    assert client.get(new).status_code in {302, 403}


def test_the_example_client_shows_ranking_unit_plan_and_guidance(client, repository):
    home = home_page()
    this = open_round(illustrative=True)
    release = published_release(this)
    plan = plan_page()
    guidance = GuidancePage(title="Hướng dẫn chấm", slug="hd", body="<p>Nội dung <b>in đậm</b></p>")
    home.add_child(instance=guidance)
    module = _module(repository / "docs" / "example_client" / "client.py")
    site = module.Site(lambda path: client.get(path).json())
    start = site.page("/")
    addresses = re.findall(r'href="(/[^"]+)"', start)
    assert addresses == [f"/ranking/{release.slug}", f"/plan/{plan.pk}", f"/guidance/{guidance.pk}"]
    ranking = site.page(f"/ranking/{release.slug}")
    assert [name in ranking for name in ("Tỉnh B", "95,00", "Tỉnh A", "94,44")] == [True] * 4
    unit = site.page(f"/unit/{release.slug}/{this.plain.unit.code}")
    assert ("94,44 %" in unit, "1.1 " in unit) == (True, True)
    assert "<td>5</td>" in site.page(f"/plan/{plan.pk}")
    assert "<p>Nội dung <b>in đậm</b></p>" in site.page(f"/guidance/{guidance.pk}")
    with pytest.raises(module.Absent):
        site.page("/khong-co")


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("example_client", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.django_db(transaction=True)
def test_the_examples_of_the_page_about_open_data_run(live_server, settings, tmp_path, client):
    settings.PORTAL_BASE_URL = live_server.url
    release = published_release()
    page = client.get("/du-lieu-mo/").content.decode()
    assert release.slug in page
    texts = dict(re.findall(r'data-example="([^"]+)">(.*?)</code>', page, re.S))
    for name, text in texts.items():
        (tmp_path / name).write_text(unescape(text), encoding="utf-8")

    def run(*program: str) -> list[str]:
        done = subprocess.run(program, cwd=tmp_path, check=True, capture_output=True, encoding="utf-8", timeout=60)
        return done.stdout.splitlines()

    run(sys.executable, "python.txt")
    run("bash", "-e", "curl.txt")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".csv") == ["ket-qua.csv", "par-index.csv"]
    lines = (tmp_path / "par-index.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[3] for line in lines] == ["unit_name", "Tỉnh B", "Tỉnh A"]
    if shutil.which("Rscript") is None:
        pytest.skip("the example in R needs R (Debian: r-base-core); those in Python and for curl ran")
    printed = [line.split(maxsplit=1)[1] for line in run("Rscript", "r.txt")[1:]]
    assert [line.split() for line in printed] == [["1", "Tỉnh", "B", "95.00000"], ["2", "Tỉnh", "A", "94.44444"]]


def _picture(width: int, height: int) -> ContentFile:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "PNG")
    return ContentFile(target.getvalue(), name="anh.png")


def test_without_a_result_the_page_about_open_data_stands(client):
    home_page()
    assert IndexRelease.objects.count() == 0
    assert client.get("/du-lieu-mo/").status_code == 200
    assert 'href="/du-lieu-mo/"' in client.get("/").content.decode()


def test_a_section_with_rankings_lists_every_result(client):
    release = published_release(title="Chỉ số tỉnh")
    section = SectionPageFactory(title="Xếp hạng", slug="xep-hang")
    empty = client.get("/xep-hang/").content.decode()
    section.add_child(instance=RankingPage(title="Trang", slug="trang", release=release))
    other = published_release(open_round(), title="Chỉ số khác", series="khac")
    page = client.get("/xep-hang/").content.decode()
    assert (other.get_absolute_url() in empty, other.get_absolute_url() in page) == (False, True)
