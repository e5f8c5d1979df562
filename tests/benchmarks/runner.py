"""Runs one benchmark inside the environment that `__main__` made."""

import importlib
import os
import sys

import django

from tests.benchmarks.figures import Report


def main(name: str) -> None:
    """Set Django up, run the benchmark, keep its figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")
    django.setup()
    report = Report(name)
    try:
        importlib.import_module(f"tests.benchmarks.bench_{name}").run(report)
    finally:
        report.write()


if __name__ == "__main__":
    main(sys.argv[1])
