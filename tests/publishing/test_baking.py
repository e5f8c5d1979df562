"""Baked pages: what is written when, how it is served, and that nothing stands before its time or after its end."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client

import pytest

from cms import baked, clock
from cms.baked_server import takes_gzip
from cms.enums import JobStatus
from cms.models import JobRun
from cms.rendering import PageNotRendered, Renderer
from cms.wsgi import application
from publishing import tasks
from publishing.domain import baking
from publishing.domain.plans import TaskLine, UnitReference
from publishing.domain.release_life import withdraw_release
from publishing.domain.releases import correct_release
from publishing.models import IndexRelease
from tests.factories.cms import TextPageFactory, home_page
from tests.factories.publishing import approve, built_release, next_years_release, published_release, score_round
from tests.factories.submissions import OpenRound, open_round
from tests.nginx_process import CONFIGURATION
from tests.publishing.test_plans import plan_page

pytestmark = [pytest.mark.integration, pytest.mark.django_db, pytest.mark.once]
MOMENT = dt.datetime(2026, 5, 4, 1, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Keep the test's connection, which a server's request would close; Django's own client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def this(settings: Any, tmp_path: Path) -> OpenRound:
    """A round, with baking switched on into a folder of the test's own."""
    settings.PORTAL_BAKE = True
    settings.PORTAL_BAKED_ROOT = tmp_path / "baked"
    settings.PORTAL_BASE_URL = "http://testserver"
    home_page()
    return open_round()


class Answer:
    """An answer of the WSGI application, as a web server sees it."""

    def __init__(self, path: str, method: str = "GET", **headers: str) -> None:
        address, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": address,
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "HTTP_HOST": "testserver",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
        } | {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        given: list[Any] = []
        body = application(environ, lambda status, head, error=None: given.extend([status, head]))
        self.content = b"".join(body)
        self.status = int(given[0].split()[0])
        self.headers = dict(given[1])

    @property
    def is_baked(self) -> bool:
        return "Last-Modified" in self.headers


def home_of(release: IndexRelease) -> str:
    return f"/ket-qua/{release.slug}/"


def unit_page(release: IndexRelease) -> str:
    return f"{home_of(release)}don-vi/{release.entries.order_by('pk').first().unit_code}/"


def served_files() -> Iterator[Path]:
    return (path for path in baked.served_root().rglob("*") if path.is_file())


def test_every_page_of_a_release_is_written_in_both_languages(this):
    release = published_release(this)
    tasks.bake_due()
    found = {f"/{path.relative_to(baked.served_root()).parent}/" for path in baked.served_root().rglob("index.html")}
    parts = ["", "phuong-phap/", "du-lieu/", "so-sanh/"]
    parts += [f"tieu-chi/{code}/" for code in release.entries.first().scores.values_list("code", flat=True)]
    parts += [f"don-vi/{code}/" for code in release.entries.values_list("unit_code", flat=True)]
    assert {path for path in found if not path.startswith("/en/")} >= {home_of(release) + part for part in parts}
    assert {path for path in found if path.startswith("/en/")} == {f"/en{p}" for p in found if not p.startswith("/en/")}
    assert baking.manifest_of(release).complete is True
    assert baking.manifest_of(release).pages == len(found)


@pytest.mark.parametrize("language", ["", "/en"])
def test_a_baked_page_says_what_the_live_page_says(this, client, language):
    release = published_release(this)
    tasks.bake_due()
    for path in (home_of(release), unit_page(release), f"{home_of(release)}tieu-chi/1.2.1/"):
        shown = Answer(language + path)
        assert (path, shown.status, shown.is_baked) == (path, 200, True)
        assert shown.content == client.get(language + path).content
        packed = Answer(language + path, accept_encoding="gzip, br")
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content) == shown.content


@pytest.mark.parametrize(("language", "code"), [("", "vi"), ("/en", "en")])
@pytest.mark.parametrize("part", ["", "tai-ve/ket-qua.csv", "anh.png"])
def test_what_is_baked_has_the_headers_of_what_is_live(this, client, language, code, part):
    release = published_release(this)
    live = client.get(language + home_of(release) + part)
    tasks.bake_due()
    headers = Answer(language + home_of(release) + part).headers
    own = {"ETag", "Last-Modified", "Content-Length", "Vary"}
    wanted = {name: value for name, value in live.items() if name not in own}
    assert sorted(headers.keys() - own) == sorted(wanted)
    for name, value in wanted.items():
        assert (name, _parts(headers[name])) == (name, _parts(value))
    assert (headers["Vary"], headers["Content-Language"]) == ("Accept-Encoding", code)


