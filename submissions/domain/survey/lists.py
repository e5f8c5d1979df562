"""Units' lists of respondents: rows, checks, sending, review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cms import audit, clock
from cms.enums import Role
from cms.models import Unit, User
from cms.permissions import require_role
from cms.text import fold, normal
from submissions.domain.survey.setup import require_officer
from submissions.exceptions import Locked, SubmissionError, WrongState
from submissions.models import Respondent, RespondentList, Survey, SurveyGroup
from submissions.survey_enums import GroupRule, ListState, SurveyState

MAX_ROWS = 20_000
COLUMNS = {
    "name": _lazy("Full name"),
    "position": _lazy("Position"),
    "organisation": _lazy("Organisation"),
    "mail": _lazy("Official mailbox"),
    "group": _lazy("Group"),
    "rated": _lazy("Unit rated"),
}
_LIMITS = {"name": 255, "position": 255, "organisation": 255, "mail": 254}


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """One row as it was typed or read: texts, the group's code and, where it is another, the rated unit's code.

    `line`: the row of the sheet that it was read from; 0 where it has none but its place in the list.
    """

    name: str
    position: str
    organisation: str
    mail: str
    group: str
    rated: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row (as the sheet numbers it, else from 1; 0: the list as a whole) and in which column."""

    row: int
    column: str
    message: str

    @property
    def sentence(self) -> str:
        """The problem with the name of its column, as the list's heads have it."""
        head = COLUMNS.get(self.column) if self.row else None
        return f"{head}: {self.message}" if head else self.message


def require_list_writer(user: User, respondent_list: RespondentList) -> None:
    """Raise unless the user may change this list now: member of the unit, survey open for lists, in time, not sent."""
    require_role(user, Role.CONTRIBUTOR, Role.LEADER, unit=respondent_list.participant.unit)
    survey = respondent_list.survey
    if survey.state != SurveyState.LISTS:
        raise WrongState(_("Lists can be changed only while units enter them."))
    if clock.now() > survey.lists_due:
        raise Locked(
            _("Lists were due by %(due)s. Ask the survey officer of %(owner)s.")
            % {"due": f"{survey.lists_due.astimezone():%d/%m/%Y %H:%M}", "owner": survey.round.owner.name}
        )
    if respondent_list.state not in {ListState.DRAFT, ListState.RETURNED}:
        raise WrongState(_("The list was sent. It can be changed only when the survey officer returns it."))


def check_rows(respondent_list: RespondentList, rows: Sequence[ListedPerson]) -> list[RowProblem]:
    """Return everything that is wrong with the rows: texts, mail, groups, duplicates, quotas. Reads, never writes."""
    groups = {group.code: group for group in respondent_list.survey.groups.listed()}
    known_units = _rated_units(respondent_list, rows)
    if len(rows) > MAX_ROWS:
        return [RowProblem(0, "", _("A list holds at most %(limit)s people.") % {"limit": MAX_ROWS})]
    problems: list[RowProblem] = []
    for number, row in _numbered(rows):
        problems += [RowProblem(number, column, message) for column, message in _row_problems(row, groups, known_units)]
    problems += _duplicates_within(rows)
    for code, group in groups.items():
        problems += _quota_problems(group, [row for row in rows if row.group == code])
    return sorted(problems, key=lambda problem: (problem.row, problem.column))


def _numbered(rows: Sequence[ListedPerson]) -> Iterable[tuple[int, ListedPerson]]:
    return ((row.line or place, row) for place, row in enumerate(rows, 1))


def _rated_units(respondent_list: RespondentList, rows: Sequence[ListedPerson]) -> dict[str, Unit]:
    codes = {row.rated for row in rows if row.rated}
    units = Unit.objects.filter(participations__round=respondent_list.survey.round, code__in=codes)
    return {unit.code: unit for unit in units}


