"""Scheduled work of criteria."""

from cms.jobs import register_schedule
from criteria_pages.domain import editions, guidance


def reconcile_editions() -> int:
    """Freeze what is live but was not frozen; return how many editions were made."""
    return len(editions.reconcile_editions()) + len(guidance.reconcile_guidance())


register_schedule("criteria_pages.reconcile_editions", "criteria_pages.tasks.reconcile_editions", minutes=10)
