"""Free texts of a closed survey: read by the survey officer alone, with passages that name people blacked out."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain.survey.setup import require_officer
from submissions.exceptions import SubmissionError
from submissions.models import SurveyText
from submissions.survey_enums import TextState

BLACK = "█"


@transaction.atomic
def redact(*, user: User, text: SurveyText, passage: str) -> SurveyText:
    """Black a passage out, wherever it stands in the text, for good: what stood there is kept nowhere.

    Raises PermissionRefused for anybody but the survey officer, SubmissionError where the passage is not in the text.
    """
    locked = _locked(user, text)
    wanted = passage.strip()
    changed, count = re.subn(re.escape(wanted), lambda match: BLACK * len(match.group()), locked.text, flags=re.I)
    if not wanted or not count:
        raise SubmissionError(
            _("The passage does not stand in the text. Copy it from there exactly."), code="no_passage"
        )
    locked.text, locked.state = changed, TextState.REDACTED
    return _store(user, locked)


@transaction.atomic
def hide(*, user: User, text: SurveyText) -> SurveyText:
    """Black a whole text out, for good."""
    locked = _locked(user, text)
    locked.text, locked.state = BLACK * 8, TextState.HIDDEN
    return _store(user, locked)


@transaction.atomic
def mark_read(*, user: User, text: SurveyText) -> SurveyText:
    """Note that a text was read; one that was blacked out stays marked as that."""
    locked = _locked(user, text)
    if locked.state == TextState.NEW:
        locked.state = TextState.READ
    return _store(user, locked)


def _locked(user: User, text: SurveyText) -> SurveyText:
    locked = SurveyText.objects.select_for_update().get(pk=text.pk)
    require_officer(user, locked.survey.round)
    return locked


def _store(user: User, text: SurveyText) -> SurveyText:
    text.save(update_fields=["text", "state"])
    # The log says that it happened, never what was said.
    audit.record("submissions.survey_text", text.survey, user=user, after={"state": text.state})
    return text
