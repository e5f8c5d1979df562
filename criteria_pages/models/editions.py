"""Frozen editions of criteria sets."""

from __future__ import annotations

from functools import cached_property

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from criteria_pages.definition import Definition
from criteria_pages.enums import ChangeKind
from criteria_pages.exceptions import CriteriaError


class CriteriaEdition(models.Model):
    """A criteria set as published: canonical JSON with its hash. Rows are written once and never changed or deleted."""

    page = models.ForeignKey(
        "criteria_pages.CriteriaSetPage",
        on_delete=models.PROTECT,
        related_name="editions",
        verbose_name=_("criteria set"),
    )
    number = models.PositiveIntegerField(_("edition"))
    title = models.CharField(_("title"), max_length=500)
    definition_json = models.JSONField(_("definition"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    schema_version = models.PositiveIntegerField(_("schema version"), default=1)
    revision = models.ForeignKey("wagtailcore.Revision", on_delete=models.PROTECT, related_name="+")
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="next")
    predecessor = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="successors",
        verbose_name=_("edition of the set before"),
    )
    lineage_json = models.JSONField(_("comparison with the set before"), default=dict, blank=True)
    change_kind = models.CharField(_("kind of change"), max_length=16, choices=ChangeKind, default=ChangeKind.FIRST)
    decision_number = models.CharField(_("decision number"), max_length=100, blank=True)
    decision_date = models.DateField(_("decision date"), null=True, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(_("published at"))

    class Meta:
        ordering = ["page", "-number"]
        verbose_name = _("edition of a criteria set")
        verbose_name_plural = _("editions of criteria sets")
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="edition_number_unique"),
            models.UniqueConstraint(fields=["page", "sha256", "previous"], name="edition_content_unique_in_line"),
        ]

    def __str__(self) -> str:
        return _("%(title)s, edition %(number)s") % {"title": self.title, "number": self.number}

    @cached_property
    def definition(self) -> Definition:
        """The frozen definition."""
        return Definition.from_json(self.definition_json)

    @cached_property
    def node_names(self) -> dict[str, str]:
        """The names of all nodes by code."""
        names = {}
        for domain in self.definition.domains:
            names[domain.code] = domain.name
            for criterion in domain.criteria:
                names[criterion.code] = criterion.name
                names.update({leaf.code: leaf.name for leaf in criterion.children})
        return names

    @property
    def url(self) -> str:
        """The public address of the edition."""
        return f"{self.page.url or ''}{self.page.reverse_subpage('edition', args=(self.number,))}"

    @property
    def comparison_url(self) -> str:
        """The public address of what changed against the edition before; "" for the first."""
        if self.previous is None:
            return ""
        return (
            f"{self.page.url or ''}{self.page.reverse_subpage('comparison', args=(self.previous.number, self.number))}"
        )

    def save(self, *args: object, **kwargs: object) -> None:
        """Write once; an edition never changes (DESIGN invariant 1)."""
        if self.pk and not self._state.adding:
            raise CriteriaError(_("A published edition cannot be changed. Publish a new one."), code="frozen")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse: rounds and releases rest on editions."""
        raise CriteriaError(_("A published edition cannot be deleted."), code="frozen")
