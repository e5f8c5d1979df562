"""Models of criteria."""

from cms.reference_index import leave_out
from criteria_pages.models.criteria_sets import CriteriaSetPage
from criteria_pages.models.editions import CriteriaEdition
from criteria_pages.models.guidance import GuidanceAttachment, GuidancePage
from criteria_pages.models.guidance_editions import GuidanceEdition
from criteria_pages.models.import_notes import ImportNote
from criteria_pages.models.legal import LegalDocument
from criteria_pages.models.questionnaires import QuestionnaireEdition, QuestionnairePage

__all__ = [
    "CriteriaEdition",
    "CriteriaSetPage",
    "GuidanceAttachment",
    "GuidanceEdition",
    "GuidancePage",
    "ImportNote",
    "LegalDocument",
    "QuestionnaireEdition",
    "QuestionnairePage",
]

leave_out(CriteriaEdition, GuidanceEdition, ImportNote, QuestionnaireEdition)
