"""What `make bench` writes: build/bench.json as a list of figures, each benchmark's older ones replaced."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main, names
from tests.benchmarks.figures import Report, percentile

pytestmark = pytest.mark.unit
KEYS = {"bench", "figure", "value", "unit", "baseline", "ratio"}


def test_report__writes_figures_with_baseline_and_ratio(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    report = Report("eins", tmp_path / "bench.json")
    report.add("seconds", 1.5, "s", baseline=0.5)
    report.add("rows", 3, "rows")
    report.write()
    assert json.loads((tmp_path / "bench.json").read_text()) == [
        {"bench": "eins", "figure": "seconds", "value": 1.5, "unit": "s", "baseline": 0.5, "ratio": 3.0},
        {"bench": "eins", "figure": "rows", "value": 3, "unit": "rows", "baseline": None, "ratio": None},
    ]
    assert capsys.readouterr().out.count("eins") == 2


def test_report__replaces_its_own_older_figures_and_keeps_the_others(tmp_path: Path):
    for bench, value in (("eins", 1), ("zwei", 2), ("eins", 3)):
        report = Report(bench, tmp_path / "bench.json")
        report.add("seconds", value, "s")
        report.write()
    rows = json.loads((tmp_path / "bench.json").read_text())
    assert [(row["bench"], row["value"]) for row in rows] == [("zwei", 2), ("eins", 3)]
    assert {frozenset(row) for row in rows} == {frozenset(KEYS)}


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_percentile__nearest_rank(share: float, expected: int):
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_names__are_those_that_the_issues_use():
    assert {"first_run", "deadline_day", "faults", "recompute", "spreadsheets"} <= set(names())


def test_main__an_unknown_name_is_refused_with_those_that_exist(capsys: pytest.CaptureFixture[str]):
    assert main("khong-co") == 2
    assert "spreadsheets" in capsys.readouterr().err
