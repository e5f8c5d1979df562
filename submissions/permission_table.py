"""Who may do what, when: role x action x situation of a round, written as `docs/permissions.md` by `permission_table`.

Roles and states are taken from the gates where they hold them as data; what a gate asks in code is named here. A test
tries every cell over HTTP, so that a table that says anything else than the gates do is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import override

from cms.enums import Role
from submissions.domain import adjustments, central_scores, council_sessions, unit_appeals
from submissions.domain.access import MEMBER_ROLES
from submissions.domain.gate import STATES, WRITERS
from submissions.domain.round_access import OWNERS_READERS, RUNNERS, SCORE_READERS
from submissions.enums import RoundState, SubmissionState, WriteAction

ROLES = tuple(Role)


class Situation(StrEnum):
    """Where a round and the form of one unit can stand together, in the order of the year."""

    DRAFT = "round in preparation"
    FILLING = "form being filled in"
    SIGNED = "form signed off"
    APPRAISAL = "form sent, appraisal"
    ASKED = "explanation asked for"
    COUNCIL = "council"
    FINALISED = "finalised"


ROUND_STATE: dict[Situation, str] = {
    Situation.DRAFT: RoundState.DRAFT,
    Situation.FILLING: RoundState.OPEN,
    Situation.SIGNED: RoundState.OPEN,
    Situation.APPRAISAL: RoundState.APPRAISAL,
    Situation.ASKED: RoundState.APPRAISAL,
    Situation.COUNCIL: RoundState.COUNCIL,
    Situation.FINALISED: RoundState.FINALISED,
}
FORM_STATE: dict[Situation, str] = {
    Situation.DRAFT: SubmissionState.DRAFT,
    Situation.FILLING: SubmissionState.DRAFT,
    Situation.SIGNED: SubmissionState.SIGNED,
    Situation.APPRAISAL: SubmissionState.SENT,
    Situation.ASKED: SubmissionState.EXPLAINING,
    Situation.COUNCIL: SubmissionState.SENT,
    Situation.FINALISED: SubmissionState.FINALISED,
}
ALWAYS = tuple(Situation)
FROM_SENT = (Situation.APPRAISAL, Situation.ASKED, Situation.COUNCIL, Situation.FINALISED)


@dataclass(frozen=True, slots=True)
class Row:
    """One action: its address, and for each role that may do it at all the situations in which it may."""

    name: str
    address: str
    who: Mapping[str, tuple[Situation, ...]]
    note: str = ""

    def allows(self, role: str, situation: Situation) -> bool:
        """Whether the role may do it in the situation."""
        return situation in self.who.get(role, ())


def in_states(*states: str) -> tuple[Situation, ...]:
    """Return the situations in which the round is in one of the states."""
    return tuple(situation for situation in Situation if ROUND_STATE[situation] in states)


def but(*situations: Situation) -> tuple[Situation, ...]:
    """Return all situations but these."""
    return tuple(situation for situation in Situation if situation not in situations)


def _each(roles: Iterable[str], situations: tuple[Situation, ...]) -> dict[str, tuple[Situation, ...]]:
    return dict.fromkeys(roles, situations)


def _form(name: str, address: str, action: str) -> Row:
    """A write to the unit's form: persons and states as the gate holds them; the round is open or in appraisal."""
    open_rounds = in_states(RoundState.OPEN, RoundState.APPRAISAL)
    reached = tuple(here for here in open_rounds if FORM_STATE[here] in STATES[action])
    return Row(name, address, _each(WRITERS[action], reached))


_READ_ALL = (Role.ADMINISTRATOR, Role.AUDITOR)
_DESK = (*OWNERS_READERS, Role.ADMINISTRATOR)
_POINTS = (*SCORE_READERS, Role.ADMINISTRATOR)
_UNDER_WAY = in_states(RoundState.OPEN, RoundState.APPRAISAL, RoundState.COUNCIL)
_OPEN = but(Situation.FINALISED)

