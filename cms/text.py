"""Vietnamese text: normal form, folding for search, slugs."""

import unicodedata

from django.utils.text import slugify


def fold(text: str) -> str:
    """Return the text without accents, đ as d, case-folded, for searching ("Cải cách" -> "cai cach")."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).casefold().split())


def slug(text: str) -> str:
    """Return an address part for Vietnamese text ("Đổi mới" -> "doi-moi")."""
    return slugify(fold(text))


def normal(text: str) -> str:
    """Return the text in NFC, as it is stored and compared."""
    return unicodedata.normalize("NFC", text)
