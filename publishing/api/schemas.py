"""What the read API takes and gives. Figures are text with a dot, so that no reader's float changes them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from ninja import Field, Schema
from pydantic import StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]{1,100}$")]
NodeCode = Annotated[str, StringConstraints(pattern=r"^[-.a-zA-Z0-9_]{1,32}$")]
Text = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
Figure = Annotated[str | None, Field(description="Exact figure as text with a dot; null where there is none")]
MAX_LIMIT = 500


class Asked(Schema):
    """Base of all query strings. Parameters that are not named here are refused where the page is made."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="How many at most")
    offset: int = Field(0, ge=0, le=1_000_000, description="How many to skip")


class ReleasesAsked(Asked):
    """Filters of releases."""

    year: int | None = Field(None, ge=1900, le=2200)
    series: Slug | None = None
    kind: Annotated[str | None, Field(description="computed or historic")] = None
    current: bool = Field(True, description="false: with results that were corrected")


class EntriesAsked(Asked):
    """Filters of a release's units."""

    tier: Slug | None = None
    group: Slug | None = None
    status: Slug | None = None
    class_code: Annotated[str | None, StringConstraints(max_length=32, pattern=r"^[^\x00]*$")] = Field(
        None, alias="class"
    )
    q: Text | None = Field(None, description="Name or code; accents do not matter")


class ScoresAsked(Asked):
    """Filters of a release's points."""

    code: NodeCode | None = None
    level: int | None = Field(None, ge=1, le=3)
    unit: Slug | None = None


class UnitsAsked(Asked):
    """Filters of units."""

    tier: Slug | None = None
    group: Slug | None = None
    q: Text | None = Field(None, description="Name or code; accents do not matter")
    valid: bool = Field(True, description="false: with units that no longer exist")


class RoundsAsked(Asked):
    """Filters of rounds."""

    year: int | None = Field(None, ge=1900, le=2200)


class PlansAsked(Asked):
    """Filters of plans."""

    year: int | None = Field(None, ge=1900, le=2200)
    unit: Slug | None = Field(None, description="Plans in which this unit leads or supports a task")


class SearchAsked(Asked):
    """What to look for."""

    q: Text = Field(description="Words or their beginnings; accents do not matter")


class Problem(Schema):
    """Why a request was not answered."""

    detail: Any


class Page(Schema):
    """One page of a list."""

    count: int
    next: str | None
    previous: str | None


class EditionReference(Schema):
    """An edition by title, number and hash."""

    id: int
    title: str
    number: int
    sha256: str


class ReleaseOut(Schema):
    """A published result."""

    slug: str
    url: str
    title: str
    title_en: str
    year: int
    kind: str
    series: str
    note: str = Field(description="“số liệu minh họa” where the figures are invented for demonstration")
    source: str
    licence: str
    decision_number: str
    decision_date: dt.date | None
    published_at: dt.datetime
    tie_rule: str
    rank_scope: str
    classes: list[dict[str, Any]]
    rule_set_mark: str
    corrects: str | None
    corrected_by: str | None
    correction_note: str
    edition: EditionReference | None
    inputs_sha256: str
    rows_sha256: str


class ReleasePage(Page):
    results: list[ReleaseOut]


class EntryOut(Schema):
    """A unit's line in a result."""

    unit_code: str
    unit_name: str
    tier_code: str
    tier_name: str
    groups: list[str]
    status: str
    reason: str
    rank: int | None
    rank_of: int | None
    class_code: str = Field(alias="class")
    index: Figure
    points: Figure
    maximum: Figure
    bonus: Figure
    penalty: Figure
    source: str
    source_kind: str


class EntryPage(Page):
    note: str
    results: list[EntryOut]


class ScoreOut(Schema):
    """Points of one node of one unit."""

    unit_code: str
    code: str
    level: int
    points: Figure
    maximum: Figure
    self_points: Figure
    stage: str
    public_note: str


class ScorePage(Page):
    note: str
    results: list[ScoreOut]


class EntryDetail(EntryOut):
    """A unit's line with all its points."""

    note: str
    scores: list[ScoreOut]


class UnitOut(Schema):
    """A unit in one period of validity."""

    code: str
    name: str
    name_en: str
    short_name: str
    tier: str
    parent: str | None
    groups: list[str]
    valid_from: dt.date
    valid_to: dt.date | None
    note: str


class UnitPage(Page):
    results: list[UnitOut]


class SuccessionOut(Schema):
    """How one unit followed another."""

    kind: str
    predecessor: str
    predecessor_name: str
    successor: str
    successor_name: str
    date: dt.date
    decision: str


class UnitResult(Schema):
    """A unit's result in one published release."""

    release: str
    year: int
    series: str
    unit_name: str
    rank: int | None
    rank_of: int | None
    index: Figure
    comparable: bool = Field(description="false: not comparable with the result before in the series")
    why_not: str
    note: str


class UnitDetail(Schema):
    """A unit's periods of validity, whom it followed, and its results."""

    periods: list[UnitOut]
    successions: list[SuccessionOut]
    results: list[UnitResult]


class DeadlineOut(Schema):
    """When a phase opens and locks."""

    phase: str
    opens_at: dt.datetime
    closes_at: dt.datetime


class RoundOut(Schema):
    """An assessment round that is open or over."""

    code: str
    name: str
    name_en: str
    year: int
    state: str
    owner: str
    owner_name: str
    period_from: dt.date
    period_to: dt.date
    participants: int
    edition: EditionReference
    deadlines: list[DeadlineOut]
    releases: list[str]
    note: str


class RoundPage(Page):
    results: list[RoundOut]


class EditionOut(EditionReference):
    """An edition of a criteria set."""

    criteria_set: str
    change_kind: str
    decision_number: str
    decision_date: dt.date | None
    published_at: dt.datetime


class EditionPage(Page):
    results: list[EditionOut]


class EditionDetail(EditionOut):
    """An edition with its whole definition; its canonical JSON has the SHA-256."""

    definition: dict[str, Any]


class TaskUnitOut(Schema):
    """A lead or supporting unit of a task."""

    role: str
    name: str
    unit_code: str | None


class TaskOut(Schema):
    """A task of a plan."""

    number: str
    task: str
    task_en: str
    time_text: str
    starts_on: dt.date | None
    ends_on: dt.date | None
    phase: str
    is_publication: bool
    units: list[TaskUnitOut]
    status: str | None
    status_at: dt.datetime | None
    status_note: str


class PlanOut(Schema):
    """A yearly plan."""

    id: int
    url: str
    title: str
    title_en: str
    year: int
    issuer_name: str
    document_number: str
    signed_on: dt.date | None
    source: str
    round: str | None
    note: str


class PlanPage(Page):
    results: list[PlanOut]


class PlanDetail(PlanOut):
    """A plan with its tasks and what its dates are warned of."""

    tasks: list[TaskOut]
    warnings: list[str]


class NavigationItem(Schema):
    """A section of the site with the pages below it; `id` is the page's number in the content API."""

    id: int
    type: str
    title: str
    title_en: str
    summary: str
    summary_en: str
    url: str
    children: list[NavigationItem]


class Navigation(Schema):
    """The sections of the site in their order."""

    results: list[NavigationItem]


class FoundOut(Schema):
    """Something that the search found, in the language asked for by Accept-Language."""

    title: str
    url: str
    kind: str
    summary: str
    note: str


class FoundPage(Page):
    results: list[FoundOut]
