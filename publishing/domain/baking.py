"""Baking: the pages of a public release written as files, in both languages, and taken away the moment they are wrong.

Nothing is put where it is served before the release is public: shortly before the time its pages are written aside, as
they will be at that moment, and at the time they are renamed into place. What a page depends on is summed up in a
fingerprint; pages whose fingerprint is no longer right are written anew (`due`, asked every minute). What may not stand
a minute longer, a withdrawn release or one whose correction appears, is taken away in the transaction of that act.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation

from wagtail.models import Page, Site

from cms import baked, clock
from cms.models import Unit, UnitGroup, UnitSuccession
from cms.rendering import Renderer
from criteria_pages.models import LegalDocument
from publishing.domain.edition_nodes import nodes_of
from publishing.domain.files import files_of
from publishing.enums import ReleaseState
from publishing.models import IndexRelease, PlanTaskUnit, ReleaseEntry

LANGUAGES = ("vi", "en")
# Pages of a release that is about to be published are written this long before, and put into place by a run that waits.
AHEAD = dt.timedelta(minutes=15)
WRITTEN = "written"
PATIENCE = dt.timedelta(seconds=75)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was written of a release. `complete` is false while only its first pages stand."""

    fingerprint: str
    complete: bool
    pages: int
    baked_at: str


def folders_of(release: IndexRelease) -> list[Path]:
    """Return the served folders of the release, one per language."""
    return [baked.place_of(_home(release, language)) for language in LANGUAGES]


def _home(release: IndexRelease, language: str) -> str:
    with translation.override(language):
        return reverse("publishing:ranking", kwargs={"slug": release.slug})


def manifest_of(release: IndexRelease) -> Manifest | None:
    """Return what is served of the release now, None where nothing is."""
    try:
        found = Manifest(**json.loads(_manifest_path(release).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if all(folder.is_dir() for folder in folders_of(release)) else None


def _manifest_path(release: IndexRelease) -> Path:
    return baked.staging_root().with_name("manifests") / f"{release.slug}.json"


# --- what the pages depend on -----------------------------------------------------------------------------------------
def surroundings() -> str:
    """Return a hash of what every page shows beside its release: code, sections of the site, units and their names."""
    site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
    sections: list[Any] = []
    if site is not None:
        pages = Page.objects.child_of(site.root_page).live().public().in_menu().specific()
        sections = [(page.url_path, page.title, getattr(page, "title_en", "")) for page in pages]
    return _hash(
        baked.code_version(),
        settings.PORTAL_BASE_URL,
        sections,
        list(Unit.objects.order_by("pk").values_list("pk", "code", "name", "name_en")),
        list(LegalDocument.objects.order_by("pk").values_list("number", flat=True)),
        list(UnitGroup.objects.order_by("pk").values_list("code", "name", "name_en")),
        list(UnitSuccession.objects.order_by("pk").values_list("predecessor", "successor", "kind", "date", "decision")),
    )


def fingerprint(release: IndexRelease, around: str) -> str:
    """Return a hash of what the release's pages say now: its series, its plans' tasks, its criteria page, `around`."""
    series = IndexRelease.objects.public(clock.now()).filter(series=release.series).order_by("pk")
    tasks = PlanTaskUnit.objects.filter(unit__release_entries__release=release, task__plan__live=True)
    page = release.edition.page if release.edition else None
    return _hash(
        around,
        release.pk,
        list(series.values_list("pk", "rows_sha256", "publish_at", "corrects", "rule_set_mark")),
        list(
            tasks.order_by("pk").values_list(
                "unit", "role", "task__number", "task__task", "task__task_en", "task__time_text",
                "task__plan__url_path", "task__plan__title", "task__plan__title_en",
            )
        ),
        (page.live, page.url_path) if page else None,
    )  # fmt: skip


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, default=str, ensure_ascii=False).encode()).hexdigest()


# --- what has to be done ----------------------------------------------------------------------------------------------
def servable() -> list[IndexRelease]:
    """Return the public releases whose pages may be baked, the newest first.

    A release whose correction waits for its time is left out: no file could know when to stop being right.
    """
    now = clock.now()
    waiting = IndexRelease.objects.filter(state=ReleaseState.APPROVED, publish_at__gt=now).exclude(corrects=None)
    return list(
        IndexRelease.objects.public(now)
        .exclude(pk__in=waiting.values("corrects"))
        .select_related("edition__page", "round", "owner")
        .order_by("-publish_at", "-pk")
    )


