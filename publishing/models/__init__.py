"""Models of publication."""

from publishing.models.pages import RankingPage
from publishing.models.plans import PlanTask, PlanTaskProgress, PlanTaskUnit, YearlyPlanPage
from publishing.models.releases import IndexRelease, ReleaseEntry, ReleaseScore

__all__ = [
    "IndexRelease",
    "PlanTask",
    "PlanTaskProgress",
    "PlanTaskUnit",
    "RankingPage",
    "ReleaseEntry",
    "ReleaseScore",
    "YearlyPlanPage",
]
