"""The guides of the roles, `docs/guides/*.md`, as pages of the portal.

Headings have anchors, links and pictures are put right. markdown-it-py renders with HTML switched off, so a guide can
hold no script (ADR 0068).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from markdown_it import MarkdownIt
from markdown_it.token import Token

from cms.enums import Role

# In the order in which they are listed; the last is for everybody.
ROLES: dict[str, str] = {
    "editor": Role.EDITOR,
    "secretariat": Role.SECRETARIAT,
    "contributor": Role.CONTRIBUTOR,
    "leader": Role.LEADER,
    "appraiser": Role.APPRAISER,
    "council": Role.COUNCIL_MEMBER,
    "approver": Role.APPROVER,
    "survey-officer": Role.SURVEY_OFFICER,
    "auditor": Role.AUDITOR,
    "administrator": Role.ADMINISTRATOR,
    "citizen": "",
}
PICTURE = re.compile(r"[a-z0-9-]+\.png", re.ASCII)
# Accounts of the demonstration: whoever reads a guide here is signed in already.
_DEMONSTRATION = re.compile(r"^Tài khoản trình diễn: .*$", re.M)


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide as it is shown; `headings` are (anchor, text) of its sections."""

    slug: str
    title: str
    html: SafeString
    headings: tuple[tuple[str, str], ...]


def guide(slug: str) -> Guide:
    """Return a guide, rendered once per change of its file. Raises `KeyError` for an unknown one."""
    if slug not in ROLES:
        raise KeyError(slug)
    path = _folder() / "guides" / f"{slug}.md"
    return _rendered(slug, path, path.stat().st_mtime_ns)


def slug_of(role: str) -> str:
    """Return the slug of the role's guide."""
    return next(slug for slug, whose in ROLES.items() if whose == role)


def picture_path(name: str) -> Path | None:
    """Return where a picture of the guides lies; None where there is none of that name."""
    path = _folder() / "images" / name
    return path if PICTURE.fullmatch(name) and path.is_file() else None


def _folder() -> Path:
    return Path(settings.BASE_DIR) / "docs"


@lru_cache(maxsize=2 * len(ROLES))
def _rendered(slug: str, path: Path, changed: int) -> Guide:
    text = _DEMONSTRATION.sub("", path.read_text(encoding="utf-8"))
    markdown = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
    tokens = markdown.parse(text)
    title, headings = "", []
    for token, inside in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and inside is not None:
            words = _plain(inside)
            if token.tag == "h1":
                title = words
            else:
                anchor = _anchor(words)
                token.attrSet("id", anchor)
                if token.tag == "h2":
                    headings.append((anchor, words))
    body = _without_title(tokens)
    for token in body:
        _put_right(token)
    html = markdown.renderer.render(body, markdown.options, {})
    html = html.replace("<table>", '<div class="table-wrap" tabindex="0"><table>').replace("</table>", "</table></div>")
    return Guide(slug, title, mark_safe(html), tuple(headings))


def _without_title(tokens: Sequence[Token]) -> list[Token]:
    start = next((i for i, token in enumerate(tokens) if token.type == "heading_close" and token.tag == "h1"), -1)
    return list(tokens[start + 1 :])


def _plain(token: Token) -> str:
    return "".join(part.content for part in token.children or [] if part.type in {"text", "code_inline"})


def _anchor(words: str) -> str:
    """Return the anchor that GitHub gives the heading, so that links hold in both places."""
    return re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")


def _put_right(token: Token) -> None:
    """Let links lead to guides and pictures come from the portal; what else the documents link to is plain text."""
    kept: list[Token] = []
    dropped = 0
    for part in token.children or []:
        if part.type == "image":
            name = Path(str(part.attrGet("src"))).name
            part.attrSet("src", reverse("cms:guide_picture", args=[name]) if PICTURE.fullmatch(name) else "")
            part.attrSet("loading", "lazy")
        if part.type == "link_open":
            target = _target(str(part.attrGet("href")))
            if not target:
                dropped += 1
                continue
            part.attrSet("href", target)
        if part.type == "link_close" and dropped:
            dropped -= 1
            continue
        kept.append(part)
    if token.children is not None:
        token.children = kept


def _target(link: str) -> str:
    """Return where a link of a guide leads inside the portal; "" where it leads to what is not shown here."""
    if link.startswith(("https://", "#")):
        return link
    match = re.fullmatch(r"(?:\./)?([a-z-]+)\.md(#.*)?", link)
    if match is None or match[1] not in ROLES:
        return ""
    return reverse("cms:guide", args=[match[1]]) + (match[2] or "")
