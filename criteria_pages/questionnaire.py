"""The frozen definition of a survey questionnaire: questions, options with their weights, the criterion each scores.

Pure like `definition.py`: no pages, no rows. The canonical JSON gives the edition's SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from criteria_pages.definition import plain
from criteria_pages.exceptions import CriteriaError

SCHEMA_VERSION = 1
SINGLE, SCALE, OPEN = "single", "scale", "open"
KINDS = (SINGLE, SCALE, OPEN)
HUNDRED = Decimal(100)
OPEN_TEXT_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that may be chosen.

    `weight`: per cent of the best (A 100, B 60 ...); None: "cannot say", not counted.
    """

    value: str
    label: str
    weight: Decimal | None = None
    label_en: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question. `criterion_code`: the survey leaf that it scores, empty for a question that is only reported.

    `kind`: single (options with weights), scale (whole numbers from `scale_from` to `scale_to`, the highest is best) or
    open (free text, never scored).
    """

    code: str
    text: str
    kind: str
    criterion_code: str = ""
    options: tuple[Option, ...] = ()
    scale_from: int = 1
    scale_to: int = 5
    required: bool = True
    text_en: str = ""

    @property
    def choices(self) -> tuple[tuple[str, str, str], ...]:
        """(value, label, English label) of everything that may be chosen; empty for open questions."""
        if self.kind == SCALE:
            return tuple((str(n), str(n), str(n)) for n in range(self.scale_from, self.scale_to + 1))
        return tuple((option.value, option.label, option.label_en) for option in self.options)

    def weight_of(self, value: str) -> Decimal | None:
        """Return what an answer weighs, 0 to 100; None where it is not counted. CriteriaError for an unknown answer."""
        if self.kind == OPEN:
            return None
        if self.kind == SCALE:
            if value not in {choice[0] for choice in self.choices}:
                raise CriteriaError(_("“%(value)s” is not an answer to this question.") % {"value": value})
            return (Decimal(value) - self.scale_from) * HUNDRED / (self.scale_to - self.scale_from)
        for option in self.options:
            if option.value == value:
                return option.weight
        raise CriteriaError(_("“%(value)s” is not an answer to this question.") % {"value": value})


@dataclass(frozen=True)
class QuestionnaireDefinition:
    """A whole questionnaire as it was frozen."""

    title: str
    questions: tuple[Question, ...]
    introduction: str = ""
    title_en: str = ""
    introduction_en: str = ""

    @cached_property
    def by_code(self) -> dict[str, Question]:
        """The questions by code."""
        return {question.code: question for question in self.questions}

    def clean_answers(self, raw: Mapping[str, str]) -> dict[str, str]:
        """Return the answers that may be stored: known questions, known choices, texts cut to nothing but text.

        Raises CriteriaError naming the question for a code or a choice that the questionnaire does not have (a form
        that was tampered with, or that belongs to another questionnaire).
        """
        result: dict[str, str] = {}
        for code, value in raw.items():
            question = self.by_code.get(code)
            if question is None:
                raise CriteriaError(
                    _("The questionnaire has no question “%(code)s”. Open it again from your invitation.")
                    % {"code": code},
                    code="unknown_question",
                )
            text = str(value).strip()
            if not text:
                continue
            if question.kind == OPEN:
                if len(text) > OPEN_TEXT_LIMIT:
                    raise CriteriaError(
                        _("Your answer to question %(code)s is longer than %(limit)s characters. Please shorten it.")
                        % {"code": code, "limit": OPEN_TEXT_LIMIT},
                        code="too_long",
                    )
            else:
                question.weight_of(text)
            result[code] = text
        return result

    def unanswered(self, answers: Mapping[str, str]) -> tuple[str, ...]:
        """Return the codes of required questions without an answer."""
        return tuple(q.code for q in self.questions if q.required and q.kind != OPEN and not answers.get(q.code))

    def to_json(self) -> dict[str, Any]:
        """Return the questionnaire as JSON data."""
        return {
            "schema": SCHEMA_VERSION,
            "title": self.title,
            "title_en": self.title_en,
            "introduction": self.introduction,
            "introduction_en": self.introduction_en,
            "questions": [
                {
                    "code": q.code,
                    "text": q.text,
                    "text_en": q.text_en,
                    "kind": q.kind,
                    "criterion_code": q.criterion_code,
                    "required": q.required,
                    "scale_from": q.scale_from,
                    "scale_to": q.scale_to,
                    "options": [
                        {
                            "value": o.value,
                            "label": o.label,
                            "label_en": o.label_en,
                            "weight": None if o.weight is None else plain(o.weight),
                        }
                        for o in q.options
                    ],
                }
                for q in self.questions
            ],
        }

    def sha256(self) -> str:
        """Return the hex SHA-256 of the canonical JSON."""
        text = json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> QuestionnaireDefinition:
        """Read what `to_json` wrote."""
        return cls(
            title=data["title"],
            title_en=data.get("title_en", ""),
            introduction=data.get("introduction", ""),
            introduction_en=data.get("introduction_en", ""),
            questions=tuple(
                Question(
                    code=q["code"],
                    text=q["text"],
                    text_en=q.get("text_en", ""),
                    kind=q["kind"],
                    criterion_code=q.get("criterion_code", ""),
                    required=q.get("required", True),
                    scale_from=q.get("scale_from", 1),
                    scale_to=q.get("scale_to", 5),
                    options=tuple(
                        Option(
                            value=o["value"],
                            label=o["label"],
                            label_en=o.get("label_en", ""),
                            weight=None if o.get("weight") is None else Decimal(o["weight"]),
                        )
                        for o in q.get("options", ())
                    ),
                )
                for q in data["questions"]
            ),
        )


@dataclass(frozen=True, slots=True)
class QuestionnaireProblem:
    """What is wrong; `index`: the place of the question from 0, None where it is the whole."""

    message: str
    index: int | None = None


def check_questionnaire(definition: QuestionnaireDefinition) -> list[str]:
    """Return sentences on everything that keeps a questionnaire from being published; empty where it is sound."""
    return [problem.message for problem in questionnaire_problems(definition)]


def questionnaire_problems(definition: QuestionnaireDefinition) -> list[QuestionnaireProblem]:
    """Return the same, each with its place."""
    if not definition.questions:
        return [QuestionnaireProblem(_("The questionnaire has no question."))]
    problems: list[QuestionnaireProblem] = []
    seen: set[str] = set()
    for index, question in enumerate(definition.questions):
        if question.code in seen:
            twice = _("Two questions have the code %(code)s.") % {"code": question.code}
            problems.append(QuestionnaireProblem(twice, index))
        seen.add(question.code)
        for found in _of(question):
            sentence = _("Question %(code)s: %(problem)s") % {"code": question.code, "problem": found}
            problems.append(QuestionnaireProblem(sentence, index))
    return problems


def _of(question: Question) -> list[str]:
    if question.kind not in KINDS:
        return [_("its kind is unknown.")]
    if question.kind == OPEN:
        return [_("an open question cannot score a criterion.")] if question.criterion_code else []
    if question.kind == SCALE:
        span = question.scale_to - question.scale_from
        return [] if 1 <= span <= 10 else [_("the scale needs from 2 to 11 steps.")]
    return _of_options(question)


def _of_options(question: Question) -> list[str]:
    problems = []
    values = [option.value for option in question.options]
    weights = [option.weight for option in question.options if option.weight is not None]
    if len(values) < 2:
        problems.append(_("it needs at least two options."))
    if len(set(values)) != len(values):
        problems.append(_("two options have the same mark."))
    if any(not 0 <= weight <= HUNDRED for weight in weights):
        problems.append(_("weights go from 0 to 100."))
    if question.criterion_code and (not weights or max(weights) != HUNDRED):
        problems.append(_("one option must weigh 100, or the criterion could never reach its maximum."))
    return problems
