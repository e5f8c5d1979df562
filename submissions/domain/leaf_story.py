"""Everything an appraiser needs to know of one leaf of one unit, read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from cms.compiled import Compiled
from criteria_pages.definition import Criterion, Domain, Leaf
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import get_rule
from criteria_pages.scoring import score_leaf
from submissions.domain.appraisal_queue import CLAIMS, DECISIONS
from submissions.domain.definitions import definition_for
from submissions.domain.inputs import input_fields, shown_value
from submissions.domain.ledger import trail
from submissions.domain.page_notes import notes_of_decisions
from submissions.domain.second_reading_state import is_unsettled, judgement_on, with_outcome
from submissions.enums import STAGE_ORDER, Basis, ReadingState, Stage
from submissions.models import Answer, EvidenceUse, PageNote, Participant, ScoreEntry, SecondReading


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the ledger as people read it: the entry, its inputs in words, the sentence of its points, and
    the notes on pages of the evidence that are part of its reason."""

    entry: ScoreEntry
    inputs: tuple[tuple[str, str], ...]
    sentence: str
    notes: tuple[PageNote, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldReading:
    """A second reading as people read it, and what came of it. It is no score: the ledger alone counts."""

    reading: SecondReading
    inputs: tuple[tuple[str, str], ...]
    sentence: str
    outcome: str


@dataclass(frozen=True, slots=True)
class LeafStory:
    """A leaf of a unit: what is asked, what was answered and proven, and every score it was given."""

    participant: Participant
    domain: Domain
    criterion: Criterion
    leaf: Leaf
    rule_sentence: str
    answer: Answer | None
    evidence: tuple[EvidenceUse, ...]
    entries: tuple[Told, ...]
    readings: tuple[ToldReading, ...] = ()

    @property
    def claim(self) -> Told | None:
        """What the unit claims: its newest self-score or the score of its explanation."""
        claims = [told for told in self.entries if told.entry.stage in {Stage.SELF, Stage.EXPLANATION}]
        return claims[-1] if claims else None

    @property
    def decision(self) -> Told | None:
        """The newest decision of an agency that came after the claim."""
        claim = self.claim
        found = [
            told
            for told in self.entries
            if told.entry.stage in DECISIONS and (claim is None or told.entry.pk > claim.entry.pk)
        ]
        return found[-1] if found else None

    @property
    def last_decision(self) -> Told | None:
        """The newest decision of an agency, whatever the unit claimed after it."""
        found = [told for told in self.entries if told.entry.stage in DECISIONS]
        return found[-1] if found else None

    @property
    def current(self) -> Told | None:
        """The entry that counts."""
        return max(self.entries, key=lambda told: (STAGE_ORDER[told.entry.stage], told.entry.pk), default=None)


_answer = Compiled(
    lambda participant, code: Answer.objects.filter(submission__participant_id=participant, code=code), int, str
)
_readings = Compiled(
    lambda participant, code: (
        with_outcome(SecondReading.objects.filter(participant_id=participant, code=code, state=ReadingState.READ))
        .select_related("reader", "agency", "compared")
        .order_by("pk")
    ),
    int,
    str,
)


def leaf_story(participant: Participant, code: str) -> LeafStory:
    """Return the story of a leaf; KeyError where the leaf is not asked of the unit."""
    domain, criterion, leaf = definition_for(participant).path(code)
    answer = _answer.first(participant.pk, code)
    evidence: tuple[EvidenceUse, ...] = ()
    if answer is not None:
        evidence = tuple(answer.evidence_uses.select_related("evidence__file"))
    noted = notes_of_decisions(participant, code)
    return LeafStory(
        participant=participant,
        domain=domain,
        criterion=criterion,
        leaf=leaf,
        rule_sentence=get_rule(leaf.rule, leaf.maximum).describe(),
        answer=answer,
        evidence=evidence,
        entries=tuple(tell(leaf, entry, noted.get(entry.pk, ())) for entry in trail(participant, code)),
        readings=tuple(tell_reading(leaf, row) for row in _readings.all(participant.pk, code)),
    )


def blind(story: LeafStory) -> LeafStory:
    """Return the story as a second reader may know it: what the unit claims, and nothing of any decision."""
    return replace(story, entries=tuple(told for told in story.entries if told.entry.stage in CLAIMS), readings=())


def tell_reading(leaf: Leaf, reading: SecondReading) -> ToldReading:
    """Return a given second reading (a row of `second_reading_state.readings`) as people read it."""
    return ToldReading(
        reading=reading,
        inputs=inputs_in_words(leaf, reading.inputs),
        sentence=sentence_of(leaf, reading),
        outcome=_outcome_of(reading),
    )


def _outcome_of(reading: SecondReading) -> str:
    if not reading.differs:
        return _("The same as the agency's decision.")
    if is_unsettled(reading):
        return _("Differs from the agency's decision; not settled yet. The agency's decision counts.")
    judged = None if getattr(reading, "is_redecided", False) else judgement_on(reading)
    if judged is not None:
        return _("Differed from the agency's decision, which stands: %(reason)s") % {"reason": judged.reason}
    return _("Differed from the agency's decision; settled by the newer decision.")


def tell(leaf: Leaf, entry: ScoreEntry, notes: Iterable[PageNote] = ()) -> Told:
    """Return an entry as people read it."""
    inputs, sentence = inputs_in_words(leaf, entry.inputs), sentence_of(leaf, entry)
    return Told(entry=entry, inputs=inputs, sentence=sentence, notes=tuple(notes))


def inputs_in_words(leaf: Leaf, inputs: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return (label, value) pairs of stored inputs in the order in which the rule asks them."""
    return tuple(
        (field.label, shown_value(field=field, stored=inputs[field.name]))
        for field in input_fields(leaf)
        if inputs.get(field.name)
    )


def sentence_of(leaf: Leaf, entry: ScoreEntry | SecondReading) -> str:
    """Return the rule's sentence for the inputs of an entry or a reading; empty where its points are not the rule's.

    Points that somebody set by hand have no sentence of the rule: the reason speaks for them.
    """
    if not entry.inputs:
        return ""
    try:
        outcome = score_leaf(leaf, entry.inputs)
    except CriteriaError:
        return ""
    if outcome.applicable and entry.points is not None:
        return outcome.sentence if outcome.points == entry.points else ""
    return outcome.sentence if not outcome.applicable and entry.basis == Basis.NOT_APPLICABLE else ""
