"""A respondent answers: open, keep a draft, send. The person is known to the invitation, never to the answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from django.db import transaction
from django.db.models import F
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cms import clock
from cms.models import Unit
from criteria_pages.questionnaire import QuestionnaireDefinition
from submissions.domain.survey.tokens import decrypt_draft, encrypt_draft, keyed, normal_token, seal, token_hash
from submissions.exceptions import Locked, SubmissionError
from submissions.models import Invitation, SealedAnswer, Survey, SurveySignal, UnitNetwork
from submissions.survey_enums import SignalKind, SurveyState


def find_invitation(token: str, *, lock: bool = False) -> Invitation:
    """Return the open invitation of a token.

    Raises one and the same SubmissionError for a token that never was, was used or was replaced, so that trying tokens
    teaches nothing; Locked where the survey no longer takes answers.
    """
    rows = Invitation.objects.select_related(
        "respondent__group__edition", "respondent__rated_unit", "respondent__list__survey__round__owner"
    )
    if lock:
        rows = rows.select_for_update(of=("self",))
    invitation = rows.filter(token_sha256=token_hash(normal_token(token))).first()
    if invitation is None or invitation.used:
        raise SubmissionError(
            _("This code is not valid or was used already. Check it against your letter."), code="no_invitation"
        )
    survey = invitation.respondent.list.survey
    if survey.state != SurveyState.ANSWERING or clock.now() > survey.answers_due:
        raise Locked(
            _("The survey takes no more answers; it was open until %(due)s.")
            % {"due": f"{localtime(survey.answers_due):%d/%m/%Y %H:%M}"}
        )
    return invitation


def questionnaire_of(invitation: Invitation) -> QuestionnaireDefinition:
    """Return the frozen questionnaire that the invitation's group is asked."""
    return invitation.respondent.group.edition.definition


def read_draft(*, token: str) -> dict[str, str]:
    """Return the unsent answers of the token; raises as `find_invitation`."""
    return decrypt_draft(normal_token(token), find_invitation(token).draft)


@transaction.atomic
def keep_draft(*, token: str, answers: Mapping[str, str]) -> dict[str, str]:
    """Store unsent answers, readable only with the token. Raises CriteriaError for answers the questionnaire lacks."""
    invitation = find_invitation(token, lock=True)
    clean = questionnaire_of(invitation).clean_answers(answers)
    Invitation.objects.filter(pk=invitation.pk).update(
        draft=encrypt_draft(normal_token(token), clean), draft_version=F("draft_version") + 1
    )
    return clean


@transaction.atomic
def send_answers(*, token: str, answers: Mapping[str, str], seconds: int | None, address: str) -> None:
    """Send the answers, once and for all: the invitation is used up, the draft deleted, the answer sealed.

    `seconds`: time since the questionnaire was opened, `address`: where the answer came from; both only raise counters
    of the rated unit. Raises SubmissionError naming the questions that are not answered, and as `find_invitation`.
    """
    invitation = find_invitation(token, lock=True)
    definition = questionnaire_of(invitation)
    clean = definition.clean_answers(answers)
    missing = definition.unanswered(clean)
    if missing:
        raise SubmissionError(
            _("These questions are not answered yet: %(codes)s.") % {"codes": ", ".join(missing)}, code="incomplete"
        )
    respondent = invitation.respondent
    survey = respondent.list.survey
    if not Invitation.objects.filter(pk=invitation.pk, used=False).update(used=True, draft=None):
        raise SubmissionError(
            _("This code is not valid or was used already. Check it against your letter."), code="no_invitation"
        )
    SealedAnswer.objects.create(
        survey=survey,
        content=seal(
            {
                "unit": respondent.rated_unit_id,
                "group": respondent.group_id,
                "edition": respondent.group.edition_id,
                "answers": clean,
            }
        ),
    )
    _count_signals(survey, respondent.rated_unit, seconds, address)


def _count_signals(survey: Survey, unit: Unit, seconds: int | None, address: str) -> None:
    if seconds is not None and seconds < survey.fast_seconds:
        _count(survey, unit, SignalKind.FAST)
    try:
        source = ipaddress.ip_address(address)
    except ValueError:
        return
    width = 24 if source.version == 4 else 56
    network = ipaddress.ip_network(f"{source}/{width}", strict=False)
    _count(survey, unit, SignalKind.RANGE, keyed(f"{survey.pk}:{network}:{localtime(clock.now()):%Y%m%d%H}"))
    for row in UnitNetwork.objects.filter(unit=unit):
        if source in ipaddress.ip_network(row.network, strict=False):
            _count(survey, unit, SignalKind.INSIDE)
            break


def _count(survey: Survey, unit: Unit, kind: str, bucket: str = "") -> None:
    row, _created = SurveySignal.objects.get_or_create(survey=survey, unit=unit, kind=kind, bucket=bucket)
    SurveySignal.objects.filter(pk=row.pk).update(count=F("count") + 1)
