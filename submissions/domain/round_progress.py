"""How far the units of a round are, live: a line per unit with its domains, filters, the same as a workbook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cms import clock
from cms.enums import Role
from cms.models import Unit, User
from cms.spreadsheets import Sheet, write_xlsx
from cms.text import fold
from submissions.domain.deadlines import deadlines_of
from submissions.domain.definitions import definition_of_round
from submissions.domain.people import members_by_role
from submissions.domain.presence import at_work
from submissions.domain.progress import DomainProgress, Progress, progress_of
from submissions.enums import ParticipantStatus, SubmissionState
from submissions.models import Answer, AssessmentRound, Participant, Receipt, Submission

BATCH = 200
NOT_SENT = (SubmissionState.DRAFT, SubmissionState.SIGNED)
# What the list can be cut to, as it stands in the address.
NOT_STARTED, FILLING, SIGNED, OPEN, REOPENED, SENT, SET_ASIDE = (
    "chua-bat-dau",
    "dang-nhap",
    "da-ky",
    "chua-gui",
    "mo-lai",
    "da-gui",
    "khong-danh-gia",
)
STATES = (NOT_STARTED, FILLING, SIGNED, OPEN, REOPENED, SENT, SET_ASIDE)


@dataclass(frozen=True, slots=True)
class UnitLine:
    """How far one unit is. `domains` follow the round's domains; None where the unit is asked nothing there."""

    participant: Participant
    submission: Submission | None
    progress: Progress | None
    domains: tuple[DomainProgress | None, ...]
    closes_at: dt.datetime | None
    sent_at: dt.datetime | None
    changed_at: dt.datetime | None
    at_work: int

    @property
    def is_sent(self) -> bool:
        """Whether the form was sent and not given back."""
        return self.submission is not None and self.submission.state not in NOT_SENT

    @property
    def is_reopened(self) -> bool:
        """Whether the form was sent once and is open again."""
        return self.sent_at is not None and not self.is_sent


def round_domains(round: AssessmentRound) -> list[tuple[str, str]]:
    """Return code and name of the domains in which units fill in something, in the set's order."""
    return [
        (domain.code, domain.name)
        for domain in definition_of_round(round).domains
        if any(leaf.scorer == "self" for leaf in domain.leaves)
    ]


def participants_in(
    round: AssessmentRound, *, text: str = "", state: str = "", tier: str = ""
) -> QuerySet[Participant]:
    """Return the participants that match the words, are in the state and of the tier (its code), in units' order."""
    rows = round.participants.select_related("unit__tier", "round__edition").order_by(
        "unit__tier__order", "unit__order", "unit__name", "pk"
    )
    if text.strip() and fold(text):
        rows = rows.filter(unit__in=Unit.objects.matching(text))
    if tier:
        rows = rows.filter(unit__tier__code=tier)
    if state == SET_ASIDE:
        return rows.filter(status=ParticipantStatus.NOT_ASSESSED)
    if state not in STATES:
        return rows
    rows = rows.exclude(status=ParticipantStatus.NOT_ASSESSED).filter(submission__isnull=False)
    if state == SENT:
        return rows.exclude(submission__state__in=NOT_SENT)
    if state == SIGNED:
        return rows.filter(submission__state=SubmissionState.SIGNED)
    if state == OPEN:
        return rows.filter(submission__state__in=NOT_SENT)
    drafts = rows.filter(submission__state=SubmissionState.DRAFT)
    if state == REOPENED:
        return drafts.filter(submission__in=Receipt.objects.values("submission"))
    answered = Answer.objects.filter(submission__participant__round=round).values("submission")
    return drafts.filter(submission__in=answered) if state == FILLING else drafts.exclude(submission__in=answered)


def unit_lines(
    round: AssessmentRound, participants: Iterable[Participant], *, besides: User | None = None
) -> list[UnitLine]:
    """Return the lines of some participants of the round; the same number of queries for any number of them.

    `besides` is who looks: people at work are counted without them; nobody is counted where it is None.
    """
    rows = list(participants)
    submissions = list(
        Submission.objects.filter(participant__in=rows).select_related(
            "participant__unit", "participant__round__edition"
        )
    )
    by_participant = {row.participant_id: row for row in submissions}
    progress, due = progress_of(submissions), deadlines_of(submissions)
    there = at_work(submissions, besides=besides) if besides is not None else {}
    receipts = Receipt.objects.filter(submission__in=submissions).order_by()
    sent = dict(receipts.values_list("submission_id").annotate(Max("sent_at")))
    changes = Answer.objects.filter(submission__in=submissions).order_by()
    changed = dict(changes.values_list("submission_id").annotate(Max("updated_at")))
    codes = [code for code, _name in round_domains(round)]
    return [_line(row, by_participant.get(row.pk), progress, due, sent, changed, there, codes) for row in rows]


