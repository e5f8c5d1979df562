"""What an appraiser has typed for a leaf and not decided yet."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.models import User
from submissions.models.rounds import AssessmentRound, Participant


class AppraisalDraftQuerySet(models.QuerySet["AppraisalDraft"]):
    """Drafts by whose they are and what they are about."""

    def of(self, user: User, participant: Participant, code: str) -> AppraisalDraftQuerySet:
        """The person's own draft for a leaf; nobody else's is ever asked for."""
        return self.filter(author=user, participant=participant, code=code)

    def drop_decided(self, user: User, round: AssessmentRound, keys: Iterable[tuple[int, str]]) -> None:
        """Remove the person's drafts for leaves that are decided now."""
        decided = set(keys)
        mine = self.filter(author=user, participant__round=round).values_list("pk", "participant_id", "code")
        gone = [pk for pk, participant, code in mine if (participant, code) in decided]
        if gone:
            self.filter(pk__in=gone).delete()


class AppraisalDraft(models.Model):
    """A draft is no decision: it counts nowhere, only its author sees it, and the decision removes it.

    `seen_entry` is the entry of the ledger over which it was typed; `version` refuses stale writes.
    """

    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(_("code"), max_length=32)
    values = models.JSONField(_("what was typed"), default=dict)
    seen_entry = models.PositiveBigIntegerField(_("entry that counted"), null=True)
    version = models.PositiveIntegerField(default=0)
    write_id = models.UUIDField(_("writer's number of the last write"), null=True, editable=False)
    updated_at = models.DateTimeField(_("changed"))

    objects = AppraisalDraftQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("draft of an appraiser")
        verbose_name_plural = _("drafts of appraisers")
        constraints = [models.UniqueConstraint(fields=["author", "participant", "code"], name="appraisal_draft_unique")]

    def __str__(self) -> str:
        return f"{self.code}: {self.author}"
