"""Signal receivers: each one call into the domain."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import pre_save
from django.dispatch import receiver

from wagtail.models import Revision, WorkflowState
from wagtail.signals import page_published, workflow_approved

from criteria_pages.domain.editions import freeze_edition
from criteria_pages.domain.guidance import freeze_guidance
from criteria_pages.domain.import_notes import confirm_notes
from criteria_pages.domain.publication import publisher_of, require_schedulable
from criteria_pages.domain.publishing_gate import require_publishable
from criteria_pages.domain.questionnaires import freeze_questionnaire, require_sound
from criteria_pages.models import CriteriaSetPage, GuidancePage, QuestionnairePage


@receiver(pre_save, sender=CriteriaSetPage, dispatch_uid="criteria.publish_gate")
def refuse_unsound(
    instance: CriteriaSetPage, raw: bool = False, update_fields: frozenset[str] | None = None, **kwargs: Any
) -> None:
    """Let no set with problems go live, whatever asks for it."""
    if instance.live and not raw and (update_fields is None or "body" in update_fields):
        require_publishable(instance)


@receiver(page_published, sender=CriteriaSetPage, dispatch_uid="criteria.freeze_edition")
def freeze_on_publish(instance: CriteriaSetPage, revision: Revision | None = None, **kwargs: Any) -> None:
    """Freeze an edition in the transaction of the publication; what an import guessed stands confirmed by it."""
    if revision is None or not instance.live:
        return
    publisher = publisher_of(instance, revision)
    freeze_edition(page=instance, revision=revision, user=publisher)
    confirm_notes(page=instance, user=publisher)


@receiver(workflow_approved, dispatch_uid="criteria.scheduled_gate")
def refuse_unsound_schedule(instance: WorkflowState, **kwargs: Any) -> None:
    """Let nothing with problems wait for its day."""
    require_schedulable(instance.content_object.get_latest_revision())


@receiver(pre_save, sender=QuestionnairePage, dispatch_uid="criteria.questionnaire_gate")
def refuse_unsound_questionnaire(
    instance: QuestionnairePage, raw: bool = False, update_fields: frozenset[str] | None = None, **kwargs: Any
) -> None:
    """Let no questionnaire with problems go live."""
    if instance.live and not raw and (update_fields is None or "body" in update_fields):
        require_sound(instance)


@receiver(page_published, sender=QuestionnairePage, dispatch_uid="criteria.freeze_questionnaire")
def freeze_questionnaire_on_publish(
    instance: QuestionnairePage, revision: Revision | None = None, **kwargs: Any
) -> None:
    """Freeze an edition of the questionnaire in the transaction of the publication."""
    if revision is not None and instance.live:
        freeze_questionnaire(page=instance, revision=revision, user=publisher_of(instance, revision))


@receiver(page_published, sender=GuidancePage, dispatch_uid="criteria.freeze_guidance")
def freeze_guidance_on_publish(instance: GuidancePage, revision: Revision | None = None, **kwargs: Any) -> None:
    """Freeze a version of the guidance in the transaction of the publication."""
    if revision is not None and instance.live:
        freeze_guidance(page=instance, revision=revision, user=publisher_of(instance, revision))
