"""Answers in hand become what is kept of them: rows of large groups, sums of small ones, texts by themselves.

Nothing here asks the database for a person; the input is what was sealed: unit, group, questionnaire, answers.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from criteria_pages.definition import plain
from criteria_pages.models import QuestionnaireEdition
from criteria_pages.questionnaire import OPEN, Question, QuestionnaireDefinition
from submissions.models import Survey, SurveyGroup, SurveyResponse, SurveyTally
from submissions.survey_scoring import ClassTally, LeafTally, merge_small

_TITLE_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class OpenedAnswer:
    """An answer as it was sent."""

    unit: int
    group: int
    edition: int
    answers: Mapping[str, str]


class Counts:
    """How many answers there are by unit, group and questionnaire: what decides which are kept, and how."""

    def __init__(self) -> None:
        self._found: Counter[tuple[int, int, int]] = Counter()

    def add(self, item: OpenedAnswer) -> None:
        """Count an answer."""
        self._found[item.unit, item.group, item.edition] += 1

    @property
    def total(self) -> int:
        """All answers."""
        return self._found.total()

    @property
    def units(self) -> list[int]:
        """The units that anything was answered about."""
        return sorted({unit for unit, _group, _edition in self._found})

    def groups(self, unit: int) -> Counter[int]:
        """Return the answers about a unit by group."""
        return self._summed(unit, 1)

    def editions(self, unit: int) -> Counter[int]:
        """Return the answers about a unit by questionnaire."""
        return self._summed(unit, 2)

    def asked(self, unit: int, groups: Collection[int]) -> set[int]:
        """Return the questionnaires that the answers of these groups about a unit were given to."""
        return {edition for at, group, edition in self._found if at == unit and group in groups}

    def _summed(self, unit: int, column: int) -> Counter[int]:
        found: Counter[int] = Counter()
        for key, count in self._found.items():
            if key[0] == unit:
                found[key[column]] += count
        return found


class Questionnaires:
    """The questionnaires of a survey: what each answer weighs, what is open, what two editions have in common."""

    def __init__(self) -> None:
        self._editions: dict[int, QuestionnaireEdition] = {}
        self._weights: dict[int, dict[tuple[str, str], tuple[str, Decimal]]] = {}
        self._open: dict[int, dict[str, str]] = {}

    def _edition(self, pk: int) -> QuestionnaireEdition:
        if pk not in self._editions:
            edition = self._editions[pk] = QuestionnaireEdition.objects.get(pk=pk)
            self._weights[pk] = _weights(edition.definition)
            self._open[pk] = {q.code: q.text for q in edition.definition.questions if q.kind == OPEN}
        return self._editions[pk]

    def counted(self, edition: int, answers: Mapping[str, str]) -> list[tuple[str, Decimal]]:
        """Return (leaf, weight) of every answer that counts."""
        table = self._weights[self._edition(edition).pk]
        return [table[item] for item in answers.items() if item in table]

    def closed(self, edition: int, answers: Mapping[str, str]) -> dict[str, str]:
        """Return the answers without free texts."""
        texts = self._open[self._edition(edition).pk]
        return {code: value for code, value in answers.items() if code not in texts}

    def texts(self, edition: int, answers: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return (question, text) of the free texts."""
        texts = self._open[self._edition(edition).pk]
        return [(texts[code], value) for code, value in answers.items() if code in texts]

    def common(self, editions: Iterable[int]) -> dict[str, Question]:
        """Return the questions to choose from that all these editions ask with the same choices, by code."""
        found: dict[str, Question] | None = None
        for pk in sorted(set(editions)):
            own = {q.code: q for q in self._edition(pk).definition.questions if q.kind != OPEN}
            if found is None:
                found = own
            else:
                found = {c: own[c] for c, q in found.items() if c in own and _marks(own[c]) == _marks(q)}
        return found or {}

    def page_of(self, edition: int) -> int:
        """Return the questionnaire of which this is an edition."""
        return self._edition(edition).page_id


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


