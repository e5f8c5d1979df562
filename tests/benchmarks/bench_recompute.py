"""A national round recomputed from its ledger, exactly, against the same sums done with pandas in the same run.

10,035 units x 104 leaves with two stages each; once more with four times the units, to see that memory stays flat
beyond the results. `BENCH_RECOMPUTE_UNITS` sets another number of units.
"""

from __future__ import annotations

import os
import time
from decimal import Decimal

from django.db import connection

import pandas

from submissions.domain.round_results import iter_results
from submissions.models import AssessmentRound
from tests.benchmarks.figures import Report
from tests.benchmarks.memory import peak_megabytes
from tests.benchmarks.round_data import LEAVES, big_round, fill_ledger

UNITS = int(os.environ.get("BENCH_RECOMPUTE_UNITS", "10035"))
LIMIT = 60.0


def run(report: Report) -> None:
    """Recompute one round, then one of four times the size."""
    round_, person, definition = big_round(units=UNITS)
    rows = fill_ledger(round_, person, definition)
    report.add("ledger_rows", rows, "rows")
    before = peak_megabytes()
    seconds, results = recompute(round_)
    report.add("leaf_scores", len(results) * LEAVES, "scores")
    report.add("seconds", seconds, "s", baseline=LIMIT)
    report.add("peak_mb", peak_megabytes(), "MB")
    report.add("peak_mb_grown", peak_megabytes() - before, "MB")
    larger, person, definition = big_round(units=UNITS * 4, code="lon-4")
    fill_ledger(larger, person, definition)
    before = peak_megabytes()
    seconds_4, results_4 = recompute(larger)
    report.add("seconds_4x", seconds_4, "s", baseline=seconds * 4)
    report.add("peak_mb_4x", peak_megabytes(), "MB")
    report.add("peak_mb_grown_4x", peak_megabytes() - before, "MB")
    del results_4
    # Last, because it holds a whole table in memory, which would hide the peaks above.
    pandas_seconds, sums = by_pandas(round_)
    report.add("pandas_ratio", seconds, "s", baseline=pandas_seconds)
    wrong = sum(abs(float(results[pk]) - value) > 1e-6 for pk, value in sums.items())
    report.add("differs_from_pandas", wrong, "units")


def recompute(round_: AssessmentRound) -> tuple[float, dict[int, Decimal]]:
    """Return the seconds and the exact points of every unit."""
    began = time.perf_counter()
    results = {participant.pk: result.points for participant, result in iter_results(round_) if result is not None}
    return time.perf_counter() - began, results


def by_pandas(round_: AssessmentRound) -> tuple[float, dict[int, float]]:
    """Do the same with floats in a data frame: read, keep the last stage of each leaf, add up."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.participant_id, e.code, e.stage, e.points FROM submissions_scoreentry e "
            "JOIN submissions_participant p ON p.id = e.participant_id WHERE p.round_id = %s ORDER BY e.id",
            [round_.pk],
        )
        frame = pandas.DataFrame(cursor.fetchall(), columns=["unit", "code", "stage", "points"])
    frame["points"] = frame["points"].astype(float)
    frame["order"] = frame["stage"].map({"self": 0, "appraisal_1": 1})
    last = frame.sort_values("order", kind="stable").drop_duplicates(["unit", "code"], keep="last")
    sums = last.groupby("unit")["points"].sum()
    index = sums / (2 * LEAVES) * 100
    assert len(index) == len(sums)
    return time.perf_counter() - began, sums.to_dict()
