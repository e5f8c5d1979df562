"""The read API: rounds, editions, releases with entries and points, units, plans. What is not public is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from wagtail.models import Page, Site

from ninja import NinjaAPI, Query
from ninja.errors import HttpError
from ninja.throttling import AnonRateThrottle

from cms import clock
from cms.domain.search import SearchHit, search_public
from cms.models import Unit, UnitSuccession
from cms.text import fold
from criteria_pages.models import CriteriaEdition
from publishing.api import schemas
from publishing.api.represent import (
    edition_out,
    plan_out,
    release_out,
    round_out,
    score_out,
    task_out,
    unit_out,
)
from publishing.domain import queries, unit_years
from publishing.domain.plan_progress import current_progress
from publishing.domain.plans import check_dates
from publishing.domain.representation import ILLUSTRATIVE, entry_data, figure, note_of
from publishing.exceptions import ReleaseAbsent, ReleaseWithdrawn
from publishing.models import IndexRelease, PlanTask, RankingPage, ReleaseEntry, ReleaseScore, YearlyPlanPage
from submissions.enums import RoundState
from submissions.models import AssessmentRound

api = NinjaAPI(
    title="PAR Index Portal",
    version="1",
    urls_namespace="api-v1",
    description=(
        "Published results of the Public Administration Reform Index: read only, no key needed. Figures are exact and"
        " written as text. Lists are paged with limit and offset. Answers carry an ETag."
    ),
    docs_url="/docs",
    openapi_url="/openapi.json",
    throttle=[AnonRateThrottle(settings.PORTAL_API_RATE)],
)
PROBLEMS = {404: schemas.Problem, 410: schemas.Problem, 422: schemas.Problem, 429: schemas.Problem}


@api.exception_handler(ReleaseAbsent)
def _absent(request: HttpRequest, error: ReleaseAbsent) -> Any:
    return api.create_response(request, {"detail": str(error.message)}, status=404)


@api.exception_handler(ReleaseWithdrawn)
def _withdrawn(request: HttpRequest, error: ReleaseWithdrawn) -> Any:
    detail = {"message": str(error.message), "reason": error.release.withdrawal_reason}
    return api.create_response(request, {"detail": detail}, status=410)


def _page(
    request: HttpRequest, asked: schemas.Asked, rows: QuerySet | Sequence[Any], represent: Callable[[Any], dict]
) -> dict[str, Any]:
    """Return one page of the rows with links to its neighbours."""
    known = {field.alias or name for name, field in type(asked).model_fields.items()}
    if unknown := sorted(set(request.GET) - known):
        raise HttpError(422, _("Unknown parameters: %(names)s.") % {"names": ", ".join(unknown)[:200]})
    count = rows.count() if isinstance(rows, QuerySet) else len(rows)
    shown = rows[asked.offset : asked.offset + asked.limit]

    def link(offset: int) -> str:
        query = request.GET.dict() | {"limit": asked.limit, "offset": offset}
        return f"{settings.PORTAL_BASE_URL}{request.path}?{urlencode(query)}"

    return {
        "count": count,
        "next": link(asked.offset + asked.limit) if asked.offset + asked.limit < count else None,
        "previous": link(max(0, asked.offset - asked.limit)) if asked.offset else None,
        "results": [represent(row) for row in shown],
    }


# --- releases ---------------------------------------------------------------------------------------------------------
@api.get("/releases", response={200: schemas.ReleasePage, **PROBLEMS}, tags=["releases"])
def releases(request: HttpRequest, asked: Query[schemas.ReleasesAsked]) -> Any:
    """List public results, the newest first."""
    found = queries.current_releases() if asked.current else queries.public_releases()
    found = found.select_related("corrects").order_by("-year", "-publish_at", "pk")
    if asked.year is not None:
        found = found.filter(year=asked.year)
    if asked.series:
        found = found.filter(series=asked.series)
    if asked.kind:
        found = found.filter(kind=asked.kind)
    corrected = _corrected_by()
    return _page(request, asked, found, lambda row: release_out(row, corrected_by=corrected.get(row.pk)))


def _corrected_by() -> dict[int, str]:
    return dict(queries.public_releases().exclude(corrects=None).values_list("corrects_id", "slug"))


@api.get("/releases/{slug}", response={200: schemas.ReleaseOut, **PROBLEMS}, tags=["releases"])
def release(request: HttpRequest, slug: schemas.Slug) -> Any:
    """Return one result's description."""
    found = queries.find_release(slug)
    return release_out(found, corrected_by=_corrected_by().get(found.pk))


