"""Which unit a person means who typed its name or its code."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.utils.translation import gettext as _

from cms.models import Unit
from cms.text import fold, normal
from submissions.exceptions import SubmissionError

SUGGESTIONS = 6
# Of so many names that fit no unit the ones that may be meant are looked up; a list with more is wrong as a whole.
EXPLAINED = 10


def unit_meant(*, owner: Unit, typed: str, day: dt.date) -> Unit:
    """Return the unit valid on the day that has this code or name.

    Of several units of one name ("Sở Nội vụ" is in every province) the one below `owner`, the round's organising unit,
    is meant. Raises `SubmissionError` with a sentence that names the units that may be meant.
    """
    wanted = typed.strip()
    if found := _exact(owner, {wanted}, day).get(wanted):
        return found
    like = _alike(wanted, day)
    if not like:
        raise SubmissionError(_("No valid unit has this code or name."), code="unknown_unit")
    raise SubmissionError(_("Type the code of one of these units: %(units)s.") % {"units": like}, code="unknown_unit")


def units_meant(*, owner: Unit, lines: Iterable[str], day: dt.date) -> list[Unit]:
    """Return the units that the lines name, each as `unit_meant` does; commas may stand between units or in a name.

    Raises `SubmissionError` that names what no valid unit has, and the units that may be meant by what several fit.
    """
    whole = [line.strip() for line in lines if line.strip()]
    parts = {line: [part.strip() for part in line.split(",") if part.strip()] for line in whole}
    known = _exact(owner, {*whole, *(part for line in whole for part in parts[line])}, day)
    pieces = [piece for line in whole for piece in ([line] if line in known else parts[line])]
    strange = list(dict.fromkeys(piece for piece in pieces if piece not in known))
    if strange:
        raise SubmissionError(_sentence(strange, day), code="unknown_unit")
    return list({known[piece].pk: known[piece] for piece in pieces}.values())


def _exact(owner: Unit, typed: set[str], day: dt.date) -> dict[str, Unit]:
    """Return the units whose code or whole name was typed, in two queries; what two units fit equally is left out."""
    valid = Unit.objects.valid_on(day)
    found = {unit.code: unit for unit in valid.filter(code__in=typed)}
    names = {text: _key(text) for text in typed if text not in found}
    if not names:
        return found
    wanted, named = set(names.values()), defaultdict(list)
    # Compared here, because SQLite knows no capitals beyond ASCII.
    for unit in valid:
        if (key := _key(unit.name)) in wanted:
            named[key].append(unit)
    for text, key in names.items():
        below = [unit for unit in named[key] if unit.parent_id == owner.pk]
        for units in (below, named[key]):
            if len(units) == 1:
                found[text] = units[0]
                break
    return found


def _key(text: str) -> str:
    return " ".join(normal(text).casefold().split())


def _alike(typed: str, day: dt.date) -> str:
    """Return the names and codes of units that the words may mean, or an empty text."""
    if not fold(typed):
        return ""
    like = Unit.objects.valid_on(day).matching(typed).order_by("name", "code")[:SUGGESTIONS]
    return "; ".join(f"{unit.name} ({unit.code})" for unit in like)


def _sentence(strange: list[str], day: dt.date) -> str:
    unknown, sentences = [], []
    for piece in strange[:EXPLAINED]:
        if like := _alike(piece, day):
            sentences.append(
                _("“%(typed)s” may mean one of these units, type its code: %(units)s.")
                % {"typed": piece, "units": like}
            )
        else:
            unknown.append(piece)
    if unknown:
        sentences.insert(0, _("No valid unit has the code or name: %(names)s.") % {"names": ", ".join(unknown)})
    if left := strange[EXPLAINED:]:
        sentences.append(_("Nor is it clear which units are meant by: %(names)s.") % {"names": ", ".join(left)})
    return " ".join(sentences)
