"""What all tests share: the database they run on, what is skipped and why, a clean cache, clients that are signed in.

`DATABASE_URL` and `REDIS_URL` choose PostgreSQL and Redis; without them the tests use a SQLite file and need nothing
else. Tests of what a machine lacks are skipped with the reason, unless `PORTAL_TESTS_NO_SKIP=1` (the CI), where a lack
is a failure.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.test import Client
from django.utils import translation

import hypothesis
import pytest
import pytest_django
from xdist.scheduler import LoadScopeScheduling

from cms.catalogues import compile_all
from tests import factories
from tests.nginx_process import nginx_path

# Playwright's synchronous API runs an event loop in the test's thread, where Django else refuses the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

REPOSITORY = Path(__file__).resolve().parent.parent
NO_SKIP = os.environ.get("PORTAL_TESTS_NO_SKIP") == "1"
ROOM_PREFIXES = ("cms_", "criteria_pages_", "submissions_", "publishing_")

hypothesis.settings.register_profile(
    "ci", derandomize=True, database=None, deadline=None, max_examples=100, print_blob=True
)
hypothesis.settings.register_profile("dev", database=None, deadline=None, max_examples=50)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


def chromium_path() -> str | None:
    """Return the browser that the tests drive, or None: `PORTAL_CHROMIUM`, else Debian's."""
    named = os.environ.get("PORTAL_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser")


def soffice_path() -> str | None:
    """Return LibreOffice's command, or None."""
    return shutil.which("soffice") or shutil.which("libreoffice")


# Marker -> (is it here, what to say where it is not). The first two belong to the other of the CI's two runs.
SERVICES: dict[str, tuple[Callable[[], bool], str]] = {
    "postgres": (lambda: _uses_postgres(), "needs PostgreSQL: set DATABASE_URL=postgres://…"),
    "redis": (lambda: bool(settings.REDIS_URL), "needs Redis: set REDIS_URL=redis://…"),
}
TOOLS: dict[str, tuple[Callable[[], bool], str]] = {
    "e2e": (lambda: chromium_path() is not None, "needs Chromium (Debian: chromium)"),
    "a11y": (lambda: chromium_path() is not None, "needs Chromium (Debian: chromium)"),
    "nginx": (lambda: nginx_path() is not None, "needs nginx (Debian: nginx-light)"),
    "soffice": (lambda: soffice_path() is not None, "needs LibreOffice (Debian: libreoffice-calc, libreoffice-writer)"),
}


def pytest_configure(config: pytest.Config) -> None:
    """Compile the message catalogues that changed, so that `pytest` alone sees what `make test` sees."""
    if not hasattr(config, "workerinput"):
        compile_all()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let every test that really commits start from the rows that the migrations made (root page, site, roles)."""
    names = getattr(item, "fixturenames", [])
    marker = item.get_closest_marker("django_db")
    commits = bool(marker and marker.kwargs.get("transaction")) or {"transactional_db", "live_server"} & set(names)
    if commits:
        item.add_marker(
            pytest.mark.django_db(
                **{**(marker.kwargs if marker else {}), "transaction": True, "serialized_rollback": True}
            ),
            append=False,
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run; in the CI only leave out what belongs to its other run."""
    away = [item for item in items if NO_SKIP and _lacking(item, SERVICES)]
    if away:
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if item not in set(away)]
    for item in items:
        if reason := _lacking(item, {**SERVICES, **TOOLS}):
            item.add_marker(pytest.mark.skip(reason=reason))