def _row_problems(
    row: ListedPerson, groups: dict[str, SurveyGroup], units: dict[str, Unit]
) -> Iterable[tuple[str, str]]:
    for column in ("name", "position", "organisation"):
        text = getattr(row, column).strip()
        if not text:
            yield column, _("This is missing.")
        elif len(text) > _LIMITS[column]:
            yield column, _("This is longer than %(limit)s characters.") % {"limit": _LIMITS[column]}
    if row.mail.strip():
        try:
            validate_email(row.mail.strip())
        except ValidationError:
            yield "mail", _("“%(mail)s” is not a mail address.") % {"mail": row.mail.strip()}
    if row.group not in groups:
        yield (
            "group",
            _("“%(group)s” is not a group of this survey. Groups: %(groups)s.")
            % {"group": row.group, "groups": "; ".join(group.name for group in groups.values())},
        )
    if row.rated and row.rated not in units:
        yield "rated", _("“%(code)s” is not a participant of the round.") % {"code": row.rated}


def _duplicates_within(rows: Sequence[ListedPerson]) -> Iterable[RowProblem]:
    mails = Counter(mail_key(row.mail) for row in rows if row.mail.strip())
    people = Counter((row.group, person_key(row.name, row.organisation)) for row in rows)
    for number, row in _numbered(rows):
        if row.mail.strip() and mails[mail_key(row.mail)] > 1:
            yield RowProblem(number, "mail", _("The mail address stands more than once in the list."))
        if row.name.strip() and people[row.group, person_key(row.name, row.organisation)] > 1:
            yield RowProblem(number, "name", _("This person stands more than once in this group."))


def _quota_problems(group: SurveyGroup, rows: Sequence[ListedPerson]) -> list[RowProblem]:
    if group.rule == GroupRule.ORGANISATIONS:
        organisations = {fold(row.organisation) for row in rows}
        if len(organisations) > (group.rule_number or 0):
            return [
                RowProblem(
                    0,
                    "organisation",
                    _("Group “%(group)s” takes at most %(limit)s organisations; the list has %(count)s.")
                    % {"group": group.name, "limit": group.rule_number, "count": len(organisations)},
                )
            ]
    if group.rule == GroupRule.PER_UNIT:
        counts = Counter(fold(row.organisation) for row in rows)
        names = {fold(row.organisation): row.organisation for row in rows}
        return [
            RowProblem(
                0,
                "organisation",
                _("Group “%(group)s” takes %(limit)s people of each unit; “%(unit)s” has %(count)s.")
                % {"group": group.name, "limit": group.rule_number, "unit": names[key], "count": count},
            )
            for key, count in counts.items()
            if count != group.rule_number
        ]
    return []


def mail_key(mail: str) -> str:
    """Return the form in which a mail address is compared."""
    return mail.strip().casefold()


def person_key(name: str, organisation: str) -> str:
    """Return the form in which a person is compared: folded name and organisation."""
    return f"{fold(name)}|{fold(organisation)}"[:520]


def rows_of(respondent_list: RespondentList) -> list[ListedPerson]:
    """Return what the list holds now, in its order."""
    own = respondent_list.participant.unit_id
    return [
        ListedPerson(
            name=r.name,
            position=r.position,
            organisation=r.organisation,
            mail=r.mail,
            group=r.group.code,
            rated="" if r.rated_unit_id == own else r.rated_unit.code,
        )
        for r in respondent_list.respondents.select_related("group", "rated_unit")
    ]


