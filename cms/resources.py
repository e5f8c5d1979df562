"""Import resources of the foundation: units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from import_export.fields import Field

from cms.enums import Role
from cms.models import Unit, UnitAttribute, UnitGroup, UnitTier
from cms.permissions import Person, has_role
from cms.spreadsheets.imports import Column, register_import
from cms.spreadsheets.reading import Table
from cms.spreadsheets.resources import BaseResource
from cms.spreadsheets.widgets import (
    CodeWidget,
    LookupWidget,
    StrictDateWidget,
    StrictIntegerWidget,
    TextWidget,
    YesNoWidget,
)
from cms.text import slug

_LISTS = ("groups", "attributes")


class UnitResource(BaseResource):
    """Units by code. A row with the code of a valid unit changes that unit; another code makes a new unit.

    A superior unit may stand in the same file, before or after. Successions are not imported: they need a decision.
    """

    code = Field("code", "code", CodeWidget(required=True, max_length=64))
    name = Field("name", "name", TextWidget(required=True, max_length=255))
    name_en = Field("name_en", "name_en", TextWidget(max_length=255))
    short_name = Field("short_name", "short_name", TextWidget(max_length=100))
    tier = Field("tier", "tier", TextWidget())
    valid_from = Field("valid_from", "valid_from", StrictDateWidget(), saves_null_values=False)
    order = Field("order", "order", StrictIntegerWidget(), default=0)
    illustrative = Field("illustrative", "illustrative", YesNoWidget())

    class Meta(BaseResource.Meta):
        model = Unit
        import_id_fields = ("code",)
        fields = ("code", "name", "name_en", "short_name", "tier", "valid_from", "order", "illustrative")

    def prepare(self, table: Table) -> None:
        """Load tiers, groups, attributes and the valid units."""
        units = Unit.objects.filter(valid_to__isnull=True).select_related("tier", "parent")
        self._units = {unit.code: unit for unit in units.prefetch_related("groups", "attributes")}
        self._in_file = {str(code) for code in table["code"]}
        self._known: dict[str, dict[str, Any]] = {
            "groups": {group.code: group for group in UnitGroup.objects.all()},
            "attributes": {attribute.code: attribute for attribute in UnitAttribute.objects.all()},
        }
        self._waiting: list[tuple[Unit, dict[str, Any]]] = []
        self.fields["tier"].widget = LookupWidget({tier.code: tier for tier in UnitTier.objects.all()})

    def find(self, row: Mapping[str, Any]) -> models.Model | None:
        """Return the valid unit with the row's code."""
        return self._units.get(str(row.get("code") or ""))

    def snapshot(self, instance: models.Model) -> dict[str, Any]:
        """Add the lists and the superior unit, which are set after the unit itself is stored."""
        assert isinstance(instance, Unit)  # noqa: S101 -- for the type checker
        values = super().snapshot(instance)
        lists = getattr(instance, "_typed", None)
        if lists is None:
            lists = {name: self._codes(instance, name) for name in _LISTS if name in self._table.headers}
            if "parent" in self._table.headers:
                lists["parent"] = instance.parent.code if instance.parent else ""
        return {**values, **lists}

    def import_instance(self, instance: models.Model, row: Mapping[str, Any], **kwargs: Any) -> None:
        """Read the lists and the superior unit beside the plain cells."""
        errors: dict[str, Any] = {}
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as error:
            errors = error.message_dict
        typed: dict[str, Any] = {}
        for name in _LISTS:
            if name in self._table.headers:
                typed[name] = frozenset(part.strip() for part in str(row[name] or "").split(";") if part.strip())
                if unknown := sorted(typed[name] - self._known[name].keys()):
                    errors[name] = [_("Not known: %(codes)s.") % {"codes": ", ".join(unknown)}]
        if "parent" in self._table.headers:
            typed["parent"] = str(row["parent"] or "")
            if problem := self._parent_problem(typed["parent"], str(row.get("code") or "")):
                errors["parent"] = [problem]
        if errors:
            raise ValidationError(errors)
        instance._typed = typed  # type: ignore[attr-defined]

    def check_instance(self, instance: models.Model, row: Mapping[str, Any]) -> None:
        """The code is an address part."""
        assert isinstance(instance, Unit)  # noqa: S101 -- for the type checker
        if instance.code != slug(instance.code):
            raise ValidationError({"code": _("Use small letters without accents, digits and hyphens only.")})

    def write_new(self, instances: list[Unit]) -> None:
        """Store units one by one, as their folded name is made on saving."""
        for unit in instances:
            unit.save()
            self._units[unit.code] = unit
            self._waiting.append((unit, unit._typed))  # type: ignore[attr-defined]

    def write_changed(self, instances: list[Unit]) -> None:
        """Store changed units the same way."""
        self.write_new(instances)

    def after_writing(self) -> None:
        """Set superior units and lists once all units of the file are stored."""
        for unit, typed in self._waiting:
            for name in _LISTS:
                if name in typed:
                    getattr(unit, name).set([self._known[name][code] for code in typed[name]])
            if "parent" in typed:
                unit.parent = self._units.get(typed["parent"])
                unit.save(update_fields=["parent"])

    def _parent_problem(self, parent: str, code: str) -> str:
        if not parent:
            return ""
        if parent == code:
            return _("A unit cannot be its own superior.")
        if parent not in self._units and parent not in self._in_file:
            return _("There is no unit with the code “%(code)s”.") % {"code": parent}
        return ""

    @staticmethod
    def _codes(unit: Unit, name: str) -> frozenset[str]:
        return frozenset(thing.code for thing in getattr(unit, name).all()) if unit.pk else frozenset()


def may_import_units(user: Person, context: Mapping[str, str]) -> bool:
    """Units are kept by the administrator and by a secretariat."""
    return has_role(user, Role.ADMINISTRATOR) or has_role(user, Role.SECRETARIAT)


register_import(
    "units",
    UnitResource,
    title=gettext_lazy("Units"),
    description=gettext_lazy("New units and changes of valid ones. Mergers, splits and renamings need their own form."),
    permission=may_import_units,
    columns=[
        Column("code", gettext_lazy("Unit code"), example="so-noi-vu", text=True),
        Column("name", gettext_lazy("Name"), example="Sở Nội vụ"),
        Column("tier", gettext_lazy("Code of the tier"), example="so", text=True),
        Column("name_en", gettext_lazy("Name in English"), required=False),
        Column("short_name", gettext_lazy("Short name"), required=False),
        Column("parent", gettext_lazy("Code of the superior unit"), required=False, text=True),
        Column(
            "groups",
            gettext_lazy("Groups"),
            required=False,
            note=gettext_lazy("Codes of groups, divided by semicolons."),
            text=True,
        ),
        Column(
            "attributes",
            gettext_lazy("Attributes"),
            required=False,
            note=gettext_lazy("Codes of attributes, divided by semicolons."),
            text=True,
        ),
        Column("valid_from", gettext_lazy("Valid from"), required=False, example="01/07/2025"),
        Column("order", gettext_lazy("Order"), required=False, example="1"),
        Column(
            "illustrative",
            gettext_lazy("Invented for demonstration"),
            required=False,
            note=gettext_lazy("x for yes."),
        ),
    ],
)
