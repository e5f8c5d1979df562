"""From a questionnaire page to a frozen edition."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from wagtail.models import Revision

from cms import audit, clock
from cms.models import User
from criteria_pages.exceptions import CriteriaError
from criteria_pages.models.questionnaires import QuestionnaireEdition, QuestionnairePage
from criteria_pages.questionnaire import Option, Question, QuestionnaireDefinition, check_questionnaire


def questionnaire_from_page(page: QuestionnairePage) -> QuestionnaireDefinition:
    """Return the definition that the page's questions make."""
    return QuestionnaireDefinition(
        title=page.title,
        title_en=page.title_en,
        introduction=page.introduction,
        introduction_en=page.introduction_en,
        questions=tuple(_question(block.value) for block in page.body),
    )


def definition_of_body(title: str, body: Any) -> QuestionnaireDefinition:
    """Return the definition that a StreamField value makes, for checks before anything is saved."""
    return QuestionnaireDefinition(title=title, questions=tuple(_question(block.value) for block in body))


def require_sound(page: QuestionnairePage) -> None:
    """Raise CriteriaError with all problems where the questionnaire may not go live."""
    problems = check_questionnaire(questionnaire_from_page(page))
    if problems:
        raise CriteriaError(" ".join(problems), code="unsound_questionnaire")


def body_from_questionnaire(definition: QuestionnaireDefinition) -> list[tuple[str, dict[str, Any]]]:
    """Return StreamField data for a definition, for fixtures and copies."""
    return [
        (
            "question",
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
                    {"value": o.value, "label": o.label, "label_en": o.label_en, "weight": o.weight} for o in q.options
                ],
            },
        )
        for q in definition.questions
    ]


@transaction.atomic
def freeze_questionnaire(*, page: QuestionnairePage, revision: Revision, user: User | None) -> QuestionnaireEdition:
    """Freeze what was published; the same content as the newest edition gives that edition again.

    Raises CriteriaError with all problems where the questionnaire is not sound.
    """
    require_sound(page)
    definition = questionnaire_from_page(page)
    newest = QuestionnaireEdition.objects.filter(page=page).order_by("-number").first()
    digest = definition.sha256()
    if newest is not None and newest.sha256 == digest:
        return newest
    edition = QuestionnaireEdition.objects.create(
        page=page,
        number=(newest.number if newest else 0) + 1,
        title=page.title,
        definition_json=definition.to_json(),
        sha256=digest,
        revision=revision,
        published_by=user,
        published_at=clock.now(),
    )
    audit.record("criteria.freeze_questionnaire", page, user=user, after={"edition": edition.number, "sha256": digest})
    return edition


def edition_of(page: QuestionnairePage) -> QuestionnaireEdition:
    """Return the newest edition of a page; CriteriaError where it was never published."""
    edition = QuestionnaireEdition.objects.filter(page=page).order_by("-number").first()
    if edition is None:
        raise CriteriaError(_("Publish the questionnaire first."), code="not_published")
    return edition


def _question(value: Any) -> Question:
    return Question(
        code=(value.get("code") or "").strip(),
        text=(value.get("text") or "").strip(),
        text_en=(value.get("text_en") or "").strip(),
        kind=value.get("kind") or "single",
        criterion_code=(value.get("criterion_code") or "").strip(),
        required=bool(value.get("required")),
        scale_from=value.get("scale_from") or 1,
        scale_to=value.get("scale_to") or 5,
        options=tuple(
            Option(
                value=(option.get("value") or "").strip(),
                label=(option.get("label") or "").strip(),
                label_en=(option.get("label_en") or "").strip(),
                weight=option.get("weight"),
            )
            for option in value.get("options") or ()
        ),
    )
