"""A published release of any size for benchmarks: units in regions, their points in every node, ranks and classes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zlib import crc32

from django.core.management import call_command
from django.utils import timezone

from cms.models import Unit, UnitGroup, UnitTier
from cms.text import fold
from criteria_pages.definition import Definition
from publishing.enums import ReleaseKind, ReleaseState
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from publishing.ranking import Result, classify, rank, read_bands
from tests.benchmarks.round_data import big_definition
from tests.factories import criteria
from tests.factories.cms import home_page
from tests.factories.publishing import CLASSES

REGIONS = 34
SYLLABLES = ("Tân", "Đông", "Bình", "Phú", "Hưng", "Lạc", "Thạnh", "Yên", "Quảng", "Mỹ", "Vĩnh", "Sơn")


def big_release(*, units: int, year: int = 2025, leaves: int = 104) -> IndexRelease:
    """Return a public release of so many communes with points in every domain, criterion and leaf."""
    call_command("migrate", verbosity=0)
    home_page()
    definition = big_definition(leaves)
    release = IndexRelease.objects.create(
        slug=f"xa-{year}",
        title=f"Chỉ số cải cách hành chính cấp xã {year}",
        title_en=f"PAR index of communes {year}",
        year=year,
        kind=ReleaseKind.COMPUTED,
        edition=criteria.EditionFactory(definition=definition),
        series="cap-xa",
        classes=[dict(one) for one in CLASSES],
        state=ReleaseState.APPROVED,
        publish_at=timezone.now() - dt.timedelta(days=1),
        decision_number="1/QĐ-THU",
        decision_date=dt.date(year + 1, 1, 15),
        rows_sha256="0" * 64,
        illustrative=True,
        built_at=timezone.now(),
    )
    _entries(release, _communes(units), definition)
    return release


def _communes(count: int) -> list[Unit]:
    tier, _made = UnitTier.objects.get_or_create(code="commune", defaults={"name": "Xã, phường"})
    for number in range(REGIONS):
        UnitGroup.objects.get_or_create(
            code=f"tinh-{number}", defaults={"name": f"Tỉnh số {number}", "is_region": True}
        )
    names = [
        f"Xã {SYLLABLES[n % 12]} {SYLLABLES[n // 12 % 12]} {n}" if n % 4 else f"Phường {SYLLABLES[n % 12]} {n}"
        for n in range(count)
    ]
    known = {unit.code: unit for unit in Unit.objects.filter(tier=tier)}
    made = [
        Unit(code=f"x{n:05}", name=name, name_folded=fold(name), tier=tier, order=n, illustrative=True)
        for n, name in enumerate(names)
        if f"x{n:05}" not in known
    ]
    known |= {unit.code: unit for unit in Unit.objects.bulk_create(made, batch_size=2000)}
    return [known[f"x{n:05}"] for n in range(count)]


def _entries(release: IndexRelease, units: list[Unit], definition: Definition) -> None:
    bands = read_bands(release.classes)
    leaves = [(leaf.code, leaf.code.split(".")[0]) for leaf in definition.leaves]
    maximum = sum((leaf.maximum for leaf in definition.leaves), Decimal(0))
    points = {unit.pk: [_points(unit.pk, number) for number in range(len(leaves))] for unit in units}
    index = {pk: sum(given, Decimal(0)) * 100 / maximum for pk, given in points.items()}
    placings = rank(Result(key=unit.pk, index=index[unit.pk]) for unit in units)
    entries = ReleaseEntry.objects.bulk_create(
        [
            ReleaseEntry(
                release=release,
                unit=unit,
                unit_code=unit.code,
                unit_name=unit.name,
                tier_code=unit.tier.code,
                tier_name=unit.tier.name,
                group_codes=[f"tinh-{number % REGIONS}"],
                points=sum(points[unit.pk], Decimal(0)),
                maximum=maximum,
                index=index[unit.pk].quantize(Decimal("1e-12")),
                rank=placings[unit.pk].rank,
                rank_of=placings[unit.pk].of,
                class_code=classify(index[unit.pk], bands),
            )
            for number, unit in enumerate(units)
        ],
        batch_size=500,
    )
    for start in range(0, len(entries), 100):
        rows = []
        for entry in entries[start : start + 100]:
            given = points[entry.unit_id]
            sums: dict[str, Decimal] = {}
            for (code, domain), value in zip(leaves, given, strict=True):
                rows.append(
                    ReleaseScore(entry=entry, code=code, level=2, points=value, maximum=Decimal(2), stage="appraisal_1")
                )
                sums[domain] = sums.get(domain, Decimal(0)) + value
            full = Decimal(2 * len(leaves)) / len(sums)
            rows += [
                ReleaseScore(entry=entry, code=domain, level=1, points=value, maximum=full)
                for domain, value in sums.items()
            ]
        ReleaseScore.objects.bulk_create(rows, batch_size=1000)


def _points(unit: int, leaf: int) -> Decimal:
    """Return points that look scattered and are the same in every run: 0.50 to 2.00 in quarters, some units better."""
    chance = crc32(f"{unit}.{leaf}".encode())
    return Decimal(max(2, 8 - chance % 5 * (1 + crc32(f"{unit}".encode()) % 3) // 2)) / 4
