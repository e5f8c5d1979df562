"""Units that are scored, their tiers and how they follow each other."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cms.enums import SuccessionKind
from cms.text import fold


class UnitTier(models.Model):
    """A tier (ministry, province, department, commune ...). Tiers are data, never code."""

    code = models.SlugField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255)
    name_en = models.CharField(_("name in English"), max_length=255, blank=True)
    order = models.PositiveIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["order", "code"]
        verbose_name = _("tier of units")
        verbose_name_plural = _("tiers of units")

    def __str__(self) -> str:
        return self.name


class UnitGroup(models.Model):
    """A group of units that criteria, deadlines or publications may name (a region, a kind of department)."""

    code = models.SlugField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255)
    name_en = models.CharField(_("name in English"), max_length=255, blank=True)
    is_region = models.BooleanField(_("is a region"), default=False)

    class Meta:
        ordering = ["code"]
        verbose_name = _("group of units")
        verbose_name_plural = _("groups of units")

    def __str__(self) -> str:
        return self.name


class UnitAttribute(models.Model):
    """A yes/no property of units that a criterion's applicability may ask for ("has administrative procedures")."""

    code = models.SlugField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255)
    name_en = models.CharField(_("name in English"), max_length=255, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("attribute of units")
        verbose_name_plural = _("attributes of units")

    def __str__(self) -> str:
        return self.name


class UnitQuerySet(models.QuerySet["Unit"]):
    """Named filters over units."""

    def valid_on(self, day: dt.date) -> UnitQuerySet:
        """Units whose validity includes the day."""
        return self.filter(valid_from__lte=day).filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day))

    def matching(self, text: str) -> UnitQuerySet:
        """Units whose folded name or code contains the folded text ("cai cach" finds "cải cách")."""
        folded = fold(text)
        return self.filter(Q(name_folded__contains=folded) | Q(code__icontains=text.strip()))


class Unit(models.Model):
    """A body with an identity and a period of validity. Old rankings keep old units and names."""

    code = models.SlugField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=255)
    name_en = models.CharField(_("name in English"), max_length=255, blank=True)
    short_name = models.CharField(_("short name"), max_length=100, blank=True)
    name_folded = models.CharField(max_length=600, editable=False, default="", db_index=True)
    tier = models.ForeignKey(UnitTier, on_delete=models.PROTECT, related_name="units", verbose_name=_("tier"))
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("superior unit"),
    )
    groups = models.ManyToManyField(UnitGroup, blank=True, related_name="units", verbose_name=_("groups"))
    attributes = models.ManyToManyField(UnitAttribute, blank=True, related_name="units", verbose_name=_("attributes"))
    valid_from = models.DateField(_("valid from"), default=dt.date(2000, 1, 1))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    order = models.PositiveIntegerField(_("order"), default=0)
    illustrative = models.BooleanField(_("invented for demonstration"), default=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["tier__order", "order", "name"]
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(valid_to__isnull=True),
                name="unit_code_unique_while_valid",
                violation_error_message=_("A valid unit with this code exists already."),
            ),
            models.UniqueConstraint(
                fields=["code", "valid_from"],
                name="unit_code_unique_per_validity",
                violation_error_message=_("A unit with this code and start of validity exists already."),
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="unit_validity_in_order",
                violation_error_message=_("The end of validity lies before its start."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the folded name in step, so that search never needs accents."""
        self.name_folded = fold(f"{self.name} {self.short_name} {self.name_en}")
        update_fields = kwargs.get("update_fields")
        if update_fields is not None:
            kwargs["update_fields"] = {*update_fields, "name_folded"}  # type: ignore[misc]
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def is_valid_on(self, day: dt.date) -> bool:
        """Whether the unit exists on the day."""
        return self.valid_from <= day and (self.valid_to is None or self.valid_to >= day)


class UnitSuccession(models.Model):
    """One unit followed another on a date, by a decision."""

    kind = models.CharField(_("kind"), max_length=16, choices=SuccessionKind)
    predecessor = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="successions_out", verbose_name=_("predecessor")
    )
    successor = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="successions_in", verbose_name=_("successor")
    )
    date = models.DateField(_("date"))
    decision = models.CharField(_("decision"), max_length=255, blank=True)

    class Meta:
        ordering = ["date"]
        verbose_name = _("succession of units")
        verbose_name_plural = _("successions of units")
        constraints = [
            models.UniqueConstraint(
                fields=["predecessor", "successor"],
                name="succession_unique",
                violation_error_message=_("This succession is recorded already."),
            ),
            models.CheckConstraint(
                condition=~Q(predecessor=F("successor")),
                name="succession_not_itself",
                violation_error_message=_("A unit cannot follow itself."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor} → {self.successor}"
