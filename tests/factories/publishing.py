"""Factories of publication: releases, their entries and scores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils import timezone

import factory
from factory.django import DjangoModelFactory

from publishing.domain.release_life import approve_release
from publishing.domain.releases import build_release
from publishing.enums import ReleaseKind, ReleaseState
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import append
from submissions.enums import Basis, RoundState, Stage
from tests.factories.cms import UnitFactory
from tests.factories.submissions import OpenRound, ParticipantFactory, RoundFactory, open_round

CLASSES = [
    {"code": "A", "name": "Loại A", "name_en": "Class A", "from": "90"},
    {"code": "B", "name": "Loại B", "name_en": "Class B", "from": "80"},
    {"code": "C", "name": "Loại C", "name_en": "Class C", "from": "0"},
]

DECISION: dict[str, Any] = {"decision_number": "10/QĐ-THU", "decision_date": dt.date(2026, 4, 1)}


class ReleaseFactory(DjangoModelFactory):
    """A draft release of a round. `ReleaseFactory(public=True)` was published yesterday."""

    class Meta:
        model = IndexRelease

    class Params:
        public = factory.Trait(
            state=ReleaseState.APPROVED,
            publish_at=factory.LazyFunction(lambda: timezone.now() - dt.timedelta(days=1)),
            decision_number="10/QĐ-THU",
            decision_date=dt.date(2026, 4, 1),
        )
        historic = factory.Trait(kind=ReleaseKind.HISTORIC, round=None, edition=None, source="Nguồn đã công bố")

    slug = factory.Sequence(lambda n: f"ket-qua-{n}")
    title = factory.Sequence(lambda n: f"Chỉ số {n}")
    year = 2025
    round = factory.SubFactory(RoundFactory)
    edition = factory.SelfAttribute("round.edition")
    series = "chi-so-thu"
    classes = factory.LazyFunction(lambda: [dict(one) for one in CLASSES])
    built_at = factory.LazyFunction(timezone.now)


class ReleaseEntryFactory(DjangoModelFactory):
    class Meta:
        model = ReleaseEntry

    release = factory.SubFactory(ReleaseFactory)
    unit = factory.SubFactory(UnitFactory)
    unit_code = factory.SelfAttribute("unit.code")
    unit_name = factory.SelfAttribute("unit.name")
    tier_code = factory.SelfAttribute("unit.tier.code")
    tier_name = factory.SelfAttribute("unit.tier.name")
    points = Decimal(18)
    maximum = Decimal(20)
    index = Decimal(90)
    rank = 1
    rank_of = 1
    class_code = "A"


class ReleaseScoreFactory(DjangoModelFactory):
    class Meta:
        model = ReleaseScore

    entry = factory.SubFactory(ReleaseEntryFactory)
    code = "1.1"
    level = 2
    points = Decimal(1)
    maximum = Decimal(1)
    stage = "appraisal_1"


def score_round(this: OpenRound, points: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Score every leaf of an open round and finalise it. `points`: unit name -> code -> points; others are full."""
    given = points or {}
    for participant in this.round.participants.all():
        chosen = given.get(participant.unit.name, {})
        for leaf in definition_for(participant).leaves:
            for stage in (Stage.SELF, Stage.APPRAISAL_1):
                value = leaf.maximum if stage == Stage.SELF else Decimal(chosen.get(leaf.code, str(leaf.maximum)))
                append(
                    participant=participant,
                    code=leaf.code,
                    stage=stage,
                    points=value,
                    basis=Basis.RULE if value == leaf.maximum else Basis.SET,
                    reason="" if value == leaf.maximum else "Chưa đủ minh chứng",
                    actor=this.appraiser,
                    agency=this.agency,
                )
    type(this.round).objects.filter(pk=this.round.pk).update(state=RoundState.FINALISED)
    this.round.refresh_from_db()


def built_release(this: OpenRound | None = None, **fields: Any) -> IndexRelease:
    """Return a draft release built by the secretariat of a scored round."""
    this = this or open_round()
    if this.round.state != RoundState.FINALISED:
        score_round(this, {"Tỉnh A": {"1.1": "0"}, "Tỉnh B": {"1.2.1": "1"}})
    given = {"title": "Chỉ số cải cách hành chính 2025", "title_en": "PAR index 2025", "classes": CLASSES} | fields
    return build_release(round=this.round, user=this.secretary, **given)


def published_release(
    this: OpenRound | None = None, *, publish_at: dt.datetime | None = None, **fields: Any
) -> IndexRelease:
    """Return a release that was built and approved; public from `publish_at` on, left out: since yesterday."""
    this = this or open_round()
    return approve(built_release(this, **fields), this, publish_at=publish_at)


def next_years_release(this: OpenRound, **fields: Any) -> IndexRelease:
    """Return a public release of the year after the round's, of the same owner, edition and units."""
    later = open_round(year=this.round.year + 1, edition=this.round.edition, owner=this.round.owner)
    for participant in (this.plain, this.full):
        ParticipantFactory(round=later.round, unit=participant.unit)
    score_round(later)
    return published_release(replace(later, secretary=this.secretary, approver=this.approver), **fields)


def approve(release: IndexRelease, this: OpenRound, *, publish_at: dt.datetime | None = None) -> IndexRelease:
    """Approve a release by the round's approver; public since yesterday where no time is given."""
    moment = publish_at or timezone.now() - dt.timedelta(days=1)
    return approve_release(release=release, user=this.approver, publish_at=moment, **DECISION)
