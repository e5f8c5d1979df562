"""The whole content of a form as canonical JSON: what the leader signs, what is sent, what the receipt proves."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db.models import Prefetch

from criteria_pages.definition import plain
from submissions.domain.definitions import definition_for
from submissions.models import Answer, EvidenceUse, Submission

CONTENT_SCHEMA = 1


def content_of(submission: Submission) -> dict[str, Any]:
    """Return everything the unit says in the form, in the order of the definition, with evidence named by hash.

    Answers to leaves that the definition does not ask of the unit are not part of it. Two queries.
    """
    participant = submission.participant
    uses = EvidenceUse.objects.select_related("evidence__file").order_by("evidence__file__sha256", "pk")
    answers = {
        answer.code: answer
        for answer in Answer.objects.filter(submission=submission).prefetch_related(
            Prefetch("evidence_uses", queryset=uses)
        )
    }
    definition = definition_for(participant)
    return {
        "schema": CONTENT_SCHEMA,
        "round": participant.round.code,
        "edition": participant.round.edition.sha256,
        "unit": participant.unit.code,
        "unit_name": participant.unit_name,
        "answers": [_answer_json(answers[leaf.code]) for leaf in definition.leaves if leaf.code in answers],
        "difficulties": submission.difficulties,
        "proposals": submission.proposals,
    }


def content_sha256(content: dict[str, Any]) -> str:
    """Return the hex SHA-256 of the canonical JSON (UTF-8, sorted keys, no spaces)."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "code": answer.code,
        "inputs": dict(answer.inputs),
        "explanation": answer.explanation,
        "points": None if answer.self_points is None else plain(answer.self_points),
        "applicable": answer.self_applicable,
        "evidence": [
            {
                "sha256": use.evidence.file.sha256,
                "title": use.evidence.title,
                "number": use.evidence.number,
                "issued_on": use.evidence.issued_on.isoformat() if use.evidence.issued_on else "",
                "issuer": use.evidence.issuer,
                "pages": use.pages,
            }
            for use in answer.evidence_uses.all()
        ],
    }
