"""Adopting a newer edition of the set in a round that is being prepared or open: first the impact, then the act.

Answers are carried over by code and computed anew by the new rule. What cannot be carried is listed and stays stored;
nothing is dropped. The act takes the digest of the impact that was shown, so that nobody adopts what nobody saw.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import Role
from cms.exceptions import PortalError
from cms.models import User
from cms.numbers import exact
from cms.permissions import require_role
from criteria_pages.definition import Definition, plain
from criteria_pages.domain.editions import Change, EditionDiff, compare_definitions
from criteria_pages.enums import ChangeKind
from criteria_pages.models import CriteriaEdition
from submissions.domain.definitions import definition_of, pinned_facts
from submissions.domain.inputs import read_inputs, typed_inputs
from submissions.domain.notices import notify
from submissions.domain.people import members_of
from submissions.domain.relatives import check_edition
from submissions.domain.sign_off import void_after_change
from submissions.enums import RoundState, SubmissionState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Answer, AppraisalAssignment, AssessmentRound, Submission

ADOPTABLE = (RoundState.DRAFT, RoundState.OPEN)
HEAVY = frozenset({ChangeKind.SCORING, ChangeKind.APPLICABILITY})
CHANGES_TOLD = 20
KEPT, RESCORED, UNSCORABLE, NOT_ASKED = "kept", "rescored", "unscorable", "not_asked"


@dataclass(frozen=True, slots=True)
class AnswerImpact:
    """What becomes of one stored answer. `fate`: rescored | unscorable (inputs kept, points gone) | not_asked."""

    code: str
    fate: str
    before: Decimal | None
    after: Decimal | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnitImpact:
    """What becomes of one unit's form. `blocks`: it was sent and its points would change; it must be reopened first.

    `changes`: what differs in what is asked of the unit; `carried`: codes of the answers that stay exactly as they are.
    """

    submission: Submission
    name: str
    state: str
    maximum_before: Decimal
    maximum_after: Decimal
    new_codes: tuple[str, ...]
    answers: tuple[AnswerImpact, ...]
    touched: bool
    blocks: bool
    changes: tuple[Change, ...] = ()
    carried: tuple[str, ...] = ()

    @property
    def points_moved(self) -> Decimal:
        """How many self-scored points the unit gains or loses."""
        return sum(((a.after or Decimal(0)) - (a.before or Decimal(0)) for a in self.answers), Decimal(0))

    @property
    def not_carried(self) -> tuple[AnswerImpact, ...]:
        """Answers that stay stored but no longer count."""
        return tuple(answer for answer in self.answers if answer.fate in {UNSCORABLE, NOT_ASKED})


@dataclass(frozen=True, slots=True)
class AdoptionImpact:
    """Everything that adopting the edition would do to the round."""

    edition: CriteriaEdition
    diff: EditionDiff
    units: tuple[UnitImpact, ...]
    orphans: tuple[str, ...]

    @property
    def touched(self) -> tuple[UnitImpact, ...]:
        """Units whose form changes."""
        return tuple(unit for unit in self.units if unit.touched)

    @property
    def blocking(self) -> tuple[UnitImpact, ...]:
        """Units that must be reopened before the edition can be adopted."""
        return tuple(unit for unit in self.units if unit.blocks)

    @property
    def digest(self) -> str:
        """A hash of the impact: what was shown is what is adopted."""
        rows = [
            [u.submission.pk, u.state, [[a.code, a.fate, str(a.before), str(a.after)] for a in u.answers], u.new_codes]
            for u in self.units
        ]
        text = json.dumps([self.edition.sha256, self.orphans, rows], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def newer_editions(round: AssessmentRound) -> list[CriteriaEdition]:
    """Return the editions of the round's set that are newer than the one it pins, newest first."""
    return list(
        CriteriaEdition.objects.filter(page_id=round.edition.page_id, number__gt=round.edition.number).order_by(
            "-number"
        )
    )