@api.get("/releases/{slug}/entries", response={200: schemas.EntryPage, **PROBLEMS}, by_alias=True, tags=["releases"])
def entries(request: HttpRequest, slug: schemas.Slug, asked: Query[schemas.EntriesAsked]) -> Any:
    """List the units of a result by rank."""
    found = queries.find_release(slug)
    rows = ReleaseEntry.objects.filter(release=found).order_by("tier_code", "rank", "unit_name", "pk")
    if asked.tier:
        rows = rows.filter(tier_code=asked.tier)
    if asked.status:
        rows = rows.filter(status=asked.status)
    if asked.class_code:
        rows = rows.filter(class_code=asked.class_code)
    listed: QuerySet | list[ReleaseEntry] = rows
    if asked.group or asked.q:
        wanted = fold(asked.q or "")
        listed = [
            row
            for row in rows
            if (not asked.group or asked.group in row.group_codes)
            and wanted in fold(f"{row.unit_name} {row.unit_code}")
        ]
    return {**_page(request, asked, listed, entry_data), "note": note_of(found)}


@api.get(
    "/releases/{slug}/entries/{unit_code}",
    response={200: schemas.EntryDetail, **PROBLEMS},
    by_alias=True,
    tags=["releases"],
)
def entry(request: HttpRequest, slug: schemas.Slug, unit_code: schemas.Slug) -> Any:
    """Return one unit's line with all its points."""
    found = queries.find_entry(queries.find_release(slug), unit_code)
    scores = [score_out(score, found.unit_code) for score in found.scores.all()]
    return {**entry_data(found), "note": note_of(found.release), "scores": scores}


@api.get("/releases/{slug}/scores", response={200: schemas.ScorePage, **PROBLEMS}, tags=["releases"])
def scores(request: HttpRequest, slug: schemas.Slug, asked: Query[schemas.ScoresAsked]) -> Any:
    """List points of a result, of one criterion or unit where asked."""
    found = queries.find_release(slug)
    rows = ReleaseScore.objects.filter(entry__release=found).select_related("entry").order_by("pk")
    if asked.code:
        rows = rows.filter(code=asked.code)
    if asked.level:
        rows = rows.filter(level=asked.level)
    if asked.unit:
        rows = rows.filter(entry__unit_code=asked.unit)
    page = _page(request, asked, rows, lambda row: score_out(row, row.entry.unit_code))
    return {**page, "note": note_of(found)}


# --- units ------------------------------------------------------------------------------------------------------------
@api.get("/units", response={200: schemas.UnitPage, **PROBLEMS}, tags=["units"])
def units(request: HttpRequest, asked: Query[schemas.UnitsAsked]) -> Any:
    """List units."""
    rows = Unit.objects.select_related("tier", "parent").prefetch_related("groups").order_by("code", "valid_from")
    if asked.valid:
        rows = rows.valid_on(clock.today())
    if asked.tier:
        rows = rows.filter(tier__code=asked.tier)
    if asked.group:
        rows = rows.filter(groups__code=asked.group)
    if asked.q:
        rows = rows.matching(asked.q)
    return _page(request, asked, rows, unit_out)


@api.get("/units/{code}", response={200: schemas.UnitDetail, **PROBLEMS}, tags=["units"])
def unit(request: HttpRequest, code: schemas.Slug) -> Any:
    """Return a unit's periods of validity, whom it followed, and its public results."""
    periods = list(
        Unit.objects.filter(code=code)
        .select_related("tier", "parent")
        .prefetch_related("groups")
        .order_by("valid_from")
    )
    if not periods:
        raise HttpError(404, _("There is no such unit."))
    successions = UnitSuccession.objects.filter(successor__in=periods) | UnitSuccession.objects.filter(
        predecessor__in=periods
    )
    return {
        "periods": [unit_out(period) for period in periods],
        "successions": [
            {
                "kind": row.kind,
                "predecessor": row.predecessor.code,
                "predecessor_name": row.predecessor.name,
                "successor": row.successor.code,
                "successor_name": row.successor.name,
                "date": row.date,
                "decision": row.decision,
            }
            for row in successions.select_related("predecessor", "successor").order_by("date", "pk")
        ],
        "results": [_result(result) for period in periods for result in unit_years.results_of_unit(period)],
    }


def _result(result: unit_years.YearResult) -> dict[str, Any]:
    found = result.entry
    return {
        "release": found.release.slug,
        "year": result.year,
        "series": found.release.series,
        "unit_name": found.unit_name,
        "rank": found.rank,
        "rank_of": found.rank_of,
        "index": figure(found.index),
        "comparable": not result.breaks,
        "why_not": result.why,
        "note": note_of(found.release),
    }


# --- rounds and editions ----------------------------------------------------------------------------------------------
def _rounds() -> QuerySet[AssessmentRound]:
    return (
        AssessmentRound.objects.exclude(state=RoundState.DRAFT)
        .select_related("owner", "edition")
        .prefetch_related("deadlines", Prefetch("releases", queries.public_releases(), to_attr="public_releases"))
        .annotate(participant_count=Count("participants"))
        .order_by("-year", "code")
    )


def _round_out(round_: AssessmentRound) -> dict[str, Any]:
    public: list[IndexRelease] = round_.public_releases  # type: ignore[attr-defined]
    return round_out(round_, [row.slug for row in public])


