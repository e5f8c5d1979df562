"""Our own table out and in again is the same definition, byte for byte; a visible cell that was changed wins."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from criteria_pages.definition import Applicability
from criteria_pages.domain.appendix_nodes import GUESSED, OPEN, UNDERSTOOD, WRONG
from criteria_pages.domain.appendix_reading import read_appendix
from criteria_pages.domain.appendix_writing import write_appendix
from criteria_pages.domain.authoring import body_from_definition, parse_body
from tests.factories import criteria, rules

pytestmark = [pytest.mark.integration, pytest.mark.django_db, pytest.mark.once]
#: What people may type: any letters, line breaks, signs that spreadsheets run or escape.
TEXT = st.text(
    alphabet=st.one_of(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), st.sampled_from("\n\t=+-@\"'<>&_x0041;:/%")
    ),
    max_size=40,
)
POINTS = st.decimals(min_value="0.000001", max_value="999", places=6)


@st.composite
def leaves(draw, code):
    kind = draw(st.sampled_from(sorted(rules.SOUND_RULES)))
    leaf = rules.ruled(kind, code)
    return replace(
        leaf,
        name=draw(TEXT),
        name_en=draw(TEXT),
        maximum=draw(POINTS),
        note=draw(TEXT),
        evidence=draw(TEXT),
        evidence_required=draw(st.booleans()),
        agency=draw(st.sampled_from(["", "khong-co", "=1+1"])),
        legal_basis=tuple(draw(st.lists(st.sampled_from(["1/QĐ", "2/NĐ-CP"]), max_size=2))),
        applicability=draw(
            st.sampled_from([Applicability(), Applicability(tiers=("xa",), without_attributes=("co-tthc",))])
        ),
    )


@st.composite
def definitions(draw):
    domains = []
    for d in range(1, draw(st.integers(1, 3)) + 1):
        parts = []
        for c in range(1, draw(st.integers(1, 3)) + 1):
            code = f"{d}.{c}"
            if draw(st.booleans()):
                own = replace(draw(leaves(code)), level=2)
                parts.append(replace(rules.scored_criterion(code), name=own.name, maximum=own.maximum, leaf=own))
            else:
                children = [draw(leaves(f"{code}.{n}")) for n in range(1, draw(st.integers(1, 3)) + 1)]
                parts.append(rules.criterion(code, *children, name=draw(TEXT), note=draw(TEXT)))
        domains.append(rules.domain(str(d), *parts, name=draw(TEXT), agency=draw(st.sampled_from(["", "so-noi-vu"]))))
    return rules.definition(*domains, title=draw(TEXT), title_en=draw(TEXT), bonus_cap=draw(POINTS))


def canonical(definition):
    """Return the definition as an editor's page would say it."""
    return parse_body(
        body_from_definition(definition),
        title=definition.title,
        title_en=definition.title_en,
        total=definition.total,
        bonus_cap=definition.bonus_cap,
        penalty_cap=definition.penalty_cap,
    ).definition


def exported(definition):
    target = io.BytesIO()
    write_appendix(definition=definition, target=target)
    return target


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(definitions())
def test_export_import_export_is_byte_for_byte_the_same(definition):
    definition = canonical(definition)
    first = exported(definition)
    read = read_appendix(source=first)
    assert read.definition.canonical() == definition.canonical()
    assert {note.kind for note in read.notes if note.kind in {WRONG, OPEN}} <= {WRONG}
    assert exported(read.definition).getvalue() == first.getvalue()


def test_every_rule_comes_back_exactly():
    definition = criteria.tiny_definition(bonus_cap=Decimal(2), title_en="Set")
    read = read_appendix(source=exported(definition))
    assert read.definition.canonical() == definition.canonical()
    assert {note.kind for note in read.notes} == {UNDERSTOOD}


