"""What all tests share: the database they run on, what is skipped and why, a clean cache, clients that are signed in.

`DATABASE_URL` and `REDIS_URL` choose PostgreSQL and Redis; without them the tests use a SQLite file and need nothing
else. Tests of what a machine lacks are skipped with the reason, unless `PORTAL_TESTS_NO_SKIP=1` (the CI), where a lack
is a failure.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client, TransactionTestCase
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
    """Keep what the migrations made: for the next run (SQLite), and for after each test that commits."""
    if _uses_postgres():
        with django_db_blocker.unblock():
            _migrated_rows.append(connection.creation.serialize_db_to_string())
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


def _requests_have_ended() -> None:
    """Wait for the live server's threads: a request that the browser left must not write into the emptied file."""
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=20)


_migrated_rows: list[str] = []


def _start_over(case: TransactionTestCase) -> None:
    """After a test that commits, leave the database as the migrations made it (root page, site, roles, triggers).

    Django leaves it empty and relies on such tests being the last; where several processes share them, they are not.
    """
    _requests_have_ended()
    if _uses_postgres():
        # Without the receivers of post_migrate, which would make anew what the rows bring.
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False, inhibit_post_migrate=True)
        connection.creation.deserialize_db_from_string(_migrated_rows[0])
        return
    give_up = time.monotonic() + 60

    def still_waiting(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > give_up:
            raise TimeoutError("A connection that the test left behind holds the database.")

    connection.ensure_connection()
    with closing(sqlite3.connect(_migrated_file())) as migrated:
        migrated.backup(connection.connection, progress=still_waiting)


TransactionTestCase._fixture_teardown = _start_over


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
