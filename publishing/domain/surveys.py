"""The survey in a release: aggregates frozen when the release is built, and the files made of them.

Nothing of fewer than the smallest group (five) is in the content: classes are those that the survey kept, in which
small groups are put together; who was asked and answered is told for the same classes, and totals are sums of what is
shown, so that no subtraction leads to a small group.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Count

from cms.spreadsheets import write_csv
from criteria_pages.definition import plain
from criteria_pages.questionnaire import OPEN, Question
from publishing.domain.representation import note_of
from publishing.models import IndexRelease, ReleaseSurvey
from submissions.domain.survey.figures import entered_tallies
from submissions.domain.survey.results import UnitResult, unit_results
from submissions.enums import ParticipantStatus
from submissions.models import AssessmentRound, Invitation, Survey, SurveyTally
from submissions.survey_enums import SurveyState
from submissions.survey_scoring import MEAN_GRAIN, ClassTally

COLUMNS = (
    "year", "unit_code", "unit_name", "groups", "criterion", "question", "asked", "respondents", "answers", "mean",
    "points", "note",
)  # fmt: skip


def freeze_survey(release: IndexRelease) -> ReleaseSurvey | None:
    """Store what the survey of the release's round says now; None where it has none whose results are in the index."""
    content = survey_content(release.round) if release.round else None
    if content is None:
        return None
    return ReleaseSurvey.objects.create(release=release, content=content, sha256=sha256_of_content(content))


def sha256_of_content(content: Mapping[str, Any]) -> str:
    """Return the hash of frozen content."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def survey_content(round: AssessmentRound) -> dict[str, Any] | None:
    """Return the aggregates of the round's survey as JSON data, figures as exact text; None before its results."""
    survey = Survey.objects.filter(round=round, state=SurveyState.RESULTS).select_related("round").first()
    if survey is None:
        return None
    asked = _asked(survey)
    own = _own_tallies(survey)
    entered = entered_tallies(survey)
    units = [
        _unit(result, own.get(result.participant.unit_id, []), entered.get(result.participant.unit_id, []), asked)
        for result in unit_results(survey)
        if result.participant.status != ParticipantStatus.NOT_ASSESSED
    ]
    classes = [part for unit in units for part in unit["classes"] if part["asked"] is not None]
    return {
        "smallest_group": survey.minimum_group,
        "answers_due": survey.answers_due.isoformat(),
        "cancelled_count_as": survey.cancel_consequence,
        "asked": sum(part["asked"] for part in classes),
        "answered": sum(part["respondents"] for part in classes),
        "groups": [
            {"code": g.code, "name": g.name, "name_en": g.name_en, "rule": g.rule, "weight": plain(g.weight)}
            for g in survey.groups.all()
        ],
        "units": units,
    }


def _asked(survey: Survey) -> dict[tuple[int, str], int]:
    """Return {(rated unit, group): people asked}; groups whose people nobody lists are not in it."""
    rows = Invitation.objects.filter(respondent__list__survey=survey)
    counts = rows.values_list("respondent__rated_unit", "respondent__group__code").annotate(number=Count("pk"))
    return {(unit, group): number for unit, group, number in counts}


def _own_tallies(survey: Survey) -> dict[int, list[SurveyTally]]:
    found: dict[int, list[SurveyTally]] = {}
    for row in survey.tallies.select_related("edition"):
        found.setdefault(row.unit_id, []).append(row)
    return found


def _unit(
    result: UnitResult,
    own: list[SurveyTally],
    entered: list[ClassTally],
    asked: Mapping[tuple[int, str], int],
) -> dict[str, Any]:
    participant = result.participant
    unit = {"code": participant.unit.code, "name": participant.unit_name, "cancelled": result.cancelled}
    if result.cancelled:
        return {**unit, "leaves": {}, "missing": [*result.leaves, *result.missing], "classes": []}
    return {
        **unit,
        "leaves": {
            leaf.code: {
                "mean": plain(leaf.mean),
                "points": plain(leaf.points),
                "respondents": leaf.respondents,
                "answers": leaf.answers,
            }
            for leaf in result.leaves.values()
        },
        "missing": list(result.missing),
        "classes": [_class(row, asked) for row in own] + [_entered(row) for row in entered],
    }


