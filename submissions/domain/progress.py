"""How far a form is: the one function behind every screen, list and job that speaks of progress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from cms.compiled import Compiled
from criteria_pages.definition import Definition, Domain, Leaf
from criteria_pages.enums import Scorer
from submissions.domain.definitions import definition_for
from submissions.models import Answer, EvidenceUse, Submission

ANSWER_MISSING = "answer"
ANSWER_PARTLY = "partly"
EXPLANATION_MISSING = "explanation"


@dataclass(frozen=True, slots=True)
class Lack:
    """What one leaf lacks. `kind`: answer (nothing stored), partly (an input is missing), explanation (no evidence)."""

    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class DomainProgress:
    """How far one domain is: leaves the unit fills, leaves done, codes still missing, self-scored points so far."""

    code: str
    name: str
    done: int
    total: int
    missing: tuple[str, ...]
    points: Decimal
    maximum: Decimal


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a form is. `missing` are codes in the order of the form; `points` and `maximum` count answered leaves."""

    done: int
    total: int
    missing: tuple[str, ...]
    domains: tuple[DomainProgress, ...]
    lacks: tuple[Lack, ...]
    points: Decimal
    maximum: Decimal

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    @property
    def percent(self) -> int:
        """Whole percent done, 100 only when complete."""
        return 100 if not self.total else self.done * 100 // self.total


@dataclass(frozen=True, slots=True)
class AnswerState:
    """What progress needs to know of a stored answer."""

    points: Decimal | None
    applicable: bool
    has_inputs: bool
    explained: bool
    evidenced: bool


def submission_progress(submission: Submission) -> Progress:
    """Return how far one form is, in one query beside the definition."""
    answers = {row[1]: AnswerState(*row[2:]) for row in _answers_of_one.all(submission.pk)}
    return compute_progress(definition_for(submission.participant), answers)


def progress_of(submissions: Iterable[Submission]) -> dict[int, Progress]:
    """Return the progress of many forms by their primary keys, in one query for all answers.

    The texts stay in the database: only whether there are any is read. Give submissions with
    `participant__round__edition` selected.
    """
    rows = list(submissions)
    answers: dict[int, dict[str, AnswerState]] = {row.pk: {} for row in rows}
    for pk, code, *state in _states(Answer.objects.filter(submission__in=rows)):
        answers[pk][code] = AnswerState(*state)
    return {row.pk: compute_progress(definition_for(row.participant), answers[row.pk]) for row in rows}


def _states(answers: QuerySet[Answer]) -> QuerySet[Answer, tuple[Any, ...]]:
    """Select the form, the code and what `AnswerState` holds."""
    return answers.order_by().values_list(
        "submission_id",
        "code",
        "self_points",
        "self_applicable",
        _is(~Q(inputs={})),
        _is(~Q(explanation="")),
        Exists(EvidenceUse.objects.filter(answer=OuterRef("pk"))),
    )


_answers_of_one = Compiled(lambda pk: _states(Answer.objects.filter(submission_id=pk)), int)


def _is(condition: Q) -> ExpressionWrapper:
    return ExpressionWrapper(condition, output_field=BooleanField())


def compute_progress(definition: Definition, answers: Mapping[str, AnswerState]) -> Progress:
    """Return the progress for a definition cut to the unit and the stored answers by code. Pure."""
    domains, lacks = [], []
    for domain in definition.domains:
        part, missing = _domain_progress(domain, answers)
        if part.total:
            domains.append(part)
            lacks.extend(missing)
    return Progress(
        done=sum(d.done for d in domains),
        total=sum(d.total for d in domains),
        missing=tuple(lack.code for lack in lacks),
        domains=tuple(domains),
        lacks=tuple(lacks),
        points=sum((d.points for d in domains), Decimal(0)),
        maximum=sum((d.maximum for d in domains), Decimal(0)),
    )


def lack_of(leaf: Leaf, answer: AnswerState | None) -> str | None:
    """Return what a leaf lacks (a kind of `Lack`), None where it is done.

    No evidence makes an explanation mandatory wherever evidence is asked for.
    """
    if answer is None or (answer.points is None and answer.applicable):
        return ANSWER_PARTLY if answer is not None and answer.has_inputs else ANSWER_MISSING
    if leaf.evidence_required and not answer.evidenced and not answer.explained:
        return EXPLANATION_MISSING
    return None


def lack_kinds(progress: Progress) -> dict[str, str]:
    """Return what each leaf lacks by code."""
    return {lack.code: lack.kind for lack in progress.lacks}


def _domain_progress(domain: Domain, answers: Mapping[str, AnswerState]) -> tuple[DomainProgress, list[Lack]]:
    leaves = [leaf for leaf in domain.leaves if leaf.scorer == Scorer.SELF]
    lacks = [
        Lack(code=leaf.code, name=leaf.name, kind=kind)
        for leaf in leaves
        if (kind := lack_of(leaf, answers.get(leaf.code))) is not None
    ]
    points, maximum = Decimal(0), Decimal(0)
    for leaf in leaves:
        answer = answers.get(leaf.code)
        if answer is not None and answer.points is not None:
            points += answer.points
            maximum += leaf.maximum
    return (
        DomainProgress(
            code=domain.code,
            name=domain.name,
            done=len(leaves) - len(lacks),
            total=len(leaves),
            missing=tuple(lack.code for lack in lacks),
            points=points,
            maximum=maximum,
        ),
        lacks,
    )
