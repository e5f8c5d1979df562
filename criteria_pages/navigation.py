"""What criteria put at the end of public pages."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from cms.navigation import NavItem, register_public_links


@register_public_links
def links() -> Iterable[NavItem]:
    """Where the legal documents are found."""
    yield NavItem(_("Legal documents"), reverse("criteria:legal_documents"))
