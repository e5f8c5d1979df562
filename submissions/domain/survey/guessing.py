"""Slows down whoever tries codes, without keeping out those who have one.

A code tells by itself whether it was issued here (`tokens.is_ours`). Refused guesses are counted against the address in
the shared cache; a code of ours is never held up, however many people of one office, behind one address, mistype theirs
or open a link again that they have used. Those are counted too, in a drawer that nothing looks into: a refusal takes as
long whatever its reason.
"""

from __future__ import annotations

from django.core.cache import cache
from django.utils.translation import gettext as _

from submissions.domain.survey.tokens import is_ours, keyed, normal_token
from submissions.exceptions import SubmissionError

LIMIT = 20
WINDOW_SECONDS = 600


def count_refusal(token: str, address: str) -> None:
    """Count a refused code; raise SubmissionError where too many that were never issued came from the address."""
    ours = is_ours(normal_token(token))
    key = f"survey-{'known' if ours else 'guess'}-{keyed(address)}"
    cache.add(key, 0, WINDOW_SECONDS)
    try:
        count = cache.incr(key)
    except ValueError:  # ran out in between
        cache.set(key, 1, WINDOW_SECONDS)
        return
    if count > LIMIT and not ours:
        raise SubmissionError(_("Too many wrong codes. Please try again in ten minutes."), code="too_many_guesses")
