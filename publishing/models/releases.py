"""Frozen releases of an index."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cms.models import Unit
from criteria_pages.models import CriteriaEdition
from publishing.enums import EntryStatus, RankScope, ReleaseKind, ReleaseState, SourceKind, TieRule
from submissions.models import AssessmentRound


class ReleaseQuerySet(models.QuerySet["IndexRelease"]):
    """Named filters over releases."""

    def public(self, now: dt.datetime) -> ReleaseQuerySet:
        """Releases that citizens may see at the moment: approved and past their publication time (invariant 10)."""
        return self.filter(state=ReleaseState.APPROVED, publish_at__lte=now)

    def current(self, now: dt.datetime) -> ReleaseQuerySet:
        """Public releases that no public release corrects."""
        superseded = IndexRelease.objects.public(now).exclude(corrects=None).values("corrects")
        return self.public(now).exclude(pk__in=superseded)


class IndexRelease(models.Model):
    """The result of a round, or figures published elsewhere, as citizens see it. A correction is a new release."""

    slug = models.SlugField(_("address"), max_length=100, unique=True)
    title = models.CharField(_("title"), max_length=255)
    title_en = models.CharField(_("title in English"), max_length=255, blank=True)
    year = models.PositiveIntegerField(_("year"))
    kind = models.CharField(_("kind"), max_length=16, choices=ReleaseKind, default=ReleaseKind.COMPUTED)
    round = models.ForeignKey(AssessmentRound, on_delete=models.PROTECT, null=True, blank=True, related_name="releases")
    edition = models.ForeignKey(
        CriteriaEdition, on_delete=models.PROTECT, null=True, blank=True, related_name="releases"
    )
    owner = models.ForeignKey(
        Unit,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="releases",
        verbose_name=_("organising unit"),
        help_text=_("Its approver approves the release."),
    )
    state = models.CharField(_("state"), max_length=16, choices=ReleaseState, default=ReleaseState.DRAFT)
    publish_at = models.DateTimeField(_("published at"), null=True, blank=True)
    decision_number = models.CharField(_("decision number"), max_length=100, blank=True)
    decision_date = models.DateField(_("decision date"), null=True, blank=True)
    tie_rule = models.CharField(_("tie rule"), max_length=16, choices=TieRule, default=TieRule.COMPETITION)
    classes = models.JSONField(
        _("classes"),
        default=list,
        blank=True,
        help_text=_(
            "List of {code, name, name_en, from}: a unit is in the first class whose 'from' (percent) it reaches."
        ),
    )
    rank_scope = models.CharField(_("ranked among"), max_length=8, choices=RankScope, default=RankScope.TIER)
    series = models.SlugField(
        _("series"),
        max_length=64,
        help_text=_("Releases of one series form a trend (for example par-index-provinces)."),
    )
    rule_set_mark = models.CharField(
        _("mark of a new rule set"),
        max_length=255,
        blank=True,
        help_text=_("Set where results are not comparable with the year before; the trend is broken there."),
    )
    inputs_sha256 = models.CharField(_("SHA-256 of the inputs"), max_length=64, blank=True)
    rows_sha256 = models.CharField(_("SHA-256 of the rows"), max_length=64, blank=True)
    ledger_until = models.BigIntegerField(
        _("last ledger entry counted"),
        null=True,
        blank=True,
        help_text=_("The ledger only grows; entries up to this one made this release."),
    )
    adjustments_until = models.BigIntegerField(_("last bonus or penalty counted"), null=True, blank=True)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections", verbose_name=_("corrects")
    )
    correction_note = models.TextField(_("what was corrected and why"), blank=True)
    source = models.TextField(_("source"), blank=True)
    illustrative = models.BooleanField(_("illustrative data"), default=False)
    built_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    built_at = models.DateTimeField(_("built at"), null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    return_reason = models.TextField(_("reason for the return"), blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawal_reason = models.TextField(_("reason for the withdrawal"), blank=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "-publish_at"]
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=ReleaseState.APPROVED) | Q(publish_at__isnull=False),
                name="approved_release_has_time",
                violation_error_message=_("An approved release needs a publication time."),
            ),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | ~Q(correction_note=""),
                name="correction_has_note",
                violation_error_message=_("Say what was corrected and why."),
            ),
            models.UniqueConstraint(
                fields=["corrects"],
                condition=Q(state__in=[ReleaseState.DRAFT, ReleaseState.APPROVED]),
                name="one_correction_at_a_time",
                violation_error_message=_("A correction of this release is under way or published already."),
            ),
            models.CheckConstraint(
                condition=~Q(state=ReleaseState.WITHDRAWN) | ~Q(withdrawal_reason=""),
                name="withdrawal_has_reason",
                violation_error_message=_("Say why the release is withdrawn."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def display_title(self) -> str:
        """The title in the language of the interface."""
        return self.title_en if self.title_en and get_language() == "en" else self.title

    def is_public(self, now: dt.datetime) -> bool:
        """Whether citizens may see the release at the moment."""
        return self.state == ReleaseState.APPROVED and self.publish_at is not None and self.publish_at <= now

    @cached_property
    def has_survey(self) -> bool:
        """Whether figures of a survey were frozen with the release."""
        return self.round_id is not None and hasattr(self, "survey")

    def get_absolute_url(self) -> str:
        """The public address of the ranking."""
        return reverse("publishing:ranking", kwargs={"slug": self.slug})


class ReleaseEntry(models.Model):
    """One unit's line in a release, with the names of the time."""

    release = models.ForeignKey(IndexRelease, on_delete=models.PROTECT, related_name="entries")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="release_entries")
    unit_code = models.CharField(max_length=64)
    unit_name = models.CharField(_("unit"), max_length=255)
    tier_code = models.CharField(max_length=64)
    tier_name = models.CharField(_("tier"), max_length=255)
    group_codes = models.JSONField(default=list, blank=True)
    facts = models.JSONField(_("facts that decided what applies"), default=dict, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=EntryStatus, default=EntryStatus.RANKED)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    points = models.DecimalField(_("points"), max_digits=14, decimal_places=6, null=True, blank=True)
    maximum = models.DecimalField(_("maximum"), max_digits=14, decimal_places=6, null=True, blank=True)
    bonus = models.DecimalField(_("bonus"), max_digits=12, decimal_places=6, default=0)
    penalty = models.DecimalField(_("penalty"), max_digits=12, decimal_places=6, default=0)
    index = models.DecimalField(
        _("index in percent, to 12 places; rounded only for display"),
        max_digits=18,
        decimal_places=12,
        null=True,
        blank=True,
    )
    rank = models.PositiveIntegerField(_("rank"), null=True, blank=True)
    rank_of = models.PositiveIntegerField(_("of"), null=True, blank=True)
    class_code = models.CharField(_("class"), max_length=32, blank=True)
    source = models.TextField(_("source"), blank=True)
    source_kind = models.CharField(_("kind of source"), max_length=32, choices=SourceKind, blank=True)

    class Meta:
        ordering = ["release", "rank", "unit_name"]
        verbose_name = _("entry of a release")
        verbose_name_plural = _("entries of a release")
        constraints = [
            models.UniqueConstraint(fields=["release", "unit"], name="release_entry_unique"),
            models.CheckConstraint(
                condition=~Q(status=EntryStatus.NOT_ASSESSED) | Q(index__isnull=True), name="not_assessed_has_no_index"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_name} · {self.release}"


class ReleaseScore(models.Model):
    """Points of one node (leaf, criterion or domain) of one entry; published trace for leaves."""

    entry = models.ForeignKey(ReleaseEntry, on_delete=models.PROTECT, related_name="scores")
    code = models.CharField(max_length=32)
    level = models.PositiveSmallIntegerField()
    points = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    maximum = models.DecimalField(max_digits=14, decimal_places=6)
    stage = models.CharField(max_length=16, blank=True)
    self_points = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)
    inputs = models.JSONField(default=dict, blank=True)
    public_note = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("score in a release")
        verbose_name_plural = _("scores in a release")
        constraints = [models.UniqueConstraint(fields=["entry", "code"], name="release_score_unique")]
        indexes = [models.Index(fields=["code"], name="release_score_code")]

    def __str__(self) -> str:
        return f"{self.code}: {self.points}/{self.maximum}"
