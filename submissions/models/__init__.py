"""Models of rounds and submissions."""

from cms.reference_index import leave_out
from submissions.models.appeals import Appeal
from submissions.models.appraisal import AppraisalSubstitute, AppraiserAssignment, ConflictOfInterest
from submissions.models.appraisal_drafts import AppraisalDraft
from submissions.models.council import (
    AgendaItem,
    CouncilDecision,
    CouncilMinutes,
    CouncilMotion,
    CouncilSeat,
    CouncilSession,
    CouncilVote,
)
from submissions.models.discrepancies import Discrepancy, DiscrepancyRun
from submissions.models.explanations import ExplanationRequest
from submissions.models.incoming import IncomingUpload
from submissions.models.ledger import Adjustment, RoundSeal, ScoreEntry
from submissions.models.notes import LeafNote
from submissions.models.notices import Notice, NoticeSetting
from submissions.models.page_notes import PageNote
from submissions.models.rounds import AppraisalAssignment, AssessmentRound, Extension, Participant, PhaseDeadline
from submissions.models.second_readings import SecondReading, SecondReadingSample
from submissions.models.submissions import Answer, Evidence, EvidenceUse, Receipt, SignOff, Submission
from submissions.models.survey import (
    Invitation,
    Respondent,
    RespondentList,
    SealedAnswer,
    Survey,
    SurveyGroup,
    SurveyIncident,
    SurveyResponse,
    SurveySignal,
    SurveyTally,
    SurveyText,
    UnitNetwork,
)
from submissions.models.survey_letters import PrintedLetters
from submissions.models.survey_satisfaction import PublicCount, SurveyFigure
from submissions.models.unit_appeals import AppealPeriod, FiledAppeal

__all__ = [
    "Adjustment",
    "AgendaItem",
    "Answer",
    "Appeal",
    "AppealPeriod",
    "AppraisalAssignment",
    "AppraisalDraft",
    "AppraisalSubstitute",
    "AppraiserAssignment",
    "AssessmentRound",
    "ConflictOfInterest",
    "CouncilDecision",
    "CouncilMinutes",
    "CouncilMotion",
    "CouncilSeat",
    "CouncilSession",
    "CouncilVote",
    "Discrepancy",
    "DiscrepancyRun",
    "Evidence",
    "EvidenceUse",
    "ExplanationRequest",
    "Extension",
    "FiledAppeal",
    "IncomingUpload",
    "Invitation",
    "LeafNote",
    "Notice",
    "NoticeSetting",
    "PageNote",
    "Participant",
    "PhaseDeadline",
    "PrintedLetters",
    "PublicCount",
    "Receipt",
    "Respondent",
    "RespondentList",
    "RoundSeal",
    "ScoreEntry",
    "SealedAnswer",
    "SecondReading",
    "SecondReadingSample",
    "SignOff",
    "Submission",
    "Survey",
    "SurveyFigure",
    "SurveyGroup",
    "SurveyIncident",
    "SurveyResponse",
    "SurveySignal",
    "SurveyTally",
    "SurveyText",
    "UnitNetwork",
]

leave_out(*(globals()[name] for name in __all__))
