"""Plain registers in the admin by wagtail-modeladmin: small vocabularies, and read-only tables that other code writes.

Row rules live in the permission helpers, because a listing's queryset does not guard the other views. No list exports
here: modeladmin writes a zero as a dash.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wagtail_modeladmin.helpers import PermissionHelper
from wagtail_modeladmin.options import ModelAdminGroup

from cms.models import JobRun, StoredFile, UnitAttribute, UnitGroup, UnitSuccession, UnitTier
from cms.registers import PlainRegister


class ReadOnly(PermissionHelper):
    """Looked at, never written here."""

    def user_can_list(self, user: Any) -> bool:
        """Whoever may view."""
        return bool(user.has_perm(f"{self.opts.app_label}.{self.get_perm_codename('view')}"))

    def user_can_inspect_obj(self, user: Any, obj: Any) -> bool:
        """Whoever may view."""
        return self.inspect_view_enabled and self.user_can_list(user)

    def user_can_create(self, user: Any) -> bool:
        """Nobody."""
        return False

    def user_can_edit_obj(self, user: Any, obj: Any) -> bool:
        """Nobody."""
        return False

    def user_can_delete_obj(self, user: Any, obj: Any) -> bool:
        """Nobody."""
        return False


class Vocabulary(PlainRegister):
    """A small vocabulary: code, names."""

    list_display = ("code", "name", "name_en")
    search_fields = ("code", "name", "name_en")
    menu_icon = "list-ul"


class UnitTierAdmin(Vocabulary):
    """Tiers are data, never code."""

    model = UnitTier
    list_display = ("code", "name", "name_en", "order")
    ordering = ("order",)


class UnitGroupAdmin(Vocabulary):
    """Groups and regions."""

    model = UnitGroup
    list_display = ("code", "name", "name_en", "region")
    list_filter = ("is_region",)

    def region(self, group: UnitGroup) -> str:
        """In words: modeladmin's own mark is a picture of django.contrib.admin, which is not installed."""
        return gettext("Yes") if group.is_region else gettext("No")

    region.short_description = _("is a region")  # type: ignore[attr-defined]


class UnitAttributeAdmin(Vocabulary):
    """Yes/no properties of units."""

    model = UnitAttribute


class UnitSuccessionAdmin(PlainRegister):
    """What became of units; written by mergers, splits and renamings."""

    model = UnitSuccession
    menu_icon = "history"
    list_display = ("date", "kind", "predecessor", "successor", "decision")
    list_filter = ("kind",)
    list_select_related = ("predecessor", "successor")
    search_fields = ("predecessor__name_folded", "successor__name_folded", "decision")
    inspect_view_enabled = True
    permission_helper_class = ReadOnly


class StoredFileAdmin(PlainRegister):
    """Private files: what there is, not what is in it."""

    model = StoredFile
    menu_icon = "doc-full"
    list_display = ("original_name", "kind", "content_type", "size", "owner_unit", "uploaded_by", "created_at")
    list_filter = ("kind",)
    list_select_related = ("owner_unit", "uploaded_by")
    search_fields = ("original_name", "sha256")
    inspect_view_enabled = True
    inspect_view_fields = ("original_name", "kind", "content_type", "size", "sha256", "owner_unit", "created_at")
    permission_helper_class = ReadOnly


class JobRunAdmin(PlainRegister):
    """Background jobs of everybody."""

    model = JobRun
    menu_icon = "tasks"
    list_display = ("shown", "status", "attempts", "started_by", "created_at", "finished_at")
    list_filter = ("status", "task")
    list_select_related = ("created_by",)
    search_fields = ("title", "task", "key")
    inspect_view_enabled = True
    inspect_view_fields = (
        *("task", "title", "key", "status", "attempts", "done", "total", "message", "error"),
        *("created_by", "created_at", "started_at", "finished_at"),
    )
    permission_helper_class = ReadOnly

    def shown(self, job: JobRun) -> SafeString:
        """Link the job's own page."""
        return format_html('<a href="{}">{}</a>', reverse("cms:job", args=[job.pk]), job)

    shown.short_description = _("title")  # type: ignore[attr-defined]

    def started_by(self, job: JobRun) -> str:
        """The person who asked for the job; nobody for the jobs of the clock."""
        return str(job.created_by or "—")

    started_by.short_description = _("started by")  # type: ignore[attr-defined]


class Registers(ModelAdminGroup):
    """The plain registers in one menu."""

    menu_label = _("Registers")
    menu_icon = "folder-open-inverse"
    menu_order = 160
    items = (UnitTierAdmin, UnitGroupAdmin, UnitAttributeAdmin, UnitSuccessionAdmin, StoredFileAdmin, JobRunAdmin)
