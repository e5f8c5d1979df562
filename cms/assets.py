"""The style sheets of the design system in their order, and where generated files (fonts, bundle) lie."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

CSS_DIR = Path(__file__).resolve().parent / "static" / "cms" / "css"
FONT_SHEET = "cms/build/fonts.css"
BUNDLE = "cms/build/portal.css"
FOUNDATION = ("reset", "tokens", "base", "layout")
COMPONENTS = (
    "header",
    "page-head",
    "breadcrumb",
    "button",
    "badge",
    "alert",
    "card",
    "leaf",
    "form",
    "table",
    "states",
    "progress",
    "tabs",
    "file-row",
    "timeline",
    "chart",
    "prose",
    "receipt",
    "home",
)
LAST = ("utilities", "print")


def build_dir() -> Path:
    """Where generated static files are written; its parent is one of STATICFILES_DIRS."""
    return Path(settings.VAR_DIR) / "assets" / "cms" / "build"


def sources() -> list[str]:
    """The names of all style sheets in the order in which they are loaded, relative to the static root."""
    return [
        *(f"cms/css/{name}.css" for name in FOUNDATION),
        *(f"cms/css/components/{name}.css" for name in COMPONENTS),
        *(f"cms/css/{name}.css" for name in LAST),
    ]


def bundle_text() -> str:
    """All style sheets as one text."""
    return "\n".join((CSS_DIR.parent.parent / name).read_text(encoding="utf-8") for name in sources())


def build_bundle(target: Path) -> bool:
    """Write the bundled style sheet into the folder, and compressed beside it; return whether it changed.

    The one-command mode serves the compressed file as it lies here; in production collecting makes its own.
    """
    content, path = bundle_text().encode(), target / "portal.css"
    packed = path.with_name(f"{path.name}.gz")
    if path.exists() and packed.exists() and path.read_bytes() == content:
        return False
    path.write_bytes(content)
    packed.write_bytes(gzip.compress(content, mtime=0))
    return True


@lru_cache(maxsize=1)
def _generated() -> tuple[bool, bool]:
    """Whether the generated font sheet and bundle exist; looked up once per process."""
    return bool(finders.find(FONT_SHEET)), bool(finders.find(BUNDLE))


def font_sheet() -> str:
    """The name of the generated sheet of fonts, or nothing where it was not made."""
    return FONT_SHEET if _generated()[0] else ""


def style_sheet_links() -> SafeString:
    """Return the link elements of the design system. The dark theme is a sheet of its own with a media query."""
    has_fonts, has_bundle = _generated()
    names = [BUNDLE] if has_bundle else sources()
    if has_fonts:
        names.insert(0, FONT_SHEET)
    links = format_html_join("\n", '<link rel="stylesheet" href="{}">', ((static(name),) for name in names))
    dark = format_html_join(
        "",
        '\n<link rel="stylesheet" href="{}" media="screen and (prefers-color-scheme: dark)" data-theme-sheet>',
        [(static("cms/css/theme-dark.css"),)],
    )
    return mark_safe(links + dark)
