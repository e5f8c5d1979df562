"""What the desks share: finding the round for the person, and turning a refusal into a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest

from cms.exceptions import PermissionRefused, PortalError
from submissions.domain.round_access import rounds_seen_by
from submissions.models import AssessmentRound


def round_for(request: HttpRequest, code: str) -> AssessmentRound:
    """Return the round if the user may see its desk. Others learn nothing, not even that it exists."""
    found = rounds_seen_by(request.user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def attempt(request: HttpRequest, act: Callable[[], Any], done: str) -> bool:
    """Do an act of the domain and say so; a refusal becomes an error message. Returns whether it was done."""
    try:
        act()
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
        return False
    if done:
        messages.success(request, done)
    return True


def attempt_in_form(form: Any, act: Callable[[], Any], fields: Mapping[str, str] | None = None) -> Any:
    """Do an act of the domain; a refusal becomes an error of the form, by `fields` at the field that it is about.

    Returns what the act returned, None where it was refused.
    """
    try:
        return act()
    except PermissionRefused:
        raise
    except PortalError as refusal:
        name = (fields or {}).get(refusal.code)
        form.add_error(name if name in form.fields else None, refusal.message)
        return None
