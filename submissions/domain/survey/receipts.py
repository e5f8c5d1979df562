"""A respondent's receipt: it proves itself and is kept nowhere, so nothing leads from it to an answer or a person.

It says that answers were received for a survey on a day. Anybody can have it checked; the portal computes its seal
anew. Two receipts of one day differ only in chance letters.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings
from django.utils.translation import gettext as _

from cms import clock
from submissions.domain.survey.tokens import grouped
from submissions.exceptions import SubmissionError
from submissions.models import Survey

_EPOCH = dt.date(2020, 1, 1)
_SEAL = 6


@dataclass(frozen=True, slots=True)
class ReceiptOfAnswer:
    """What a receipt says."""

    survey: Survey
    day: dt.date
    number: str


def issue(survey: Survey) -> str:
    """Return a new receipt: 24 letters and digits in groups of four."""
    day = (clock.today() - _EPOCH).days
    body = survey.pk.to_bytes(4, "big") + day.to_bytes(2, "big") + secrets.token_bytes(3)
    return grouped(base64.b32encode(body + _seal(body, settings.SECRET_KEY)).decode())


def read(number: str) -> ReceiptOfAnswer:
    """Return what a receipt says; SubmissionError where it was not issued by this portal."""
    bare = "".join(c for c in number.upper() if c.isalnum()).replace("0", "O").replace("1", "I")
    refusal = SubmissionError(_("This is not a receipt of this portal. Check the number."), code="no_receipt")
    try:
        content = base64.b32decode(bare)
    except ValueError:
        raise refusal from None
    body, seal = content[:-_SEAL], content[-_SEAL:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(body) != 9 or not any(hmac.compare_digest(seal, _seal(body, key)) for key in keys):
        raise refusal
    survey = Survey.objects.select_related("round").filter(pk=int.from_bytes(body[:4], "big")).first()
    if survey is None:
        raise refusal
    return ReceiptOfAnswer(survey, _EPOCH + dt.timedelta(days=int.from_bytes(body[4:6], "big")), grouped(bare))


def _seal(body: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), b"survey-receipt:" + body, sha256).digest()[:_SEAL]
