"""What a superior round fixes for the publications of the rounds below it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from publishing.enums import TieRule
from submissions.models import AssessmentRound


class PublicationTerms(models.Model):
    """Tie rule and classes that every release of the rounds below takes over; what is left out stays their own."""

    round = models.OneToOneField(
        AssessmentRound, on_delete=models.CASCADE, related_name="publication_terms", verbose_name=_("superior round")
    )
    tie_rule = models.CharField(
        _("tie rule"),
        max_length=16,
        choices=TieRule,
        blank=True,
        help_text=_("Left empty, every round below chooses its own."),
    )
    fixes_classes = models.BooleanField(_("classes are fixed"), default=False)
    classes = models.JSONField(_("classes"), default=list, blank=True)

    class Meta:
        verbose_name = _("terms for publications below")
        verbose_name_plural = _("terms for publications below")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(fixes_classes=True) | models.Q(classes=[]), name="terms_classes_only_when_fixed"
            )
        ]

    def __str__(self) -> str:
        return str(self.round)
