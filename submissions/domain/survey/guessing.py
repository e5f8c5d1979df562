"""Slows down whoever tries codes: counted per address in the shared cache, told in one sentence."""

from __future__ import annotations

from django.core.cache import cache
from django.utils.translation import gettext as _

from submissions.domain.survey.tokens import keyed
from submissions.exceptions import SubmissionError

LIMIT = 20
WINDOW_SECONDS = 600


def check_not_guessing(address: str) -> None:
    """Raise SubmissionError where too many wrong codes came from the address lately."""
    if cache.get(_key(address), 0) >= LIMIT:
        raise SubmissionError(_("Too many wrong codes. Please try again in ten minutes."), code="too_many_guesses")


def note_wrong_code(address: str) -> None:
    """Count one wrong code."""
    key = _key(address)
    cache.add(key, 0, WINDOW_SECONDS)
    try:
        cache.incr(key)
    except ValueError:  # ran out in between
        cache.set(key, 1, WINDOW_SECONDS)


def _key(address: str) -> str:
    return f"survey-guess-{keyed(address)}"
