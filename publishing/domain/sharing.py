"""What is shared of a result: the picture of a page, its short address, the words to cite it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.utils.http import base36_to_int, int_to_base36
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import override

import segno

from cms.documents import draw
from cms.numbers import format_percent, format_points
from publishing.domain.findings import ranking_finding, unit_finding
from publishing.domain.ranking_rows import all_rows
from publishing.domain.release_figures import stats_of
from publishing.domain.representation import note_of, source_of
from publishing.exceptions import ReleaseAbsent
from publishing.models import IndexRelease, ReleaseEntry

CARD = Path(__file__).resolve().parent.parent / "typeset" / "card.typ"
BARS = 4
NAME_LENGTH = 32


def short_address(target: IndexRelease | ReleaseEntry) -> str:
    """Return the full short address of a result or of a unit's line in it; it stands as long as the row does."""
    name = "short_release" if isinstance(target, IndexRelease) else "short_entry"
    with override(settings.LANGUAGE_CODE):
        return f"{settings.PORTAL_BASE_URL}{reverse(f'publishing:{name}', args=[int_to_base36(target.pk)])}"


def row_number(code: str) -> int:
    """Return the number in a short address. Raises `ReleaseAbsent` where it is none."""
    try:
        number = base36_to_int(code)
    except ValueError as error:
        raise ReleaseAbsent(_("There is no such short address.")) from error
    return min(number, 2**62)


def qr_code(address: str) -> SafeString:
    """Return the address as a QR code in SVG, for paper."""
    return mark_safe(segno.make(address, error="m").svg_inline(scale=3, border=2, omitsize=True))


def citation(release: IndexRelease, unit_name: str = "") -> str:
    """Return how to name the source of a result or of a unit's line in it."""
    title = f"{unit_name} – {release.display_title}" if unit_name else release.display_title
    day = format_date(timezone.localtime(release.publish_at), "d/m/Y") if release.publish_at else ""
    note = f" ({note_of(release)})" if note_of(release) else ""
    return f"{source_of(release).rstrip('.:; ')}: “{title}”, {day}.{note}"


def share_context(release: IndexRelease, entry: ReleaseEntry | None = None) -> dict[str, Any]:
    """Return what the part about citing and sharing shows, of a result or of a unit's line in it."""
    short = short_address(entry or release)
    place = {"slug": release.slug} | ({"unit_code": entry.unit_code} if entry else {})
    kind = "unit" if entry else "release"
    return {
        "citation": citation(release, entry.unit_name if entry else ""),
        "short": short,
        "qr": qr_code(short),
        "picture": f"{settings.PORTAL_BASE_URL}{reverse(f'publishing:{kind}_picture', kwargs=place)}",
        "embed": f"{settings.PORTAL_BASE_URL}{reverse(f'publishing:{kind}_chart', kwargs=place)}",
        "embed_title": entry.unit_name if entry else release.display_title,
        "share_title": f"{entry.unit_name} – {release.display_title}" if entry else release.display_title,
    }


def release_card(release: IndexRelease) -> bytes:
    """Return the picture of a result as PNG. The caller has asked the embargo."""
    stats = stats_of(release)
    content = {"eyebrow": str(release.year), "title": release.display_title}
    # Several tiers have no common order, so they get no common bars.
    bars = _bars(release) if len(stats.tiers) == 1 else []
    return _drawn(release, {**content, "sentence": ranking_finding(release, stats), "bars": bars})


def _bars(release: IndexRelease) -> list[dict[str, Any]]:
    ranked = (row for row in all_rows(release) if row.rank is not None and row.index is not None)
    return [
        {
            "rank": f"{row.rank}",
            "name": Truncator(row.unit_name).chars(NAME_LENGTH),
            "share": float(row.index or 0),
            "value": format_points(row.index),
        }
        for row in islice(ranked, BARS)
    ]


def unit_card(release: IndexRelease, entry: ReleaseEntry, *, tied: bool) -> bytes:
    """Return the picture of a unit's result as PNG. The caller has asked the embargo."""
    rank = "" if entry.rank is None else _("Rank %(rank)s of %(of)s") % {"rank": entry.rank, "of": entry.rank_of}
    content: dict[str, Any] = {"eyebrow": release.display_title, "title": entry.unit_name}
    if entry.index is None:
        content["sentence"] = unit_finding(entry, stats_of(release), tied=tied)
    else:
        content |= {"figure": format_percent(entry.index), "sentence": rank, "share": float(entry.index)}
    return _drawn(release, content)


def _drawn(release: IndexRelease, content: dict[str, Any]) -> bytes:
    standing = {"site": str(settings.WAGTAIL_SITE_NAME), "note": note_of(release)}
    return draw(CARD, {"figure": "", "share": None, "bars": [], **standing, **content})
