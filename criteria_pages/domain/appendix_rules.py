"""From the words of an appendix's scoring column to a rule: the usual ways of writing, and what was guessed.

Pure. What cannot be read stays open: no rule is better than a wrong one, and the words are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cms.exceptions import PortalError
from cms.numbers import parse_decimal
from cms.text import fold
from criteria_pages.definition import RuleSpec, plain
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import get_rule

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_LINE = re.compile(rf"^[-+•*–\s]*(?P<label>.+?)\s*(?::|=|→|-|–|,)\s*{_NUMBER}\s*(?:điểm|đ|points?)?\s*[.;]?$", re.I)
_PERCENT = re.compile(rf"{_NUMBER}\s*%")
_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_VARIABLE = re.compile(r"(?<!\w)([a-z])\s*(?:là|:)\s*([^;\n]+?)(?=\s*(?:[;\n.]|$|,\s*[a-z]\s*(?:là|:)))", re.I)
_FORMULA = re.compile(
    r"(?<!\w)[a-z]\s*/\s*[a-z](?!\w)\s*[\)\]]?(?:\s*[*x×]\s*(?:100\s*%|điểm tối đa|" + _NUMBER + "))?", re.I
)
LONGEST = 4_000
_MARKS = "abcdefghijklmnopqrstuvwxyz"
_YES = {"co", "dat", "yes", "co ban hanh", "co thuc hien"}
_NO = {"khong", "khong dat", "no", "khong ban hanh", "khong thuc hien"}


@dataclass(frozen=True, slots=True)
class ReadRule:
    """A rule that was read; `guesses` are sentences on what was assumed, "" means that nothing was."""

    spec: RuleSpec
    scorer: str = ""
    guesses: tuple[str, ...] = ()


def read_rule(text: str, maximum: Decimal) -> ReadRule | None:
    """Return the rule that the words say; None where they cannot be read as one that is sound for the maximum."""
    lines = _lines(text) if len(text) <= LONGEST else []
    if not lines:
        return None
    for reader in _READERS:
        found = reader(lines, "; ".join(lines), maximum)
        if found is not None and _is_sound(found.spec, maximum):
            return found
    return None


def _is_sound(spec: RuleSpec, maximum: Decimal) -> bool:
    try:
        return not get_rule(spec, maximum).problems()
    except CriteriaError:
        return False


def _lines(text: str) -> list[str]:
    parts = re.split(r"[\n\r]+|;\s+", text)
    return [part.strip() for part in parts if part.strip(" -–•+*")]


def _number(text: str) -> Decimal | None:
    try:
        return parse_decimal(text)
    except PortalError:
        return None


def _scales(lines: list[str]) -> list[tuple[str, Decimal]] | None:
    """Return (label, points) of every line; None where a line is no level."""
    found = []
    for line in lines:
        match = _LINE.match(line)
        points = _number(match[2]) if match else None
        if match is None or points is None:
            return None
        found.append((match["label"].strip(" :-–•+*"), points))
    return found


def _survey(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    if "xa hoi hoc" not in fold(text) and fold(text) not in {"xhh", "dtxhh"}:
        return None
    group = re.search(r"\(([^()]+)\)\s*$", text)
    params = {"question_group": group[1].strip()} if group else {}
    return ReadRule(RuleSpec("survey", params), scorer="survey")


def _central(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    folded = fold(text)
    if not folded.startswith(("nhap tap trung", "cham tap trung", "lay ket qua", "theo ket qua")):
        return None
    source = re.search(r"(?:nguồn|kết quả(?: của)?)\s*:?\s*(.+?)\s*\.?$", text, re.I)
    guesses = () if source and "nguồn" in text else (_("The source of the figure was taken from the words."),)
    return ReadRule(
        RuleSpec("central", {"source": (source[1] if source else text)[:500]}), scorer="central", guesses=guesses
    )


def _manual(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    match = re.search(rf"(?:theo )?bước (?:là )?{_NUMBER}", text, re.I)
    step = _number(match[1]) if match else None
    if match is None or step is None:
        return None
    guide = text[match.end() :].strip(" :.")
    params = {"step": plain(step)} | ({"guide": guide} if guide else {})
    return ReadRule(RuleSpec("manual", params))


def _deadline(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    date = _DATE.search(text)
    if date is None or not re.search(r"trước|đến|hạn|chậm|muộn|by", text, re.I):
        return None
    day, month, year = (int(part) for part in date.groups())
    params: dict[str, Any] = {"due": f"{year:04d}-{month:02d}-{day:02d}"}
    late = re.search(rf"(?:chậm|muộn)[^\d]*(\d+) ngày[^\d]*{_NUMBER}", text, re.I)
    if late and (points := _number(late[2])) is not None:
        params |= {"late_days": int(late[1]), "late_points": plain(points)}
    guesses = (_("“Before” was read as “on that day at the latest”."),) if "trước" in text.casefold() else ()
    return ReadRule(RuleSpec("deadline", params), guesses=guesses)


def _deduction(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    match = re.search(rf"trừ {_NUMBER}\s*(?:điểm)?\s*(?:cho|/|với)?\s*(?:mỗi|một)?\s*\(?([^,;()]*)\)?", text, re.I)
    if match is None or not match[2].strip(" ."):
        before = re.search(rf"mỗi\s+([^,;]+?)\s+(?:bị\s+|thì\s+)*trừ\s+{_NUMBER}", text, re.I)
        if before is None:
            return None
        item, per_item = before[1], _number(before[2])
    else:
        item, per_item = match[2], _number(match[1])
    if per_item is None or not item.strip(" ."):
        return None
    guesses = () if len(lines) == 1 else (_("Read as a deduction from the maximum; check what the other lines say."),)
    params = {"per_item": plain(per_item), "item_label": item.strip(" .")[:500]}
    return ReadRule(RuleSpec("deduction", params), guesses=guesses)


def _count(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    if "trừ" in text.casefold():  # what is taken off is no gain
        return None
    match = re.search(rf"{_NUMBER}\s*(?:điểm)?\s*(?:cho\s+mỗi|cho\s+một|/|mỗi)\s*\(?([^,;()]+)\)?", text, re.I)
    before = re.search(rf"mỗi\s+([^,;]+?)\s+(?:được\s+)?(?:tính\s+|cộng\s+)?{_NUMBER}\s*điểm", text, re.I)
    if match and not _FORMULA.search(text):
        item, per_item = match[2], _number(match[1])
    elif before:
        item, per_item = before[1], _number(before[2])
    else:
        return None
    if per_item is None:
        return None
    capped = re.search(r"tối đa|nhiều nhất|không quá|at most", text, re.I)
    guesses = () if capped else (_("No cap is written: the maximum of the criterion was taken."),)
    return ReadRule(
        RuleSpec("count", {"per_item": plain(per_item), "item_label": item.strip(" .")[:500]}), guesses=guesses
    )


def _formula(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    match = _FORMULA.search(text)
    if match is None:
        return None
    names = dict.fromkeys(re.findall(r"(?<![\w%])([a-z])(?![\w])", match[0].casefold().replace("x", " ")))
    labels = {name.casefold(): label.strip() for name, label in _VARIABLE.findall(text)}
    if len(names) != 2:
        return None
    above, below = names
    limit = re.search(rf"(?:dưới|<)\s*{_NUMBER}\s*(%?)", text, re.I)
    named = {name: labels.get(name, name)[:500] for name in (above, below)}
    guesses = [] if set(names) <= set(labels) else [_("What the letters of the formula stand for is not written.")]
    if limit and (start := _number(limit[1])) is not None:
        start = start if limit[2] or start > 1 else start * 100
        bands = [{"from": "0", "mode": "zero"}, {"from": plain(start), "mode": "ratio"}]
        guesses.append(
            _("Read as a ratio: nothing under %(start)s %%, then ratio × maximum.") % {"start": plain(start)}
        )
        return ReadRule(_ratio_spec(bands, named[above], named[below]), guesses=tuple(guesses))
    guesses.append(_("Read as a ratio: ratio × maximum."))
    return ReadRule(_ratio_spec([{"from": "0", "mode": "ratio"}], named[above], named[below]), guesses=tuple(guesses))


def _ratio_spec(bands: list[dict[str, str]], above: str, below: str) -> RuleSpec:
    return RuleSpec(
        "ratio", {"bands": bands, "numerator_label": above, "denominator_label": below, "zero_denominator": "refuse"}
    )


def _bands(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    """Read "100 %: 1,5", "từ 80 % đến dưới 100 %: 1", "dưới 80 %: 0", with "tỷ lệ × 1,5" in a band as well."""
    above, below, first = _names_of_ratio(lines)
    bands: dict[Decimal, dict[str, str]] = {}
    for line in first:
        band = _band(line, maximum)
        if band is None or Decimal(band["from"]) in bands:
            return None
        bands[Decimal(band["from"])] = band
    if len(bands) < 2 or 0 not in bands:
        return None
    guesses = () if above else (_("What is counted above and below the line is not written; complete the labels."),)
    spec = _ratio_spec(
        [bands[start] for start in sorted(bands)], above or _("Number achieved"), below or _("Number required")
    )
    return ReadRule(spec, guesses=guesses)


def _names_of_ratio(lines: list[str]) -> tuple[str, str, list[str]]:
    """Return what stands above and below the line where the first line names it, and the lines of the bands."""
    match = re.match(r"^(?P<above>[^/:%]+?)\s*/\s*(?P<below>[^:%]+?)\s*:\s*(?P<rest>.*%.*)$", lines[0])
    if match is None:
        return "", "", lines
    return match["above"].strip(), match["below"].strip(), [match["rest"], *lines[1:]]


def _band(line: str, maximum: Decimal) -> dict[str, str] | None:
    label, _sign, gives = line.rpartition(":")
    shares = [_number(found) for found in _PERCENT.findall(label)]
    if not shares or shares[0] is None:
        return None
    start = Decimal(0) if re.search(r"dưới|<|nhỏ hơn|under", label, re.I) and len(shares) == 1 else shares[0]
    folded = fold(gives)
    if re.search(r"ty le|[x×*]|b/a|a/b", folded):
        return {"from": plain(start), "mode": "ratio"}
    match = re.search(_NUMBER, gives)
    points = _number(match[1]) if match else None
    if points is None:
        return None
    if points == 0:
        return {"from": plain(start), "mode": "zero"}
    if points == maximum:
        return {"from": plain(start), "mode": "full"}
    return {"from": plain(start), "mode": "points", "points": plain(points)}


def _levels(lines: list[str], text: str, maximum: Decimal) -> ReadRule | None:
    optional = [line for line in lines if "không áp dụng" in line]
    scales = _scales([line for line in lines if line not in optional])
    if not scales or len(scales) < 2 or len(scales) > len(_MARKS):
        return None
    params: dict[str, Any] = {"allow_not_applicable": True} if optional else {}
    words = [fold(label) for label, _points in scales]
    if len(scales) == 2 and words[0] in _YES and words[1] in _NO and scales[0][1] == maximum and not scales[1][1]:
        return ReadRule(RuleSpec("yes_no", params))
    levels = [
        {"value": _MARKS[position], "label": label[:500], "points": plain(points)}
        for position, (label, points) in enumerate(scales)
    ]
    return ReadRule(
        RuleSpec("levels", {"levels": levels, **params}),
        guesses=(_("The levels have no marks: they were called a, b, c in their order."),),
    )


_READERS: tuple[Callable[[list[str], str, Decimal], ReadRule | None], ...] = (
    _survey,
    _central,
    _manual,
    _bands,
    _formula,
    _deadline,
    _levels,
    _deduction,
    _count,
)
