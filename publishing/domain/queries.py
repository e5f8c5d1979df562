"""What citizens may read of releases. Every function that finds a release asks the embargo (invariant 10)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cms import clock
from publishing.enums import ReleaseState
from publishing.exceptions import ReleaseAbsent, ReleaseWithdrawn
from publishing.models import IndexRelease, ReleaseEntry
from publishing.models.releases import ReleaseQuerySet
from submissions.models import AssessmentRound


def public_releases() -> ReleaseQuerySet:
    """Return the releases that citizens may see now, corrected ones included."""
    return IndexRelease.objects.public(clock.now()).select_related("round", "edition", "owner")


def current_releases() -> ReleaseQuerySet:
    """Return the public releases that no public release corrects."""
    return IndexRelease.objects.current(clock.now()).select_related("round", "edition", "owner")


def has_public_result(round: AssessmentRound) -> bool:
    """Whether citizens may see a result of the round now."""
    return IndexRelease.objects.public(clock.now()).filter(round=round).exists()


def find_release(slug: str) -> IndexRelease:
    """Return the release at the address. Raises `ReleaseAbsent`, or `ReleaseWithdrawn` where it was public once."""
    release = IndexRelease.objects.select_related("round", "edition", "owner").filter(slug=slug).first()
    now = clock.now()
    if release is None:
        raise ReleaseAbsent(_("There is no such result."))
    if release.is_public(now):
        return release
    was_public = release.publish_at is not None and release.publish_at <= now
    if (
        release.state == ReleaseState.WITHDRAWN
        and was_public
        and release.withdrawn_at is not None
        and release.publish_at is not None
        and release.withdrawn_at >= release.publish_at
    ):
        raise ReleaseWithdrawn(_("This result was withdrawn."), release=release)
    raise ReleaseAbsent(_("There is no such result."))


def correction_of(release: IndexRelease) -> IndexRelease | None:
    """Return the public release that corrects this one."""
    return public_releases().filter(corrects=release).first()


def find_entry(release: IndexRelease, unit_code: str) -> ReleaseEntry:
    """Return the unit's line in the release. Raises `ReleaseAbsent` where the unit is not in it."""
    entry = ReleaseEntry.objects.filter(release=release, unit_code=unit_code).select_related("unit").first()
    if entry is None:
        raise ReleaseAbsent(_("This unit is not in this result."), code="unit_absent")
    entry.release = release
    return entry
