"""Templates obey the strict content security policy and the rules of translation."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

COMMENT = re.compile(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}", re.DOTALL)
INLINE_SCRIPT = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=[\"']application/(?:json|ld\+json)[\"'])[^>]*>", re.IGNORECASE
)
INLINE_STYLE = re.compile(r"<style\b|<[a-z][^<>]*\sstyle\s*=", re.IGNORECASE)
HANDLER = re.compile(r"<[a-z][^<>]*\son[a-z]+\s*=", re.IGNORECASE)
SCRIPT_LINK = re.compile(r"(?:href|src|action)\s*=\s*[\"']\s*javascript:", re.IGNORECASE)
FOREIGN = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE)
UNTRIMMED = re.compile(r"{%\s*blocktrans(?:late)?\b(?![^%]*\btrimmed\b)[^%]*%}")
# Mail and print templates are no pages; an SVG inside a page is one.
FORBIDDEN = {
    "inline script": INLINE_SCRIPT,
    "inline style": INLINE_STYLE,
    "event handler attribute": HANDLER,
    "javascript: address": SCRIPT_LINK,
    "file of a foreign host": FOREIGN,
    "blocktranslate without trimmed": UNTRIMMED,
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_has(what: str, repository: Path, templates: list[Path]) -> None:
    found = {
        f"{path}: {match.group(0)[:80]}"
        for path in templates
        for match in FORBIDDEN[what].finditer(COMMENT.sub("", (repository / path).read_text(encoding="utf-8")))
    }

    assert found == set()


def test_python_builds_no_markup_with_handlers_or_styles(repository: Path, product_modules: list[Path]) -> None:
    found = [
        str(path)
        for path in product_modules
        if any(
            FORBIDDEN[what].search((repository / path).read_text(encoding="utf-8"))
            for what in ("inline script", "inline style", "event handler attribute")
        )
    ]

    assert found == []
