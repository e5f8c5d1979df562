"""What the address of the appraiser's queue says: its filters, kept from screen to screen."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import QueryDict

from cms.numbers import parse_id
from submissions.domain.appraisal_queue import ACCEPTED, CHANGED, DISPUTED, WAITING, QueueFilters

FILTER_NAMES = ("linh-vuc", "tieu-chi", "don-vi", "trang-thai", "thieu", "tim")
STATUS_OF = {"cho": WAITING, "giu": ACCEPTED, "khac": CHANGED, "lech": DISPUTED}


def filters_of(data: QueryDict) -> QueueFilters:
    """Return the filters that an address asks for; what makes no sense is left out."""
    unit = data.get("don-vi", "")
    return QueueFilters(
        domain=data.get("linh-vuc", ""),
        code=data.get("tieu-chi", ""),
        unit=parse_id(unit),
        status=STATUS_OF.get(data.get("trang-thai", ""), ""),
        without_evidence=data.get("thieu", "") == "1",
        text=data.get("tim", "")[:200],
    )


def filter_query(data: QueryDict) -> str:
    """Return the filters as the end of an address, empty where there are none."""
    given = [(name, data[name]) for name in FILTER_NAMES if data.get(name)]
    return f"?{urlencode(given)}" if given else ""
