"""Answers in hand become what is kept of them: rows of large groups, sums of small ones, texts by themselves.

Nothing here asks the database for a person; the input is what was sealed: unit, group, questionnaire, answers.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from criteria_pages.definition import plain
from criteria_pages.models import QuestionnaireEdition
from criteria_pages.questionnaire import OPEN, Question, QuestionnaireDefinition
from submissions.models import Survey, SurveyGroup, SurveyResponse, SurveyTally, SurveyText
from submissions.survey_scoring import ClassTally, LeafTally, merge_small

_TITLE_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class OpenedAnswer:
    """An answer as it was sent."""

    unit: int
    group: int
    edition: int
    answers: Mapping[str, str]


@dataclass(slots=True)
class Kept:
    """What is kept of all answers. `dropped`: answers about units that have too few in all; their number is all."""

    responses: list[SurveyResponse] = field(default_factory=list)
    tallies: list[SurveyTally] = field(default_factory=list)
    texts: list[SurveyText] = field(default_factory=list)
    dropped: int = 0


class Questionnaires:
    """The questionnaires of a survey: what each answer weighs, what is open, what two editions have in common."""

    def __init__(self, ids: Iterable[int]) -> None:
        self._editions = QuestionnaireEdition.objects.in_bulk(set(ids))
        self._weights = {pk: _weights(edition.definition) for pk, edition in self._editions.items()}
        self._open = {
            pk: {q.code: q.text for q in edition.definition.questions if q.kind == OPEN}
            for pk, edition in self._editions.items()
        }

    def counted(self, edition: int, answers: Mapping[str, str]) -> list[tuple[str, Decimal]]:
        """Return (leaf, weight) of every answer that counts."""
        table = self._weights[edition]
        return [table[item] for item in answers.items() if item in table]

    def closed(self, edition: int, answers: Mapping[str, str]) -> dict[str, str]:
        """Return the answers without free texts."""
        return {code: value for code, value in answers.items() if code not in self._open[edition]}

    def texts(self, edition: int, answers: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return (question, text) of the free texts."""
        return [(self._open[edition][code], value) for code, value in answers.items() if code in self._open[edition]]

    def common(self, editions: Iterable[int]) -> dict[str, Question]:
        """Return the questions to choose from that all these editions ask with the same choices, by code."""
        found: dict[str, Question] | None = None
        for pk in sorted(set(editions)):
            own = {q.code: q for q in self._editions[pk].definition.questions if q.kind != OPEN}
            if found is None:
                found = own
            else:
                found = {c: own[c] for c, q in found.items() if c in own and _marks(own[c]) == _marks(q)}
        return found or {}

    def page_of(self, edition: int) -> int:
        """Return the questionnaire of which this is an edition."""
        return self._editions[edition].page_id


def _marks(question: Question) -> list[tuple[str, Decimal | None]]:
    return [(value, question.weight_of(value)) for value, _label, _label_en in question.choices]


def _weights(definition: QuestionnaireDefinition) -> dict[tuple[str, str], tuple[str, Decimal]]:
    """Return {(question, answer): (leaf, weight)} of everything that counts."""
    table: dict[tuple[str, str], tuple[str, Decimal]] = {}
    for question in definition.questions:
        if not question.criterion_code:
            continue
        for value, _label, _label_en in question.choices:
            weight = question.weight_of(value)
            if weight is not None:
                table[question.code, value] = (question.criterion_code, weight)
    return table


def keep_answers(survey: Survey, items: Sequence[OpenedAnswer], *, mixed_on: dt.date) -> Kept:
    """Return what is kept of the answers of a survey. Responses and texts come in the order of the items: shuffle each
    list by itself before storing it."""
    groups = {group.pk: group for group in survey.groups.order_by("priority", "code")}
    forms = Questionnaires({item.edition for item in items})
    by_unit: dict[int, list[OpenedAnswer]] = defaultdict(list)
    for item in items:
        by_unit[item.unit].append(item)
    kept = Kept()
    for unit, own in sorted(by_unit.items()):
        _keep_unit(survey, unit, own, groups=groups, forms=forms, kept=kept)
    alone = {(tally.unit_id, tally.groups) for tally in kept.tallies}
    kept.responses += [
        SurveyResponse(
            survey=survey,
            unit_id=item.unit,
            group_id=item.group,
            edition_id=item.edition,
            answers=forms.closed(item.edition, item.answers),
            mixed_on=mixed_on,
        )
        for item in items
        # Groups that others joined are kept as sums only, or the small ones could be computed by subtraction.
        if (item.unit, groups[item.group].code) in alone
    ]
    return kept


def _keep_unit(
    survey: Survey,
    unit: int,
    items: Sequence[OpenedAnswer],
    *,
    groups: Mapping[int, SurveyGroup],
    forms: Questionnaires,
    kept: Kept,
) -> None:
    smallest = survey.minimum_group
    counts = Counter(item.group for item in items)
    classes = merge_small({str(pk): counts[pk] for pk in groups}, smallest)
    if not classes:
        kept.dropped += len(items)
    for members in classes:
        inside = [groups[int(pk)] for pk in members]
        own = [item for item in items if str(item.group) in members]
        kept.tallies.append(_tally(survey, unit, inside, own, forms))
    kept.texts += _texts(survey, unit, items, forms)


def _tally(
    survey: Survey, unit: int, groups: Sequence[SurveyGroup], items: Sequence[OpenedAnswer], forms: Questionnaires
) -> SurveyTally:
    tally = ClassTally(tuple(g.code for g in groups), sum((g.weight for g in groups), Decimal(0)))
    choices: dict[str, Counter[str]] = defaultdict(Counter)
    # Different questionnaires would tell the groups apart that were put together.
    pages = {forms.page_of(item.edition) for item in items}
    common = forms.common(item.edition for item in items) if len(pages) == 1 else {}
    for item in items:
        tally.add(forms.counted(item.edition, item.answers))
        for code in common.keys() & item.answers.keys():
            choices[code][item.answers[code]] += 1
    return SurveyTally(
        survey=survey,
        unit_id=unit,
        groups=",".join(tally.groups),
        edition_id=max(item.edition for item in items) if len(pages) == 1 else None,
        weight=tally.weight,
        respondents=tally.respondents,
        leaves={
            code: {"respondents": leaf.respondents, "answers": leaf.answers, "weights": plain(leaf.weights)}
            for code, leaf in sorted(tally.leaves.items())
            if leaf.respondents >= survey.minimum_group
        },
        questions={
            code: dict(sorted(counter.items()))
            for code, counter in sorted(choices.items())
            if counter.total() >= survey.minimum_group
        },
    )


def _texts(survey: Survey, unit: int, items: Sequence[OpenedAnswer], forms: Questionnaires) -> list[SurveyText]:
    """Return the free texts; unit and question stay away where fewer than the smallest number stand behind them."""
    smallest = survey.minimum_group
    asked = Counter(item.edition for item in items)
    return [
        SurveyText(
            survey=survey,
            unit_id=unit if len(items) >= smallest else None,
            question=question[:_TITLE_LIMIT] if asked[item.edition] >= smallest else "",
            text=text,
        )
        for item in items
        for question, text in forms.texts(item.edition, item.answers)
    ]


def class_tally(row: SurveyTally) -> ClassTally:
    """Return a stored sum as the pure rules take it."""
    return ClassTally(
        groups=row.group_codes,
        weight=row.weight,
        respondents=row.respondents,
        leaves={
            code: LeafTally(leaf["respondents"], leaf["answers"], Decimal(leaf["weights"]))
            for code, leaf in row.leaves.items()
        },
    )
