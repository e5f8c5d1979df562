"""The publish gate: nothing goes live with problems, whichever way publishing was asked for."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from criteria_pages.definition import Definition
from criteria_pages.domain.authoring import links_of_body, parse_body
from criteria_pages.domain.checks import check_definition
from criteria_pages.domain.lineage import lineage_problems
from criteria_pages.domain.problems import Problem, PublishRefused

if TYPE_CHECKING:
    from criteria_pages.models import CriteriaSetPage

logger = logging.getLogger("portal.criteria")


def publish_problems(
    *,
    page: CriteriaSetPage,
    body: Iterable[Mapping[str, Any]],
    title: str,
    title_en: str,
    total: Decimal,
    bonus_cap: Decimal,
    penalty_cap: Decimal,
    dropped_codes: str,
) -> list[Problem]:
    """Return all problems of the content as it would go live: what cannot be read, what does not hold, what is lost."""
    blocks = list(body)
    parsed = parse_body(
        blocks, title=title, title_en=title_en, total=total, bonus_cap=bonus_cap, penalty_cap=penalty_cap
    )
    unreadable = {problem.position for problem in parsed.problems}
    found = [
        problem
        for problem in check_definition(parsed.definition)
        # A maximum that cannot be read is one problem, not two.
        if not (problem.position in unreadable and problem.message == _("The maximum points are not above 0."))
    ]
    past = lineage_problems(page, links_of_body(blocks))
    lost = _lost_codes(page, parsed.definition, dropped_codes)
    return sorted([*parsed.problems, *found, *past], key=lambda problem: problem.position) + lost


def page_problems(page: CriteriaSetPage) -> list[Problem]:
    """Return all problems of a page object as it is (draft or live)."""
    return publish_problems(
        page=page,
        body=page.body.get_prep_value(),
        title=page.title,
        title_en=page.title_en,
        total=page.declared_total or Decimal(0),
        bonus_cap=page.bonus_cap or Decimal(0),
        penalty_cap=page.penalty_cap or Decimal(0),
        dropped_codes=page.dropped_codes,
    )


def require_publishable(page: CriteriaSetPage) -> None:
    """Raise `PublishRefused` with all problems where the page may not go live."""
    problems = page_problems(page)
    if problems:
        logger.warning("publish refused", extra={"event": "criteria.publish_refused", "page_id": page.pk})
        raise PublishRefused(problems)


def split_codes(text: str) -> frozenset[str]:
    """Return the codes in a text, parted by spaces, commas, semicolons or lines."""
    return frozenset(code for code in re.split(r"[\s,;]+", text) if code)


def _lost_codes(page: CriteriaSetPage, definition: Definition, dropped_codes: str) -> list[Problem]:
    """Every code of the last edition is still there or was dropped on purpose."""
    latest = page.editions.order_by("-number").first() if page.pk else None
    if latest is None:
        return []
    before = {leaf.code for leaf in latest.definition.leaves}
    now = {leaf.code for leaf in definition.leaves}
    return [
        Problem(
            code,
            _(
                "Criterion %(code)s of edition %(number)s is no longer there. Put its code back, or enter it under "
                "“codes dropped on purpose”."
            )
            % {"code": code, "number": latest.number},
            field="dropped_codes",
        )
        for code in sorted(before - now - split_codes(dropped_codes))
    ]
