"""What appraisers note on a page of a piece of evidence while they read it beside the criterion."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.models import Unit
from submissions.models.explanations import ExplanationRequest
from submissions.models.ledger import ScoreEntry
from submissions.models.rounds import Participant
from submissions.models.submissions import Evidence


class PageNote(models.Model):
    """A remark on one page of one version of a document, for one leaf of one unit.

    A working paper of the agency until it becomes part of a request for explanation or of a decision's reason: from
    then on the unit reads it and nobody changes it.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="page_notes")
    code = models.CharField(_("code"), max_length=32)
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="page_notes")
    page = models.PositiveIntegerField(_("page"))
    quote = models.CharField(_("passage"), max_length=500, blank=True)
    text = models.TextField(_("note"))
    agency = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("agency"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("time"))
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)
    request = models.ForeignKey(
        ExplanationRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="page_notes"
    )
    entry = models.ForeignKey(ScoreEntry, on_delete=models.PROTECT, null=True, blank=True, related_name="page_notes")

    class Meta:
        ordering = ["evidence_id", "page", "pk"]
        verbose_name = _("note on a page")
        verbose_name_plural = _("notes on pages")
        indexes = [models.Index(fields=["participant", "code"], name="page_note_leaf")]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="page_note_has_text"),
            models.CheckConstraint(condition=models.Q(page__gte=1), name="page_note_has_page"),
        ]

    def __str__(self) -> str:
        return f"{self.code}, {self.evidence_id}/{self.page}: {self.text[:40]}"

    @property
    def is_shared(self) -> bool:
        """Whether the unit reads it: as part of a request or of a decision's reason."""
        return self.request_id is not None or self.entry_id is not None
