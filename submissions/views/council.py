"""The council room as its members see it: sessions, the agenda, one item with the vote, the projected view, minutes."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST, require_safe

from cms.documents import to_pdf, to_word
from cms.domain.files import DOCX_TYPE
from cms.models import Unit
from cms.numbers import parse_id
from submissions.council_enums import ItemState, MotionState, SessionState
from submissions.council_forms import CloseForm, MotionForm
from submissions.domain.council import quorum_of, runs_session, seat_of, sessions_seen_by
from submissions.domain.council_agenda_lines import agenda_counts, agenda_lines
from submissions.domain.council_votes import Roll, cast_vote
from submissions.domain.explanations import requests_of
from submissions.domain.leaf_story import LeafStory, leaf_story
from submissions.domain.minutes import minutes_content
from submissions.domain.minutes_document import minutes_document, motion_facts
from submissions.domain.page_notes import notes_for_council
from submissions.models import AgendaItem, CouncilMotion, CouncilSession, PageNote
from submissions.views.access import attempt

PER_PAGE = 50
STATES = {"mo": ItemState.OPEN, "da-quyet": ItemState.DECIDED, "hoan": ItemState.POSTPONED, "rut": ItemState.TAKEN_OFF}


def session_for(request: HttpRequest, pk: int) -> CouncilSession:
    """Return the session if the user may read its papers. Others learn nothing, not even that it exists."""
    found = sessions_seen_by(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def item_for(session: CouncilSession, pk: int) -> AgendaItem:
    """Return an item of the session."""
    item = session.items.select_related("participant__unit").filter(pk=pk).first()
    if item is None:
        raise Http404
    item.participant.round = session.round
    item.session = session
    return item


def frame(request: HttpRequest, session: CouncilSession, current: str) -> dict[str, Any]:
    """Return what every screen of a session shares: who the user is in it, its tabs, the motion being voted on."""
    names = [
        ("chuong-trinh", _("Agenda"), "council_session"),
        ("thanh-vien", _("Members"), "council_members"),
        ("bien-ban", _("Minutes"), "council_minutes"),
    ]
    return {
        "session": session,
        "round": session.round,
        "runs": runs_session(request.user, session),
        "seat": seat_of(request.user, session),
        "quorum": quorum_of(session),
        "voting": voting_in(session),
        "illustrative": session.round.illustrative,
        "is_live": session.state in {SessionState.PLANNED, SessionState.SITTING},
        "tabs": [
            {"title": title, "url": reverse(f"submissions:{name}", args=[session.pk]), "current": key == current}
            for key, title, name in names
        ],
    }


def voting_in(session: CouncilSession) -> CouncilMotion | None:
    """Return the motion that is being voted on in the session."""
    rows = session.motions.filter(state=MotionState.VOTING).select_related("item__participant__unit", "evidence")
    return rows.first()


@login_required
@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    """List the sessions whose papers the user may read, the newest first."""
    rows = sessions_seen_by(request.user).order_by("-held_at", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    return render(request, "submissions/council/list.html", {"page_obj": page})


@login_required
@require_safe
def session_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the agenda of a session."""
    session = session_for(request, pk)
    state, text = request.GET.get("tinh-trang", ""), request.GET.get("tim", "")
    rows = _items(session, state=state, text=text)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    context = {
        **frame(request, session, "chuong-trinh"),
        "page_obj": page,
        "lines": agenda_lines(session, page.object_list),
        "counts": agenda_counts(session),
        "states": [("mo", _("Open")), ("da-quyet", _("Decided")), ("hoan", _("Postponed")), ("rut", _("Taken off"))],
        "chosen": {"state": state, "text": text},
        "rest": session.decisions.filter(item__isnull=True).select_related("motion"),
    }
    return render(request, "submissions/council/session.html", context)


def _items(session: CouncilSession, *, state: str, text: str) -> QuerySet[AgendaItem]:
    rows = session.items.select_related("participant__unit")
    if state in STATES:
        rows = rows.filter(state=STATES[state])
    if text.strip():
        rows = rows.filter(Q(participant__unit__in=Unit.objects.matching(text)) | Q(code=text.strip()))
    return rows.order_by("order", "pk")


