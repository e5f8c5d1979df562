"""Sentences are compared in English; what is Vietnamese says so in its test."""

from collections.abc import Iterator

from django.utils import translation

import pytest


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield
