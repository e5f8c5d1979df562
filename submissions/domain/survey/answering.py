"""A respondent answers: open, keep a draft, send. The person is known to the invitation, never to the answer."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cms import clock
from cms.models import Unit
from criteria_pages.questionnaire import QuestionnaireDefinition
from submissions.domain.survey.locks import hold
from submissions.domain.survey.tokens import (
    decrypt_draft,
    encrypt_draft,
    keyed,
    normal_token,
    seal,
    token_hash,
)
from submissions.exceptions import Locked, SubmissionError
from submissions.models import Invitation, SealedAnswer, Survey, SurveySignal, UnitNetwork
from submissions.survey_enums import SignalKind, SurveyState


@dataclass(frozen=True, slots=True)
class Draft:
    """Unsent answers of a code. `opened`: when the questionnaire was first opened, in seconds, as far as it is known;
    `version`: counts what was kept; `edition`: the questionnaire they were given to."""

    answers: dict[str, str]
    version: int
    edition: int | None = None
    opened: int | None = None


def find_invitation(token: str) -> Invitation:
    """Return the open invitation of a code.

    Raises one and the same SubmissionError for a code that never was, was used or was replaced, so that trying codes
    teaches nothing; Locked where the survey no longer takes answers, for codes that were used as for those that were
    not.
    """
    wanted = {"token_sha256": token_hash(normal_token(token))}
    # The same one small look for every code, invented ones too: only for an open one is anything else read, so that
    # what a refusal costs tells as little as its words.
    survey = "respondent__list__survey"
    facts = Invitation.objects.filter(**wanted).values_list("spent", f"{survey}__state", f"{survey}__answers_due")
    found = facts.first()
    if found is None:
        raise no_invitation()
    spent, state, due = found
    _require_open(state, due)
    if spent:
        raise no_invitation()
    rows = Invitation.objects.select_related(
        "respondent__group__edition", "respondent__rated_unit", f"{survey}__round__owner"
    )
    invitation = rows.filter(**wanted, spent=False).first()
    if invitation is None:  # used or replaced at this moment
        raise no_invitation()
    return invitation


def no_invitation() -> SubmissionError:
    """Return the one refusal of all codes that open nothing."""
    return SubmissionError(
        _(
            "This code is not valid or was used already. Check it against your letter. If you have just sent your "
            "answers, they were received and you need do nothing more."
        ),
        code="no_invitation",
    )


def require_open(survey: Survey) -> None:
    """Raise Locked where the survey takes no answers now."""
    _require_open(survey.state, survey.answers_due)


def _require_open(state: str, due: dt.datetime) -> None:
    if state != SurveyState.ANSWERING or clock.now() > due:
        raise Locked(
            _("The survey takes no more answers; it was open until %(due)s.")
            % {"due": f"{localtime(due):%d/%m/%Y %H:%M}"}
        )


def questionnaire_of(invitation: Invitation) -> QuestionnaireDefinition:
    """Return the frozen questionnaire that the invitation's group is asked."""
    return invitation.respondent.group.edition.definition


def draft_of(token: str, invitation: Invitation) -> Draft:
    """Return the unsent answers of a code; only the code opens them."""
    data = decrypt_draft(normal_token(token), invitation.draft)
    return Draft(
        answers=data.get("answers", {}),
        version=invitation.draft_version,
        edition=data.get("edition"),
        opened=data.get("opened"),
    )


def read_draft(*, token: str) -> Draft:
    """Return the unsent answers of the code; raises as `find_invitation`."""
    return draft_of(token, find_invitation(token))