def test_a_title_with_the_words_of_a_header_is_a_title():
    definition = criteria.tiny_definition(title="Bộ tiêu chí theo lĩnh vực, điểm tối đa 20")
    read = read_appendix(source=exported(definition))
    assert read.definition.canonical() == definition.canonical()
    assert {note.kind for note in read.notes} == {UNDERSTOOD}


def changed(definition, **cells):
    """Return the export with cells typed over, saved by another program (openpyxl writes all parts anew)."""
    book = openpyxl.load_workbook(exported(definition))
    for name, value in cells.items():
        book.active[name] = value
    target = io.BytesIO()
    book.save(target)
    target.seek(0)
    return target


def row_of(definition, code):
    """Return the number of the row in which a node stands."""
    book = openpyxl.load_workbook(exported(definition))
    return next(row[0].row for row in book.active.iter_rows() if row[0].value == code)


def test_another_program_that_saves_the_file_changes_nothing():
    definition = criteria.tiny_definition()
    assert read_appendix(source=changed(definition)).definition.canonical() == definition.canonical()


def test_a_cell_that_was_changed_wins_and_the_rest_stays_exact():
    definition = criteria.tiny_definition()
    row = row_of(definition, "1.2.3")
    read = read_appendix(
        source=changed(definition, **{f"B{row}": "Số sáng kiến", f"C{row}": "2,5", f"E{row}": "Báo cáo"})
    )
    leaf = read.definition.leaf("1.2.3")
    assert (leaf.name, leaf.maximum, leaf.evidence) == ("Số sáng kiến", Decimal("2.5"), "Báo cáo")
    assert leaf.rule == definition.leaf("1.2.3").rule
    others = [other for other in read.definition.leaves if other.code != "1.2.3"]
    assert others == [other for other in definition.leaves if other.code != "1.2.3"]
    assert [(n.kind, n.cell) for n in read.notes if n.code == "1.2.3" and n.kind == GUESSED] == [(GUESSED, f"D{row}")]
    assert {n.cell for n in read.notes if n.kind == WRONG} == {f"C{row_of(definition, '1.2')}"}


def test_a_rule_that_was_rewritten_is_read_from_its_words():
    definition = criteria.tiny_definition()
    row = row_of(definition, "1.2.3")
    read = read_appendix(source=changed(definition, **{f"D{row}": "0,25 điểm cho mỗi sáng kiến, tối đa 2"}))
    assert read.definition.leaf("1.2.3").rule.params == {"per_item": "0.25", "item_label": "sáng kiến"}


def test_rules_written_in_our_words_are_read_without_the_hidden_data():
    """Somebody copied the visible table into a new workbook."""
    definition = criteria.tiny_definition()
    book = openpyxl.load_workbook(exported(definition))
    book.active.delete_cols(9, 30)
    target = io.BytesIO()
    book.save(target)
    target.seek(0)
    read = read_appendix(source=target)
    kinds = {leaf.code: leaf.rule.kind for leaf in read.definition.leaves}
    expected = {leaf.code: leaf.rule.kind for leaf in definition.leaves}
    assert {code: kind for code, kind in kinds.items() if kind != expected[code]} == {"2.1.1": ""}
    assert read.definition.leaf("1.2.2").rule.params["bands"] == definition.leaf("1.2.2").rule.params["bands"]
    assert [leaf.maximum for leaf in read.definition.leaves] == [leaf.maximum for leaf in definition.leaves]


@pytest.mark.parametrize(
    "payload",
    ["{", "[]", '{"kind":"leaf","node":{"code":1},"marks":{}}', '{"kind":"x","node":{},"marks":{}}', "[" * 9000],
)
def test_hidden_data_that_were_tampered_with_are_not_used(payload):
    definition = criteria.tiny_definition()
    row = row_of(definition, "1.2.3")
    read = read_appendix(source=changed(definition, **{f"K{row}": payload}))
    assert read.definition.leaf("1.2.3").rule.kind == "count"
    assert [n.cell for n in read.notes if n.cell == str(row)] == [str(row)]