ROWS: tuple[Row, ...] = (
    Row(
        "Read the form of a unit",
        "submissions:overview",
        {
            **_each((*MEMBER_ROLES, Role.SECRETARIAT, *_READ_ALL), ALWAYS),
            Role.COUNCIL_MEMBER: FROM_SENT,
        },
        note="Agencies read what they appraise on their own desk.",
    ),
    _form("Answer a criterion", "submissions:save_answer", WriteAction.ANSWER),
    _form("Attach evidence", "submissions:leaf_evidence", WriteAction.EVIDENCE),
    _form("Sign off", "submissions:sign", WriteAction.SIGN_OFF),
    _form("Take back the sign-off", "submissions:take_back", WriteAction.TAKE_BACK),
    _form("Send", "submissions:send", WriteAction.SEND),
    Row("Answer a request for explanation", "submissions:explanation", _each(MEMBER_ROLES, (Situation.ASKED,))),
    Row("Read a criterion on the appraiser's desk", "submissions:appraisal_leaf", {Role.APPRAISER: FROM_SENT}),
    Row(
        "Decide on a criterion",
        "submissions:appraisal_leaf",
        {Role.APPRAISER: in_states(RoundState.APPRAISAL)},
        note="Not of the own unit, nor with a conflict of interest, nor of a colleague's part.",
    ),
    Row(
        "Keep a draft of a decision",
        "submissions:appraisal_draft",
        {Role.APPRAISER: in_states(RoundState.APPRAISAL)},
        note="Whoever may decide on the criterion or read it a second time; nobody else sees the draft.",
    ),
    Row("Accept many", "submissions:appraisal_accept", {Role.APPRAISER: in_states(RoundState.APPRAISAL)}),
    Row(
        "Give a second reading",
        "submissions:second_reading",
        {Role.APPRAISER: in_states(RoundState.APPRAISAL)},
        note="By the reader to whom the sample gave it, unless that person reads points in another role; the "
        "decision is hidden until then.",
    ),
    Row("Ask for an explanation", "submissions:explanation_ask", {Role.APPRAISER: in_states(RoundState.APPRAISAL)}),
    Row(
        "Note something on a page of the evidence",
        "submissions:appraisal_evidence",
        {Role.APPRAISER: in_states(RoundState.APPRAISAL)},
        note="Whoever may decide on the criterion; the own notes are changed until it is decided or the unit reads it.",
    ),
    Row("Withdraw a request", "submissions:explanation_withdraw", {Role.APPRAISER: (Situation.ASKED,)}),
    Row(
        "Hand over the own part",
        "submissions:appraisal_own",
        {Role.APPRAISER: in_states(RoundState.APPRAISAL, RoundState.COUNCIL)},
        note="The secretariat hands over on the round's desk.",
    ),
    Row(
        "Declare the own conflict of interest",
        "submissions:conflicts",
        _each((Role.APPRAISER, Role.COUNCIL_MEMBER), _OPEN),
    ),
    Row("Read the desk of a round", "submissions:round_page", _each(_DESK, ALWAYS)),
    Row("Read points before publication", "submissions:round_participant", _each(_POINTS, ALWAYS)),
    Row("Export points before publication", "submissions:round_export", _each(_POINTS, ALWAYS)),
    Row(
        "Read the notes of an agency on pages",
        "submissions:round_leaf",
        _each(_POINTS, ALWAYS),
        note="The agency reads its own on its desk; the unit reads what it was shown.",
    ),
    Row("Read the discrepancies", "submissions:round_discrepancies", _each(_POINTS, ALWAYS)),
    Row(
        "Assume other rules on a copy",
        "publishing:what_if",
        _each(_POINTS, but(Situation.DRAFT)),
        note="A big round by a job; its table is shown to whoever ordered it.",
    ),
    Row("Read the register of conflicts", "submissions:round_conflicts", _each(_POINTS, ALWAYS)),
    Row(
        "Add participants",
        "submissions:round_participants",
        _each(RUNNERS, in_states(RoundState.DRAFT, RoundState.OPEN)),
    ),
    Row("Set deadlines", "submissions:round_deadlines", _each(RUNNERS, _OPEN)),
    Row(
        "Move the round on",
        "submissions:round_step",
        _each(RUNNERS, but(Situation.ASKED, Situation.FINALISED)),
        note="Not while a request for explanation is open.",
    ),
    Row("Assign to an agency", "submissions:round_assignments", _each(RUNNERS, _OPEN)),
    Row("Assign to an appraiser", "submissions:round_appraisers", _each(RUNNERS, _OPEN)),
    Row("Read the second readings", "submissions:round_second_readings", _each(_POINTS, ALWAYS)),
    Row(
        "Draw a sample for second readings",
        "submissions:round_second_readings",
        _each(RUNNERS, in_states(RoundState.APPRAISAL)),
        note="Once for each agency.",
    ),
    Row(
        "Give second readings to another appraiser",
        "submissions:round_second_readings",
        _each(RUNNERS, in_states(RoundState.APPRAISAL)),
        note="Not those of the own unit; nor to somebody who had to read it before.",
    ),
    Row("Declare somebody's conflict of interest", "submissions:round_conflicts", _each(RUNNERS, _OPEN)),
    Row("Give a unit more time", "submissions:round_extend", _each(RUNNERS, _UNDER_WAY)),
    Row("Say that a unit is not ranked", "submissions:round_status", _each(RUNNERS, _OPEN)),
    Row(
        "Enter central points",
        "submissions:round_central",
        _each(central_scores.ROLES_OF["central"], in_states(*central_scores.OPEN_STATES)),
    ),
    Row(
        "Enter points of the survey",
        "submissions:round_central",
        _each(central_scores.ROLES_OF["survey"], in_states(*central_scores.OPEN_STATES)),
    ),
    Row("Give bonus or penalty", "submissions:round_adjustments", _each(RUNNERS, in_states(*adjustments.OPEN_STATES))),
    Row(
        "Correct bonus or penalty after the end",
        "submissions:round_adjustments",
        _each(RUNNERS, (Situation.FINALISED,)),
        note="By a decision that is named; a correcting release counts it.",
    ),
    Row(
        "File an appeal",
        "submissions:unit_appeals",
        _each(unit_appeals.FILERS, (Situation.FINALISED,)),
        note="Once the result is public, until the time that the secretariat has set.",
    ),
    Row(
        "Withdraw an appeal",
        "submissions:unit_appeals",
        _each(unit_appeals.FILERS, (Situation.FINALISED,)),
        note="Before it is decided.",
    ),
    Row("Set the time for appeals", "submissions:round_appeals", _each(RUNNERS, (Situation.FINALISED,))),
    Row("Admit an appeal or not", "submissions:round_appeals", _each(RUNNERS, (Situation.FINALISED,))),
    Row(
        "Decide an appeal",
        "submissions:round_appeals",
        _each(RUNNERS, (Situation.FINALISED,)),
        note="Not about the own unit; one that a unit filed must be admitted.",
    ),
    Row(
        "Search for discrepancies",
        "submissions:round_discrepancies",
        _each(RUNNERS, in_states(RoundState.APPRAISAL, RoundState.COUNCIL, RoundState.FINALISED)),
        note="A discrepancy of the own unit is cleared and put on an agenda by somebody else.",
    ),
    Row(
        "Plan a session of the council",
        "submissions:round_council",
        _each(RUNNERS, in_states(*council_sessions.PLANNABLE)),
    ),
    Row(
        "Finalise",
        "submissions:round_finalise",
        _each(RUNNERS, (Situation.APPRAISAL, Situation.COUNCIL)),
        note="Once the calendar is over; straight from the appraisal where no council is held.",
    ),
)


