"""Long work of publication as jobs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cms.jobs import JobContext, job
from publishing.domain.releases import build_release
from publishing.models import IndexRelease
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
