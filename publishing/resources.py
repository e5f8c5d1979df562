"""Import of past years' published results: year, rank, unit, index, kind of source, source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from import_export.fields import Field

from cms import clock
from cms.enums import Role
from cms.exceptions import PortalError
from cms.models import Unit
from cms.permissions import Person, has_role
from cms.spreadsheets import (
    BaseResource,
    Column,
    StrictDecimalWidget,
    StrictIntegerWidget,
    Table,
    TextWidget,
    register_import,
)
from cms.text import slug
from publishing.domain.history import PublishedLine, UnitNames, current_lines, store_published_results, tier_of
from publishing.enums import SourceKind
from publishing.models import ReleaseEntry

FIRST_YEAR = 2000


class PublishedResultResource(BaseResource):
    """Lines of published tables. The lines of a year become that year's release; unknown units are reported."""

    year = Field(None, "year", TextWidget())
    unit = Field("unit_name", "unit_vi", TextWidget(required=True, max_length=255))
    rank = Field("rank", "rank", StrictIntegerWidget(minimum=1))
    of = Field("rank_of", "of", StrictIntegerWidget(minimum=1))
    index = Field("index", "par_index_pct", StrictDecimalWidget())
    kind = Field("source_kind", "kind", TextWidget(required=True))
    source = Field("source", "source", TextWidget(required=True, max_length=2000))
    rule_set_mark = Field(None, "rule_set_mark", TextWidget(), readonly=True)

    class Meta(BaseResource.Meta):
        model = ReleaseEntry
        import_id_fields = ("year", "unit")
        fields = ("year", "unit", "rank", "of", "index", "kind", "source", "rule_set_mark")

    def prepare(self, table: Table) -> None:
        """Read the tier's units and the standing releases of the series once."""
        tier = tier_of(self.context)
        if tier is None:
            raise PortalError(_("There is no tier “%(code)s”.") % {"code": self.context.get("tier", "")})
        self._tier = tier
        self._series = slug(self.context.get("series", "") or f"par-index-{tier.code}")
        self._names = UnitNames(tier)
        self._standing = current_lines(self._series)
        self._lines: list[PublishedLine] = []

    def find(self, row: Mapping[str, Any]) -> models.Model | None:
        """Return what stands already for the unit and year, as a copy that is compared and never saved."""
        year, unit = self._year(row), self._unit(row)
        entry = self._standing.get((year, unit.pk)) if year and unit else None
        if entry is None or unit is None:
            return None
        return ReleaseEntry(
            unit=unit,
            unit_name=str(row["unit_vi"]),
            rank=entry.rank,
            rank_of=entry.rank_of,
            index=entry.index,
            source=entry.source,
            source_kind=entry.source_kind,
        )

    def _year(self, row: Mapping[str, Any]) -> int | None:
        text = str(row.get("year") or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) == 4 else None

    def _unit(self, row: Mapping[str, Any]) -> Unit | None:
        year = self._year(row)
        return self._names.find(str(row.get("unit_vi") or ""), year) if year else None

    def import_instance(self, instance: models.Model, row: Mapping[str, Any], **kwargs: Any) -> None:
        """Read the cells, find the unit of that year, and keep the line of every row, changed or not."""
        assert isinstance(instance, ReleaseEntry)  # noqa: S101 -- for the type checker
        errors: dict[str, Any] = {}
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as error:
            errors = error.message_dict
        errors |= {name: messages for name, messages in self._problems(instance, row).items() if name not in errors}
        if errors:
            raise ValidationError(errors)
        unit, year = self._unit(row), self._year(row)
        assert unit is not None  # noqa: S101 -- told above
        assert year is not None  # noqa: S101
        self._lines.append(
            PublishedLine(
                year=year,
                unit=unit,
                rank=instance.rank,
                of=instance.rank_of,
                index=instance.index,
                kind=instance.source_kind,
                source=instance.source,
                rule_set_mark=str(row.get("rule_set_mark") or ""),
            )
        )

    def _problems(self, instance: ReleaseEntry, row: Mapping[str, Any]) -> dict[str, list[str]]:
        problems: dict[str, list[str]] = {}
        year = self._year(row)
        if year is None or not FIRST_YEAR <= year <= clock.today().year:
            problems["year"] = [_("Write the year with four digits, from %(first)s on.") % {"first": FIRST_YEAR}]
        elif self._unit(row) is None:
            problems["unit_vi"] = [
                _("There was no unit of this name in %(year)s in the tier “%(tier)s”.")
                % {"year": year, "tier": self._tier.name}
            ]
        if instance.rank is None and instance.index is None:
            problems["rank"] = [_("A line needs a rank or an index.")]
        if instance.rank is not None and instance.rank_of is not None and instance.rank > instance.rank_of:
            problems["rank"] = [_("The rank is greater than the number of units.")]
        if instance.index is not None and not 0 <= instance.index <= 100:
            problems["par_index_pct"] = [_("The index must lie between 0 and 100 percent.")]
        if instance.source_kind and instance.source_kind not in SourceKind.values:
            problems["kind"] = [_("Write one of: %(kinds)s.") % {"kinds": ", ".join(SourceKind.values)}]
        return problems

    def write_new(self, instances: list[ReleaseEntry]) -> None:
        """Rows are stored together at the end, because a year's table is one release."""

    def write_changed(self, instances: list[ReleaseEntry]) -> None:
        """The same."""

    def after_writing(self) -> None:
        """Freeze a draft release for every year in which something is new."""
        changed = {line.year for line in self._lines if _differs(self._standing.get((line.year, line.unit.pk)), line)}
        store_published_results(
            lines=[line for line in self._lines if line.year in changed],
            series=self._series,
            tier=self._tier,
            user=self.user,
        )


def _differs(entry: ReleaseEntry | None, line: PublishedLine) -> bool:
    if entry is None:
        return True
    stored = (entry.rank, entry.rank_of, entry.index, entry.source, entry.source_kind)
    return stored != (line.rank, line.of, line.index, line.source, line.kind)


def may_import(user: Person, context: Mapping[str, str]) -> bool:
    """Past results are collected by a secretariat or the administrator; an approver decides about them."""
    return has_role(user, Role.SECRETARIAT) or has_role(user, Role.ADMINISTRATOR)


def _done_url(context: Mapping[str, str]) -> str:
    return reverse("publishing:desk")


register_import(
    "published_results",
    PublishedResultResource,
    title=gettext_lazy("Published results of past years"),
    description=gettext_lazy(
        "The lines of a year are the whole table of that year. Units are found by the name they had then."
    ),
    permission=may_import,
    context_names=("tier", "series"),
    done_url=_done_url,
    columns=[
        Column("year", gettext_lazy("Year"), example="2023"),
        Column("rank", gettext_lazy("Rank"), required=False, example="1"),
        Column("of", gettext_lazy("Of"), required=False, example="63"),
        Column("unit_vi", gettext_lazy("Unit"), example="Hải Phòng"),
        Column("par_index_pct", gettext_lazy("Index in percent"), required=False, example="91,87"),
        Column(
            "kind",
            gettext_lazy("Kind of source"),
            note=gettext_lazy("published, derived or secondary"),
            example="published",
        ),
        Column("source", gettext_lazy("Source"), example="https://…"),
        Column(
            "rule_set_mark",
            gettext_lazy("Mark of a new rule set"),
            required=False,
            note=gettext_lazy("Fill in where the year is not comparable with the one before."),
        ),
    ],
)
