"""The ledger: what goes in, what is refused, what counts, and what the database itself forbids."""

from __future__ import annotations

from decimal import Decimal

from django.db import DatabaseError, connection, transaction

import pytest

from cms import immutable
from criteria_pages.scoring import LeafPoints
from submissions.domain.ledger import (
    NewEntry,
    adjustments,
    append,
    append_adjustment,
    append_many,
    current_entries,
    current_entry,
    entry_sha256,
    final_points,
    ledger_head,
    ledger_sha256,
    tampered_entries,
    trail,
)
from submissions.enums import AdjustmentKind, Basis, RoundState, Stage
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Adjustment, ScoreEntry
from tests.factories import submissions

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this() -> submissions.OpenRound:
    return submissions.open_round()


def put(this: submissions.OpenRound, code: str = "1.1", points: str | None = "1", **fields: object) -> ScoreEntry:
    given = {"stage": Stage.SELF, "basis": Basis.RULE, "actor": this.contributor, **fields}
    return append(participant=this.plain, code=code, points=None if points is None else Decimal(points), **given)


def test_append__keeps_what_was_given_on_the_ledgers_grain(this):
    entry = put(this, "1.2.2", "1.66666666666", inputs={"numerator": "15", "denominator": "18"})
    stored = ScoreEntry.objects.get(pk=entry.pk)
    assert (stored.points, stored.inputs) == (Decimal("1.666667"), {"numerator": "15", "denominator": "18"})
    assert stored.sha256 == entry_sha256(stored)


@pytest.mark.parametrize(
    ("code", "points", "fields", "refusal"),
    [
        ("1.1", "1.01", {}, "points_out_of_range"),
        ("1.1", "-0.1", {}, "points_out_of_range"),
        ("1.1", "NaN", {}, "points_out_of_range"),
        ("1.1", None, {}, "points_missing"),
        ("1.1", "1", {"basis": Basis.NOT_APPLICABLE}, "points_missing"),
        ("1.1", "1", {"basis": Basis.SET}, "reason_missing"),
        ("1.1", "1", {"basis": Basis.SET, "reason": "  "}, "reason_missing"),
        ("9.9", "1", {}, "unknown_code"),
        ("2.6.1", "1", {}, "unknown_code"),  # not asked of this unit
    ],
)
def test_append__refuses(this, code, points, fields, refusal):
    with pytest.raises(SubmissionError) as caught:
        put(this, code, points, **fields)
    assert (caught.value.code, ScoreEntry.objects.count()) == (refusal, 0)


def test_append__refuses_a_finalised_round(this):
    this.plain.round.state = RoundState.FINALISED
    with pytest.raises(WrongState):
        put(this)


def test_append_many__stores_nothing_where_one_is_refused(this):
    good = NewEntry(this.plain, "1.1", Stage.SELF, Decimal(1), Basis.RULE, this.contributor)
    bad = NewEntry(this.plain, "1.1", Stage.SELF, Decimal(7), Basis.RULE, this.contributor)
    with pytest.raises(SubmissionError):
        append_many([good, bad])
    assert ScoreEntry.objects.count() == 0


def test_final_points__latest_stage_wins_and_the_newest_within_it(this):
    put(this, "1.1", "0.5", stage=Stage.APPRAISAL_1, basis=Basis.SET, reason="Thiếu tài liệu")
    put(this, "1.1", "0.75", stage=Stage.APPRAISAL_1, basis=Basis.SET, reason="Đã bổ sung")
    put(this, "1.1", "1", stage=Stage.SELF)  # written later, but an earlier stage
    put(this, "1.2.1", None, basis=Basis.NOT_APPLICABLE)
    assert final_points(this.round) == {
        this.plain.pk: {
            "1.1": LeafPoints(Decimal("0.75"), True, Stage.APPRAISAL_1),
            "1.2.1": LeafPoints(None, False, Stage.SELF),
        },
        this.full.pk: {},
    }


