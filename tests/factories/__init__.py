"""Factories of test data, one module per app: small, sane defaults, no surprises. A test says what matters to it."""

from tests.factories.files import pdf_bytes

__all__ = ["pdf_bytes"]