def due() -> list[tuple[IndexRelease, str]]:
    """Return the releases that have to be written now, with the fingerprint they shall have."""
    around = surroundings()
    found = []
    for release in servable():
        wanted, has = fingerprint(release, around), manifest_of(release)
        if has is None or not has.complete or has.fingerprint != wanted:
            found.append((release, wanted))
    for release in _upcoming():
        with _as_of(release):
            wanted = fingerprint(release, around)
        if not _is_waiting(release, wanted):
            found.append((release, wanted))
    return found


def _upcoming() -> list[IndexRelease]:
    now = clock.now()
    approved = IndexRelease.objects.filter(state=ReleaseState.APPROVED, publish_at__gt=now)
    return list(approved.filter(publish_at__lte=now + AHEAD).select_related("edition__page", "round", "owner"))


def _is_waiting(release: IndexRelease, wanted: str) -> bool:
    """Whether all is written aside and it is too early to stand by for the moment."""
    return (_staged(release, wanted) / WRITTEN).exists() and not _is_near(release)


def _is_near(release: IndexRelease) -> bool:
    return release.publish_at is not None and release.publish_at - clock.now() <= PATIENCE


def _as_of(release: IndexRelease) -> AbstractContextManager[None]:
    """Let the clock stand at the publication of a release that is not public yet."""
    is_early = release.publish_at is not None and release.publish_at > clock.now()
    return clock.at(release.publish_at) if is_early and release.publish_at else nullcontext()


def sweep() -> int:
    """Take away what lies in the served place and belongs to no servable release, and what is staged for none.

    Returns how many served folders went.
    """
    current = servable()
    kept = {folder for release in current for folder in folders_of(release)}
    gone = 0
    for language in LANGUAGES:
        with translation.override(language):
            above = baked.place_of(reverse("publishing:releases"))
        for folder in list(above.iterdir()) if above.is_dir() else ():
            if folder not in kept:
                baked.remove(folder)
                gone += 1
    wanted = {str(release.pk) for release in (*current, *_upcoming())}
    for staged in list(baked.staging_root().glob("*-*")):
        if staged.name.split("-")[0] not in wanted:
            shutil.rmtree(staged, ignore_errors=True)
    return gone


def take_away(release: IndexRelease) -> None:
    """Take the release's pages out of service at once. The live view answers until they are written anew."""
    _manifest_path(release).unlink(missing_ok=True)
    for folder in folders_of(release):
        baked.remove(folder)


def take_away_series(series: str) -> None:
    """Take away the pages of all releases that may mention one of the series."""
    for release in IndexRelease.objects.filter(series=series):
        take_away(release)


# --- writing ----------------------------------------------------------------------------------------------------------
def front_addresses(release: IndexRelease) -> Iterator[str]:
    """Yield the addresses that are asked for first, in the active language."""
    for name in ("ranking", "methodology", "data", "compare"):
        yield reverse(f"publishing:{name}", kwargs={"slug": release.slug})
    if release.has_survey:
        yield reverse("publishing:survey", kwargs={"slug": release.slug})


def all_addresses(release: IndexRelease) -> Iterator[str]:
    """Yield all addresses of the release that are baked, in the active language."""
    yield from front_addresses(release)
    for code in nodes_of(release):
        yield reverse("publishing:criterion", kwargs={"slug": release.slug, "code": code})
    for file in files_of(release):
        yield reverse("publishing:download", kwargs={"slug": release.slug, "name": file.name})
    for code in _unit_codes(release):
        yield reverse("publishing:unit", kwargs={"slug": release.slug, "unit_code": code})


def picture_addresses(release: IndexRelease) -> Iterator[str]:
    """Yield the addresses of the pictures that are shown where the release's pages are shared, the first one first."""
    yield reverse("publishing:release_picture", kwargs={"slug": release.slug})
    for code in _unit_codes(release):
        yield reverse("publishing:unit_picture", kwargs={"slug": release.slug, "unit_code": code})


def _unit_codes(release: IndexRelease) -> Iterable[str]:
    return ReleaseEntry.objects.filter(release=release).order_by("rank", "pk").values_list("unit_code", flat=True)


