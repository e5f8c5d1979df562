"""What one leaf card shows, and how the screens of a form find their data in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from criteria_pages.definition import Criterion, Definition, Domain, Leaf
from criteria_pages.enums import Scorer
from criteria_pages.exceptions import InputError
from criteria_pages.rules import get_rule
from submissions.domain.inputs import input_fields, outcome_of, shown_value
from submissions.domain.progress import Progress, lack_kinds
from submissions.forms import LeafForm, build_form
from submissions.models import Answer, EvidenceUse, LeafNote, Submission


@dataclass
class LeafCard:
    """One leaf of the form as the templates need it."""

    leaf: Leaf
    criterion: Criterion
    domain: Domain
    submission: Submission
    answer: Answer | None
    form: LeafForm | None
    rule: str
    open: bool
    lack: str | None = None
    points: Decimal | None = None
    applicable: bool = True
    sentence: str = ""
    uses: list[EvidenceUse] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[LeafNote] = field(default_factory=list)
    stale: Mapping[str, Any] | None = None
    problem: str = ""
    saved: bool = False

    @property
    def code(self) -> str:
        """The leaf's code."""
        return self.leaf.code

    @property
    def scorer_label(self) -> str:
        """Where the points come from, for leaves that the unit does not fill in."""
        return str(Scorer(self.leaf.scorer).label)

    @property
    def is_own(self) -> bool:
        """Whether the unit fills it in."""
        return self.leaf.scorer == Scorer.SELF

    @property
    def state(self) -> str:
        """The mark of the card: error, missing, done, locked or nothing."""
        if self.form is not None and self.form.is_bound and self.form.errors:
            return "error"
        if self.stale:
            return "asked"
        if not self.is_own:
            return ""
        if self.lack:
            return "missing" if self.open else "locked"
        return "done"

    @property
    def lack_label(self) -> str:
        """What is missing, in words."""
        return {
            "answer": _("not answered yet"),
            "partly": _("an input is missing"),
            "explanation": _("no evidence: explain"),
        }.get(self.lack or "", "")

    @property
    def url(self) -> str:
        """Where the card stands."""
        page = reverse("submissions:domain", args=[self.submission.pk, self.domain.code])
        return f"{page}#{anchor(self.leaf.code)}"


def anchor(code: str) -> str:
    """Return the id of a leaf's card."""
    return f"leaf-{code.replace('.', '-')}"


def leaf_url(submission: Submission, definition: Definition, code: str) -> str:
    """Return where the card of a leaf stands."""
    domain = definition.path(code)[0]
    return f"{reverse('submissions:domain', args=[submission.pk, domain.code])}#{anchor(code)}"


def answers_of(submission: Submission, codes: list[str]) -> dict[str, Answer]:
    """Return stored answers by code with their evidence, in two queries."""
    uses = EvidenceUse.objects.select_related("evidence__file").order_by("pk")
    rows = Answer.objects.filter(submission=submission, code__in=codes).select_related("updated_by")
    return {row.code: row for row in rows.prefetch_related(Prefetch("evidence_uses", queryset=uses))}


def leaf_card(
    *,
    submission: Submission,
    definition: Definition,
    code: str,
    answer: Answer | None,
    progress: Progress,
    is_open: bool,
    form: LeafForm | None = None,
) -> LeafCard:
    """Build the card of a leaf. `form` is a bound one after a refused save; otherwise one filled from the answer."""
    domain, criterion, leaf = definition.path(code)
    own = leaf.scorer == Scorer.SELF
    card = LeafCard(
        leaf=leaf,
        criterion=criterion,
        domain=domain,
        submission=submission,
        answer=answer,
        form=form or (build_form(leaf, answer=answer) if own and is_open else None),
        rule=get_rule(leaf.rule, leaf.maximum).describe(),
        open=own and is_open,
        lack=lack_kinds(progress).get(code),
    )
    if answer is not None:
        card.uses = list(answer.evidence_uses.all())
        card.points, card.applicable = answer.self_points, answer.self_applicable
        card.sentence = sentence_of(leaf, answer)
        card.shown = shown_inputs(leaf, answer.inputs)
    return card


def sentence_of(leaf: Leaf, answer: Answer) -> str:
    """Return how the stored inputs came to their points; empty while inputs are missing."""
    try:
        outcome = outcome_of(leaf=leaf, inputs=answer.inputs)
    except InputError as error:
        return error.message
    return outcome.sentence if outcome else ""


def shown_inputs(leaf: Leaf, inputs: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the stored inputs as (label, value) for reading."""
    return [
        (input_field.label, shown_value(field=input_field, stored=inputs[input_field.name]))
        for input_field in input_fields(leaf)
        if input_field.name in inputs
    ]
