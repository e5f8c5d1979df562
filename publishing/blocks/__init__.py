"""Blocks of publication's pages, one file per family."""

from publishing.blocks.plans import PlanSectionsBlock, PlanTasksBlock, TaskBlock, UnitReferenceBlock

__all__ = ["PlanSectionsBlock", "PlanTasksBlock", "TaskBlock", "UnitReferenceBlock"]
