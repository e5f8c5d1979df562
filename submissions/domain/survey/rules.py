"""Declared rules of a survey: dates, smallest group, signs of interference, consequence of cancelling, networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.models import Unit, User
from submissions.domain.survey.setup import require_officer
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Survey, UnitNetwork
from submissions.survey_enums import SurveyState

DATES = ("lists_due", "answers_due")
RULES = ("minimum_group", "cancel_consequence", "fast_seconds", "burst_size", "identical_share")


@transaction.atomic
def change_rules(*, user: User, survey: Survey) -> Survey:
    """Store changed dates and rules. Rules are declared before the lists open and stay; dates move until the closing.

    Raises PermissionRefused for anybody but the survey officer, WrongState where it is too late, SubmissionError for
    dates out of order.
    """
    stored = Survey.objects.select_for_update().select_related("round__owner").get(pk=survey.pk)
    require_officer(user, stored.round)
    if survey.answers_due <= survey.lists_due:
        raise SubmissionError(_("Answers must be due after the lists."), code="dates_out_of_order")
    changed = [name for name in (*DATES, *RULES) if getattr(stored, name) != getattr(survey, name)]
    if stored.state in {SurveyState.CLOSED, SurveyState.RESULTS}:
        raise WrongState(_("The survey is closed; its dates and rules stay as they are."))
    if stored.state != SurveyState.DRAFT and set(changed) & set(RULES):
        raise WrongState(_("Rules are declared before the lists open; now only the dates can be changed."))
    before = {name: str(getattr(stored, name)) for name in changed}
    for name in changed:
        setattr(stored, name, getattr(survey, name))
    stored.save(update_fields=changed or ["lists_due"])
    after = {name: str(getattr(stored, name)) for name in changed}
    audit.record("submissions.survey_rules", stored, user=user, before=before, after=after)
    return stored


def networks_of(survey: Survey) -> str:
    """Return the address ranges of the round's units, one per line: unit code and range."""
    rows = UnitNetwork.objects.filter(unit__participations__round=survey.round).select_related("unit")
    return "\n".join(f"{row.unit.code} {row.network}" for row in rows.order_by("unit__code", "network"))


@transaction.atomic
def store_networks(*, user: User, survey: Survey, text: str) -> int:
    """Put the ranges of the text in place of those of the round's units; return how many there are.

    One per line: unit code, blank, range as CIDR or a single address. Raises SubmissionError naming the line that is
    wrong; then nothing is changed.
    """
    require_officer(user, survey.round)
    units = {unit.code: unit for unit in Unit.objects.filter(participations__round=survey.round)}
    rows = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            unit, network = _read_line(number, line.split(), units)
            rows[unit.pk, network] = UnitNetwork(unit=unit, network=network)
    UnitNetwork.objects.filter(unit__in=units.values()).delete()
    UnitNetwork.objects.bulk_create(rows.values())
    audit.record("submissions.survey_networks", survey, user=user, after={"ranges": len(rows)})
    return len(rows)


def _read_line(number: int, parts: Sequence[str], units: dict[str, Unit]) -> tuple[Unit, str]:
    unit = units.get(parts[0])
    if unit is None:
        raise SubmissionError(
            _("Line %(number)s: “%(code)s” is not a unit of the round.") % {"number": number, "code": parts[0][:64]},
            code="unknown_unit",
        )
    try:
        return unit, str(ipaddress.ip_network("".join(parts[1:]), strict=False))
    except ValueError:
        raise SubmissionError(
            _("Line %(number)s: “%(text)s” is not an address range such as 203.0.113.0/24.")
            % {"number": number, "text": " ".join(parts[1:])[:64]},
            code="bad_network",
        ) from None
