"""Long work of publication as jobs."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms import clock
from cms.domain.files import register_result_rule
from cms.enums import JobStatus
from cms.exceptions import PortalError
from cms.jobs import JobContext, enqueue, job, register_schedule
from cms.models import JobRun, User
from cms.permissions import Person
from publishing.domain import baking, what_if_runs
from publishing.domain.archives import static_archive
from publishing.domain.desk import releases_seen_by
from publishing.domain.releases import build_release
from publishing.domain.roll_up import export_joint_ranking, may_roll_up
from publishing.domain.summary_report import summary_report, write
from publishing.domain.what_if import what_if
from publishing.models import IndexRelease
from submissions.domain.round_access import may_read_scores
from submissions.models import AssessmentRound


@job("publishing.build_release", title=_("Build a release"))
def build(ctx: JobContext, *, round_id: int, options: dict[str, Any]) -> None:
    """Build a release of a big round. Run a second time it finds what the first run built."""
    if ctx.run.report.get("release"):
        return
    round_ = AssessmentRound.objects.get(pk=round_id)
    ctx.progress(0, 1)
    assert ctx.user is not None  # noqa: S101 -- the desk enqueues with the user who asked
    corrects = options.pop("corrects", None)
    release = build_release(
        round=round_,
        user=ctx.user,
        corrects=IndexRelease.objects.get(pk=corrects) if corrects else None,
        **options,
    )
    ctx.report({"release": release.pk, "slug": release.slug})
    ctx.progress(1, 1)


@job("publishing.archive_release", title=_("Static archive of a release"))
def archive(ctx: JobContext, *, release_id: int) -> None:
    """Write all pages of a public release into a ZIP that opens from disk; it becomes the job's result."""
    release = IndexRelease.objects.select_related("edition__page", "owner").get(pk=release_id)
    with static_archive(release, progress=ctx.progress) as content:
        ctx.attach_result(f"{release.slug}.zip", File(content))


@job("publishing.export_joint_ranking", title=_("Joint ranking of the rounds below as Excel"))
def export_joint(ctx: JobContext, *, round_id: int) -> None:
    """Write the joint ranking of the rounds below as a workbook for the person who asked."""
    round_ = AssessmentRound.objects.select_related("owner", "edition").get(pk=round_id)
    if ctx.user is None or not may_roll_up(ctx.user, round_):
        raise PortalError(_("You may not read this round."), code="not_permitted")
    with tempfile.TemporaryFile() as target:
        export_joint_ranking(round_, target, progress=ctx.progress)
        target.seek(0)
        ctx.attach_result(f"xep-hang-chung-{round_.code}.xlsx", target)


@job("publishing.summary_report", title=_("Summary report of a result"))
def write_summary(ctx: JobContext, *, release_id: int, kind: str) -> None:
    """Write the summary report of a release as PDF or Word for the person who asked."""
    found = releases_seen_by(ctx.user).filter(pk=release_id).first() if ctx.user is not None else None
    if found is None:
        raise PortalError(_("You may not read this release."), code="not_permitted")
    release = IndexRelease.objects.select_related("round", "edition__page", "owner__parent").get(pk=found.pk)
    ctx.progress(0, 2)
    document = summary_report(release)
    ctx.progress(1, 2)
    ctx.attach_result(f"bao-cao-tong-hop-{release.slug}.{kind}", write(document, kind))
    ctx.progress(2, 2)


@job(what_if_runs.TASK, title=_("What if"))
def assume(ctx: JobContext, *, round_id: int, now: dict[str, Any], then: dict[str, Any]) -> None:
    """Compute an assumption about a big round for the person who asked. Run a second time it keeps what it has."""
    if ctx.run.result_file_id is not None:
        return
    round_ = AssessmentRound.objects.select_related("owner", "edition", "parent").get(pk=round_id)
    if ctx.user is None or not may_read_scores(ctx.user, round_):
        raise PortalError(_("You may not read this round."), code="not_permitted")
    rules = what_if_runs.from_json(now), what_if_runs.from_json(then)
    lines = what_if(round_, now=rules[0], then=rules[1], progress=ctx.progress)
    name = f"gia-dinh-khong-phai-ket-qua-{round_.code}.csv"
    ctx.attach_result(name, what_if_runs.write_rows(what_if_runs.row_of(line) for line in lines))


def _round(arguments: Mapping[str, Any]) -> AssessmentRound | None:
    return AssessmentRound.objects.select_related("owner", "parent").filter(pk=arguments["round_id"]).first()


def _may_read_points(user: Person, arguments: Mapping[str, Any]) -> bool:
    round_ = _round(arguments)
    return round_ is not None and may_read_scores(user, round_)


def _may_read_roll_up(user: Person, arguments: Mapping[str, Any]) -> bool:
    round_ = _round(arguments)
    return round_ is not None and isinstance(user, User) and may_roll_up(user, round_)


def _may_read_release(user: Person, arguments: Mapping[str, Any]) -> bool:
    return releases_seen_by(user).filter(pk=arguments["release_id"]).exists()


register_result_rule(what_if_runs.TASK, _may_read_points)
register_result_rule("publishing.export_joint_ranking", _may_read_roll_up)
register_result_rule("publishing.summary_report", _may_read_release)


def drop_what_ifs() -> None:
    """Clear away assumptions whose time is over."""
    what_if_runs.drop_old()


BAKE = "publishing.bake_release"
# A run ends well before the queue's own limit and orders another that goes on where it stopped.
BAKE_SECONDS = 600
AGAIN_AFTER = dt.timedelta(minutes=10)


@job(BAKE, title=_("Write the pages of a release"))
def bake(ctx: JobContext, *, release_id: int, fingerprint: str) -> None:
    """Write a public release's pages as files. Run a second time it finds what the first run wrote."""
    release = IndexRelease.objects.select_related("edition__page").get(pk=release_id)
    end = time.monotonic() + BAKE_SECONDS
    whole = baking.bake(release, fingerprint, progress=ctx.progress, is_over=lambda: time.monotonic() > end)
    if not whole:
        _order(release, fingerprint)


def bake_due() -> None:
    """Take away what may not be served and order the writing of pages that are missing or no longer right."""
    if not settings.PORTAL_BAKE:
        return
    baking.sweep()
    for release, fingerprint in baking.due():
        if not _is_ordered(release, fingerprint):
            _order(release, fingerprint)


def _order(release: IndexRelease, fingerprint: str) -> None:
    enqueue(
        BAKE,
        arguments={"release_id": release.pk, "fingerprint": fingerprint},
        key=f"{_key(release, fingerprint)}{clock.now():%Y%m%d%H%M%S%f}",
        title=str(_("Pages: %(title)s") % {"title": release.title}),
    )


def _key(release: IndexRelease, fingerprint: str) -> str:
    return f"bake-{release.pk}-{fingerprint[:16]}-"


def _is_ordered(release: IndexRelease, fingerprint: str) -> bool:
    """Whether the writing is under way, or has failed a short while ago."""
    failed_lately = Q(status=JobStatus.FAILED, finished_at__gt=clock.now() - AGAIN_AFTER)
    runs = JobRun.objects.filter(key__startswith=_key(release, fingerprint))
    return runs.filter(Q(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]) | failed_lately).exists()


register_schedule("publishing.bake_due", "publishing.tasks.bake_due", minutes=1)
register_schedule("publishing.drop_what_ifs", "publishing.tasks.drop_what_ifs", minutes=60)
