"""Signal receivers: each one call into the domain."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from wagtail.signals import page_published

from publishing.domain import release_notices  # noqa: F401 -- registers whom a release waits for
from publishing.domain.plans import sync_tasks
from publishing.models import YearlyPlanPage


@receiver(page_published, sender=YearlyPlanPage)
def plan_published(sender: type, instance: YearlyPlanPage, **kwargs: Any) -> None:
    """Bring the rows of the plan's tasks in step with the published page."""
    sync_tasks(plan=instance)
