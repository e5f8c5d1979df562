"""Models of publication."""

from cms.reference_index import leave_out
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

leave_out(IndexRelease, ReleaseEntry, ReleaseScore, ReleaseSurvey)