@pytest.mark.parametrize(
    "host", ["other.example", "testserver.other.example", "testserver:x", "test_server", "a b", ""]
)
def test_under_another_name_no_file_is_given_out(this, settings, host):
    settings.ALLOWED_HOSTS = ["testserver"]
    release = published_release(this)
    tasks.bake_due()
    shown = Answer(home_of(release), host=host)
    assert (shown.status, shown.is_baked, release.title in shown.content.decode()) == (400, False, False)
    for ours in ("testserver", "testserver:8000", "TESTSERVER"):
        assert (ours, Answer(home_of(release), host=ours).is_baked) == (ours, True)


def _parts(header: str) -> set[str]:
    return {part.strip() for part in header.split(";")}


def test_what_a_reader_has_already_is_not_sent_again(this):
    release = published_release(this)
    tasks.bake_due()
    first = Answer(home_of(release))
    for name, value in (
        ("if_none_match", first.headers["ETag"]),
        ("if_none_match", f'"other", W/{first.headers["ETag"]}'),
        ("if_modified_since", first.headers["Last-Modified"]),
    ):
        again = Answer(home_of(release), **{name: value})
        assert (again.status, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert Answer(home_of(release), if_none_match='"other"').status == 200
    head = Answer(home_of(release), "HEAD")
    assert (head.status, head.content, head.headers["Content-Length"]) == (200, b"", str(len(first.content)))


@pytest.mark.parametrize(
    ("query", "is_baked"),
    [
        ("", True),
        ("?utm_source=x&fbclid=y", True),
        ("?zarsrc=1", True),
        ("?sort=name", False),
        ("?q=a&fbclid=y", False),
    ],
)
def test_a_filter_is_answered_live_and_a_tracked_click_is_not(this, query, is_baked):
    release = published_release(this)
    tasks.bake_due()
    shown = Answer(home_of(release) + query)
    assert (shown.status, shown.is_baked) == (200, is_baked)


@pytest.mark.parametrize(
    "path",
    ["/../portal.sqlite3", "/ket-qua/../../manifests/x.json", "/ket-qua/x/./", "//", "/ket-qua//", "/.git/",
     "/ket-qua/%00/", "/ket-qua/x\x00/", "/ket-qua/é/"],
)  # fmt: skip
def test_odd_addresses_are_no_files(this, path):
    release = published_release(this)
    tasks.bake_due()
    (Path(settings.PORTAL_BAKED_ROOT) / "portal.sqlite3").write_text("secret")
    shown = Answer(path)
    assert shown.is_baked is False
    assert b"secret" not in shown.content
    assert Answer(home_of(release)).is_baked


@pytest.mark.parametrize("language", ["", "/en"])
def test_the_pictures_for_sharing_are_baked(this, client, language):
    release = published_release(this)
    tasks.bake_due()
    for path in (f"{language}{home_of(release)}anh.png", f"{language}{unit_page(release)}anh.png"):
        shown, live = Answer(path), client.get(path)
        assert (path, shown.is_baked, shown.headers["Content-Type"]) == (path, True, "image/png")
        assert shown.content == live.content
        assert (Answer(path, if_none_match=shown.headers["ETag"]).status, live["ETag"] != "") == (304, True)


def test_files_are_baked_with_their_names(this, client):
    release = published_release(this)
    tasks.bake_due()
    for name in ("ket-qua.csv", "ket-qua-excel.csv", "diem.csv", "ket-qua.xlsx", "ket-qua.json", "goi-du-lieu.zip"):
        path = f"{home_of(release)}tai-ve/{name}"
        shown, live = Answer(path), client.get(path)
        assert (name, shown.is_baked) == (name, True)
        for header in ("Content-Disposition", "Content-Type"):
            assert (name, shown.headers[header]) == (name, live[header])
        if name.endswith(("csv", "json")):
            assert shown.content == live.content


# --- embargo ----------------------------------------------------------------------------------------------------------
def test_nothing_is_served_before_the_time_and_all_at_the_time(this):
    release = published_release(this, publish_at=MOMENT)
    for early in (dt.timedelta(days=1), dt.timedelta(minutes=10), SECOND):
        with clock.at(MOMENT - early):
            tasks.bake_due()
            assert (early, list(served_files())) == (early, [])
            assert Answer(home_of(release)).status == 404
    staged = next(baked.staging_root().glob(f"{release.pk}-*"))
    written = {path: path.stat().st_mtime_ns for path in staged.rglob("index.html")}
    assert len(written) > 10
    with clock.at(MOMENT):
        tasks.bake_due()
        assert Answer(home_of(release)).is_baked
        assert baking.manifest_of(release).complete
    # What is served was written beforehand.
    assert sorted(path.stat().st_mtime_ns for path in baked.served_root().rglob("index.html")) == sorted(
        written.values()
    )


def test_a_run_that_stands_by_lets_the_pages_out_at_the_time(this, monkeypatch):
    release = published_release(this, publish_at=MOMENT)
    moments = iter([MOMENT - 2 * SECOND, MOMENT - SECOND, MOMENT])
    fixed = [MOMENT - 3 * SECOND]
    monkeypatch.setattr(clock, "now", lambda: clock._fixed.get() or fixed[0])
    monkeypatch.setattr(time, "sleep", lambda _seconds: fixed.__setitem__(0, next(moments)))
    tasks.bake_due()
    assert fixed == [MOMENT]
    assert Answer(home_of(release)).is_baked


def test_a_release_withdrawn_before_its_time_leaves_nothing_staged(this):
    release = published_release(this, publish_at=MOMENT)
    with clock.at(MOMENT - SECOND):
        tasks.bake_due()
        withdraw_release(release=release, user=this.approver, reason="Sai")
        tasks.bake_due()
    assert [path for path in Path(settings.PORTAL_BAKED_ROOT).rglob("*") if path.is_file()] == []


# --- withdrawal and correction ----------------------------------------------------------------------------------------
def test_a_withdrawn_release_is_gone_in_the_same_act(this):
    release = published_release(this)
    tasks.bake_due()
    packed = Answer(home_of(release), accept_encoding="gzip")
    with transaction.atomic():
        withdraw_release(release=release, user=this.approver, reason="Quyết định bị huỷ")
        # Gone before the withdrawal is even committed: never can a file outlive it.
        assert list(served_files()) == []
    for path in (
        home_of(release),
        unit_page(release),
        f"/en{home_of(release)}",
        f"{home_of(release)}tai-ve/ket-qua.csv",
        f"{unit_page(release)}anh.png",
    ):
        gone = Answer(path, accept_encoding="gzip", if_none_match=packed.headers["ETag"])
        assert (path, gone.status, gone.is_baked) == (path, 410, False)
    tasks.bake_due()
    assert list(served_files()) == []


def test_other_years_no_longer_name_a_withdrawn_result(this):
    first = published_release(this, series="s")
    second = next_years_release(this, series="s")
    tasks.bake_due()
    assert second.slug in Answer(unit_page(first)).content.decode()
    withdraw_release(release=second, user=this.approver, reason="Sai")
    live = Answer(unit_page(first))
    assert (live.is_baked, second.slug in live.content.decode()) == (False, False)
    tasks.bake_due()
    baked_again = Answer(unit_page(first))
    assert (baked_again.is_baked, second.slug in baked_again.content.decode()) == (True, False)


def test_a_correction_rebakes_what_it_corrects(this):
    old = published_release(this)
    tasks.bake_due()
    new = approve(correct_release(release=old, user=this.secretary, note="Cộng sai điểm"), this)
    assert Answer(home_of(old)).is_baked is False
    tasks.bake_due()
    for release in (old, new):
        shown = Answer(home_of(release))
        assert (shown.is_baked, "Cộng sai điểm" in shown.content.decode()) == (True, True)


def test_a_release_whose_correction_waits_is_answered_live(this):
    old = published_release(this, publish_at=MOMENT - dt.timedelta(days=9))
    with clock.at(MOMENT - dt.timedelta(days=1)):
        tasks.bake_due()
        assert Answer(home_of(old)).is_baked
        approve(correct_release(release=old, user=this.secretary, note="Cộng sai"), this, publish_at=MOMENT)
        tasks.bake_due()
        assert Answer(home_of(old)).is_baked is False
    with clock.at(MOMENT - SECOND):
        tasks.bake_due()
        shown = Answer(home_of(old))
        assert (shown.status, shown.is_baked, "Cộng sai" in shown.content.decode()) == (200, False, False)
    with clock.at(MOMENT):
        assert "Cộng sai" in Answer(home_of(old)).content.decode()
        tasks.bake_due()
        shown = Answer(home_of(old))
        assert (shown.is_baked, "Cộng sai" in shown.content.decode()) == (True, True)


def test_a_withdrawal_while_pages_are_written_wins(this):
    release = published_release(this)
    ((_release, wanted),) = baking.due()

    def withdraw(done: int, total: int) -> None:
        if done == total:
            withdraw_release(release=release, user=this.approver, reason="Sai")

    baking.bake(_release, wanted, progress=withdraw)
    assert list(served_files()) == []
    assert Answer(home_of(release)).status == 410


# --- what is right and what is done again -----------------------------------------------------------------------------
def test_what_is_right_is_not_written_again(this):
    published_release(this)
    tasks.bake_due()
    before = JobRun.objects.count()
    tasks.bake_due()
    assert (baking.due(), JobRun.objects.count()) == ([], before)


def _rename_unit(this: OpenRound) -> str:
    unit = this.plain.unit
    unit.name = "Tên mới của đơn vị"
    unit.save()
    return "Tên mới của đơn vị"


def _new_section(this: OpenRound) -> str:
    TextPageFactory(title="Mục mới toanh", show_in_menus=True)
    return "Mục mới toanh"


def _new_plan(this: OpenRound) -> str:
    lead = UnitReference(this.plain.unit.name, this.plain.unit.pk)
    return plan_page((TaskLine("1", "Việc", leads=(lead,)),), title="Kế hoạch mới toanh").title


@pytest.mark.parametrize("change", [_rename_unit, _new_section, _new_plan])
def test_a_page_is_written_again_where_what_it_shows_has_changed(this, change):
    release = published_release(this)
    path = f"{home_of(release)}don-vi/{this.plain.unit.code}/"
    tasks.bake_due()
    words = change(this)
    assert words not in Answer(path).content.decode()
    tasks.bake_due()
    shown = Answer(path)
    assert (shown.is_baked, words in shown.content.decode()) == (True, True)


def test_a_release_of_last_year_changes_this_years_pages(this):
    score_round(this)
    release = published_release(this, series="s")
    tasks.bake_due()
    assert [one.pk for one, _wanted in baking.due()] == []
    next_years_release(this, series="s", rule_set_mark="Bộ mới")
    assert release.pk in [one.pk for one, _wanted in baking.due()]


def test_a_run_that_was_stopped_goes_on_where_it_ended(this):
    release = published_release(this)
    ((_release, wanted),) = baking.due()
    calls = iter([False] * 6 + [True])
    assert baking.bake(_release, wanted, progress=lambda done, total: None, is_over=lambda: next(calls)) is False
    # The first pages are served already, the rest is not.
    assert Answer(home_of(release)).is_baked
    assert Answer(unit_page(release)).is_baked is False
    assert baking.manifest_of(release).complete is False
    staged = next(baked.staging_root().glob(f"{release.pk}-*"))
    kept = {path: path.stat().st_ino for path in staged.rglob("ket-qua/*/**/index.html")}
    assert baking.bake(_release, wanted, progress=lambda done, total: None) is True
    inodes = {path.stat().st_ino for path in baked.served_root().rglob("index.html")}
    assert set(kept.values()) <= inodes
    assert Answer(unit_page(release)).is_baked


def test_a_page_that_cannot_be_made_fails_the_job_and_is_tried_again_later(this, monkeypatch):
    release = published_release(this)
    render = Renderer.get

    def broken(self: Renderer, address: str) -> Any:
        if "phuong-phap" in address:
            raise PageNotRendered(f"{address}: 500", code="not_rendered")
        return render(self, address)

    monkeypatch.setattr(Renderer, "get", broken)
    tasks.bake_due()
    run = JobRun.objects.get(task=tasks.BAKE)
    assert run.status == JobStatus.FAILED
    assert "phuong-phap/: 500" in run.error
    assert list(served_files()) == []
    monkeypatch.undo()
    tasks.bake_due()
    assert JobRun.objects.filter(task=tasks.BAKE).count() == 1
    with clock.at(clock.now() + tasks.AGAIN_AFTER + SECOND):
        tasks.bake_due()
    assert baking.manifest_of(release).complete


def test_what_belongs_to_nobody_is_swept_away(this):
    release = published_release(this)
    tasks.bake_due()
    baked.write(baked.file_of("/ket-qua/la/"), b"left over")
    baked.write(baked.file_of("/en/ket-qua/la/"), b"left over")
    draft = built_release(this, series="khac")
    baked.write(baked.file_of(home_of(draft)), b"early")
    tasks.bake_due()
    assert [Answer(path).status for path in ("/ket-qua/la/", "/en/ket-qua/la/", home_of(draft))] == [404] * 3
    assert Answer(home_of(release)).is_baked


def test_a_lost_folder_is_written_again(this):
    release = published_release(this)
    tasks.bake_due()
    baked.remove(baked.place_of(f"/en{home_of(release)}"))
    tasks.bake_due()
    assert Answer(f"/en{home_of(release)}").is_baked


def test_switched_off_nothing_is_written(this, settings):
    settings.PORTAL_BAKE = False
    published_release(this)
    tasks.bake_due()
    assert list(Path(settings.PORTAL_BAKED_ROOT).rglob("*")) == []


def test_a_changed_file_is_read_again_and_a_removed_one_is_gone(this):
    release = published_release(this)
    tasks.bake_due()
    path = baked.file_of(home_of(release))
    first = Answer(home_of(release))
    baked.write(path, b"changed")
    os.utime(path, (1, 1))
    changed = Answer(home_of(release))
    assert (changed.content, changed.headers["ETag"] == first.headers["ETag"]) == (b"changed", False)
    path.unlink()
    assert Answer(home_of(release)).is_baked is False


def test_the_renderer_leaves_the_language_as_it_was(this):
    from django.utils.translation import get_language

    release = published_release(this)
    Renderer().get(f"/en{home_of(release)}")
    assert get_language() == "vi"


def test_a_page_over_plain_http_is_left_to_the_redirect(this, settings):
    release = published_release(this)
    tasks.bake_due()
    settings.SECURE_SSL_REDIRECT = True
    assert Answer(home_of(release)).is_baked is False
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert Answer(home_of(release), x_forwarded_proto="https").is_baked


@pytest.mark.parametrize(
    ("header", "packed"),
    [("gzip;q=0", False), ("xgzip-no", False), ("br", False), ("br, GZIP ; q=0.5", True), ("gzip;q=x", False)],
)
def test_a_page_is_given_compressed_to_whoever_takes_it(header: str, packed: bool):
    assert takes_gzip(header) is packed


def test_the_files_of_a_baked_page_are_no_addresses(this):
    release = published_release(this)
    tasks.bake_due()
    assert Answer(home_of(release)).is_baked
    names = ("index.html", "index.html.gz", "tai-ve/diem.csv.gz")
    assert [Answer(home_of(release) + name).status for name in names] == [404] * 3


# --- the configuration of nginx ---------------------------------------------------------------------------------------
def test_nginx_gives_baked_pages_the_headers_of_live_ones(this, client):
    live = client.get(home_of(published_release(this)))
    text = CONFIGURATION.read_text(encoding="utf-8")
    lines = [line.strip() for line in text[text.index("location ~ ^/(?:en") :].splitlines()]
    written = dict(shlex.split(line.removesuffix(";"))[1:] for line in lines if line.startswith("add_header"))
    for name in (
        "Content-Security-Policy", "Permissions-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy",
        "Cross-Origin-Opener-Policy",
    ):  # fmt: skip
        assert (name, _parts(written[name])) == (name, _parts(live[name]))
    assert written["Cache-Control"] == baked.CACHE_CONTROL == live["Cache-Control"]


def test_nginx_knows_the_same_tracking_words():
    words = re.search(r"\(\?:\(\?:(.*?)\)=", baked.TRACKING.pattern).group(1)
    assert f'"~^(?:(?:{words})=[^&]*(?:&|$))*$" /baked/served;' in CONFIGURATION.read_text(encoding="utf-8")


def test_live_pages_are_the_same_for_everybody(this, signed_in):
    """A baked page is what an anonymous reader sees; nobody else may see more on the same address."""
    release = published_release(this)
    anonymous = Client().get(home_of(release)).content
    assert signed_in(this.secretary).get(home_of(release)).content == anonymous