@transaction.atomic
def replace_rows(
    *, user: User, respondent_list: RespondentList, expected_version: int, rows: Sequence[ListedPerson]
) -> RespondentList:
    """Put these rows in place of the whole list, all or nothing; rows may still be incomplete in mail and quota.

    Raises SubmissionError with the first problems where a row cannot be stored, and where somebody changed the list
    since it was read.
    """
    locked = RespondentList.objects.select_for_update().get(pk=respondent_list.pk)
    require_list_writer(user, locked)
    if locked.version != expected_version:
        raise SubmissionError(
            _("Somebody else changed the list meanwhile. Load it again; what you typed is still on this page."),
            code="stale",
        )
    hard = [problem for problem in check_rows(locked, rows) if problem.row and problem.column in _HARD]
    if hard:
        raise SubmissionError(
            " ".join(
                _("Row %(row)s: %(message)s") % {"row": problem.row, "message": problem.sentence}
                for problem in hard[:5]
            ),
            code="bad_rows",
        )
    before = locked.respondents.count()
    locked.respondents.all().delete()
    Respondent.objects.bulk_create(_build(locked, rows), batch_size=1000)
    RespondentList.objects.filter(pk=locked.pk).update(version=F("version") + 1)
    locked.refresh_from_db()
    audit.record(
        "submissions.survey_list_changed", locked, user=user, before={"rows": before}, after={"rows": len(rows)}
    )
    return locked


_HARD = {"name", "position", "organisation", "group", "rated", "mail"}


def _build(respondent_list: RespondentList, rows: Sequence[ListedPerson]) -> list[Respondent]:
    groups = {group.code: group for group in respondent_list.survey.groups.listed()}
    units = _rated_units(respondent_list, rows)
    own = respondent_list.participant.unit
    return [
        Respondent(
            list=respondent_list,
            group=groups[row.group],
            rated_unit=units[row.rated] if row.rated else own,
            name=normal(row.name.strip()),
            position=normal(row.position.strip()),
            organisation=normal(row.organisation.strip()),
            mail=row.mail.strip(),
            mail_key=mail_key(row.mail),
            person_key=person_key(row.name, row.organisation),
        )
        for row in rows
    ]


@transaction.atomic
def send_list(*, user: User, respondent_list: RespondentList) -> RespondentList:
    """ "Gửi danh sách": send a list without problems to the survey officer; it is locked from then on."""
    locked = RespondentList.objects.select_for_update().get(pk=respondent_list.pk)
    require_list_writer(user, locked)
    rows = rows_of(locked)
    if not rows:
        raise SubmissionError(_("The list is empty."), code="empty")
    problems = check_rows(locked, rows)
    if problems:
        raise SubmissionError(
            _("The list still has %(count)s problems. The first: %(message)s")
            % {"count": len(problems), "message": problems[0].sentence},
            code="has_problems",
        )
    return _move(locked, ListState.SENT, user, sent_at=clock.now(), sent_by=user, return_reason="")


@transaction.atomic
def return_list(*, user: User, respondent_list: RespondentList, reason: str) -> RespondentList:
    """Give a sent list back to the unit with a reason."""
    locked = RespondentList.objects.select_for_update().get(pk=respondent_list.pk)
    require_officer(user, locked.survey.round)
    if not reason.strip():
        raise SubmissionError(_("Say what has to be corrected."), code="reason_missing")
    _require_sent(locked)
    return _move(locked, ListState.RETURNED, user, return_reason=reason.strip()[:500])


@transaction.atomic
def accept_list(*, user: User, respondent_list: RespondentList) -> RespondentList:
    """Accept a sent list."""
    locked = RespondentList.objects.select_for_update().get(pk=respondent_list.pk)
    require_officer(user, locked.survey.round)
    _require_sent(locked)
    # Its people may stand on other lists too: respondents are selected anew.
    Survey.objects.filter(pk=locked.survey_id).update(selected=False)
    return _move(locked, ListState.ACCEPTED, user)


def _require_sent(respondent_list: RespondentList) -> None:
    if respondent_list.state != ListState.SENT:
        raise WrongState(_("Only a list that was sent can be accepted or returned."))


def _move(respondent_list: RespondentList, to: str, user: User, **changes: object) -> RespondentList:
    before = respondent_list.state
    RespondentList.objects.filter(pk=respondent_list.pk).update(state=to, version=F("version") + 1, **changes)
    respondent_list.refresh_from_db()
    audit.record(
        "submissions.survey_list_state",
        respondent_list,
        user=user,
        before={"state": before},
        after={"state": to, "reason": respondent_list.return_reason},
    )
    return respondent_list
