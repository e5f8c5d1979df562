"""Import resource of the figures of a satisfaction survey held elsewhere (SIPAS)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
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
from cms.numbers import parse_id
from cms.permissions import Person, has_role
from cms.spreadsheets import (
    BaseResource,
    CodeWidget,
    Column,
    LookupWidget,
    StrictDecimalWidget,
    StrictIntegerWidget,
    Table,
    register_import,
)
from submissions.domain.survey import figures
from submissions.models import SurveyFigure, SurveyGroup
from submissions.survey_enums import GroupRule


def group_of(context: Mapping[str, str]) -> SurveyGroup | None:
    """Return the group whose figures are imported, None where there is none of this kind."""
    rows = SurveyGroup.objects.filter(rule=GroupRule.ENTERED).select_related("survey__round__owner")
    return rows.filter(pk=parse_id(context.get("group")) or 0).first()


class SurveyFigureResource(BaseResource):
    """Respondents and mean by unit and criterion; what stands already is changed, the rest stays."""

    unit = Field("unit", "unit", CodeWidget())
    code = Field("code", "code", CodeWidget(required=True, max_length=32))
    respondents = Field("respondents", "respondents", StrictIntegerWidget(required=True, minimum=Decimal(0)))
    mean = Field(
        "mean", "mean", StrictDecimalWidget(required=True, minimum=Decimal(0), maximum=Decimal(100), places=10)
    )

    class Meta(BaseResource.Meta):
        model = SurveyFigure
        import_id_fields = ("unit", "code")
        fields = ("unit", "code", "respondents", "mean")

    def prepare(self, table: Table) -> None:
        """Read the group, the round's units and what stands already."""
        found = group_of(self.context)
        if found is None:
            raise PortalError(_("There is no group of this survey whose figures are entered."), code="no_group")
        if self.user is None:
            raise PermissionRefused(_("An import needs a person who answers for it."))
        self._group = found
        figures.require_enterable(user=self.user, group=found)
        participants = list(found.survey.round.participants.select_related("unit", "round__edition"))
        self._codes = {row.unit_id: figures.survey_codes(row) for row in participants}
        self._units = {row.unit.code: row.unit for row in participants}
        self._stored = {(row.unit_id, row.code): row for row in found.figures.select_related("unit")}
        self.fields["unit"].widget = LookupWidget(
            self._units, missing=_("No unit with this code takes part in the round.")
        )

    def find(self, row: Mapping[str, Any]) -> models.Model | None:
        """Return the figure that stands for the row's unit and criterion."""
        unit = self._units.get(str(row.get("unit") or ""))
        return self._stored.get((unit.pk, str(row.get("code") or ""))) if unit else None

    def check_instance(self, instance: models.Model, row: Mapping[str, Any]) -> None:
        """The criterion is scored by survey for this unit; enough people stand behind the mean."""
        assert isinstance(instance, SurveyFigure)  # noqa: S101 -- for the type checker
        codes = self._codes[instance.unit_id]
        if instance.code not in codes:
            raise ValidationError(
                {
                    "code": _("Of this unit the survey scores only: %(codes)s.")
                    % {"codes": ", ".join(codes) or _("nothing")}
                }
            )
        smallest = self._group.survey.minimum_group
        if instance.respondents < smallest:
            raise ValidationError(
                {
                    "respondents": _("Fewer than %(count)s answers do not count; leave the row out.")
                    % {"count": smallest}
                }
            )
        instance.survey, instance.group, instance.entered_by = self._group.survey, self._group, self.user

    def write_new(self, instances: list[SurveyFigure]) -> None:
        """Store a batch through the domain."""
        if self.user is not None:
            figures.store_figures(user=self.user, group=self._group, figures=instances)

    def write_changed(self, instances: list[SurveyFigure]) -> None:
        """Changed figures take the place of those that stood."""
        self.write_new(instances)


def may_import(user: Person, context: Mapping[str, str]) -> bool:
    """The survey officer of the round's owner."""
    found = group_of(context)
    return found is not None and has_role(user, Role.SURVEY_OFFICER, found.survey.round.owner)


def _owner(user: Person, context: Mapping[str, str]) -> Unit | None:
    found = group_of(context)
    return found.survey.round.owner if found else None


def _desk(context: Mapping[str, str]) -> str:
    found = group_of(context)
    return reverse("submissions:survey_desk", kwargs={"pk": found.survey_id}) if found else ""


register_import(
    "survey_figures",
    SurveyFigureResource,
    title=gettext_lazy("Figures of a satisfaction survey"),
    description=gettext_lazy("Respondents and mean (0 to 100) by unit and criterion, from a survey held elsewhere."),
    permission=may_import,
    columns=[
        Column("unit", gettext_lazy("Unit code"), example="so-noi-vu", text=True),
        Column("code", gettext_lazy("Criterion code"), example="8.1", text=True),
        Column("respondents", gettext_lazy("Respondents"), example="212"),
        Column("mean", gettext_lazy("Mean of 100"), example="82,4"),
    ],
    context_names=("group",),
    owner_unit=_owner,
    done_url=_desk,
)
