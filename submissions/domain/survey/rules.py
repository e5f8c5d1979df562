"""Declared rules of a survey: dates, smallest group, signs of interference, consequence of cancelling, networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.models import Unit, User
from submissions.domain.survey.setup import require_officer
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Participant, Survey, UnitNetwork
from submissions.survey_enums import SurveyState

DATES = ("lists_due", "answers_due")
CLOSED = (SurveyState.CLOSED, SurveyState.RESULTS)
# A wider range is no unit's own network: it would count the answers of half the country as given from inside.
WIDEST = {4: 8, 6: 32}
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
    _require_not_closed(stored)
    if stored.state != SurveyState.DRAFT and set(changed) & set(RULES):
        raise WrongState(_("Rules are declared before the lists open; now only the dates can be changed."))
    before = {name: str(getattr(stored, name)) for name in changed}
    for name in changed:
        setattr(stored, name, getattr(survey, name))
    stored.save(update_fields=changed or ["lists_due"])
    after = {name: str(getattr(stored, name)) for name in changed}
    audit.record("submissions.survey_rules", stored, user=user, before=before, after=after)
    return stored


def _require_not_closed(survey: Survey) -> None:
    if survey.state in CLOSED:
        raise WrongState(_("The survey is closed; its dates and rules stay as they are."))


def networks_of(survey: Survey) -> str:
    """Return the address ranges of the round's units, one per line: unit code and range."""
    rows = UnitNetwork.objects.filter(unit__participations__round=survey.round).select_related("unit")
    return "\n".join(f"{row.unit.code} {row.network}" for row in rows.order_by("unit__code", "network"))


@transaction.atomic
def store_networks(*, user: User, survey: Survey, text: str, shown: Iterable[str] = ()) -> int:
    """Put the ranges of the text in place of those that its units have; return how many there are.

    One per line: unit code, blank, range as CIDR or a single address. Of the round's units only those are touched that
    the text names or that `shown`, the codes on the page when it was opened, names: what another officer entered since
    stays. Raises SubmissionError naming the line that is wrong, or the range that a survey of another owner counts too
    and that is not to be taken away here, WrongState after the closing; then nothing is changed.
    """
    require_officer(user, survey.round)
    _require_not_closed(Survey.objects.get(pk=survey.pk))
    units = {unit.code: unit for unit in Unit.objects.filter(participations__round=survey.round)}
    rows = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            unit, network = _read_line(number, line.split(), units)
            rows[unit.pk, network] = UnitNetwork(unit=unit, network=network)
    named = {unit for unit, _network in rows} | {units[code].pk for code in shown if code in units}
    gone = [
        row
        for row in UnitNetwork.objects.filter(unit__in=named).select_related("unit")
        if (row.unit_id, row.network) not in rows
    ]
    _require_unshared(survey, gone)
    UnitNetwork.objects.filter(pk__in=[row.pk for row in gone]).delete()
    UnitNetwork.objects.bulk_create(rows.values(), ignore_conflicts=True)
    audit.record("submissions.survey_networks", survey, user=user, after={"ranges": len(rows)})
    return len(rows)


def _require_unshared(survey: Survey, gone: Sequence[UnitNetwork]) -> None:
    """Raise SubmissionError where a survey of another owner, not closed yet, counts one of the ranges too."""
    others = Participant.objects.filter(unit__in=[row.unit_id for row in gone], round__survey__isnull=False)
    others = others.exclude(round__owner=survey.round.owner).exclude(round__survey__state__in=CLOSED)
    owners = dict(others.values_list("unit_id", "round__owner__name"))
    for row in gone:
        if row.unit_id in owners and not _is_wide(ipaddress.ip_network(row.network)):
            raise SubmissionError(
                _(
                    "“%(code)s %(network)s” counts in a survey of %(owner)s too and cannot be taken away here before "
                    "that survey is closed. Leave the line as it is; nothing was changed."
                )
                % {"code": row.unit.code, "network": row.network, "owner": owners[row.unit_id]},
                code="shared_network",
            )


def _is_wide(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return network.prefixlen < WIDEST[network.version]


def _read_line(number: int, parts: Sequence[str], units: dict[str, Unit]) -> tuple[Unit, str]:
    unit = units.get(parts[0])
    if unit is None:
        raise SubmissionError(
            _("Line %(number)s: “%(code)s” is not a unit of the round.") % {"number": number, "code": parts[0][:64]},
            code="unknown_unit",
        )
    try:
        network = ipaddress.ip_network("".join(parts[1:]), strict=False)
    except ValueError:
        raise SubmissionError(
            _("Line %(number)s: “%(text)s” is not an address range such as 203.0.113.0/24.")
            % {"number": number, "text": " ".join(parts[1:])[:64]},
            code="bad_network",
        ) from None
    if _is_wide(network):
        raise SubmissionError(
            _("Line %(number)s: %(network)s is too wide for a unit's own network; the widest is /%(widest)s.")
            % {"number": number, "network": network, "widest": WIDEST[network.version]},
            code="wide_network",
        )
    return unit, str(network)
