"""Fields of the admin."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail.admin.widgets import AdminDateInput


class DayInput(AdminDateInput):
    """A day with Wagtail's calendar, typed and shown as day/month/year; says so while it is empty."""

    def __init__(self, attrs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__({"placeholder": _("dd/mm/yyyy"), **(attrs or {})}, **kwargs)