def _line(
    participant: Participant,
    submission: Submission | None,
    progress: dict[int, Progress],
    due: dict[int, dt.datetime | None],
    sent: dict[int, dt.datetime],
    changed: dict[int, dt.datetime],
    there: dict[int, list[Any]],
    codes: Sequence[str],
) -> UnitLine:
    pk = submission.pk if submission else 0
    own = None if participant.status == ParticipantStatus.NOT_ASSESSED else progress.get(pk)
    parts = {part.code: part for part in own.domains} if own else {}
    return UnitLine(
        participant=participant,
        submission=submission,
        progress=own,
        domains=tuple(parts.get(code) for code in codes),
        closes_at=due.get(pk),
        sent_at=sent.get(pk),
        changed_at=changed.get(pk),
        at_work=len(there.get(pk, ())),
    )


# --- the same as a workbook -------------------------------------------------------------------------------------------
def export_round_progress(
    round: AssessmentRound,
    target: str | IO[bytes],
    *,
    only: Collection[int] | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> None:
    """Write where the units stand as a workbook: progress with the domains, and the people to ask.

    `only` are primary keys of participants, everybody where it is None.
    """
    notes = [round.name, _("As of %(time)s") % {"time": _text(clock.now())}]
    if round.illustrative:
        notes.append(_("Illustrative figures: invented for demonstration, not results of any body."))
    rows = participants_in(round)
    ids = [pk for pk in rows.values_list("pk", flat=True) if only is None or pk in only]
    domains = round_domains(round)
    write_xlsx(
        target,
        sheets=[
            Sheet(
                name=_("Progress"),
                headers=[*_headers(), *(f"{code} {name}" for code, name in domains)],
                rows=_progress_rows(round, rows, ids, progress),
                notes=[*notes, _("Columns of domains: criteria done of criteria asked.")],
                widths=[18, 40, 20, 20, 10, 10, 10, 18, 18, 18, *(16 for _domain in domains)],
                text_columns=frozenset({0}),
            ),
            Sheet(
                name=_("People to ask"),
                headers=[_("Unit code"), _("Unit"), _("Role"), _("Name"), _("Position"), _("E-mail")],
                rows=_people_rows(rows, ids),
                notes=notes,
                widths=[18, 40, 22, 30, 30, 34],
                text_columns=frozenset({0}),
            ),
        ],
    )


def _headers() -> list[str]:
    return [
        _("Unit code"),
        _("Unit"),
        _("Tier"),
        _("State"),
        _("Done"),
        _("Asked"),
        _("Done (%)"),
        _("Deadline"),
        _("Last change"),
        _("Sent"),
    ]


def _batches(rows: QuerySet[Participant], ids: Sequence[int]) -> Iterator[list[Participant]]:
    for start in range(0, len(ids), BATCH):
        wanted = ids[start : start + BATCH]
        found = {row.pk: row for row in rows.filter(pk__in=wanted)}
        yield [found[pk] for pk in wanted if pk in found]


def _progress_rows(
    round: AssessmentRound,
    rows: QuerySet[Participant],
    ids: Sequence[int],
    progress: Callable[[int, int, str], None] | None,
) -> Iterator[tuple[Any, ...]]:
    done = 0
    for batch in _batches(rows, ids):
        for participant in batch:
            participant.round = round
        for line in unit_lines(round, batch):
            yield _progress_row(line)
        done += len(batch)
        if progress is not None:
            progress(done, len(ids), "")


def _progress_row(line: UnitLine) -> tuple[Any, ...]:
    who, own = line.participant, line.progress
    return (
        who.unit.code,
        who.unit_name or who.unit.name,
        who.unit.tier.name,
        state_label(line),
        own.done if own else None,
        own.total if own else None,
        own.percent if own else None,
        _text(line.closes_at),
        _text(line.changed_at),
        _text(line.sent_at),
        *(f"{part.done}/{part.total}" if part else "" for part in line.domains),
    )


def _people_rows(rows: QuerySet[Participant], ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for batch in _batches(rows, ids):
        people = members_by_role(row.unit_id for row in batch)
        for row in batch:
            known = people.get(row.unit_id, [])
            for role, user in known:
                yield row.unit.code, row.unit.name, Role(role).label, str(user), user.job_title, user.email
            if not known:
                yield row.unit.code, row.unit.name, _("nobody has an account"), "", "", ""


def state_label(line: UnitLine) -> str:
    """Return in words how a unit's form stands."""
    if line.participant.status == ParticipantStatus.NOT_ASSESSED:
        return str(line.participant.get_status_display())
    if line.submission is None:
        return ""
    if line.is_reopened:
        return _("Reopened")
    if line.submission.state == SubmissionState.DRAFT and line.changed_at is None:
        return _("Not started")
    return str(line.submission.get_state_display())


def _text(moment: dt.datetime | None) -> str:
    return timezone.localtime(moment).strftime("%d/%m/%Y %H:%M") if moment else ""


def share_done(part: DomainProgress | None) -> Decimal | None:
    """Return the percentage of a domain's criteria that are done, None where the unit is asked nothing there."""
    return Decimal(part.done * 100) / part.total if part is not None and part.total else None


def share_of_points(part: DomainProgress | None) -> Decimal | None:
    """Return the self-scored points of a domain in percent of what the answered criteria can bring, else None."""
    return part.points * 100 / part.maximum if part is not None and part.maximum else None
