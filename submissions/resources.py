"""Import resources of scores: decisions of agencies, points entered centrally. Rows pass the gates of the desks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from import_export.fields import Field

from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit
from cms.permissions import Person, has_role
from cms.spreadsheets import (
    BaseResource,
    CodeWidget,
    Column,
    LookupWidget,
    StrictDecimalWidget,
    Table,
    TextWidget,
    register_import,
)
from submissions.domain.appraisal_queue import rounds_for
from submissions.domain.ledger import NewEntry
from submissions.domain.score_batches import LedgerRow, ScoreBatch
from submissions.models import AssessmentRound, ScoreEntry

_COLUMN_OF = {
    "reason_missing": "reason",
    "points_out_of_range": "points",
    "off_step": "points",
    "points_missing": "points",
    "unknown_code": "code",
    "not_appraised": "code",
    "not_central": "code",
    "other_agency": "code",
    "not_assigned": "code",
    "own_unit": "participant",
    "not_sent": "participant",
    "not_assessed": "participant",
}


def round_of(context: Mapping[str, str]) -> AssessmentRound | None:
    """Return the round that an import belongs to, None where there is none."""
    return AssessmentRound.objects.select_related("owner", "edition").filter(code=context.get("round", "")).first()


class ScoreResource(BaseResource):
    """Scores by unit and leaf. A row that says what counts already is left alone; another becomes a new entry."""

    round = Field(None, "round", TextWidget(), readonly=True)
    participant = Field("participant", "unit", TextWidget())
    code = Field("code", "code", CodeWidget(required=True, max_length=32))
    points = Field("points", "points", StrictDecimalWidget(required=True))
    reason = Field("reason", "reason", TextWidget(max_length=4000))

    class Meta(BaseResource.Meta):
        model = ScoreEntry
        import_id_fields = ("participant", "code")
        fields = ("round", "participant", "code", "points", "reason")

    def prepare(self, table: Table) -> None:
        """Read the round, its units and its ledger once."""
        found = round_of(self.context)
        if found is None:
            raise PortalError(_("There is no round “%(code)s”.") % {"code": self.context.get("round", "")})
        if self.user is None:
            raise PermissionRefused(_("An import needs a person who answers for it."))
        self._of_round = found
        self.batch = ScoreBatch(user=self.user, round=found, lock=self.writes)
        participants = found.participants.select_related("unit")
        self._participants = {row.unit.code: row for row in participants}
        for row in self._participants.values():
            row.round = found
        self._entries: dict[tuple[int, str], NewEntry] = {}
        self.fields["participant"].widget = LookupWidget(
            self._participants, missing=_("No unit with this code takes part in the round.")
        )

    def find(self, row: Mapping[str, Any]) -> models.Model | None:
        """Return what counts for the row's leaf as an object that is compared and never saved."""
        participant = self._participants.get(str(row.get("unit") or ""))
        current = self.batch.current(participant, str(row.get("code") or "")) if participant else None
        if current is None or not self.is_decided(current):
            return None
        return ScoreEntry(
            pk=current.pk, participant=participant, code=current.code, points=current.points, reason=current.reason
        )

    def is_decided(self, entry: LedgerRow) -> bool:
        """Whether the entry is of the kind that this import writes."""
        raise NotImplementedError

    def decide(self, instance: ScoreEntry) -> NewEntry:
        """Return the ledger's entry for a row; raises the gate's refusals."""
        raise NotImplementedError

    def import_instance(self, instance: models.Model, row: Mapping[str, Any], **kwargs: Any) -> None:
        """The round's column, where it is given, must name the round of the import."""
        named = str(row.get("round") or "")
        if named and named != self._of_round.code:
            raise ValidationError(
                {"round": [_("This import is for the round “%(code)s”.") % {"code": self._of_round.code}]}
            )
        super().import_instance(instance, row, **kwargs)

    def check_instance(self, instance: models.Model, row: Mapping[str, Any]) -> None:
        """Let a row that changes something pass the gate."""
        assert isinstance(instance, ScoreEntry)  # noqa: S101 -- for the type checker
        try:
            self._entries[(instance.participant_id, instance.code)] = self.decide(instance)
        except PortalError as refusal:
            raise ValidationError({_COLUMN_OF.get(refusal.code, "code"): str(refusal.message)}) from refusal

    def write_new(self, instances: list[ScoreEntry]) -> None:
        """Append the decisions of a batch."""
        self.batch.store([self._entries.pop((row.participant_id, row.code)) for row in instances])

    def write_changed(self, instances: list[ScoreEntry]) -> None:
        """A changed decision is a new entry."""
        self.write_new(instances)


class AppraisedScoreResource(ScoreResource):
    """Decisions of an agency: points equal to the unit's accept them, others need a reason."""

    def is_decided(self, entry: LedgerRow) -> bool:
        """An agency decided."""
        return entry.stage in {"appraisal_1", "appraisal_2"}

    def decide(self, instance: ScoreEntry) -> NewEntry:
        """Ask the appraisers' gate."""
        return self.batch.appraise(
            instance.participant, instance.code, points=instance.points, reason=instance.reason or ""
        )


class CentralScoreResource(ScoreResource):
    """Points that units do not fill in."""

    def is_decided(self, entry: LedgerRow) -> bool:
        """Points were entered."""
        return entry.stage in {"central", "survey"}

    def decide(self, instance: ScoreEntry) -> NewEntry:
        """Ask the rules of central points."""
        return self.batch.enter(
            instance.participant, instance.code, points=instance.points, reason=instance.reason or ""
        )


def may_import_appraised(user: Person, context: Mapping[str, str]) -> bool:
    """Appraisers of the round; each row is asked again."""
    return user.is_authenticated and rounds_for(user).filter(code=context.get("round", "")).exists()


def may_import_central(user: Person, context: Mapping[str, str]) -> bool:
    """The round's secretariat and its survey officer."""
    found = round_of(context)
    return found is not None and any(
        has_role(user, role, found.owner) for role in (Role.SECRETARIAT, Role.SURVEY_OFFICER)
    )


def _owner(user: Person, context: Mapping[str, str]) -> Unit | None:
    found = round_of(context)
    return found.owner if found else None


_COLUMNS = [
    Column("round", gettext_lazy("Round"), required=False, note=gettext_lazy("Code of the round."), text=True),
    Column("unit", gettext_lazy("Unit code"), example="so-noi-vu", text=True),
    Column("code", gettext_lazy("Criterion code"), example="1.2.1", text=True),
    Column("points", gettext_lazy("Points"), example="1,25"),
    Column(
        "reason",
        gettext_lazy("Reason"),
        required=False,
        note=gettext_lazy("Needed where the points differ from what stands."),
    ),
]

register_import(
    "appraised_scores",
    AppraisedScoreResource,
    title=gettext_lazy("Appraised scores"),
    description=gettext_lazy("Decisions of your agency. Points equal to the unit's accept them; others need a reason."),
    permission=may_import_appraised,
    columns=_COLUMNS,
    context_names=("round",),
    owner_unit=_owner,
    done_url=lambda context: reverse("submissions:appraisal_queue", args=[context["round"]]),
)
register_import(
    "central_scores",
    CentralScoreResource,
    title=gettext_lazy("Central and survey points"),
    description=gettext_lazy("Points of criteria that units do not fill in. Changing a stored value needs a reason."),
    permission=may_import_central,
    columns=_COLUMNS,
    context_names=("round",),
    owner_unit=_owner,
    done_url=lambda context: reverse("submissions:round_central", args=[context["round"]]),
)