def _class(row: SurveyTally, asked: Mapping[tuple[int, str], int]) -> dict[str, Any]:
    numbers = [asked.get((row.unit_id, code)) for code in row.group_codes]
    questions = {q.code: q for q in row.edition.definition.questions if q.kind != OPEN} if row.edition else {}
    return {
        "groups": list(row.group_codes),
        # Nobody is asked by name where a public link is open.
        "asked": None if None in numbers else sum(number or 0 for number in numbers),
        "respondents": row.respondents,
        "leaves": {
            code: {
                "respondents": leaf["respondents"],
                "answers": leaf["answers"],
                "mean": _mean(Decimal(leaf["weights"]), leaf["answers"]),
            }
            for code, leaf in row.leaves.items()
        },
        "questions": [
            _question(questions[code], counts) for code, counts in row.questions.items() if code in questions
        ],
    }


def _entered(row: ClassTally) -> dict[str, Any]:
    return {
        "groups": list(row.groups),
        "asked": None,
        "respondents": row.respondents,
        "leaves": {
            code: {"respondents": leaf.respondents, "answers": leaf.answers, "mean": _mean(leaf.weights, leaf.answers)}
            for code, leaf in row.leaves.items()
        },
        "questions": [],
    }


def _question(question: Question, counts: Mapping[str, int]) -> dict[str, Any]:
    weights = {value: question.weight_of(value) for value in counts}
    counted = {value: number for value, number in counts.items() if weights[value] is not None}
    total = sum(((weights[value] or Decimal(0)) * number for value, number in counted.items()), Decimal(0))
    number = sum(counted.values())
    return {
        "code": question.code,
        "text": question.text,
        "text_en": question.text_en,
        "criterion": question.criterion_code,
        "choices": [
            {"value": value, "label": label, "label_en": label_en, "number": counts.get(value, 0)}
            for value, label, label_en in question.choices
        ],
        "answers": number,
        "mean": _mean(total, number) if number and question.criterion_code else "",
    }


def _mean(total: Decimal, number: int) -> str:
    return plain((total / number).quantize(MEAN_GRAIN)) if number else ""


# --- files ------------------------------------------------------------------------------------------------------------
def survey_json(release: IndexRelease) -> bytes:
    """Return the frozen content as JSON, with what it belongs to."""
    row = release.survey
    document = {
        "release": release.slug,
        "title": release.title,
        "year": release.year,
        "note": note_of(release),
        "sha256": row.sha256,
        "survey": row.content,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def survey_csv(release: IndexRelease) -> bytes:
    """Return the aggregates as CSV: per unit and criterion, then per (merged) group, criterion and question."""
    text = io.StringIO(newline="")
    write_csv(text, headers=list(COLUMNS), rows=_csv_rows(release))
    return text.getvalue().encode()


def _csv_rows(release: IndexRelease) -> Iterator[list[object]]:
    note = note_of(release)
    for unit in release.survey.content["units"]:
        head = [release.year, unit["code"], unit["name"]]
        if unit["cancelled"]:
            yield [*head, "", "", "", "", "", "", "", "", "cancelled"]
            continue
        for code, leaf in unit["leaves"].items():
            figures = [leaf["respondents"], leaf["answers"], leaf["mean"], leaf["points"]]
            yield [*head, "", code, "", "", *figures, note]
        for code in unit["missing"]:
            yield [*head, "", code, "", "", "", "", "", "", "too few answers"]
        for part in unit["classes"]:
            yield from _class_rows([*head, "+".join(part["groups"])], part, note)


def _class_rows(head: list[object], part: Mapping[str, Any], note: str) -> Iterator[list[object]]:
    asked = "" if part["asked"] is None else part["asked"]
    for code, leaf in part["leaves"].items():
        yield [*head, code, "", asked, leaf["respondents"], leaf["answers"], leaf["mean"], "", note]
    for question in part["questions"]:
        counts = [asked, part["respondents"], question["answers"], question["mean"]]
        yield [*head, question["criterion"], question["code"], *counts, "", note]
