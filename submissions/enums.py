"""Closed vocabularies and transition tables of rounds and submissions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RoundState(models.TextChoices):
    """Workflow state of a round. Deadlines are a separate fact (DESIGN invariant 4)."""

    DRAFT = "draft", _("Being prepared")
    OPEN = "open", _("Self-assessment")
    APPRAISAL = "appraisal", _("Appraisal")
    COUNCIL = "council", _("Council")
    FINALISED = "finalised", _("Finalised")


ROUND_TRANSITIONS: dict[str, tuple[str, ...]] = {
    RoundState.DRAFT: (RoundState.OPEN,),
    RoundState.OPEN: (RoundState.APPRAISAL,),
    RoundState.APPRAISAL: (RoundState.COUNCIL, RoundState.FINALISED, RoundState.OPEN),
    RoundState.COUNCIL: (RoundState.FINALISED, RoundState.APPRAISAL),
    RoundState.FINALISED: (),
}


class Phase(models.TextChoices):
    """Phases of a round; each has its own deadline."""

    SELF_ASSESSMENT = "self_assessment", _("Self-assessment")
    APPRAISAL_1 = "appraisal_1", _("First appraisal")
    EXPLANATION = "explanation", _("Explanation")
    APPRAISAL_2 = "appraisal_2", _("Second appraisal")
    COUNCIL = "council", _("Council")


class ParticipantStatus(models.TextChoices):
    """Whether a participant is assessed and ranked. Not assessed is never zero."""

    RANKED = "ranked", _("Assessed and ranked")
    NOT_RANKED = "not_ranked", _("Assessed, not ranked")
    NOT_ASSESSED = "not_assessed", _("Not assessed")


class SubmissionState(models.TextChoices):
    """Workflow state of a unit's submission. Locked-by-deadline is computed, never stored here."""

    DRAFT = "draft", _("Being filled in")
    SIGNED = "signed", _("Signed off by the leader")
    SENT = "sent", _("Sent")
    EXPLAINING = "explaining", _("Explanation asked for")
    APPRAISED = "appraised", _("Appraised")
    FINALISED = "finalised", _("Finalised")


SUBMISSION_TRANSITIONS: dict[str, tuple[str, ...]] = {
    SubmissionState.DRAFT: (SubmissionState.SIGNED,),
    SubmissionState.SIGNED: (SubmissionState.DRAFT, SubmissionState.SENT),
    SubmissionState.SENT: (
        SubmissionState.DRAFT,
        SubmissionState.EXPLAINING,
        SubmissionState.APPRAISED,
        SubmissionState.FINALISED,
    ),
    SubmissionState.EXPLAINING: (SubmissionState.SENT, SubmissionState.APPRAISED),
    SubmissionState.APPRAISED: (
        SubmissionState.DRAFT,
        SubmissionState.EXPLAINING,
        SubmissionState.FINALISED,
        SubmissionState.SENT,
    ),
    SubmissionState.FINALISED: (),
}


class WriteAction(models.TextChoices):
    """What a write through the gate does; each belongs to one phase and needs its own roles and states."""

    ANSWER = "answer", _("Answer a criterion")
    EVIDENCE = "evidence", _("Attach or remove evidence")
    REPORT = "report", _("Write difficulties and proposals")
    SIGN_OFF = "sign_off", _("Sign off")
    TAKE_BACK = "take_back", _("Take back the sign-off")
    SEND = "send", _("Send")
    SCAN = "scan", _("Attach the signed report")
    EXPLAIN = "explain", _("Answer a request for explanation")


class ExtensionScope(models.TextChoices):
    """What an extension or a reopening covers."""

    ALL = "all", _("Whole form")
    DOMAIN = "domain", _("One domain")
    LEAF = "leaf", _("One criterion")


class Stage(models.TextChoices):
    """Stages of the ledger, in the order of the yearly cycle; `STAGE_ORDER` says which overrides which."""

    SELF = "self", _("Self-assessment")
    SURVEY = "survey", _("Survey")
    CENTRAL = "central", _("Entered centrally")
    APPRAISAL_1 = "appraisal_1", _("First appraisal")
    EXPLANATION = "explanation", _("Explanation")
    APPRAISAL_2 = "appraisal_2", _("Second appraisal")
    COUNCIL = "council", _("Council")


# What a unit claims in an explanation never overrides what an agency decided; the second appraisal decides on it.
STAGE_ORDER: dict[str, int] = {
    stage: position
    for position, stage in enumerate(
        (
            Stage.SELF,
            Stage.EXPLANATION,
            Stage.SURVEY,
            Stage.CENTRAL,
            Stage.APPRAISAL_1,
            Stage.APPRAISAL_2,
            Stage.COUNCIL,
        )
    )
}


class Basis(models.TextChoices):
    """How a ledger entry came to its points."""

    RULE = "rule", _("Computed by the rule")
    ACCEPTED = "accepted", _("Accepted as before")
    SET = "set", _("Set with a reason")
    NOT_APPLICABLE = "not_applicable", _("Does not apply")
    IMPORTED = "imported", _("Imported")


class RequestState(models.TextChoices):
    """How a request for explanation stands."""

    OPEN = "open", _("Waiting for the unit")
    ANSWERED = "answered", _("Answered by the unit")
    RESOLVED = "resolved", _("Resolved")
    UPHELD = "upheld", _("Upheld")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ReadingState(models.TextChoices):
    """How a second reading stands."""

    OPEN = "open", _("Waiting for the second reader")
    READ = "read", _("Read")
    WITHDRAWN = "withdrawn", _("Taken out of the sample")


class AdjustmentKind(models.TextChoices):
    """Points outside the tree."""

    BONUS = "bonus", _("Bonus")
    PENALTY = "penalty", _("Penalty")
    WITHDRAWAL = "withdrawal", _("Withdrawal")


class MailRhythm(models.TextChoices):
    """How often a person wants notices by mail."""

    IMMEDIATE = "immediate", _("At once: a mail within minutes")
    DAILY = "daily", _("Daily: one mail in the morning")
    OFF = "off", _("No mails: notices in the portal alone")


class AppealOutcome(models.TextChoices):
    """What was decided on an appeal against a score."""

    GRANTED = "granted", _("Granted, the score changes")
    REJECTED = "rejected", _("Rejected, the score stays")


class FilingState(models.TextChoices):
    """How an appeal that a unit filed stands."""

    FILED = "filed", _("Filed, waits for the secretariat")
    ADMITTED = "admitted", _("Admitted, waits for the decision")
    NOT_ADMITTED = "not_admitted", _("Not admitted")
    DECIDED = "decided", _("Decided")
    WITHDRAWN = "withdrawn", _("Withdrawn by the unit")


FILING_STEPS: dict[str, tuple[str, ...]] = {
    FilingState.FILED: (FilingState.ADMITTED, FilingState.NOT_ADMITTED, FilingState.WITHDRAWN),
    FilingState.ADMITTED: (FilingState.DECIDED, FilingState.WITHDRAWN),
    FilingState.NOT_ADMITTED: (),
    FilingState.DECIDED: (),
    FilingState.WITHDRAWN: (),
}
