"""The life of a release: built by the secretariat, approved by another person, corrected only by a new release."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
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
from cms.text import slug as make_slug
from publishing.domain.baking import take_away, take_away_series
from publishing.domain.computation import (
    ComputedEntry,
    ComputedScore,
    Subject,
    compute_entries,
    place,
    subjects_of_round,
)
from publishing.domain.hashes import canonical_line, inputs_sha256, sha256_of
from publishing.domain.verification import Finding, verify_release
from publishing.enums import RELEASE_TRANSITIONS, EntryStatus, RankScope, ReleaseKind, ReleaseState, TieRule
from publishing.exceptions import PublishingError
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from publishing.ranking import ClassBand, read_bands
from submissions.domain.ledger import ledger_head
from submissions.enums import RoundState
from submissions.models import Adjustment, AssessmentRound

__all__ = [
    "Finding",
    "ReleasePreview",
    "approve_release",
    "bands_of",
    "build_release",
    "correct_release",
    "discard_release",
    "preview_release",
    "return_release",
    "verify_release",
    "withdraw_release",
]

SCORE_BATCH = 5000
FARTHEST_PUBLICATION = dt.timedelta(days=731)


@dataclass(frozen=True, slots=True)
class ReleasePreview:
    """What a release would hold, before anything is stored. `problems` are sentences that stand in its way."""

    entries: tuple[ComputedEntry, ...]
    problems: tuple[str, ...]


def preview_release(
    *,
    round: AssessmentRound,
    classes: Iterable[Mapping[str, Any]] = (),
    tie_rule: str = TieRule.COMPETITION,
    rank_scope: str = RankScope.TIER,
) -> ReleasePreview:
    """Compute what a release of the round would hold now. Raises `PublishingError` for classes that are not sound."""
    bands = bands_of(classes)
    subjects = subjects_of_round(round)
    computed = compute_entries(round=round, edition=round.edition, subjects=subjects)
    entries = place(computed, bands=bands, tie_rule=tie_rule, rank_scope=rank_scope)
    return ReleasePreview(entries=tuple(entries), problems=tuple(_problems(round, entries)))


def bands_of(classes: Iterable[Mapping[str, Any]]) -> tuple[ClassBand, ...]:
    """Read and check class thresholds. Raises `PublishingError` naming the class that is wrong."""
    try:
        bands = read_bands(classes)
    except ValueError as error:
        raise PublishingError(
            _("Class “%(class)s” needs a code, a name and a threshold in percent.") % {"class": str(error)},
            code="class_invalid",
        ) from error
    for band in bands:
        if not Decimal(0) <= band.start <= Decimal(100):
            raise PublishingError(
                _("The threshold of class “%(class)s” must lie between 0 and 100 percent.") % {"class": band.code},
                code="class_out_of_range",
            )
    codes = [band.code for band in bands]
    if len(set(codes)) != len(codes):
        raise PublishingError(_("Two classes have the same code."), code="class_duplicate")
    return bands


def _problems(round: AssessmentRound, entries: Sequence[ComputedEntry]) -> list[str]:
    problems = []
    if round.state != RoundState.FINALISED:
        problems.append(_("The round is not finalised yet; its scores may still change."))
    if not entries:
        problems.append(_("The round has no participants."))
    for entry in islice((entry for entry in entries if entry.missing), 10):
        problems.append(
            _("%(unit)s: no points yet for %(codes)s.")
            % {"unit": entry.subject.unit_name, "codes": ", ".join(entry.missing[:10])}
        )
    for entry in entries:
        if entry.subject.status != EntryStatus.NOT_ASSESSED and entry.index is None and not entry.missing:
            problems.append(
                _("%(unit)s: no criterion applies, so there is no index. Mark the unit as not assessed.")
                % {"unit": entry.subject.unit_name}
            )
    return problems


@transaction.atomic
def build_release(
    *,
    round: AssessmentRound,
    user: User,
    title: str,
    title_en: str = "",
    classes: Sequence[Mapping[str, Any]] = (),
    tie_rule: str = TieRule.COMPETITION,
    rank_scope: str = RankScope.TIER,
    series: str = "",
    slug: str = "",
    rule_set_mark: str = "",
    source: str = "",
    corrects: IndexRelease | None = None,
    correction_note: str = "",
) -> IndexRelease:
    """Freeze the round's result as a draft release: entries, scores of every node, and the two hashes.

    `series` defaults to the round's owner and tier-free code, so that the years of one owner form a trend. Raises
    `PermissionRefused` for anybody but the owner's secretariat, `PublishingError` where the round is not finalised, a
    unit has leaves without points, or the classes are not sound.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    bands = bands_of(classes)
    subjects = subjects_of_round(round)
    computed = list(compute_entries(round=round, edition=round.edition, subjects=subjects))
    entries = place(computed, bands=bands, tie_rule=tie_rule, rank_scope=rank_scope)
    problems = _problems(round, entries)
    if problems:
        raise PublishingError(" ".join(problems), code="not_ready")
    release = IndexRelease(
        slug=free_slug(slug or f"{round.code}"),
        title=title,
        title_en=title_en,
        year=round.year,
        round=round,
        edition=round.edition,
        owner=round.owner,
        tie_rule=tie_rule,
        rank_scope=rank_scope,
        classes=[band.to_json() for band in bands],
        series=series or f"round-{round.owner.code}",
        rule_set_mark=rule_set_mark,
        source=source,
        illustrative=round.illustrative,
        corrects=corrects,
        correction_note=correction_note,
        built_by=user,
        built_at=clock.now(),
        ledger_until=ledger_head(round).last_id,
        adjustments_until=_last_adjustment(round),
    )
    release.inputs_sha256 = inputs_sha256(release, subjects)
    _store(release, entries)
    audit.record(
        "publishing.release.build",
        release,
        user=user,
        after={"state": release.state, "rows_sha256": release.rows_sha256, "inputs_sha256": release.inputs_sha256},
        units=len(entries),
        corrects=corrects.slug if corrects else None,
    )
    return release


