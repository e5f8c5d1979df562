"""Ranks and classes of a release: pure functions on exact values.

A unit that is not ranked or not assessed takes no rank and no place in "of"; equal exact results share a rank. Which
rank follows a tie is the declared tie rule. Nothing here rounds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

COMPETITION = "competition"
DENSE = "dense"


@dataclass(frozen=True, slots=True)
class Result:
    """What a unit brings to the ranking. `index` is exact; `group` names those it is compared with."""

    key: Hashable
    index: Decimal | None
    ranked: bool = True
    group: str = ""


@dataclass(frozen=True, slots=True)
class Placing:
    """A unit's rank among `of` ranked units; both None where it is not ranked. `tied`: others share the rank."""

    rank: int | None
    of: int | None
    tied: bool = False


@dataclass(frozen=True, slots=True)
class ClassBand:
    """A class of results: reached from `start` percent on; `tiers` empty means every tier."""

    code: str
    name: str
    start: Decimal
    name_en: str = ""
    tiers: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the band as stored in the release."""
        data: dict[str, Any] = {"code": self.code, "name": self.name, "from": format(self.start, "f")}
        if self.name_en:
            data["name_en"] = self.name_en
        if self.tiers:
            data["tiers"] = list(self.tiers)
        return data


def rank(results: Iterable[Result], tie_rule: str = COMPETITION) -> dict[Hashable, Placing]:
    """Return the placing of every result by key, ranked within its group, the highest index first.

    Raises ValueError for an unknown tie rule.
    """
    if tie_rule not in {COMPETITION, DENSE}:
        raise ValueError(tie_rule)
    placings: dict[Hashable, Placing] = {}
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.ranked and result.index is not None:
            groups[result.group].append(result)
        else:
            placings[result.key] = Placing(rank=None, of=None)
    for members in groups.values():
        placings.update(_rank_group(members, tie_rule))
    return placings


def _rank_group(members: Sequence[Result], tie_rule: str) -> dict[Hashable, Placing]:
    by_index: dict[Decimal, list[Result]] = defaultdict(list)
    for result in members:
        by_index[result.index].append(result)  # type: ignore[index]
    placings: dict[Hashable, Placing] = {}
    place = 1
    for index in sorted(by_index, reverse=True):
        sharing = by_index[index]
        for result in sharing:
            placings[result.key] = Placing(rank=place, of=len(members), tied=len(sharing) > 1)
        place += len(sharing) if tie_rule == COMPETITION else 1
    return placings


def classify(index: Decimal | None, bands: Sequence[ClassBand], tier: str = "") -> str:
    """Return the code of the highest class of the tier whose start the exact index reaches; "" where none is."""
    if index is None:
        return ""
    reached = [band for band in bands if (not band.tiers or tier in band.tiers) and index >= band.start]
    return max(reached, key=lambda band: band.start).code if reached else ""


def read_bands(classes: Iterable[Mapping[str, Any]]) -> tuple[ClassBand, ...]:
    """Read the classes stored in a release. Raises ValueError with the offending code where one is not sound."""
    bands = []
    for data in classes:
        try:
            start = Decimal(str(data["from"]))
        except (InvalidOperation, KeyError) as error:
            raise ValueError(str(data.get("code", ""))) from error
        if not start.is_finite() or not data.get("code") or not data.get("name"):
            raise ValueError(str(data.get("code", "")))
        bands.append(
            ClassBand(
                code=str(data["code"]),
                name=str(data["name"]),
                name_en=str(data.get("name_en", "")),
                start=start,
                tiers=tuple(data.get("tiers", ())),
            )
        )
    return tuple(bands)
