"""Submissions, answers, evidence, sign-off and receipt."""

from __future__ import annotations

import re
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms.models import StoredFile, Unit
from submissions.enums import SubmissionState
from submissions.models.rounds import Participant


class Submission(models.Model):
    """A participant's self-assessment: one per participant, owned by the unit."""

    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, related_name="submission")
    state = models.CharField(
        _("state"), max_length=16, choices=SubmissionState, default=SubmissionState.DRAFT, db_index=True
    )
    difficulties = models.TextField(_("difficulties"), blank=True)
    proposals = models.TextField(_("proposals"), blank=True)
    report_version = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")

    def __str__(self) -> str:
        return str(self.participant)


class Answer(models.Model):
    """A unit's answer to one leaf. `version` refuses stale writes."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="answers")
    code = models.CharField(_("code"), max_length=32)
    inputs = models.JSONField(_("inputs"), default=dict, blank=True)
    explanation = models.TextField(_("explanation"), blank=True)
    self_points = models.DecimalField(_("self-score"), max_digits=12, decimal_places=6, null=True, blank=True)
    self_applicable = models.BooleanField(_("applies"), default=True)
    version = models.PositiveIntegerField(default=0)
    write_id = models.UUIDField(_("writer's number of the last write"), null=True, blank=True, editable=False)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [models.UniqueConstraint(fields=["submission", "code"], name="answer_unique")]

    def __str__(self) -> str:
        return f"{self.code}"


class Evidence(models.Model):
    """A document in a unit's evidence library; one document serves many leaves and years."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="evidence", verbose_name=_("unit"))
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="evidence", verbose_name=_("file"))
    title = models.CharField(_("title"), max_length=500)
    number = models.CharField(_("number"), max_length=100, blank=True)
    issued_on = models.DateField(_("date of issue"), null=True, blank=True)
    issuer = models.CharField(_("issuer"), max_length=255, blank=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="evidence_has_title"),
        ]

    def __str__(self) -> str:
        return self.title


class EvidenceUse(models.Model):
    """A document serves as evidence for one answer, at the noted pages."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="evidence_uses")
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="uses")
    pages = models.CharField(_("pages"), max_length=100, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("use of evidence")
        verbose_name_plural = _("uses of evidence")
        constraints = [models.UniqueConstraint(fields=["answer", "evidence"], name="evidence_use_unique")]

    def __str__(self) -> str:
        return f"{self.evidence} ({self.pages})"

    @property
    def at_page(self) -> str:
        """The end of the file's address that opens it in the browser at the first page noted."""
        first = re.search(r"\d+", self.pages)
        return f"?inline=1#page={int(first[0])}" if first else "?inline=1"


class SignOff(models.Model):
    """The leader approves exactly this content. A later change voids the sign-off; the row stays."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="sign_offs")
    content_sha256 = models.CharField(_("SHA-256 of the content"), max_length=64)
    content = models.JSONField(_("content signed"))
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(_("signed at"))
    voided_at = models.DateTimeField(_("voided at"), null=True, blank=True)
    void_reason = models.CharField(_("why voided"), max_length=500, blank=True)
    scan = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-signed_at"]
        verbose_name = _("sign-off")
        verbose_name_plural = _("sign-offs")
        constraints = [
            models.UniqueConstraint(
                fields=["submission"], condition=Q(voided_at__isnull=True), name="one_valid_sign_off"
            )
        ]

    def __str__(self) -> str:
        return f"{self.submission} · {self.content_sha256[:12]}"


class Receipt(models.Model):
    """Proof that a submission was sent: number, time, hash. Frozen."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="receipts")
    number = models.CharField(_("receipt number"), max_length=64, unique=True)
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, related_name="receipt")
    content_sha256 = models.CharField(_("SHA-256 of the content"), max_length=64)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(_("sent at"))

    class Meta:
        ordering = ["-sent_at"]
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")

    def __str__(self) -> str:
        return self.number