class _Class:
    """Groups of one unit that are counted together: the sums of their answers."""

    def __init__(self, unit: int, groups: Sequence[SurveyGroup], asked: set[int], forms: Questionnaires) -> None:
        self.unit, self.alone = unit, len(groups) == 1
        self._asked, self._forms = asked, forms
        self._sums = ClassTally(tuple(g.code for g in groups), sum((g.weight for g in groups), Decimal(0)))
        # Different questionnaires would tell the groups apart that were put together.
        self._one_page = len({forms.page_of(edition) for edition in asked}) == 1
        self._choices: dict[str, Counter[str]] = {c: Counter() for c in forms.common(asked)} if self._one_page else {}

    def add(self, item: OpenedAnswer) -> None:
        """Add an answer to the sums."""
        self._sums.add(self._forms.counted(item.edition, item.answers))
        for code in self._choices.keys() & item.answers.keys():
            self._choices[code][item.answers[code]] += 1

    def tally(self, survey: Survey) -> SurveyTally:
        """Return the sums as they are stored."""
        return SurveyTally(
            survey=survey,
            unit_id=self.unit,
            groups=",".join(self._sums.groups),
            edition_id=max(self._asked) if self._one_page else None,
            weight=self._sums.weight,
            respondents=self._sums.respondents,
            leaves={
                code: {"respondents": leaf.respondents, "answers": leaf.answers, "weights": plain(leaf.weights)}
                for code, leaf in sorted(self._sums.leaves.items())
                if leaf.respondents >= survey.minimum_group
            },
            questions={
                code: dict(sorted(counter.items()))
                for code, counter in sorted(self._choices.items())
                if counter.total() >= survey.minimum_group
            },
        )


class Keeping:
    """What is kept of the answers of a survey, which come one by one and are counted before.

    What it holds grows with units, groups and questions, never with the answers.
    """

    def __init__(self, survey: Survey, counts: Counts, *, mixed_on: dt.date) -> None:
        self._survey, self._mixed_on = survey, mixed_on
        self._forms = Questionnaires()
        self._classes: list[_Class] = []
        self._class_of: dict[tuple[int, int], _Class] = {}
        # Answers about units that have too few in all; their number is all that is kept.
        self.dropped = 0
        self._named: set[int] = set()
        self._titled: set[tuple[int, int]] = set()
        groups = {group.pk: group for group in survey.groups.order_by("priority", "code")}
        for unit in counts.units:
            self._divide(unit, groups, counts)

    def _divide(self, unit: int, groups: Mapping[int, SurveyGroup], counts: Counts) -> None:
        smallest, sizes = self._survey.minimum_group, counts.groups(unit)
        classes = merge_small({str(pk): sizes[pk] for pk in groups}, smallest)
        for members in classes:
            inside = [groups[int(pk)] for pk in members]
            keys = {group.pk for group in inside}
            one = _Class(unit, inside, counts.asked(unit, keys), self._forms)
            self._classes.append(one)
            self._class_of.update({(unit, pk): one for pk in keys})
        if not classes:
            self.dropped += sizes.total()
        if sizes.total() >= smallest:
            self._named.add(unit)
        self._titled |= {(unit, edition) for edition, count in counts.editions(unit).items() if count >= smallest}

    def add(self, item: OpenedAnswer) -> SurveyResponse | None:
        """Add an answer to the sums; return the row that is kept of it by itself, if any.

        Groups that others joined are kept as sums only, or the small ones could be computed by subtraction.
        """
        found = self._class_of.get((item.unit, item.group))
        if found is None:
            return None
        found.add(item)
        if not found.alone:
            return None
        return SurveyResponse(
            survey=self._survey,
            unit_id=item.unit,
            group_id=item.group,
            edition_id=item.edition,
            answers=self._forms.closed(item.edition, item.answers),
            mixed_on=self._mixed_on,
        )

    def texts(self, item: OpenedAnswer) -> list[dict[str, Any]]:
        """Return the free texts of an answer, each as the fields of its `SurveyText`.

        Unit and question stay away where fewer than the smallest number stand behind them.
        """
        return [
            {
                "unit_id": item.unit if item.unit in self._named else None,
                "question": question[:_TITLE_LIMIT] if (item.unit, item.edition) in self._titled else "",
                "text": text,
            }
            for question, text in self._forms.texts(item.edition, item.answers)
        ]

    def tallies(self) -> list[SurveyTally]:
        """Return the sums of all that was added."""
        return [one.tally(self._survey) for one in self._classes]


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
