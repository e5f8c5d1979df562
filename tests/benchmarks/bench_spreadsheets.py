"""100,000 appraised scores in and out of Excel through the product, against hand-written reading and storing.

The product's import checks every cell, every score's bounds and step, assignment, conflict, state and deadline, and
appends to the ledger with a hash for each row; the hand-written one reads the same file and inserts the same rows.
The goal is an `import_ratio` of at most 5. `BENCH_SPREADSHEETS_ROWS` sets another number of rows.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from python_calamine import CalamineWorkbook

from cms.models import User
from cms.spreadsheets import Sheet, write_xlsx
from cms.spreadsheets.imports import apply_source, check_source, get_import
from submissions.domain.round_scores import export_round_scores
from submissions.models import AssessmentRound, Participant, ScoreEntry
from tests.benchmarks.figures import Report
from tests.benchmarks.memory import peak_megabytes
from tests.benchmarks.round_data import big_round, fill_ledger

ROWS = int(os.environ.get("BENCH_SPREADSHEETS_ROWS", "100000"))
PER_UNIT = 104
HEADERS = ["round", "unit", "code", "points", "reason"]


def run(report: Report) -> None:
    """Write the file, import it by hand and by the product, export the round."""
    units = -(-ROWS // PER_UNIT)
    round_, person, definition = big_round(units=units)
    fill_ledger(round_, person, definition, stages=1)
    with tempfile.TemporaryDirectory(prefix="portal-spreadsheets-") as folder:
        source = Path(folder) / "in.xlsx"
        rows = _rows(round_, definition)
        write_xlsx(source, sheets=[Sheet(name="Điểm", headers=HEADERS, rows=rows, text_columns=frozenset({0, 1, 2}))])
        report.add("rows", len(rows), "rows")
        by_hand = _by_hand(round_, person, source)
        report.add("hand_written_import_seconds", by_hand, "s")
        kind, context = get_import("appraised_scores"), {"round": round_.code}
        began = time.perf_counter()
        outcome = check_source(kind, source, user=person, context=context)
        report.add("check_seconds", time.perf_counter() - began, "s")
        if outcome["problems"] or outcome["new"] != len(rows):
            raise RuntimeError(f"the file of the benchmark is not clean: {outcome['problems'][:3]}")
        began = time.perf_counter()
        apply_source(kind, source, user=person, context=context)
        report.add("import_ratio", time.perf_counter() - began, "s", baseline=by_hand)
        stored = ScoreEntry.objects.filter(participant__round=round_, stage="appraisal_1").count()
        report.add("stored", stored, "rows")
        target = Path(folder) / "out.xlsx"
        by_hand_out = _export_by_hand(round_, Path(folder) / "hand.xlsx")
        began = time.perf_counter()
        with target.open("wb") as stream:
            export_round_scores(round_, stream)
        report.add("export_ratio", time.perf_counter() - began, "s", baseline=by_hand_out)
        report.add("peak_mb", peak_megabytes(), "MB")


def _rows(round_: AssessmentRound, definition) -> list[list[object]]:
    units = list(round_.participants.order_by("pk").values_list("unit__code", flat=True))
    found = [
        [round_.code, unit, leaf.code, "0,75", "Điểm theo biên bản thẩm định"]
        for unit in units
        for leaf in definition.leaves
    ]
    return found[:ROWS]


def _by_hand(round_: AssessmentRound, person: User, source: Path) -> float:
    """Read and store as one would in a script; rolled back, so that the product starts from the same ledger."""
    began = time.perf_counter()
    with transaction.atomic():
        units = {p.unit.code: p.pk for p in Participant.objects.filter(round=round_).select_related("unit")}
        sheet = iter(CalamineWorkbook.from_path(str(source)).get_sheet_by_index(0).iter_rows())
        next(sheet)
        now = timezone.now()
        ScoreEntry.objects.bulk_create(
            [
                ScoreEntry(
                    participant_id=units[str(unit)],
                    code=str(code),
                    stage="appraisal_1",
                    basis="set",
                    points=str(points).replace(",", "."),
                    reason=str(reason),
                    actor_id=person.pk,
                    created_at=now,
                )
                for _round, unit, code, points, reason in sheet
            ],
            batch_size=2000,
        )
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return seconds


def _export_by_hand(round_: AssessmentRound, target: Path) -> float:
    began = time.perf_counter()
    rows = (
        ScoreEntry.objects.filter(participant__round=round_, stage="appraisal_1")
        .order_by("participant", "pk")
        .values_list("participant__round__code", "participant__unit__code", "code", "points", "reason")
    )
    write_xlsx(target, sheets=[Sheet(name="Điểm", headers=HEADERS, rows=rows.iterator(5000))])
    return time.perf_counter() - began
