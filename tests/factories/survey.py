"""Factories of the survey: a questionnaire edition, and a survey whose lists are open."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from cms.enums import Role
from cms.models import User
from criteria_pages.domain.questionnaires import body_from_questionnaire, freeze_questionnaire
from criteria_pages.models import QuestionnaireEdition, QuestionnairePage
from criteria_pages.questionnaire import Option, Question, QuestionnaireDefinition
from submissions.domain.survey import setup
from submissions.models import RespondentList, Survey, SurveyGroup
from tests.factories.cms import BasePageFactory, user_with_role
from tests.factories.submissions import OpenRound, open_round

WEIGHTS = (("A", 100), ("B", 60), ("C", 20), ("D", 0))


class QuestionnairePageFactory(BasePageFactory):
    class Meta:
        model = QuestionnairePage

    title = "Phiếu khảo sát"


def questionnaire(*, criterion: str = "2.2.1", questions: int = 2) -> QuestionnaireDefinition:
    """Return a questionnaire: scored single-choice questions of one criterion, and an open one."""
    options = tuple(Option(value, f"Mức {value}", Decimal(weight)) for value, weight in WEIGHTS)
    scored = tuple(
        Question(
            f"q{n}", f"Câu hỏi {n}", "single", criterion_code=criterion, options=(*options, Option("E", "Không rõ"))
        )
        for n in range(1, questions + 1)
    )
    return QuestionnaireDefinition(
        title="Phiếu khảo sát",
        questions=(*scored, Question("y", "Ý kiến khác", "open", required=False)),
    )


def two_criteria() -> QuestionnaireDefinition:
    """Return a questionnaire with a question for each of two survey criteria, and an open one of its own."""
    options = tuple(Option(value, f"Mức {value}", Decimal(weight)) for value, weight in WEIGHTS)
    return QuestionnaireDefinition(
        title="Phiếu của trưởng phòng",
        questions=(
            Question("h1", "Câu một", "single", criterion_code="2.2.1", options=options),
            Question("h2", "Câu hai", "single", criterion_code="9.9.9", options=options),
            Question("z", "Ý kiến của trưởng phòng", "open", required=False),
        ),
    )


def questionnaire_edition(definition: QuestionnaireDefinition | None = None) -> QuestionnaireEdition:
    """Return a frozen edition of a new, published questionnaire page."""
    page = QuestionnairePageFactory(body=body_from_questionnaire(definition or questionnaire()))
    revision = page.save_revision()
    return freeze_questionnaire(page=page, revision=revision, user=None)


@dataclass(frozen=True)
class OpenSurvey:
    """A survey of an open round with two groups, whose lists are open."""

    around: OpenRound
    survey: Survey
    officer: User
    second_officer: User
    first: SurveyGroup
    second: SurveyGroup

    def list_of(self, participant: object) -> RespondentList:
        """Return the list of a participant."""
        return RespondentList.objects.get(survey=self.survey, participant=participant)


def open_survey() -> OpenSurvey:
    """Return a survey whose units enter their lists: deputies (priority 1) and heads of divisions."""
    around = open_round()
    officer = user_with_role(Role.SURVEY_OFFICER, around.round.owner)
    second = user_with_role(Role.SURVEY_OFFICER, around.round.owner)
    edition = questionnaire_edition()
    now = timezone.now()
    survey = Survey.objects.create(
        round=around.round,
        lists_due=now + dt.timedelta(days=5),
        answers_due=now + dt.timedelta(days=20),
        # With two questions, people who answer alike are no sign of anything; all of them are.
        identical_share=100,
    )
    deputies = SurveyGroup.objects.create(
        survey=survey, code="dai-bieu", name="Đại biểu", edition=edition, priority=1, weight=2
    )
    heads = SurveyGroup.objects.create(
        survey=survey, code="truong-phong", name="Trưởng phòng", edition=edition, priority=10, weight=1
    )
    setup.open_lists(user=officer, survey=survey)
    return OpenSurvey(around, survey, officer, second, deputies, heads)
