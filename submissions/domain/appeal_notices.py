"""Whom the steps of an appeal concern: the unit that may file, the secretariat that answers, the unit that waits."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.enums import Role
from cms.models import User
from submissions.domain.access import MEMBER_ROLES
from submissions.domain.appraisal_gate import when
from submissions.domain.event_notices import holders, on
from submissions.domain.notices import notify
from submissions.enums import FilingState, ParticipantStatus
from submissions.models import AssessmentRound, FiledAppeal


@on("submissions.appeal_period")
def _period_set(round_: AssessmentRound, user: User | None, after: dict[str, Any]) -> None:
    """The leaders of the units that are assessed learn until when they may appeal."""
    units = round_.participants.exclude(status=ParticipantStatus.NOT_ASSESSED).values("unit")
    closes = after["closes_at"]
    notify(
        users=holders(units=units, roles=[Role.LEADER], besides=user),
        key=f"appeals:{round_.pk}:{closes.isoformat()}",
        title=lambda: _("Appeals are taken until %(time)s: %(round)s") % {"time": when(closes), "round": round_.name},
        url=reverse("submissions:forms"),
    )


@on("submissions.appeal_filed")
def _filed(filing: FiledAppeal, user: User | None, _after: dict[str, Any]) -> None:
    title = gettext_lazy("%(unit)s has filed the appeal %(reference)s about %(code)s: %(round)s")
    _tell_secretariat(filing, user, title, "filed")


@on("submissions.appeal_answered")
def _answered(filing: FiledAppeal, user: User | None, after: dict[str, Any]) -> None:
    state = str(after.get("state") or filing.state)
    if state == FilingState.WITHDRAWN:
        title = gettext_lazy("%(unit)s has withdrawn the appeal %(reference)s about %(code)s: %(round)s")
        _tell_secretariat(filing, user, title, state)
        return
    who = filing.participant
    notify(
        users=holders(units=[who.unit_id], roles=MEMBER_ROLES, besides=user),
        key=f"appeal:{filing.pk}:{state}",
        title=lambda: (
            _("The appeal %(reference)s about %(code)s: %(state)s (%(round)s)")
            % (_names(filing) | {"state": FilingState(state).label})
        ),
        text=filing.decision.reason if filing.decision else filing.answer,
        url=reverse("submissions:unit_appeals", args=[who.submission.pk]),
    )


def _tell_secretariat(filing: FiledAppeal, user: User | None, title: Promise, step: str) -> None:
    round_ = filing.participant.round
    notify(
        users=holders(units=[round_.owner_id], roles=[Role.SECRETARIAT], besides=user),
        key=f"appeal:{filing.pk}:{step}",
        title=lambda: str(title) % _names(filing),
        text=filing.asked,
        url=reverse("submissions:round_appeals", args=[round_.code]),
    )


def _names(filing: FiledAppeal) -> dict[str, object]:
    who = filing.participant
    return {
        "unit": who.unit_name or who.unit.name,
        "code": filing.code,
        "round": who.round.name,
        "reference": filing.reference,
    }
