"""Answers of a unit: one row per leaf, written through the gate, refused when stale."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.compiled import Compiled
from cms.exceptions import PortalError
from cms.models import User
from criteria_pages.rules.base import Outcome
from submissions.domain.definitions import definition_for
from submissions.domain.gate import check_write, check_writes
from submissions.domain.inputs import Reading, read_explanation, read_inputs
from submissions.domain.sign_off import void_after_change
from submissions.enums import WriteAction
from submissions.exceptions import StaleWrite, SubmissionError
from submissions.models import Answer, Submission


def write_answer(
    *,
    user: User,
    submission: Submission,
    code: str,
    expected_version: int,
    inputs: Mapping[str, str],
    explanation: str,
    write_id: uuid.UUID | None = None,
    own_writes: Collection[uuid.UUID] = (),
) -> Answer:
    """Store what was typed for a leaf and compute its self-score; return the stored answer.

    `inputs` is typed text by input name, `expected_version` the version that the writer saw (0: no answer yet). The
    same content sent again returns the stored answer, so a repeated request does no harm. `write_id` names this write;
    `own_writes` are earlier ones of the same writer whose acknowledgement was lost: where the stored answer is one of
    them, nothing of anybody else is overwritten and the write is not stale. A change voids a valid sign-off.

    Raises what the gate raises, `InputError` or `InputErrors` for what cannot be read, `StaleWrite` with both versions
    where somebody stored a newer one.
    """
    with transaction.atomic():
        locked = check_write(user=user, submission=submission, code=code, action=WriteAction.ANSWER)
        answer = _answer.first(locked.pk, code)
        leaf = definition_for(locked.participant).leaf(code)
        text = read_explanation(explanation)
        reading = read_inputs(leaf=leaf, typed=inputs)
        stored = answer or Answer(submission=locked, code=code)
        if stored.inputs == reading.inputs and stored.explanation == text:
            return stored
        if stored.version != expected_version and stored.write_id not in own_writes:
            raise _stale(stored, typed=dict(inputs), explanation=text)
        before = answer_content(stored) if answer else None
        _fill(stored, reading=reading, explanation=text, user=user)
        stored.version += 1
        stored.write_id = write_id
        stored.save()
        void_after_change(
            submission=locked,
            user=user,
            reason=_("The answer to %(code)s was changed by %(user)s.") % {"code": code, "user": user},
        )
        audit.record("submissions.answer", stored, user=user, before=before, after=answer_content(stored))
    return stored


# The lock of the form is the lock of its answers.
_answer = Compiled(lambda form, code: Answer.objects.filter(submission_id=form, code=code), int, str)


@dataclass(frozen=True, slots=True)
class TypedAnswer:
    """What was typed for one leaf: raw text by input name, and the explanation."""

    inputs: Mapping[str, str]
    explanation: str


class RefusedAnswers(SubmissionError):
    """Some of many answers were refused, so none was stored; `errors` has the refusal of each leaf by code."""

    def __init__(self, errors: Mapping[str, PortalError]) -> None:
        first = next(iter(errors.values()))
        super().__init__(
            _("%(number)s answers were refused and none was stored. The first: %(message)s")
            % {"number": len(errors), "message": first.message},
            code="refused_answers",
        )
        self.errors = errors


def write_answers(
    *,
    user: User,
    submission: Submission,
    rows: Mapping[str, TypedAnswer],
    expected_versions: Mapping[str, int] | None = None,
) -> list[Answer]:
    """Store many answers of one form, all or none; return those that changed.

    The same gate, parsing, versions and sign-off rule as `write_answer`, in a fixed number of queries. Without
    `expected_versions` the stored versions are taken as seen. Raises what the gate raises, and `RefusedAnswers` with
    every leaf's `InputError`, `InputErrors` or `StaleWrite`.
    """
    with transaction.atomic():
        locked = check_writes(user=user, submission=submission, codes=tuple(rows), action=WriteAction.ANSWER)
        definition = definition_for(locked.participant)
        stored = {
            a.code: a for a in Answer.objects.filter(submission=locked, code__in=rows).select_related("updated_by")
        }
        changed: list[Answer] = []
        audited: dict[str, dict[str, Any]] = {}
        errors: dict[str, PortalError] = {}
        for code, typed in rows.items():
            answer = stored.get(code) or Answer(submission=locked, code=code)
            try:
                text = read_explanation(typed.explanation)
                reading = read_inputs(leaf=definition.leaf(code), typed=typed.inputs)
                if answer.inputs == reading.inputs and answer.explanation == text:
                    continue
                if expected_versions is not None and answer.version != expected_versions.get(code, 0):
                    raise _stale(answer, typed=dict(typed.inputs), explanation=text)
            except PortalError as error:
                errors[code] = error
                continue
            before = answer_content(answer) if code in stored else None
            _fill(answer, reading=reading, explanation=text, user=user)
            answer.version += 1
            answer.write_id = None
            changed.append(answer)
            audited[code] = {"before": before, "after": answer_content(answer)}
        if errors:
            raise RefusedAnswers(errors)
        if changed:
            _store_many(changed)
            reason = _("%(number)s answers were changed by %(user)s.") % {"number": len(changed), "user": user}
            void_after_change(submission=locked, user=user, reason=reason)
            audit.record("submissions.answers", locked, user=user, answers=audited)
    return changed


def _store_many(answers: list[Answer]) -> None:
    """Insert new answers and update the others; `updated_at` is set by hand because bulk operations do not."""
    now = clock.now()
    for answer in answers:
        answer.updated_at = now
    new = [answer for answer in answers if answer.pk is None]
    old = [answer for answer in answers if answer.pk is not None]
    Answer.objects.bulk_create(new)
    Answer.objects.bulk_update(
        old,
        ["inputs", "explanation", "self_points", "self_applicable", "version", "write_id", "updated_by", "updated_at"],
        batch_size=200,
    )


def write_report_texts(
    *, user: User, submission: Submission, expected_version: int, difficulties: str, proposals: str
) -> Submission:
    """Store the difficulties and proposals of the report; same rules as for an answer.

    The version counts in `Submission.report_version`. Raises what the gate raises and `StaleWrite`.
    """
    with transaction.atomic():
        locked = check_write(user=user, submission=submission, code=None, action=WriteAction.REPORT)
        after = {
            "difficulties": read_explanation(difficulties),
            "proposals": read_explanation(proposals),
        }
        before = {"difficulties": locked.difficulties, "proposals": locked.proposals}
        if before == after:
            return locked
        if locked.report_version != expected_version:
            raise StaleWrite(
                _("A colleague changed this text meanwhile. Both versions are shown; choose or join them."),
                current={**before, "version": locked.report_version},
                typed=after,
            )
        locked.difficulties, locked.proposals = after["difficulties"], after["proposals"]
        locked.report_version += 1
        locked.save(update_fields=["difficulties", "proposals", "report_version", "updated_at"])
        void_after_change(
            submission=locked,
            user=user,
            reason=_("Difficulties and proposals were changed by %(user)s.") % {"user": user},
        )
        audit.record("submissions.report", locked, user=user, before=before, after=after)
    return locked


def points_of(outcome: Outcome | None) -> Decimal | None:
    """Return the points of an outcome as they are stored, None where there are none."""
    return outcome.points if outcome is not None and outcome.applicable else None


def answer_content(answer: Answer) -> dict[str, Any]:
    """Return what an answer says, for the audit log and for comparing versions."""
    return {
        "inputs": dict(answer.inputs),
        "explanation": answer.explanation,
        "points": None if answer.self_points is None else format(answer.self_points, "f"),
        "applicable": answer.self_applicable,
        "version": answer.version,
    }


def _fill(answer: Answer, *, reading: Reading, explanation: str, user: User) -> None:
    answer.inputs = reading.inputs
    answer.explanation = explanation
    answer.self_points = points_of(reading.outcome)
    answer.self_applicable = reading.outcome is None or reading.outcome.applicable
    answer.updated_by = user


def _stale(stored: Answer, *, typed: dict[str, str], explanation: str) -> StaleWrite:
    return StaleWrite(
        _("%(user)s stored a newer answer to %(code)s meanwhile. Both versions are shown; choose or join them.")
        % {"user": stored.updated_by or _("Somebody"), "code": stored.code},
        current={
            "inputs": dict(stored.inputs),
            "explanation": stored.explanation,
            "version": stored.version,
            "updated_by": str(stored.updated_by or ""),
            "updated_at": stored.updated_at.isoformat() if stored.updated_at else "",
        },
        typed={"inputs": typed, "explanation": explanation},
    )
