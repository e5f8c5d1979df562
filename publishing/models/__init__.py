"""Models of publication."""

from publishing.models.pages import RankingPage
from publishing.models.plans import PlanTask, PlanTaskProgress, PlanTaskUnit, YearlyPlanPage
from publishing.models.releases import IndexRelease, ReleaseEntry, ReleaseScore
from publishing.models.surveys import ReleaseSurvey
from publishing.models.terms import PublicationTerms

__all__ = [
    "IndexRelease",
    "PlanTask",
    "PlanTaskProgress",
    "PlanTaskUnit",
    "PublicationTerms",
    "RankingPage",
    "ReleaseEntry",
    "ReleaseScore",
    "ReleaseSurvey",
    "YearlyPlanPage",
]
