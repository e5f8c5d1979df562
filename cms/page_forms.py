"""The form of all pages in the admin."""

from __future__ import annotations

from typing import Any

from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.models import Page

from cms.text import slug


class PageForm(WagtailAdminPageForm):
    """A page whose address was left empty gets one from its title, right for Vietnamese ("Đổi mới": "doi-moi")."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean_slug(self) -> str:
        """Propose the first free address below the parent."""
        typed = str(self.cleaned_data.get("slug") or "")
        if typed:
            return typed
        wanted = slug(str(self.cleaned_data.get("title") or self.data.get("title", "")))[:240] or "trang"
        found, number = wanted, 1
        while not Page._slug_is_available(found, self.parent_page, self.instance):
            number += 1
            found = f"{wanted}-{number}"
        return found