def test_final_points__reads_the_ledger_as_it_stood(this):
    first = put(this, "1.1", "1")
    put(this, "1.1", "0", stage=Stage.COUNCIL, basis=Basis.SET, reason="Hội đồng quyết định")
    assert final_points(this.round, upto=first.pk)[this.plain.pk] == {"1.1": LeafPoints(Decimal(1), True, Stage.SELF)}


@pytest.mark.parametrize("entries", [1, 3])
def test_final_points__asks_twice_for_a_whole_round(this, entries, django_assert_num_queries):
    for code in ("1.1", "1.2.1", "1.2.3")[:entries]:
        put(this, code, "1")
        put(this, code, "1", stage=Stage.APPRAISAL_1, basis=Basis.ACCEPTED)
    with django_assert_num_queries(2):
        final_points(this.round)


def test_current_entry__is_none_before_the_first(this):
    assert current_entry(this.plain, "1.1") is None
    put(this, "1.1", "1")
    decided = put(this, "1.1", "1", stage=Stage.APPRAISAL_1, basis=Basis.ACCEPTED)
    assert current_entry(this.plain, "1.1") == decided
    assert current_entries(this.plain) == {"1.1": decided}
    assert [entry.stage for entry in trail(this.plain, "1.1")] == [Stage.SELF, Stage.APPRAISAL_1]


def test_ledger_head__moves_with_every_entry_and_old_heads_recompute(this):
    put(this, "1.1", "1")
    append_adjustment(
        participant=this.plain, kind=AdjustmentKind.BONUS, points=Decimal(1), reason="Giải thưởng", actor=this.secretary
    )
    head = ledger_head(this.round)
    put(this, "1.2.1", "1")
    later = ledger_head(this.round)
    assert later.sha256 != head.sha256
    assert (later.entries, head.entries) == (2, 1)
    assert ledger_sha256(this.round, upto=head.last_id, adjustments_upto=head.last_adjustment_id) == head.sha256


def test_tampered_entries__names_the_row(this):
    entry = put(this, "1.1", "0.5")
    put(this, "1.2.1", "1")
    head = ledger_head(this.round)
    _without_triggers("UPDATE submissions_scoreentry SET points = 1 WHERE id = %s", [entry.pk])
    assert tampered_entries(this.round) == [entry]
    assert ledger_sha256(this.round) != head.sha256


def _without_triggers(statement: str, values: list[int]) -> None:
    """Do what somebody with the rights of a database administrator could do."""
    table = ScoreEntry._meta.db_table
    name = immutable.trigger_name(table, "UPDATE")
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
        cursor.execute(statement, values)
    immutable.install()


@pytest.mark.parametrize("model", [ScoreEntry, Adjustment])
@pytest.mark.parametrize("act", ["change", "delete"])
def test_database_refuses_to_change_or_delete_rows(this, model, act):
    put(this)
    append_adjustment(
        participant=this.plain, kind=AdjustmentKind.PENALTY, points=Decimal(1), reason="Vi phạm", actor=this.secretary
    )
    rows = model.objects.all()
    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        rows.update(reason="khác") if act == "change" else rows._raw_delete(rows.db)
    assert model.objects.count() == 1


def test_rows_refuse_to_be_saved_again_or_deleted(this):
    entry = put(this)
    with pytest.raises(SubmissionError, match=r"."):
        entry.save()
    with pytest.raises(SubmissionError, match=r"."):
        entry.delete()


def test_triggers_are_all_there():
    assert immutable.missing_triggers() == []


def test_adjustments__sums_without_what_was_withdrawn(this):
    def add(kind: str, points: str, **fields: object) -> Adjustment:
        return append_adjustment(
            participant=this.plain, kind=kind, points=Decimal(points), reason="Lý do", actor=this.secretary, **fields
        )

    add(AdjustmentKind.BONUS, "1")
    wrong = add(AdjustmentKind.BONUS, "0.5")
    add(AdjustmentKind.WITHDRAWAL, "0.5", withdraws=wrong)
    add(AdjustmentKind.PENALTY, "0.25")
    totals = adjustments(this.round)[this.plain.pk]
    assert (totals.bonus, totals.penalty) == (Decimal(1), Decimal("0.25"))
