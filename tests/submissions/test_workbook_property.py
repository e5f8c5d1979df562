"""Property: export the workbook, fill it in with another library, import it: the same as filling in the form."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

from django.db import transaction
from django.utils.translation import override

import hypothesis
import openpyxl
import pytest
from hypothesis import strategies as st

from cms.exceptions import PortalError
from criteria_pages.definition import Leaf
from criteria_pages.enums import Scorer
from criteria_pages.rules.base import InputField
from submissions.domain.answers import write_answer
from submissions.domain.definitions import definition_for
from submissions.domain.inputs import input_fields, typed_value
from submissions.domain.workbook import apply_workbook, plan_workbook
from submissions.domain.workbook_export import write_workbook
from submissions.models import Answer, Submission
from tests.factories.criteria import tiny_definition
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

# What a person types: canonical values by input, and an explanation.
Typed = dict[str, tuple[dict[str, str], str]]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=60)


def values(field: InputField) -> st.SearchStrategy[str]:
    """Values of an input as they are stored; empty where nothing is typed."""
    if field.kind == "choice":
        return st.sampled_from(["", *(str(value) for value, _label in field.choices)])
    if field.kind == "boolean":
        return st.sampled_from(["", "true", "false"])
    if field.kind == "date":
        days = st.dates(dt.date(2025, 1, 1), dt.date(2026, 2, 28)).map(dt.date.isoformat)
        return st.one_of(st.just(""), days)
    whole = st.integers(0, 40).map(str)
    parts = st.integers(0, 400).map(lambda n: format((Decimal(n) / 100).normalize(), "f"))
    return st.one_of(st.just(""), whole, whole if field.kind == "integer" else parts)


def own_leaves() -> list[Leaf]:
    return [leaf for leaf in tiny_definition().leaves if leaf.scorer == Scorer.SELF and leaf.code != "2.6.1"]


FILLINGS: st.SearchStrategy[Typed] = st.fixed_dictionaries(
    {},
    optional={
        leaf.code: st.tuples(st.fixed_dictionaries({f.name: values(f) for f in input_fields(leaf)}), TEXTS)
        for leaf in own_leaves()
    },
)


def stored(submission: Submission) -> dict[str, tuple[object, ...]]:
    """What the portal holds of a form; an answer that says nothing counts as none."""
    rows = Answer.objects.filter(submission=submission)
    return {
        row.code: (row.inputs, row.explanation, row.self_points, row.self_applicable)
        for row in rows
        if row.inputs or row.explanation
    }


def by_form(this: OpenRound, typed: Typed) -> tuple[dict[str, tuple[object, ...]], set[str]]:
    """Fill in the form leaf by leaf as people type; return what is stored and which leaves were refused."""
    definition = definition_for(this.plain)
    refused: set[str] = set()
    with transaction.atomic():
        for code, (inputs, explanation) in typed.items():
            fields = {field.name: field for field in input_fields(definition.leaf(code))}
            try:
                write_answer(
                    user=this.contributor,
                    submission=this.plain.submission,
                    code=code,
                    expected_version=0,
                    inputs={name: typed_value(field=fields[name], stored=value) for name, value in inputs.items()},
                    explanation=explanation,
                )
            except PortalError:
                refused.add(code)
        found = stored(this.plain.submission)
        transaction.set_rollback(True)
    return found, refused


def cell_of(field: InputField, value: str) -> object:
    """What a person puts into the cell: the label from the list, a date, a number."""
    if not value:
        return None
    if field.kind in {"choice", "boolean"}:
        labels = dict(field.choices) or {"true": "Có", "false": "Không"}
        return str(labels[value])
    if field.kind == "date":
        return dt.datetime.fromisoformat(value)
    return float(value)


def filled(this: OpenRound, typed: Typed) -> io.BytesIO:
    """Export the workbook and fill it in with openpyxl."""
    target = io.BytesIO()
    write_workbook(submission=this.plain.submission, target=target)
    book = openpyxl.load_workbook(target)
    definition = definition_for(this.plain)
    with override("vi"):
        for sheet in book.worksheets[1:]:
            for row in sheet.iter_rows(min_row=2):
                code, _bar, name = str(row[6].value or "").partition("|")
                if code not in typed:
                    continue
                inputs, explanation = typed[code]
                fields = input_fields(definition.leaf(code))
                row[4].value = cell_of(next(f for f in fields if f.name == name), inputs[name])
                if name == fields[0].name:
                    row[5].value = explanation or None
                    row[5].data_type = "s" if explanation else "n"
    target = io.BytesIO()
    book.save(target)
    target.seek(0)
    return target


@hypothesis.settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)
@hypothesis.given(typed=FILLINGS)
def test_workbook__filled_by_another_library_equals_the_form(this: OpenRound, typed: Typed):
    expected, refused = by_form(this, typed)
    file = filled(this, typed)
    plan = plan_workbook(submission=this.plain.submission, source=file)
    assert {problem.code for problem in plan.problems} == refused
    with transaction.atomic():
        file.seek(0)
        if refused:
            with pytest.raises(PortalError):
                apply_workbook(user=this.contributor, submission=this.plain.submission, source=file)
            assert stored(this.plain.submission) == {}
        else:
            apply_workbook(user=this.contributor, submission=this.plain.submission, source=file)
            assert stored(this.plain.submission) == expected
        transaction.set_rollback(True)


@pytest.fixture
def this() -> OpenRound:
    return open_round()
