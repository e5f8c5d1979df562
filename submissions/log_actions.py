"""Names of all audited actions of rounds and submissions, with the words the history shows."""

from django.utils.translation import gettext_lazy as _

WORKSPACE = (
    ("submissions.round_created", _("Create a round")),
    ("submissions.round_state", _("Change the state of a round")),
    ("submissions.adopt_edition", _("Adopt a newer edition")),
    ("submissions.participants_added", _("Add participants")),
    ("submissions.participant_status", _("Change the status of a participant")),
    ("submissions.deadline", _("Set a deadline")),
    ("submissions.state", _("Change the state of a form")),
    ("submissions.answer", _("Answer a criterion")),
    ("submissions.answers", _("Answer several criteria")),
    ("submissions.workbook", _("Take over a filled workbook")),
    ("submissions.report", _("Write difficulties and proposals")),
    ("submissions.evidence_added", _("Add to the evidence library")),
    ("submissions.evidence_replaced", _("Replace evidence by a new version")),
    ("submissions.evidence_changed", _("Change the description of evidence")),
    ("submissions.evidence_withdrawn", _("Withdraw evidence")),
    ("submissions.evidence_attached", _("Attach evidence")),
    ("submissions.evidence_detached", _("Take evidence off a criterion")),
    ("submissions.sign_off", _("Sign off")),
    ("submissions.sign_off_voided", _("Sign-off voided")),
    ("submissions.send", _("Send")),
    ("submissions.scan_attached", _("Attach the signed report")),
    ("submissions.note_added", _("Write a note to colleagues")),
    ("submissions.note_changed", _("Change a note to colleagues")),
    ("submissions.note_removed", _("Remove a note to colleagues")),
)
APPRAISAL = (
    ("submissions.assign", _("Assign to an agency")),
    ("submissions.substitute", _("Name a substitute for an agency's own submission")),
    ("submissions.conflict", _("Declare or lift a conflict of interest")),
    ("submissions.extension", _("Grant an extension")),
    ("submissions.appraise", _("Appraise a criterion")),
    ("submissions.central_score", _("Enter points centrally")),
    ("submissions.adjustment", _("Give or withdraw bonus or penalty points")),
    ("submissions.finalise", _("Finalise a round")),
    ("submissions.scores_imported", _("Import scores")),
    ("submissions.explanation_asked", _("Ask for an explanation")),
    ("submissions.explanation_answered", _("Answer a request for explanation")),
    ("submissions.explanation_closed", _("Close a request for explanation")),
)
SURVEY = (
    ("submissions.survey_created", _("Set up a survey")),
    ("submissions.survey_group", _("Change a group of respondents")),
    ("submissions.survey_contact", _("Record the IT contact person")),
    ("submissions.survey_state", _("Change the state of a survey")),
    ("submissions.survey_list_changed", _("Change a list of respondents")),
    ("submissions.survey_list_state", _("Send, return or accept a list of respondents")),
    ("submissions.survey_selection", _("Select respondents")),
    ("submissions.survey_invited", _("Make invitations")),
    ("submissions.survey_address", _("Replace the address of an invitation")),
    ("submissions.survey_mixed", _("Close the survey and mix the answers")),
    ("submissions.survey_incident", _("Review a sign of interference")),
    ("submissions.survey_results", _("Put survey results into the ledger")),
)
ACTIONS = (*WORKSPACE, *APPRAISAL, *SURVEY)