@api.get("/rounds", response={200: schemas.RoundPage, **PROBLEMS}, tags=["rounds"])
def rounds(request: HttpRequest, asked: Query[schemas.RoundsAsked]) -> Any:
    """List rounds that are open or over."""
    rows = _rounds()
    if asked.year is not None:
        rows = rows.filter(year=asked.year)
    return _page(request, asked, rows, _round_out)


@api.get("/rounds/{code}", response={200: schemas.RoundOut, **PROBLEMS}, tags=["rounds"])
def round_detail(request: HttpRequest, code: schemas.Slug) -> Any:
    """Return one round with its deadlines and public results."""
    found = _rounds().filter(code=code).first()
    if found is None:
        raise HttpError(404, _("There is no such round."))
    return _round_out(found)


def _editions() -> QuerySet[CriteriaEdition]:
    editions = CriteriaEdition.objects.filter(page__live=True).select_related("page")
    return editions.order_by("page", "-number").defer("definition_json")


@api.get("/editions", response={200: schemas.EditionPage, **PROBLEMS}, tags=["editions"])
def editions(request: HttpRequest, asked: Query[schemas.Asked]) -> Any:
    """List the editions of public criteria sets."""
    return _page(request, asked, _editions(), edition_out)


@api.get("/editions/{sha256}", response={200: schemas.EditionDetail, **PROBLEMS}, tags=["editions"])
def edition(request: HttpRequest, sha256: schemas.Slug) -> Any:
    """Return an edition with its whole definition, by its hash."""
    found = _editions().defer(None).filter(sha256=sha256).first()
    if found is None:
        raise HttpError(404, _("There is no such edition."))
    return {**edition_out(found), "definition": found.definition_json}


# --- plans ------------------------------------------------------------------------------------------------------------
def _plans() -> QuerySet[YearlyPlanPage]:
    return YearlyPlanPage.objects.live().public().select_related("issuer", "round").order_by("-year", "title", "pk")


@api.get("/plans", response={200: schemas.PlanPage, **PROBLEMS}, tags=["plans"])
def plans(request: HttpRequest, asked: Query[schemas.PlansAsked]) -> Any:
    """List yearly plans."""
    rows = _plans()
    if asked.year is not None:
        rows = rows.filter(year=asked.year)
    if asked.unit:
        rows = rows.filter(pk__in=PlanTask.objects.filter(units__unit__code=asked.unit).values("plan"))
    return _page(request, asked, rows, plan_out)


@api.get("/plans/{int:pk}", response={200: schemas.PlanDetail, **PROBLEMS}, tags=["plans"])
def plan(request: HttpRequest, pk: int) -> Any:
    """Return a plan with its tasks, their units and how far they are."""
    found = _plans().filter(pk=pk).first() if pk < 2**31 else None
    if found is None:
        raise HttpError(404, _("There is no such plan."))
    progress = current_progress(found)
    tasks = found.task_rows.prefetch_related("units__unit").order_by("position")
    return {
        **plan_out(found),
        "tasks": [task_out(task, progress) for task in tasks],
        "warnings": [warning.message for warning in check_dates(found)],
    }


# --- the site ---------------------------------------------------------------------------------------------------------
@api.get("/navigation", response={200: schemas.Navigation, **PROBLEMS}, tags=["site"])
def navigation(request: HttpRequest) -> Any:
    """Return the sections of the site and the public pages right below them."""
    site = Site.find_for_request(request)
    sections = _pages(site.root_page).in_menu() if site else []
    return {"results": [_nav(page, [_nav(child, []) for child in _shown(_pages(page))]) for page in _shown(sections)]}


def _pages(parent: Page) -> Any:
    return Page.objects.child_of(parent).live().public().specific()


def _shown(pages: Iterable[Page]) -> list[Page]:
    """Leave out ranking pages whose release is not public at this moment."""
    return [page for page in pages if not isinstance(page, RankingPage) or page.is_public_now()]


def _nav(page: Page, children: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": page.pk,
        "type": page.specific_class._meta.label,
        "title": page.title,
        **{name: getattr(page, name, "") for name in ("title_en", "summary", "summary_en")},
        "url": f"{settings.PORTAL_BASE_URL}{page.url or ''}",
        "children": children,
    }


@api.get("/search", response={200: schemas.FoundPage, **PROBLEMS}, tags=["site"])
def search(request: HttpRequest, asked: Query[schemas.SearchAsked]) -> Any:
    """Find units, results, plans, guidance, criteria and pages, the best titles first."""
    return _page(request, asked, search_public(asked.q), _found)


def _found(hit: SearchHit) -> dict[str, Any]:
    return {
        "title": hit.title,
        "url": f"{settings.PORTAL_BASE_URL}{hit.url}" if hit.url.startswith("/") else hit.url,
        "kind": str(hit.kind),
        "summary": hit.summary,
        "note": ILLUSTRATIVE if hit.illustrative else "",
    }