@transaction.atomic
def keep_draft(
    *,
    token: str,
    answers: Mapping[str, str],
    edition: int | None = None,
    expected_version: int | None = None,
    opened: int | None = None,
) -> Draft:
    """Store unsent answers, readable only with the code.

    `edition`: the questionnaire that was shown; `expected_version`: the draft that was shown, None overwrites whatever
    there is. Raises CriteriaError for answers the questionnaire lacks, SubmissionError "stale" where newer answers were
    kept from elsewhere and "edition_replaced" where another questionnaire is asked now; and as `find_invitation`.
    """
    invitation = _held(token)
    _require_edition(invitation, edition)
    clean = questionnaire_of(invitation).clean_answers(answers)
    rows = _unspent(invitation)
    wanted = rows if expected_version is None else rows.filter(draft_version=expected_version)
    shown = invitation.respondent.group.edition_id
    content = {"answers": clean, "edition": shown, "opened": opened}
    if not wanted.update(draft=encrypt_draft(normal_token(token), content), draft_version=F("draft_version") + 1):
        if not rows.exists():
            raise no_invitation()
        raise SubmissionError(
            _(
                "Newer answers were kept from another window or device. What you chose here is still on this page; "
                "keep it again to put it in the place of those."
            ),
            code="stale",
        )
    version = Invitation.objects.values_list("draft_version", flat=True).get(pk=invitation.pk)
    return Draft(answers=clean, version=version, edition=shown, opened=opened)


@transaction.atomic
def send_answers(
    *, token: str, answers: Mapping[str, str], seconds: int | None, address: str, edition: int | None = None
) -> Survey:
    """Send the answers, once and for all: the invitation is used up, the draft deleted, the answer sealed.

    `seconds`: time since the questionnaire was opened, `address`: where the answer came from; both only raise counters
    of the rated unit. Each person counts once: what is sent with a letter that was issued anew after the person had
    answered is dropped, and looks the same, or whoever issues a letter would learn by its code who has answered (the
    page says so beforehand).

    Returns the survey. Raises SubmissionError naming the questions that are not answered, and as `keep_draft`.
    """
    invitation = _held(token)
    _require_edition(invitation, edition)
    clean = complete_answers(questionnaire_of(invitation), answers)
    respondent = invitation.respondent
    survey = respondent.list.survey
    code = _unspent(invitation)
    if not code.filter(used=False).update(used=True, spent=True, draft=None):
        if not code.update(spent=True, draft=None):
            raise no_invitation()
        return survey
    store_sealed(
        survey=survey,
        unit=respondent.rated_unit,
        group_id=respondent.group_id,
        edition_id=respondent.group.edition_id,
        answers=clean,
        seconds=seconds,
        address=address,
    )
    return survey


def complete_answers(definition: QuestionnaireDefinition, answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers in the form that is stored; SubmissionError naming the questions that are not answered."""
    clean = definition.clean_answers(answers)
    missing = definition.unanswered(clean)
    if missing:
        raise SubmissionError(
            _("These questions are not answered yet: %(codes)s.") % {"codes": ", ".join(missing)}, code="incomplete"
        )
    return clean


def store_sealed(
    *,
    survey: Survey,
    unit: Unit,
    group_id: int,
    edition_id: int,
    answers: Mapping[str, str],
    seconds: int | None,
    address: str,
) -> None:
    """Seal a complete answer about a unit and raise the unit's counters. The caller holds the survey open."""
    content = {"unit": unit.pk, "group": group_id, "edition": edition_id, "answers": dict(answers)}
    SealedAnswer.objects.create(survey=survey, content=seal(content))
    _count_signals(survey, unit, seconds, address)


def _unspent(invitation: Invitation) -> QuerySet[Invitation]:
    return Invitation.objects.filter(pk=invitation.pk, token_sha256=invitation.token_sha256, spent=False)


def _held(token: str) -> Invitation:
    """Return the invitation of a code while the survey is held open for this transaction."""
    invitation = find_invitation(token)
    require_open(hold(invitation.respondent.list.survey_id))
    return invitation


def _require_edition(invitation: Invitation, edition: int | None) -> None:
    if edition is not None and edition != invitation.respondent.group.edition_id:
        raise SubmissionError(
            _(
                "The questionnaire was replaced by a newer one while you were answering. Your answers to questions "
                "that both have are kept; please look through it again."
            ),
            code="edition_replaced",
        )


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
