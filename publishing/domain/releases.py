"""Building a release: previewed, frozen by the secretariat, corrected only by a new one; its life: `release_life`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import User
from cms.permissions import require_role
from cms.text import slug as make_slug
from publishing.domain.computation import (
    ComputedEntry,
    ComputedScore,
    Subject,
    compute_entries,
    place,
    subjects_of_round,
)
from publishing.domain.hashes import canonical_line, inputs_sha256, sha256_of
from publishing.domain.release_life import refuse_second_result
from publishing.domain.surveys import freeze_survey
from publishing.domain.terms import check_terms
from publishing.enums import EntryStatus, RankScope, ReleaseState, TieRule
from publishing.exceptions import PublishingError
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from publishing.ranking import ClassBand, read_bands
from submissions.domain.ledger import ledger_head
from submissions.enums import RoundState
from submissions.models import Adjustment, AssessmentRound

SCORE_BATCH = 5000


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
    classes: Sequence[Mapping[str, Any]] = (),
    tie_rule: str = TieRule.COMPETITION,
    rank_scope: str = RankScope.TIER,
    series: str = "",
    slug: str = "",
    corrects: IndexRelease | None = None,
    **words: str,
) -> IndexRelease:
    """Freeze the round's result as a draft release: entries, scores of every node, and the two hashes.

    `series` defaults to the round's owner and tier-free code, so that the years of one owner form a trend. `words`:
    `title_en`, `rule_set_mark`, `source` and, where it corrects another release, the public `correction_note`. Raises
    `PermissionRefused` for anybody but the owner's secretariat, `PublishingError` where the round is not finalised, a
    unit has leaves without points, the classes are not sound, a superior round fixes other terms, or the round has an
    approved result that this one is not to correct.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    bands = bands_of(classes)
    stored = [band.to_json() for band in bands]
    if corrects is None:  # a correction keeps the terms under which the result was published
        check_terms(round, tie_rule=tie_rule, classes=stored)
    subjects = subjects_of_round(round)
    computed = list(compute_entries(round=round, edition=round.edition, subjects=subjects))
    entries = place(computed, bands=bands, tie_rule=tie_rule, rank_scope=rank_scope)
    problems = _problems(round, entries)
    if problems:
        raise PublishingError(" ".join(problems), code="not_ready")
    release = _draft(round, user, slug=slug, series=series, title=title, corrects=corrects, **words)
    refuse_second_result(release)
    release.tie_rule, release.rank_scope, release.classes = tie_rule, rank_scope, stored
    release.inputs_sha256 = inputs_sha256(release, subjects)
    _store(release, entries)
    freeze_survey(release)
    audit.record(
        "publishing.release.build",
        release,
        user=user,
        after={"state": release.state, "rows_sha256": release.rows_sha256, "inputs_sha256": release.inputs_sha256},
        units=len(entries),
        corrects=corrects.slug if corrects else None,
    )
    return release


def _draft(round: AssessmentRound, user: User, *, slug: str, series: str, **fields: Any) -> IndexRelease:
    """Return a draft of the round's release, not stored yet, that pins where the ledger stands."""
    return IndexRelease(
        slug=free_slug(slug or f"{round.code}"),
        year=round.year,
        round=round,
        edition=round.edition,
        owner=round.owner,
        series=series or f"round-{round.owner.code}",
        illustrative=round.illustrative,
        built_by=user,
        built_at=clock.now(),
        ledger_until=ledger_head(round).last_id,
        adjustments_until=_last_adjustment(round),
        **fields,
    )


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