def table() -> str:
    """Return the table as Markdown: a row an action, a column a role, the situations in the cells."""
    with override("en"):
        heads = [str(role.label) for role in ROLES]
    short = {situation: str(number) for number, situation in enumerate(Situation, start=1)}
    lines = [
        "# Permissions",
        "",
        "Written by `manage.py permission_table` from `submissions/permission_table.py` and the gates; not edited by",
        "hand. `tests/submissions/test_permission_table.py` tries every cell over HTTP. All of it holds for the unit,",
        "agency or organising body at which somebody has the role; elsewhere the role counts for nothing. A superuser",
        "counts as an administrator. Without an account every address leads to the sign-in.",
        "",
        "Situations: " + " · ".join(f"**{short[situation]}** {situation.value}" for situation in Situation) + ".",
        "In a cell stand the situations in which the role may; an empty cell: never.",
        "",
        f"| action | {' | '.join(heads)} |",
        f"|---|{'---|' * len(heads)}",
    ]
    for row in ROWS:
        cells = [_cell(row, role, short) for role in ROLES]
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    notes = [f"- {row.name}: {row.note}" for row in ROWS if row.note]
    return "\n".join([*lines, "", *notes, ""])


def _cell(row: Row, role: str, short: Mapping[Situation, str]) -> str:
    numbers = [short[situation] for situation in Situation if row.allows(role, situation)]
    return "all" if len(numbers) == len(Situation) else " ".join(numbers)