def adoption_impact(*, round: AssessmentRound, edition: CriteriaEdition) -> AdoptionImpact:
    """Return what adopting the edition would do, without doing it.

    Raises `SubmissionError` where the edition is not a newer one of the same set.
    """
    if edition.page_id != round.edition.page_id or edition.number <= round.edition.number:
        raise SubmissionError(_("Only a newer edition of the round's own set can be adopted."), code="not_newer")
    old, new = definition_of(round.edition), definition_of(edition)
    submissions = (
        Submission.objects.filter(participant__round=round)
        .select_related("participant__unit__tier")
        .prefetch_related("answers", "participant__unit__groups", "participant__unit__attributes")
        .order_by("participant__unit__order", "pk")
    )
    codes = {domain.code for domain in new.domains} | {leaf.code for leaf in new.leaves}
    codes |= {criterion.code for domain in new.domains for criterion in domain.criteria}
    assigned = AppraisalAssignment.objects.filter(round=round).values_list("code", flat=True)
    return AdoptionImpact(
        edition=edition,
        diff=compare_definitions(old, new),
        units=tuple(_unit_impact(submission, old, new) for submission in submissions),
        orphans=tuple(sorted(set(assigned) - codes)),
    )


def adopt_edition(
    *, round: AssessmentRound, edition: CriteriaEdition, user: User, confirmed_digest: str
) -> AdoptionImpact:
    """Let the round pin the newer edition, carry the answers over and compute them anew; return what was done.

    Signed forms go back to their unit, because what was signed named the old edition. The people of every unit whose
    form changes are told what changes for them. Raises `PermissionRefused`;
    `WrongState` outside preparation and self-assessment, or where forms that were sent would change their points;
    `SubmissionError` where the impact differs from the one that was confirmed, or where the edition departs from that
    of the superior round.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    with transaction.atomic():
        locked = AssessmentRound.objects.select_for_update(of=("self",)).select_related("edition").get(pk=round.pk)
        if locked.state not in ADOPTABLE:
            raise WrongState(_("An edition can only be adopted while the round is prepared or self-assessed."))
        if locked.parent is not None:
            check_edition(parent=locked.parent, edition=edition)
        impact = adoption_impact(round=locked, edition=edition)
        if impact.digest != confirmed_digest:
            raise SubmissionError(
                _("The impact has changed since it was shown. Read the list again and confirm it."), code="stale_impact"
            )
        _refuse_blocked(impact)
        before = locked.edition
        locked.edition = edition
        locked.version += 1
        locked.save(update_fields=["edition", "version"])
        for unit in impact.units:
            _carry(unit, edition=edition, user=user)
        audit.record(
            "submissions.adopt_edition",
            locked,
            user=user,
            before={"edition": before.number, "sha256": before.sha256},
            after={"edition": edition.number, "sha256": edition.sha256, "kind": impact.diff.kind},
            impact=list(_impact_json(impact)),
        )
        _tell_units(impact, round=locked)
    round.edition, round.version = locked.edition, locked.version
    return impact


def _unit_impact(submission: Submission, old: Definition, new: Definition) -> UnitImpact:
    facts = pinned_facts(submission.participant)
    before, after = old.for_unit(facts), new.for_unit(facts)
    diff = compare_definitions(before, after)
    kind = diff.kind
    touched = kind != ChangeKind.NONE
    stored = sorted(submission.answers.all(), key=lambda answer: answer.code)
    fates = [_answer_impact(answer, after) for answer in stored if before.has_leaf(answer.code)]
    answers = tuple(impact for impact in fates if impact.fate != KEPT)
    return UnitImpact(
        submission=submission,
        name=submission.participant.unit_name or submission.participant.unit.name,
        state=submission.state,
        maximum_before=before.total,
        maximum_after=after.total,
        new_codes=tuple(leaf.code for leaf in after.leaves if not before.has_leaf(leaf.code)),
        answers=answers,
        touched=touched,
        blocks=kind in HEAVY and submission.state not in {SubmissionState.DRAFT, SubmissionState.SIGNED},
        changes=diff.changes,
        carried=tuple(impact.code for impact in fates if impact.fate == KEPT),
    )


def _answer_impact(answer: Answer, after: Definition) -> AnswerImpact:
    if not after.has_leaf(answer.code):
        reason = _("The criterion is no longer asked of the unit.")
        return AnswerImpact(answer.code, NOT_ASKED, answer.self_points, None, reason)
    leaf = after.leaf(answer.code)
    try:
        outcome = read_inputs(leaf=leaf, typed=typed_inputs(leaf, answer.inputs)).outcome if answer.inputs else None
    except PortalError as error:
        return AnswerImpact(answer.code, UNSCORABLE, answer.self_points, None, error.message)
    applicable = outcome.applicable if outcome else True
    points = outcome.points if outcome and outcome.applicable else None
    if answer.inputs and outcome is None and answer.self_points is not None:
        return AnswerImpact(answer.code, UNSCORABLE, answer.self_points, None, _("The new rule asks for other inputs."))
    if (points, applicable) == (answer.self_points if answer.self_applicable else None, answer.self_applicable):
        return AnswerImpact(answer.code, KEPT, answer.self_points, points)
    return AnswerImpact(answer.code, RESCORED, answer.self_points, points)


def _refuse_blocked(impact: AdoptionImpact) -> None:
    if impact.blocking:
        names = ", ".join(unit.name for unit in impact.blocking[:10])
        raise WrongState(
            _("These units have sent their form and their points would change; reopen their forms first: %(units)s.")
            % {"units": names},
            code="sent_forms",
        )


def _carry(unit: UnitImpact, *, edition: CriteriaEdition, user: User) -> None:
    """Write the new self-scores; the inputs and the evidence of every answer stay as they are."""
    fates = {answer.code: answer for answer in unit.answers if answer.fate in {RESCORED, UNSCORABLE}}
    new = definition_of(edition).for_unit(pinned_facts(unit.submission.participant))
    for answer in unit.submission.answers.all():
        if answer.code not in fates:
            continue
        impact = fates[answer.code]
        answer.self_points = impact.after
        outcome = None
        if impact.fate == RESCORED and answer.inputs:
            leaf = new.leaf(answer.code)
            outcome = read_inputs(leaf=leaf, typed=typed_inputs(leaf, answer.inputs)).outcome
        answer.self_applicable = outcome.applicable if outcome else True
        answer.version += 1
        answer.save(update_fields=["self_points", "self_applicable", "version", "updated_at"])
    void_after_change(
        submission=unit.submission,
        user=user,
        reason=_("The round adopted edition %(number)s of the criteria set.") % {"number": edition.number},
    )


def _tell_units(impact: AdoptionImpact, *, round: AssessmentRound) -> None:
    """Leave a notice to the people of each unit whose form changes: what changes, and what becomes of its answers."""
    people = members_of(unit.submission.participant.unit_id for unit in impact.touched)
    names = {"round": round.name, "number": impact.edition.number}
    for unit in impact.touched:
        notify(
            users=people.get(unit.submission.participant.unit_id, []),
            key=f"adoption:{round.pk}:{impact.edition.pk}:{unit.submission.pk}",
            title=lambda: _("%(round)s: the form changed with edition %(number)s of the criteria set") % names,
            text=partial(_told, unit),
            url=reverse("submissions:overview", args=[unit.submission.pk]),
        )


def _told(unit: UnitImpact) -> str:
    return "\n".join(_lines(unit))


def _lines(unit: UnitImpact) -> Iterator[str]:
    """Yield what the people of a unit have to know, a line each."""
    if unit.maximum_before != unit.maximum_after:
        values = {"before": exact(unit.maximum_before), "after": exact(unit.maximum_after)}
        yield _("Maximum of the unit: %(before)s → %(after)s.") % values
    if unit.new_codes:
        yield _("New criteria to fill in: %(codes)s.") % {"codes": ", ".join(unit.new_codes)}
    for answer in unit.answers:
        values = {"code": answer.code, "before": exact(answer.before), "after": exact(answer.after)}
        if answer.fate == RESCORED:
            yield _("Answer %(code)s was computed anew: %(before)s → %(after)s.") % values
        else:
            yield _("Answer %(code)s is kept but does not count: %(reason)s") % {**values, "reason": answer.reason}
    if unit.carried:
        yield _("Answers carried over unchanged: %(codes)s.") % {"codes": ", ".join(unit.carried)}
    for change in unit.changes[:CHANGES_TOLD]:
        yield str(change)
    if len(unit.changes) > CHANGES_TOLD:
        yield _("… and %(count)s more changes; the methodology page has all of them.") % {
            "count": len(unit.changes) - CHANGES_TOLD
        }


def _impact_json(impact: AdoptionImpact) -> Iterator[dict[str, object]]:
    for unit in impact.touched:
        yield {
            "unit": unit.submission.participant.unit.code,
            "maximum": [plain(unit.maximum_before), plain(unit.maximum_after)],
            "answers": [
                {
                    "code": a.code,
                    "fate": a.fate,
                    "before": None if a.before is None else plain(a.before),
                    "after": None if a.after is None else plain(a.after),
                }
                for a in unit.answers
            ],
        }