def _last_adjustment(round: AssessmentRound) -> int:
    newest = Adjustment.objects.filter(participant__round=round).order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


def free_slug(wanted: str) -> str:
    """Return an address that no release has yet."""
    base = make_slug(wanted)[:90] or "ket-qua"
    candidate, number = base, 1
    while IndexRelease.objects.filter(slug=candidate).exists():
        number += 1
        candidate = f"{base}-{number}"
    return candidate


def _store(release: IndexRelease, entries: Sequence[ComputedEntry]) -> None:
    """Write the release and its rows once; the hash is taken of the rows before they are written."""
    rows = [(_entry_row(entry), [_score_row(score) for score in entry.scores]) for entry in entries]
    store_rows(release, rows)


def store_rows(release: IndexRelease, rows: Sequence[tuple[ReleaseEntry, list[ReleaseScore]]]) -> None:
    """Hash and write a release with its entries and their scores."""
    ordered = sorted(rows, key=lambda row: (row[0].unit_code, row[0].unit_id))
    release.rows_sha256 = sha256_of(canonical_line(entry, scores) for entry, scores in ordered)
    release.save(force_insert=True)
    for entry, _scores in rows:
        entry.release_id = release.pk
    ReleaseEntry.objects.bulk_create([entry for entry, _scores in rows], batch_size=500)
    scores: list[ReleaseScore] = []
    for entry, own in rows:
        for score in own:
            score.entry_id = entry.pk
        scores += own
        if len(scores) >= SCORE_BATCH:
            ReleaseScore.objects.bulk_create(scores, batch_size=1000)
            scores = []
    ReleaseScore.objects.bulk_create(scores, batch_size=1000)


def _entry_row(entry: ComputedEntry) -> ReleaseEntry:
    subject: Subject = entry.subject
    return ReleaseEntry(
        unit_id=subject.unit_id,
        unit_code=subject.unit_code,
        unit_name=subject.unit_name,
        tier_code=subject.tier_code,
        tier_name=subject.tier_name,
        group_codes=list(subject.group_codes),
        facts=dict(subject.facts),
        status=subject.status,
        reason=subject.reason,
        points=entry.points,
        maximum=entry.maximum,
        bonus=entry.bonus,
        penalty=entry.penalty,
        index=entry.stored_index,
        rank=entry.rank,
        rank_of=entry.rank_of,
        class_code=entry.class_code,
    )


def _score_row(score: ComputedScore) -> ReleaseScore:
    return ReleaseScore(
        code=score.code,
        level=score.level,
        points=score.points,
        maximum=score.maximum,
        stage=score.stage,
        self_points=score.self_points,
        inputs=dict(score.inputs),
        public_note=score.public_note,
    )


def correct_release(
    *,
    release: IndexRelease,
    user: User,
    note: str,
    title: str = "",
    title_en: str = "",
    classes: Sequence[Mapping[str, Any]] | None = None,
    tie_rule: str = "",
) -> IndexRelease:
    """Build a new release that corrects a published one; the old one stays readable. `note` is public.

    Raises `PublishingError` where the release is not approved, has a correction under way, or the note is empty.
    """
    if release.round is None:
        raise PublishingError(
            _("Imported results are corrected by importing the corrected table."), code="not_computed"
        )
    if release.state != ReleaseState.APPROVED:
        raise PublishingError(_("Only an approved release is corrected by a new one."), code="wrong_state")
    if not note.strip():
        raise PublishingError(_("Say what was corrected and why."), code="note_missing")
    if release.corrections.filter(state__in=[ReleaseState.DRAFT, ReleaseState.APPROVED]).exists():
        raise PublishingError(
            _("A correction of this release is under way or published already."), code="correction_exists"
        )
    return build_release(
        round=release.round,
        user=user,
        title=title or release.title,
        title_en=title_en or release.title_en,
        classes=release.classes if classes is None else classes,
        tie_rule=tie_rule or release.tie_rule,
        rank_scope=release.rank_scope,
        series=release.series,
        slug=release.slug,
        rule_set_mark=release.rule_set_mark,
        source=release.source,
        corrects=release,
        correction_note=note.strip(),
    )


# --- steps of the life ------------------------------------------------------------------------------------------------
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
    without a decision (collected figures of past years need none), or where the release is no draft.
    """
    _require_approver(release, user)
    if release.built_by_id == user.pk:
        raise PublishingError(_("Whoever built a release does not approve it."), code="own_release")
    if release.kind == ReleaseKind.COMPUTED and not (decision_number.strip() and decision_date):
        raise PublishingError(_("Give the number and the date of the decision."), code="decision_missing")
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
