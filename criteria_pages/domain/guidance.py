"""Versions of guidance: frozen when they are published, and what differs between two."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from wagtail.admin.compare import diff_text
from wagtail.models import Revision

from bs4 import BeautifulSoup

from cms import audit, clock
from cms.models import User
from criteria_pages.domain.editions import live_content
from criteria_pages.models import GuidanceEdition, GuidancePage

#: Fields whose values are compared as a whole, and rich text that is compared word by word.
TEXTS = ("body", "body_en")
# The rich text editor numbers its paragraphs anew whenever somebody saves.
_BLOCK_KEY = re.compile(r' data-block-key="[^"]*"')
_END_OF_LINE = re.compile(r"</(?:p|h[1-6]|li|blockquote)>|<br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """A piece of a compared text. `kind`: equal, addition or deletion."""

    kind: str
    text: str


@dataclass(frozen=True)
class GuidanceChange:
    """A field that differs: both values, and for a long text its pieces."""

    what: str
    before: str = ""
    after: str = ""
    parts: tuple[Part, ...] = ()


def content_of(page: GuidancePage) -> dict[str, Any]:
    """Return everything that the page says, as JSON data."""
    replaced = page.replaces
    return {
        **{name: getattr(page, name) for name in ("title", "title_en", "summary", "summary_en", "document_number")},
        **{name: getattr(page, name) for name in ("issuer", "addressees")},
        **{name: _BLOCK_KEY.sub("", getattr(page, name)) for name in TEXTS},
        "issued_on": page.issued_on.isoformat() if page.issued_on else "",
        "effective_on": page.effective_on.isoformat() if page.effective_on else "",
        "criteria_set": page.criteria_set.title if page.criteria_set else "",
        "criteria_codes": list(page.codes),
        "replaces": (replaced.document_number or replaced.title) if replaced else "",
        "legal_basis": sorted(document.number for document in page.legal_basis.all()),
        "attachments": [[str(item), item.document.filename, item.document.get_file_hash()] for item in _files(page)],
    }


@transaction.atomic
def freeze_guidance(*, page: GuidancePage, revision: Revision, user: User | None) -> GuidanceEdition:
    """Freeze what was published; the same content as the newest version gives that version again."""
    GuidancePage.objects.select_for_update().get(pk=page.pk)
    content = content_of(page)
    digest = hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    newest = GuidanceEdition.objects.filter(page=page).order_by("-number").first()
    if newest is not None and newest.sha256 == digest:
        return newest
    edition = GuidanceEdition.objects.create(
        page=page,
        number=newest.number + 1 if newest else 1,
        title=page.title,
        content=content,
        sha256=digest,
        revision=revision,
        previous=newest,
        published_by=user,
        published_at=clock.now(),
    )
    audit.record("criteria.freeze_guidance", page, user=user, after={"edition": edition.number, "sha256": digest})
    return edition


def reconcile_guidance() -> list[GuidanceEdition]:
    """Freeze live guidance that has no version yet (from before there were any); return the versions made."""
    made = []
    for page in GuidancePage.objects.live().filter(editions=None):
        revision = page.live_revision or live_content(page)
        made.append(freeze_guidance(page=page, revision=revision, user=revision.user))
    return made


def compare_guidance(old: GuidanceEdition, new: GuidanceEdition) -> list[GuidanceChange]:
    """Return the fields in which two versions differ, in the order of the page."""
    return list(_changes(old.content, new.content))


def _changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[GuidanceChange]:
    for name, label in _labels():
        before, after = old.get(name, ""), new.get(name, "")
        if before == after:
            continue
        if name not in TEXTS:
            yield GuidanceChange(label, _shown(before), _shown(after))
            continue
        texts = _plain(before), _plain(after)
        if texts[0] == texts[1]:
            yield GuidanceChange(label, after=_("Only links or the layout of the text differ."))
        else:
            yield GuidanceChange(label, parts=tuple(Part(kind, text) for kind, text in diff_text(*texts).changes))


def _labels() -> list[tuple[str, str]]:
    return [
        ("title", _("Title")),
        ("title_en", _("Title in English")),
        ("summary", _("Summary")),
        ("summary_en", _("Summary in English")),
        ("document_number", _("Number")),
        ("issuer", _("Issuer")),
        ("issued_on", _("Issued")),
        ("effective_on", _("In effect from")),
        ("addressees", _("Addressees")),
        ("body", _("Text")),
        ("body_en", _("Text in English")),
        ("criteria_set", _("Criteria set")),
        ("criteria_codes", _("Criteria it explains")),
        ("replaces", _("Replaces")),
        ("legal_basis", _("Legal basis")),
        ("attachments", _("Attachments")),
    ]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(item if isinstance(item, str) else item[0] for item in value)
    return str(value)


def _plain(html: str) -> str:
    lines = _END_OF_LINE.sub(lambda end: f"{end[0]}\n", html)
    return BeautifulSoup(lines, "html.parser").get_text().strip()


def _files(page: GuidancePage) -> list[Any]:
    return list(page.attachments.select_related("document")) if page.pk else []