def bake(
    release: IndexRelease, wanted: str, *, progress: Progress, is_over: Callable[[], bool] = lambda: False
) -> bool:
    """Write the release's pages and let them be served; return whether all was done that this run can do.

    Pages that an interrupted run wrote for the same fingerprint are kept, so that a run that is stopped (`is_over`)
    goes on where it ended. The first pages of a release that has none yet are served before the rest is ready. Nothing
    is put into service unless the release is public and its fingerprint still the wanted one.
    """
    staged = _staged(release, wanted)
    _forget_others(release, staged)
    renderer = Renderer()
    if manifest_of(release) is None and release.is_public(clock.now()):
        for language in LANGUAGES:
            for address in _in(language, front_addresses, release):
                _bake_page(renderer, address, staged)
        _install(release, wanted, staged, complete=False)
    with _as_of(release):
        is_written = _write_all(renderer, release, staged, progress, is_over)
    if not is_written:
        return False
    (staged / WRITTEN).touch()
    if _stand_by(release):
        _install(release, wanted, staged, complete=True)
        shutil.rmtree(staged, ignore_errors=True)
    return True


def _staged(release: IndexRelease, wanted: str) -> Path:
    return baked.staging_root() / f"{release.pk}-{wanted[:16]}"


def _write_all(
    renderer: Renderer, release: IndexRelease, staged: Path, progress: Progress, is_over: Callable[[], bool]
) -> bool:
    # Pictures come last: a page that is shared before its picture is baked has it drawn.
    addresses = [
        address
        for wanted in (all_addresses, picture_addresses)
        for language in LANGUAGES
        for address in _in(language, wanted, release)
    ]
    for number, address in enumerate(addresses, start=1):
        if is_over():
            return False
        _bake_page(renderer, address, staged)
        progress(number, len(addresses))
    return True


def _stand_by(release: IndexRelease) -> bool:
    """Wait for a publication that is near; return whether the time has come."""
    moment = release.publish_at
    if moment is None or not _is_near(release):
        return False
    for _second in range(int(PATIENCE.total_seconds())):
        left = (moment - clock.now()).total_seconds()
        if left <= 0:
            return True
        clock.wait(min(1.0, left))
    return False


def _in(language: str, addresses: Callable[[IndexRelease], Iterator[str]], release: IndexRelease) -> list[str]:
    with translation.override(language):
        return list(addresses(release))


def _bake_page(renderer: Renderer, address: str, staged: Path) -> None:
    path = baked.file_of(address, staged)
    if not path.exists():
        baked.write(path, renderer.get(address).content)


def _forget_others(release: IndexRelease, staged: Path) -> None:
    for older in baked.staging_root().glob(f"{release.pk}-*"):
        if older != staged:
            shutil.rmtree(older, ignore_errors=True)


def _install(release: IndexRelease, wanted: str, staged: Path, *, complete: bool) -> bool:
    """Put the staged pages into service under the locks that approval and withdrawal take; return whether they may."""
    homes = {language: _home(release, language) for language in LANGUAGES}
    ready = {home: baked.place_of(home, staged) for home in homes.values()}
    if not complete:
        # The run goes on with its own copy; links cost no space.
        ready = {
            homes[language]: _linked(ready[homes[language]], staged / f"front-{language}") for language in LANGUAGES
        }
    pages = sum(1 for folder in ready.values() for _page in folder.rglob(baked.PAGE))
    with transaction.atomic():
        # Whoever approves, corrects or withdraws a release of the series waits here, or we wait for them.
        list(IndexRelease.objects.select_for_update().filter(series=release.series).order_by("pk").values_list("pk"))
        now = next((one for one in servable() if one.pk == release.pk), None)
        if now is None or fingerprint(now, surroundings()) != wanted:
            return False
        _manifest_path(release).unlink(missing_ok=True)
        _manifest_path(release).parent.mkdir(parents=True, exist_ok=True)
        for home, folder in ready.items():
            baked.put(folder, baked.place_of(home))
        manifest = Manifest(wanted, complete, pages, clock.now().isoformat())
        _manifest_path(release).write_text(json.dumps(asdict(manifest)), encoding="utf-8")
    return True


def _linked(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=os.link)
    return target
