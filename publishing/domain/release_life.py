"""The life of a release after it was built: approved by another person, returned, withdrawn, put away."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail.actions.unpublish_page import UnpublishPageAction

from cms import audit, clock
from cms.dates import check_year
from cms.enums import Role
from cms.models import User
from cms.permissions import require_role
from publishing.domain.baking import take_away, take_away_series
from publishing.enums import RELEASE_TRANSITIONS, ReleaseKind, ReleaseState
from publishing.exceptions import PublishingError
from publishing.models import IndexRelease
from submissions.models import AssessmentRound

FARTHEST_PUBLICATION = dt.timedelta(days=731)


def _require_approver(release: IndexRelease, user: User) -> None:
    require_role(user, Role.APPROVER, unit=release.owner)


def _step(release: IndexRelease, to: str, **values: Any) -> None:
    """Change the state by a conditional update, so that of two people at once one wins and the other is told."""
    if to not in RELEASE_TRANSITIONS[release.state]:
        raise _wrong_state(release)
    changed = IndexRelease.objects.filter(pk=release.pk, state=release.state).update(state=to, **values)
    if not changed:
        raise _wrong_state(IndexRelease.objects.get(pk=release.pk))
    release.refresh_from_db()


def refuse_second_result(release: IndexRelease) -> None:
    """Raise `PublishingError` where the round has an approved result of the series that the release does not correct.

    Two public results of one round would contradict each other, and the trend of the series would count a year twice.
    """
    if release.corrects_id is not None or release.round_id is None:
        return
    others = IndexRelease.objects.filter(round=release.round_id, series=release.series, state=ReleaseState.APPROVED)
    if other := others.exclude(pk=release.pk).first():
        raise PublishingError(
            _("This round has an approved result already: “%(title)s”. Correct that one instead.")
            % {"title": other.title},
            code="result_exists",
        )


def _wrong_state(release: IndexRelease) -> PublishingError:
    return PublishingError(
        _("This step is not possible: the release is “%(state)s”.") % {"state": release.get_state_display()},
        code="wrong_state",
    )


@transaction.atomic
def approve_release(
    *,
    release: IndexRelease,
    user: User,
    publish_at: dt.datetime | None = None,
    decision_number: str = "",
    decision_date: dt.date | None = None,
) -> IndexRelease:
    """Approve a draft for publication at `publish_at` (left out: now). Citizens see it from that moment on.

    Raises `PermissionRefused` for anybody but an approver of the organising unit, `PublishingError` for the builder,
    without a decision (collected figures of past years need none), where the round has another result, or where the
    release is no draft.
    """
    _require_approver(release, user)
    if release.built_by_id == user.pk:
        raise PublishingError(_("Whoever built a release does not approve it."), code="own_release")
    if release.kind == ReleaseKind.COMPUTED and not (decision_number.strip() and decision_date):
        raise PublishingError(_("Give the number and the date of the decision."), code="decision_missing")
    # Of two results of one round that are approved at once, the second waits here and then meets the first.
    list(AssessmentRound.objects.select_for_update(of=("self",)).filter(releases=release).values_list("pk"))
    refuse_second_result(release)
    moment = publish_at or clock.now()
    _check_dates_of_approval(moment, decision_date)
    before = release.state
    _step(
        release,
        ReleaseState.APPROVED,
        publish_at=moment,
        decision_number=decision_number.strip(),
        decision_date=decision_date,
        approved_by=user,
        approved_at=clock.now(),
    )
    if release.corrects is not None:
        # From the correction's time on the old pages have to name it; until then they are answered live.
        take_away(release.corrects)
    audit.record(
        "publishing.release.approve",
        release,
        user=user,
        before={"state": before},
        after={"state": release.state, "publish_at": moment.isoformat(), "decision_number": release.decision_number},
    )
    return release


def _check_dates_of_approval(moment: dt.datetime, decision_date: dt.date | None) -> None:
    """Refuse a time of publication or a date of decision that can only be a slip."""
    check_year(moment)
    if moment > clock.now() + FARTHEST_PUBLICATION:
        raise PublishingError(
            _("%(time)s is more than two years ahead. Check the year of the publication.")
            % {"time": timezone.localtime(moment).strftime("%d/%m/%Y %H:%M")},
            code="publication_too_far",
        )
    if decision_date is None:
        return
    check_year(decision_date)
    if decision_date > timezone.localtime(moment).date():
        raise PublishingError(
            _("The decision is dated %(day)s, after the publication on %(published)s. Check the dates.")
            % {
                "day": decision_date.strftime("%d/%m/%Y"),
                "published": timezone.localtime(moment).strftime("%d/%m/%Y"),
            },
            code="decision_after_publication",
        )


@transaction.atomic
def return_release(*, release: IndexRelease, user: User, reason: str) -> IndexRelease:
    """Send a draft back to the secretariat with a reason. Raises as `approve_release`; the reason may not be empty."""
    _require_approver(release, user)
    if not reason.strip():
        raise PublishingError(_("Say why the release is returned."), code="reason_missing")
    before = release.state
    _step(release, ReleaseState.RETURNED, return_reason=reason.strip())
    audit.record(
        "publishing.release.return",
        release,
        user=user,
        before={"state": before},
        after={"state": release.state},
        reason=release.return_reason,
    )
    return release


@transaction.atomic
def withdraw_release(*, release: IndexRelease, user: User, reason: str) -> IndexRelease:
    """Take an approved release back; its address says so from then on. Same permission as approval."""
    _require_approver(release, user)
    if not reason.strip():
        raise PublishingError(_("Say why the release is withdrawn."), code="reason_missing")
    before = release.state
    _step(
        release,
        ReleaseState.WITHDRAWN,
        withdrawal_reason=reason.strip(),
        withdrawn_by=user,
        withdrawn_at=clock.now(),
    )
    # Other years' pages name this result too.
    take_away_series(release.series)
    for page in release.pages.filter(live=True):
        # The approver need not be an editor: the page goes because its release does.
        UnpublishPageAction(page, user=user).execute(skip_permission_checks=True)
    audit.record(
        "publishing.release.withdraw",
        release,
        user=user,
        before={"state": before},
        after={"state": release.state},
        reason=release.withdrawal_reason,
    )
    return release


@transaction.atomic
def discard_release(*, release: IndexRelease, user: User) -> IndexRelease:
    """Put a draft or returned release away, so that another can be built. For the organising unit's secretariat."""
    require_role(user, Role.SECRETARIAT, unit=release.owner)
    before = release.state
    _step(release, ReleaseState.DISCARDED)
    audit.record(
        "publishing.release.discard", release, user=user, before={"state": before}, after={"state": release.state}
    )
    return release
