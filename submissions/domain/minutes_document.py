"""The minutes of a session as an official document: a pure function of their frozen content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cms.documents import Block, Cell, Document, Facts, Heading, Paragraph, Row, Signatures, Table
from cms.numbers import exact
from criteria_pages.definition import plain
from submissions.council_enums import (
    AgendaSubject,
    Exclusion,
    ItemState,
    MajorityRule,
    MotionKind,
    QuorumRule,
    SeatPosition,
    VoteChoice,
)
from submissions.domain.minutes import motion_inputs
from submissions.enums import ParticipantStatus, Stage
from submissions.models import AgendaItem, CouncilMotion


def minutes_document(content: Mapping[str, Any], *, sha256: str = "", draft: bool = False) -> Document:
    """Return the document of some minutes; `draft` for a session that has not ended."""
    session = content["session"]
    notice = _("Illustrative figures: invented for demonstration, not results of any body.")
    return Document(
        title=_("MINUTES"),
        subtitle=f"{session['title']} – {session['round']}",
        issuer=session["owner"],
        number=_("No.: %(number)s") % {"number": content.get("number") or "…"},
        place_and_day=_place_and_day(session),
        notice=notice if session["illustrative"] else "",
        footer=f"SHA-256 {sha256}" if sha256 else "",
        draft=draft,
        blocks=list(_blocks(content)),
    )


def _blocks(content: Mapping[str, Any]) -> Iterator[Block]:
    session = content["session"]
    yield Heading(_("I. Time, place, who took part"))
    yield Facts(
        [
            (_("Began"), _when(session["opened_at"])),
            (_("Ended"), _when(session["ended_at"])),
            (_("Place"), session["place"] or "…"),
            (_("Criteria set"), session["edition"]),
            (_("Quorum"), str(QuorumRule(session["quorum"]).label)),
            (_("Majority"), _majority(session)),
        ]
    )
    yield _people(content["seats"])
    yield Heading(_("II. Decisions"))
    scores = [item for item in content["items"] if item["subject"] == AgendaSubject.SCORE]
    others = [item for item in content["items"] if item["subject"] != AgendaSubject.SCORE]
    with_rest = [item for item in scores if [decision["kind"] for decision in item["decisions"]] == [MotionKind.REST]]
    single = [item for item in scores if item not in with_rest]
    if single:
        yield Heading(_("Points of criteria"), level=2)
        for item in single:
            yield from _item(item)
    if others:
        yield Heading(_("Special cases, bonus and penalty"), level=2)
        for item in others:
            yield from _item(item)
    if content["rest"]:
        yield Heading(_("The rest"), level=2)
        for decision in content["rest"]:
            yield from _rest(decision)
        if with_rest:
            yield _adopted(with_rest)
    if not content["items"] and not content["rest"]:
        yield Paragraph(_("Nothing was put to the vote."))
    if content.get("remarks"):
        yield Heading(_("III. Other remarks"))
        yield Paragraph(content["remarks"])
    yield Paragraph(_("These minutes were made by the portal from what was recorded in the session."), small=True)
    yield Signatures(
        [
            (str(SeatPosition.SECRETARY.label.split(",")[0]), _first(content["seats"], SeatPosition.SECRETARY)),
            (str(SeatPosition.CHAIR.label), _first(content["seats"], SeatPosition.CHAIR)),
        ]
    )


def _people(seats: Iterable[Mapping[str, Any]]) -> Table:
    rows: list[Row] = [
        [
            str(number),
            Cell(seat["name"], note=seat["job"]),
            str(SeatPosition(seat["position"]).label),
            seat["represents"],
            _("present") if seat["present"] else _("absent: %(why)s") % {"why": seat["absence"] or "…"},
        ]
        for number, seat in enumerate(seats, start=1)
    ]
    return Table(
        headers=[_("No."), _("Name"), _("Position"), _("Stands for"), _("Attendance")],
        rows=rows,
        numeric=(0,),
        widths=(1, 5, 3, 5, 3),
    )


def _item(item: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading(f"{item['order']}. {_name(item)}", level=3)
    yield Paragraph(item["topic"])
    if item.get("scores"):
        rows: list[Row] = [
            [str(Stage(score["stage"]).label), score["agency"], _points(score["points"]), score["reason"]]
            for score in item["scores"]
        ]
        yield Table(
            headers=[_("Stage"), _("By"), _("Points"), _("Reason")], rows=rows, numeric=(2,), widths=(3, 4, 2, 6)
        )
    for decision in item["decisions"]:
        yield from _decision(decision)
    if item["state"] in {ItemState.POSTPONED, ItemState.TAKEN_OFF}:
        yield Paragraph(f"{ItemState(item['state']).label}: {item['closing_note']}", strong=True)


def _name(item: Mapping[str, Any]) -> str:
    if item["subject"] == AgendaSubject.SCORE:
        maximum = _("at most %(maximum)s points") % {"maximum": _points(item["maximum"])}
        return f"{item['unit']} – {item['code']} {item['name']} ({maximum})"
    return f"{item['unit']} – {AgendaSubject(item['subject']).label}"


def _decision(decision: Mapping[str, Any]) -> Iterator[Block]:
    if decision["kind"] == MotionKind.REST:
        text = _("Adopted with the rest: %(points)s points.") % {"points": _points(decision["points"])}
        yield Paragraph(f"{text} {_votes(decision)}")
    else:
        outcome = _("Carried") if decision["carried"] else _("Not carried")
        yield _labelled(_("Motion"), motion_in_words(decision))
        yield Paragraph(f"{outcome}. {_votes(decision)}", strong=True)
        yield from _grounds(decision)
    yield from _roll(decision)


def motion_in_words(decision: Mapping[str, Any]) -> str:
    """Return what a motion asks for, with its figures."""
    kind = MotionKind(decision["kind"])
    what = str(kind.label)
    if kind in {MotionKind.KEEP, MotionKind.SET, MotionKind.BONUS, MotionKind.PENALTY}:
        what = f"{what}: {_points(decision['points'])}"
    if kind == MotionKind.STATUS:
        what = f"{what}: {ParticipantStatus(decision['status']).label}"
    inputs = "; ".join(f"{label}: {value}" for label, value in decision["inputs"])
    return f"{what} ({inputs})" if inputs else what


def motion_facts(motion: CouncilMotion, item: AgendaItem | None) -> str:
    """Return a motion as it stands in the books in words."""
    return motion_in_words(
        {
            "kind": motion.kind,
            "points": None if motion.points is None else plain(motion.points),
            "status": motion.status,
            "inputs": motion_inputs(motion, item),
        }
    )


def _labelled(label: str, text: str) -> Paragraph:
    return Paragraph(f"{label}: {text}")


def _grounds(decision: Mapping[str, Any]) -> Iterator[Block]:
    yield _labelled(_("Reason"), decision["reason"])
    if decision["conditions"]:
        yield _labelled(_("Conditions"), decision["conditions"])
    if decision["evidence"]:
        yield _labelled(_("Evidence"), decision["evidence"])


def _adopted(items: Iterable[Mapping[str, Any]]) -> Table:
    """Return the items of the agenda that were adopted with the rest: one line each."""
    rows: list[Row] = []
    for item in items:
        (decision,) = item["decisions"]
        votes = f"{decision['for']}/{decision['against']}/{decision['abstain']}"
        matter = Cell(f"{item['code']} {item['name']}", note=item["topic"])
        rows.append([str(item["order"]), item["unit"], matter, _points(decision["points"]), votes])
    return Table(
        caption=_("Items of the agenda adopted as they stand (in favour/against/abstaining)"),
        headers=[_("No."), _("Unit"), _("Criterion"), _("Points"), _("Votes")],
        rows=rows,
        numeric=(0, 3),
        widths=(1, 4, 7, 2, 2),
    )


def _rest(decision: Mapping[str, Any]) -> Iterator[Block]:
    outcome = _("Carried") if decision["carried"] else _("Not carried")
    yield Paragraph(_("Motion: the scores that were not decided one by one are adopted as they stand."))
    yield Paragraph(f"{outcome}. {_votes(decision)}", strong=True)
    yield _labelled(_("Reason"), decision["reason"])
    if decision["carried"]:
        yield Paragraph(_("Adopted for %(count)s units.") % {"count": decision["facts"]["units"]})
        if decision["facts"]["left"]:
            left = ", ".join(decision["facts"]["left"])
            yield Paragraph(_("Not adopted, because too few may vote there: %(units)s.") % {"units": left}, strong=True)
    yield from _roll(decision)


def _votes(decision: Mapping[str, Any]) -> str:
    text = _("For %(for)s, against %(against)s, abstaining %(abstain)s of %(present)s members present.") % decision
    return " ".join([text, _("The chair's vote broke the tie.")]) if decision["tie_broken"] else text


def _roll(decision: Mapping[str, Any]) -> Iterator[Block]:
    parts = []
    for choice in VoteChoice:
        names = [row["name"] for row in decision["roll"] if row["choice"] == choice]
        if names:
            parts.append(f"{choice.label}: {', '.join(names)}.")
    excluded = [f"{row['name']} ({Exclusion(row['excluded']).label})" for row in decision["roll"] if row["excluded"]]
    if excluded:
        parts.append(_("Excluded: %(names)s.") % {"names": ", ".join(excluded)})
    if parts:
        yield Paragraph(" ".join(parts), small=True)


def _points(text: str | None) -> str:
    return _("does not apply") if text is None else exact(Decimal(text))


def _majority(session: Mapping[str, Any]) -> str:
    text = str(MajorityRule(session["majority"]).label)
    return "; ".join([text, _("the chair's vote breaks a tie")]) if session["chair_breaks_ties"] else text


def _when(text: str) -> str:
    return dt.datetime.fromisoformat(text).strftime("%d/%m/%Y %H:%M") if text else "…"


def _place_and_day(session: Mapping[str, Any]) -> str:
    # Words of the form itself, which is Vietnamese whatever the language of the interface.
    day = dt.datetime.fromisoformat(session["opened_at"] or session["held_at"])
    return f"ngày {day.day:02d} tháng {day.month:02d} năm {day.year}"


def _first(seats: Iterable[Mapping[str, Any]], position: str) -> str:
    return next((seat["name"] for seat in seats if seat["position"] == position), "")
