"""What every answer carries, health, errors, sign-in, search, jobs' pages."""

import datetime as dt
import re

from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.timesince import timesince

from wagtail.admin.templatetags.wagtailadmin_tags import timesince_simple
from wagtail.models import ModelLogEntry

import pytest

from cms.domain.search import SearchHit, matches, register_search, search_public
from cms.enums import JobStatus, Role
from cms.jobs.schedules import HEARTBEAT, beat
from cms.models import WorkerHeartbeat
from tests.factories.cms import (
    PASSWORD,
    JobRunFactory,
    TextPageFactory,
    UserFactory,
    home_page,
    user_with_role,
)

pytestmark = [pytest.mark.once, pytest.mark.integration, pytest.mark.django_db]


def directives(response):
    return {part.split()[0]: part.split()[1:] for part in response["Content-Security-Policy"].split("; ")}


# --- policies ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["/tai-khoan/dang-nhap/", "/en/tai-khoan/dang-nhap/", "/tim-kiem/", "/khong-co/"])
def test_public_pages_are_strict(client, address):
    home_page()
    response = client.get(address)
    policy = directives(response)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert (response["X-Content-Type-Options"], response["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert "camera=()" in response["Permissions-Policy"]


def test_the_workspace_is_as_strict(signed_in):
    assert directives(signed_in(UserFactory()).get(reverse("cms:workspace")))["script-src"] == ["'self'"]


def test_only_the_admin_allows_inline_scripts(signed_in):
    call_command("sync_roles", verbosity=0)
    policy = directives(signed_in(user_with_role(Role.ADMINISTRATOR)).get("/admin/"))
    assert policy["script-src"] == ["'self'", "'unsafe-inline'"]
    assert policy["object-src"] == ["'none'"]


def test_robots_stay_out_of_what_is_not_public(client):
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /lam-viec/" in text
    assert "Disallow: /files/" in text


# --- health -----------------------------------------------------------------------------------------------------------
def test_live_needs_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/-/live").json() == {"status": "ok"}


KNOWN = {"authorization": "Bearer a-token-of-the-monitoring"}


@pytest.fixture(autouse=True)
def _health_token(settings):
    settings.PORTAL_HEALTH_TOKEN = "a-token-of-the-monitoring"


def test_ready_tells_strangers_only_whether(client, signed_in, settings):
    assert client.get("/-/ready").json() == {"status": "failing"}
    assert client.get("/-/ready", headers={"authorization": "Bearer wrong"}).json() == {"status": "failing"}
    for role in Role:
        told = "checks" in signed_in(user_with_role(role)).get("/-/ready").json()
        assert told == (role in {Role.ADMINISTRATOR, Role.AUDITOR}), role
    settings.PORTAL_HEALTH_TOKEN = ""
    assert client.get("/-/ready", headers={"authorization": "Bearer "}).json() == {"status": "failing"}


def test_ready_needs_a_worker_that_is_alive(client):
    assert client.get("/-/ready", headers=KNOWN).json()["checks"] == {
        "database": "ok",
        "migrations": "ok",
        "worker": "silent",
    }
    beat()
    answer = client.get("/-/ready", headers=KNOWN)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    WorkerHeartbeat.objects.filter(name=HEARTBEAT).update(seen_at=timezone.now() - dt.timedelta(minutes=10))
    assert client.get("/-/ready").status_code == 503


def test_ready_sees_missing_migrations(client, monkeypatch):
    beat()
    monkeypatch.setattr("django.db.migrations.executor.MigrationExecutor.migration_plan", lambda *args: ["one"])
    answer = client.get("/-/ready", headers=KNOWN)
    assert (answer.status_code, answer.json()["checks"]["migrations"]) == (503, "pending")


def test_ready_sees_a_database_that_is_away(client, monkeypatch):
    from django.db import OperationalError

    def away():
        raise OperationalError("gone")

    monkeypatch.setattr("cms.views.health.connection.cursor", away)
    answer = client.get("/-/ready", headers=KNOWN)
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "unreachable")


# --- errors -----------------------------------------------------------------------------------------------------------
def test_an_unknown_address_is_answered_in_the_visitors_language(client):
    assert client.get("/khong-co/").status_code == 404
    assert client.get("/en/khong-co/").status_code == 404
    assert client.get("/api/khong-co/", headers={"accept": "application/json"}).json() == {"detail": "Not Found"}


def test_a_fault_shows_a_page_and_no_details(client, monkeypatch):
    def broken(request):
        raise RuntimeError("secret detail")

    client.raise_request_exception = False
    monkeypatch.setattr("cms.views.search.search_public", lambda query: broken(None))
    answer = client.get("/tim-kiem/?q=abc")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()


def test_an_old_form_is_told_what_to_do(rf):
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post(reverse("cms:login"), {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert "tải lại" in answer.content.decode().lower()


# --- sign-in ----------------------------------------------------------------------------------------------------------
def sign_in(client, username, password, **extra):
    return client.post(reverse("cms:login"), {"username": username, "password": password, **extra})


def test_signing_in_leads_to_the_workspace_and_is_noted(client):
    user = UserFactory()
    assert sign_in(client, user.username, PASSWORD).url == reverse("cms:workspace")
    assert ModelLogEntry.objects.get(action="cms.sign_in").user == user


@pytest.mark.parametrize("target", ["https://example.com/", "//example.com", "javascript:alert(1)", "/\\example.com"])
def test_next_never_leaves_the_site(client, target):
    assert sign_in(client, UserFactory().username, PASSWORD, next=target).url == reverse("cms:workspace")
    assert sign_in(client, UserFactory().username, PASSWORD, next="/lam-viec/tac-vu/").url == "/lam-viec/tac-vu/"


def test_guessing_is_slowed_down_and_told(client, settings):
    settings.PORTAL_SIGN_IN_LIMIT = 3
    user = UserFactory()
    for _guess in range(3):
        assert sign_in(client, user.username, "wrong").status_code == 200
    answer = sign_in(client, user.username.upper(), PASSWORD)
    assert answer.status_code == 200
    assert "chờ vài phút" in answer.content.decode().lower()
    assert ModelLogEntry.objects.filter(action="cms.sign_in_failed").count() == 3
    cache.clear()
    assert sign_in(client, user.username, PASSWORD).status_code == 302


def test_guessing_many_accounts_from_one_address_is_slowed_down(client, settings):
    settings.PORTAL_SIGN_IN_LIMIT = 2
    for number in range(20):
        sign_in(client, f"nobody-{number}", "wrong")
    user = UserFactory()
    assert sign_in(client, user.username, PASSWORD).status_code == 200


def test_the_address_is_the_one_our_proxy_saw(rf, settings):
    from cms.sign_in import address_of

    request = rf.get("/", headers={"x-forwarded-for": "6.6.6.6, 1.2.3.4"}, REMOTE_ADDR="10.0.0.1")
    assert address_of(request) == "10.0.0.1"
    settings.PORTAL_TRUSTED_PROXIES = 1
    assert address_of(request) == "1.2.3.4"


def test_the_admin_signs_in_by_the_same_page(client):
    assert reverse("cms:login") in client.get("/admin/", follow=True).redirect_chain[-1][0]


def test_signing_out_needs_a_post(signed_in):
    client = signed_in(UserFactory())
    assert client.get(reverse("cms:logout")).status_code == 405
    assert client.post(reverse("cms:logout")).status_code in {200, 302}


def test_a_link_to_the_admins_sign_out_signs_nobody_out(signed_in, settings):
    client = signed_in(UserFactory(is_superuser=True))
    address = reverse("wagtailadmin_logout")
    followed = client.get(address)
    assert (followed.status_code, settings.SESSION_COOKIE_NAME in followed.cookies) == (405, False)
    assert client.get(reverse("wagtailadmin_home")).status_code == 200
    assert client.post(address).status_code == 302
    assert client.get(reverse("wagtailadmin_home")).status_code == 302


# --- search -----------------------------------------------------------------------------------------------------------
def test_pages_are_found_without_accents_and_by_beginnings():
    page = TextPageFactory(title="Hướng dẫn chấm điểm", summary="Cải cách hành chính", live=True)
    TextPageFactory(title="Đổi mới", live=False)
    assert [hit.url for hit in search_public("huong dan cham")] == [page.get_url()]
    assert [hit.title for hit in search_public("CẢI các")] == ["Hướng dẫn chấm điểm"]
    assert search_public("doi moi") == []
    assert search_public("h") == search_public("") == []
    assert search_public('"*:(') == []
    assert [hit.title for hit in search_public('huong-dan: "cham" OR * NEAR(')] == []
    assert [hit.title for hit in search_public("huong-dan: (cham)")] == ["Hướng dẫn chấm điểm"]


@pytest.mark.parametrize(
    ("address", "name"), [("/tim-kiem/", "Cổng Chỉ số cải cách hành chính"), ("/en/tim-kiem/", "PAR Index Portal")]
)
def test_the_title_of_a_page_ends_in_the_visitors_language(client, address, name):
    home_page()
    page = client.get(address).content.decode()
    assert re.search("<title>(.*?)</title>", page)[1].split(" – ")[-1] == name


def test_what_django_says_itself_is_vietnamese():
    now = timezone.now()
    with translation.override("vi"):
        assert timesince(now - dt.timedelta(days=9, hours=1), now).replace("\xa0", " ") == "1 tuần, 2 ngày"
        assert timesince_simple(now - dt.timedelta(minutes=5)).replace("\xa0", " ") == "5 phút trước"
        assert timesince_simple(now) == "vừa xong"
        with pytest.raises(ValidationError) as refused:
            forms.CharField().clean("a\x00b")
        assert refused.value.messages == ["Không được dùng ký tự rỗng (null)."]


def test_rooms_add_what_they_have(client):
    home_page()
    units = [("Sở Nội vụ", "/don-vi/1/"), ("Văn phòng Sở", "/don-vi/2/")]

    def provider(folded, limit):
        return [SearchHit(title, url, "Đơn vị") for title, url in units if matches(folded, title)]

    register_search(provider)
    try:
        assert [hit.title for hit in search_public("so")] == ["Sở Nội vụ", "Văn phòng Sở"]
        page = client.get(reverse("cms:search"), {"q": "noi  vu"}).content.decode()
        assert "/don-vi/1/" in page
        assert client.get(reverse("cms:search"), {"q": "x" * 5000 + "\x00", "page": "abc"}).status_code == 200
    finally:
        from cms.domain import search

        search._providers.remove(provider)


# --- pages of jobs ----------------------------------------------------------------------------------------------------
def test_a_job_is_its_owners_and_the_auditors(signed_in):
    owner = UserFactory()
    job = JobRunFactory(created_by=owner, status=JobStatus.FAILED, error="Dòng 3 thiếu mã.")
    url = reverse("cms:job", args=[job.pk])
    assert "Dòng 3 thiếu mã." in signed_in(owner).get(url).content.decode()
    assert signed_in(user_with_role(Role.AUDITOR)).get(url).status_code == 200
    assert signed_in(UserFactory()).get(url).status_code == 404
    retry = reverse("cms:job_retry", args=[job.pk])
    assert signed_in(user_with_role(Role.AUDITOR)).post(retry).status_code == 404
    assert signed_in(owner).get(retry).status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_jobs_asks_the_same_number_of_questions(signed_in, count, django_assert_max_num_queries):
    owner = UserFactory()
    for _number in range(count):
        JobRunFactory(created_by=owner)
    client = signed_in(owner)
    client.get(reverse("cms:jobs"))
    with django_assert_max_num_queries(16):
        client.get(reverse("cms:jobs"))