@login_required
@require_safe
def item_page(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """Show one item with everything to judge it by, and the vote on it."""
    session = session_for(request, pk)
    return item_response(request, session, item_for(session, item))


def item_response(
    request: HttpRequest,
    session: CouncilSession,
    item: AgendaItem,
    *,
    form: MotionForm | None = None,
    status: int = 200,
    stale: Any = None,
) -> HttpResponse:
    """Return the screen of an item, with a motion that is to be mended where there is one."""
    shared = frame(request, session, "chuong-trinh")
    story = leaf_story(item.participant, item.code) if item.code else None
    motion = shared["voting"]
    before, after = _neighbours(session, item)
    context = {
        **shared,
        "item": item,
        "story": story,
        "requests": requests_of(item.participant, item.code) if item.code else [],
        "page_notes": _page_notes(request, item),
        "decisions": _told(item),
        **vote_context(request, session, motion if motion is not None and motion.item_id == item.pk else None),
        "form": form or motion_form(item, story),
        "previous": before,
        "next": after,
        "stale": stale,
    }
    return render(request, "submissions/council/item.html", context, status=status)


def _page_notes(request: HttpRequest, item: AgendaItem) -> list[PageNote]:
    """What the agency noted on pages of the evidence; on special cases and adjustments there is none."""
    if not item.code:
        return []
    return notes_for_council(user=request.user, participant=item.participant, code=item.code)


def motion_form(item: AgendaItem, story: LeafStory | None, data: Any = None, files: Any = None) -> MotionForm:
    """Return the form of a motion on the item, its inputs as they count now."""
    current = story.current if story else None
    source = (current.entry.inputs if current else {}) or (story.claim.entry.inputs if story and story.claim else {})
    return MotionForm(
        data,
        files,
        subject=item.subject,
        leaf=story.leaf if story else None,
        inputs=source,
        initial={"expected_entry_id": current.entry.pk if current else None},
    )


def _told(item: AgendaItem) -> list[dict[str, Any]]:
    rows = item.decisions.select_related("motion__evidence", "entry", "recorded_by").order_by("number")
    return [{"decision": row, "facts": motion_facts(row.motion, item)} for row in rows]


def vote_context(request: HttpRequest, session: CouncilSession, motion: CouncilMotion | None) -> dict[str, Any]:
    """Return what the vote on a motion needs: its words, the members, and the user's own part in it."""
    if motion is None:
        return {"motion": None}
    item = motion.item
    if item is not None:
        item.participant.round = session.round
    ballots = Roll(session, motion).ballots(item.participant.unit if item is not None else None)
    seat = seat_of(request.user, session)
    mine = next((ballot for ballot in ballots if seat is not None and ballot.seat == seat.pk), None)
    return {"motion": motion, "motion_words": motion_facts(motion, item), "ballots": ballots, "mine": mine}


def _neighbours(session: CouncilSession, item: AgendaItem) -> tuple[str, str]:
    keys = list(session.items.order_by("order", "pk").values_list("pk", flat=True))
    at = keys.index(item.pk)
    address = [reverse("submissions:council_item", args=[session.pk, key]) for key in keys]
    return address[at - 1] if at else "", address[at + 1] if at + 1 < len(keys) else ""


@login_required
@require_POST
def vote(request: HttpRequest, pk: int, motion: int) -> HttpResponse:
    """Take the member's own vote."""
    session = session_for(request, pk)
    row = session.motions.select_related("item__participant__unit").filter(pk=motion).first()
    if row is None:
        raise Http404
    row.session = session
    attempt(
        request,
        lambda: cast_vote(motion=row, user=request.user, choice=request.POST.get("phieu", "")),
        _("Your vote is stored; it can be changed until the result is recorded."),
    )
    if row.item_id:
        return redirect("submissions:council_item", session.pk, row.item_id)
    return redirect("submissions:council_session", session.pk)


@login_required
@require_safe
def screen(request: HttpRequest, pk: int) -> HttpResponse:
    """Show on the wall what the session is at: the item, its scores, the vote. It asks for news by itself."""
    session = session_for(request, pk)
    motion = voting_in(session)
    item = motion.item if motion is not None else session.current_item
    story = None
    if item is not None:
        item = item_for(session, item.pk)
        story = leaf_story(item.participant, item.code) if item.code else None
    unit = item.participant.unit if item is not None else None
    decided = session.decisions.filter(item=item).select_related("motion").order_by("number")
    roll = Roll(session, motion)
    context = {
        "session": session,
        "round": session.round,
        "quorum": quorum_of(session),
        "item": item,
        "story": story,
        "motion": motion,
        "motion_text": motion_facts(motion, item) if motion is not None else None,
        "ballots": roll.ballots(unit),
        "tally": roll.tally(unit),
        "last": decided.last() if item is not None else None,
        "counts": agenda_counts(session),
        "illustrative": session.round.illustrative,
    }
    return render(request, "submissions/council/screen.html", context)


@login_required
@require_safe
def minutes_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the minutes: as they would be now, or as they were frozen."""
    session = session_for(request, pk)
    return minutes_response(request, session, CloseForm())


def minutes_response(
    request: HttpRequest, session: CouncilSession, form: CloseForm, *, status: int = 200
) -> HttpResponse:
    """Return the screen of the minutes with the form that closes the session."""
    frozen = getattr(session, "minutes", None)
    content = frozen.content if frozen is not None else minutes_content(session)
    context = {
        **frame(request, session, "bien-ban"),
        "minutes": frozen,
        "content": content,
        "counts": agenda_counts(session),
        "form": form,
    }
    return render(request, "submissions/council/minutes.html", context, status=status)


@login_required
@require_safe
def minutes_file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Give the minutes as Word or PDF; before the session is closed they are marked as a draft."""
    session = session_for(request, pk)
    if kind not in {"docx", "pdf"}:
        raise Http404
    frozen = getattr(session, "minutes", None)
    with override("vi"):
        content = frozen.content if frozen is not None else minutes_content(session)
        document = minutes_document(content, sha256=frozen.sha256 if frozen else "", draft=frozen is None)
        body = to_word(document) if kind == "docx" else to_pdf(document)
    name = f"bien-ban-{session.round.code}-{session.number}.{kind}"
    return HttpResponse(
        body,
        content_type=DOCX_TYPE if kind == "docx" else "application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def number(text: str | None) -> int:
    """Return an id that a form carries; 0 names nothing."""
    return parse_id(text) or 0