class Together(LoadScopeScheduling):
    """Tests that share something dear stay in one process: a browser module's portal, the demonstration data.

    xdist's own groups write the group into a private attribute of the test that pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        path, _separator, name = nodeid.partition("::")
        if not path.startswith(("tests/e2e/", "tests/fixtures/")):
            return nodeid
        return path + name[name.find("[") :] if "[" in name and path.startswith("tests/e2e/") else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Give xdist the order of sending tests to its processes."""
    return Together(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """With `PORTAL_TESTS_NO_SKIP=1` a skip is a failure."""
    report = yield
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although nothing may be skipped here: {report.longrepr}"
    return report


def _lacking(item: pytest.Item, needs: dict[str, tuple[Callable[[], bool], str]]) -> str:
    """Return why the item cannot run here, or nothing."""
    for marker, (is_here, reason) in needs.items():
        if item.get_closest_marker(marker) and not is_here():
            return reason
    return ""


def _uses_postgres() -> bool:
    return settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


@pytest.fixture(autouse=True)
def _start_in_vietnamese() -> Iterator[None]:
    """A request in English leaves its language active in the test's thread; the next test starts afresh."""
    translation.activate(settings.LANGUAGE_CODE)
    yield
    translation.activate(settings.LANGUAGE_CODE)


def _migrated_file() -> Path:
    """Return where a migrated, empty SQLite database of exactly these migrations and packages is kept."""
    digest = hashlib.sha256((REPOSITORY / "requirements-dev.txt").read_bytes())
    for path in sorted(REPOSITORY.glob("*/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return REPOSITORY / "build" / "test-databases" / f"{digest.hexdigest()[:16]}.sqlite3"


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """Start from the database that an earlier run migrated, where nothing that makes it has changed since (SQLite)."""
    if _uses_postgres() or not _migrated_file().exists():
        return False
    shutil.copyfile(_migrated_file(), settings.DATABASES["default"]["TEST"]["NAME"])
    return True


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_keepdb: bool, django_db_blocker: pytest_django.DjangoDbBlocker
) -> None:
    """Keep what the migrations made for the next run."""
    if rows := getattr(connection, "_test_serialized_contents", ""):
        # Of the class, for where Playwright's event loop runs, asgiref gives Django other connections than this one.
        type(connections[DEFAULT_DB_ALIAS])._test_serialized_contents = rows
    if django_db_keepdb or _uses_postgres():
        return
    kept = _migrated_file()
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(partial)])
    partial.replace(kept)
    for older in set(kept.parent.glob("*.sqlite3")) - {kept}:
        older.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def migrated_folder(django_db_setup: None) -> Callable[[Path], Path]:
    """Return a function that makes a portal's data folder whose database is migrated already, and empty."""

    def make(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        if not _uses_postgres():
            shutil.copyfile(_migrated_file(), folder / "portal.sqlite3")
        return folder

    return make


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave nothing in the cache for the next test that uses the database."""
    yield
    if "_django_db_helper" in request.fixturenames or "db" in request.fixturenames:
        cache.clear()


_aside: dict[str, str] = {}


def _requests_have_ended() -> None:
    """Wait for the live server's threads: a request that the browser left must not write into the emptied file."""
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=20)


@pytest.fixture(autouse=True)
def _append_only_tables_may_be_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set the triggers of append-only tables aside while SQLite is emptied after a test that commits.

    PostgreSQL empties by TRUNCATE, which these triggers let pass.
    """
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("serialized_rollback")) or _uses_postgres():
        yield
        return
    request.getfixturevalue("transactional_db")
    with connection.cursor() as cursor:
        for name in list(_aside):
            cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
            cursor.execute(_aside.pop(name))
    yield
    _requests_have_ended()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        for name, sql, table in cursor.fetchall():
            if table.startswith(ROOM_PREFIXES):
                _aside[name] = sql
                cursor.execute(f'DROP TRIGGER "{name}"')


@pytest.fixture
def signed_in() -> Callable[..., Client]:
    """Return a function that gives a client in which the user is signed in: `signed_in(user)`."""

    def client_of(user: object, **extra: str) -> Client:
        client = Client(headers={"accept-language": "vi"} | extra)
        client.force_login(user)
        return client

    return client_of


@pytest.fixture
def pdf_bytes() -> bytes:
    """A small, sound PDF of one page."""
    return factories.pdf_bytes()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the repository."""
    return REPOSITORY
