"""Figures of a benchmark: one line each on the screen, all of them in build/bench.json."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(
    os.environ.get("BENCH_RESULTS") or Path(__file__).resolve().parent.parent.parent / "build" / "bench.json"
)


@dataclass(frozen=True)
class Figure:
    """One measured value. `baseline` is what it is measured against in the same run, `ratio` the value over it."""

    bench: str
    figure: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None

    def __str__(self) -> str:
        text = f"{self.bench:16} {self.figure:42} {self.value:>12,.3f} {self.unit}"
        if self.baseline is not None:
            text += f"   baseline {self.baseline:,.3f}, ratio {self.ratio:.3f}"
        return text


class Report:
    """Collects the figures of one benchmark."""

    def __init__(self, bench: str, path: Path = RESULTS) -> None:
        self.bench = bench
        self.path = path
        self.figures: list[Figure] = []

    def add(self, figure: str, value: float, unit: str, *, baseline: float | None = None) -> float:
        """Note a figure and print its line; returns the value."""
        ratio = value / baseline if baseline else None
        self.figures.append(Figure(self.bench, figure, round(value, 6), unit, baseline, ratio and round(ratio, 4)))
        print(self.figures[-1], flush=True)  # noqa: T201 -- the lines are what `make bench` is for
        return value

    @contextmanager
    def timed(self, figure: str, *, baseline: float | None = None) -> Iterator[None]:
        """Note the seconds that the block takes."""
        began = time.perf_counter()
        yield
        self.add(figure, time.perf_counter() - began, "s", baseline=baseline)

    def write(self) -> None:
        """Write the figures into build/bench.json in the place of this benchmark's older ones."""
        kept = []
        if self.path.exists():
            kept = [row for row in json.loads(self.path.read_text(encoding="utf-8")) if row["bench"] != self.bench]
        rows = kept + [asdict(figure) for figure in self.figures]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def percentile(values: list[float], share: float) -> float:
    """Return the value under which the share (0..1) of the values lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
