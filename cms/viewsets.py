"""Units, memberships and accounts in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.admin.widgets.button import Button
from wagtail.users.forms import UserCreationForm, UserEditForm
from wagtail.users.views import users

from cms import audit
from cms.enums import Role
from cms.models import Membership, Unit
from cms.policies import require_object

ROLE_NAMES = dict(Role.choices)


class GuardedEditView(generic.EditView):
    """Editing asks for the permission on the object."""

    def get_object(self, queryset: Any = None) -> Any:
        """Return the object or refuse."""
        return require_object(self, super().get_object(queryset))


class GuardedDeleteView(generic.DeleteView):
    """Deleting asks for the permission on the object."""

    def get_object(self, queryset: Any = None) -> Any:
        """Return the object or refuse."""
        return require_object(self, super().get_object(queryset))


class UnitForm(WagtailAdminModelForm):
    """A unit's identity (code, start) is set once; its end is set by a merger, split or renaming."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ("code", "valid_from"):
                self.fields[name].disabled = True
        self.fields["parent"].widget.attrs.setdefault("autocomplete", "off")

    def clean_parent(self) -> Unit | None:
        """Refuse a circle of superior units."""
        parent: Unit | None = self.cleaned_data.get("parent")
        above, seen = parent, set()
        while above is not None and above.pk not in seen:
            if above.pk == self.instance.pk:
                raise forms.ValidationError(_("A unit cannot be its own superior."))
            seen.add(above.pk)
            above = above.parent
        return parent


class UnitIndexView(generic.IndexView):
    """The list finds names without accents."""

    def search_queryset(self, queryset: QuerySet[Unit]) -> QuerySet[Unit]:
        """Search folded."""
        return queryset.matching(self.search_query) if self.search_query else queryset  # type: ignore[attr-defined]

    def get_base_queryset(self) -> QuerySet[Unit]:
        """Fetch what the columns show at once."""
        return super().get_base_queryset().select_related("tier", "parent")  # type: ignore[no-any-return]


class UnitEditView(GuardedEditView):
    """Editing leads to what happens to a unit over time."""

    @property
    def header_more_buttons(self) -> list[Button]:
        """Add the changes of a unit over time."""
        buttons = list(super().header_more_buttons)
        if self.object.valid_to is None:
            for position, (name, label, icon) in enumerate(
                (
                    ("cms_unit_rename", _("Rename"), "edit"),
                    ("cms_unit_merge", _("Merge"), "collapse-down"),
                    ("cms_unit_split", _("Split"), "expand-right"),
                )
            ):
                url = reverse(name, args=[self.object.pk])
                buttons.append(Button(label, url=url, icon_name=icon, priority=60 + position))
        return buttons


class UnitViewSet(ModelViewSet):
    """Units with validity and succession."""

    model = Unit
    url_prefix = "units"
    icon = "site"
    menu_label = _("Units")
    menu_order = 100
    list_display = ["name", "code", "tier", "parent", "valid_from", "valid_to"]
    list_filter = ["tier", "groups", "attributes", "illustrative"]
    list_export = ["code", "name", "name_en", "tier", "parent", "valid_from", "valid_to", "order"]
    list_per_page = 50
    search_fields = ["name_folded", "code"]
    search_backend_name = None
    ordering = ["tier__order", "order", "name"]
    inspect_view_enabled = True
    copy_view_enabled = False
    inspect_view_fields = [
        *("code", "name", "name_en", "short_name", "tier", "parent", "groups", "attributes"),
        *("valid_from", "valid_to", "order", "illustrative"),
    ]
    index_view_class = UnitIndexView
    edit_view_class = UnitEditView
    delete_view_class = GuardedDeleteView
    panels = [
        FieldPanel("name"),
        FieldRowPanel([FieldPanel("short_name"), FieldPanel("name_en")]),
        FieldRowPanel([FieldPanel("code"), FieldPanel("valid_from")]),
        FieldRowPanel([FieldPanel("tier"), FieldPanel("order")]),
        FieldPanel("parent"),
        MultiFieldPanel(
            [
                FieldPanel("groups", widget=forms.CheckboxSelectMultiple),
                FieldPanel("attributes", widget=forms.CheckboxSelectMultiple),
            ],
            heading=_("Groups and attributes"),
        ),
        FieldPanel("illustrative"),
    ]

    def get_edit_handler(self) -> Any:
        """Use the form that guards identity."""
        handler = super().get_edit_handler()
        handler.base_form_class = UnitForm
        return handler


class MembershipCreateView(generic.CreateView):
    """A new membership; nobody gives roles to the own account."""

    def form_valid(self, form: Any) -> Any:
        """Ask for the permission on what would be made."""
        require_object(self, form.instance)
        return super().form_valid(form)

    def save_instance(self) -> Any:
        """Note it."""
        instance = super().save_instance()
        _note(instance, self.request.user, before=None)
        return instance


class MembershipEditView(GuardedEditView):
    """Change of a membership."""

    def form_valid(self, form: Any) -> Any:
        """Ask again: the form may have named another person."""
        require_object(self, form.instance)
        return super().form_valid(form)

    def save_instance(self) -> Any:
        """Note what was and what is."""
        before = _as_data(Membership.objects.get(pk=self.object.pk))
        instance = super().save_instance()
        _note(instance, self.request.user, before=before)
        return instance


class MembershipIndexView(generic.IndexView):
    """The list fetches people and units at once."""

    def get_base_queryset(self) -> QuerySet[Membership]:
        """Fetch what the columns show."""
        return super().get_base_queryset().select_related("user", "unit")  # type: ignore[no-any-return]


class MembershipViewSet(ModelViewSet):
    """Who does what for which unit."""

    model = Membership
    url_prefix = "memberships"
    icon = "group"
    menu_label = _("Memberships")
    menu_order = 110
    list_display = ["user", "role", "unit", "valid_from", "valid_to"]
    list_filter = ["role", "unit__tier"]
    list_export = ["user", "role", "unit", "valid_from", "valid_to"]
    search_fields = ["user__username", "user__last_name", "user__first_name", "unit__name_folded", "unit__code"]
    search_backend_name = None
    copy_view_enabled = False
    index_view_class = MembershipIndexView
    add_view_class = MembershipCreateView
    edit_view_class = MembershipEditView
    delete_view_class = GuardedDeleteView
    panels = [
        FieldPanel("user"),
        FieldPanel("unit"),
        FieldPanel("role"),
        FieldRowPanel([FieldPanel("valid_from"), FieldPanel("valid_to")]),
    ]


class OrganisationGroup(ModelViewSetGroup):
    """Units and memberships together in the menu."""

    menu_label = _("Organisation")
    menu_icon = "site"
    menu_order = 150
    items = (UnitViewSet("units"), MembershipViewSet("memberships"))


class UserEditView(users.EditView):
    """A superuser's account is a superuser's business."""

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Find the account, then ask."""
        super().setup(request, *args, **kwargs)
        require_object(self, self.object)


class UserDeleteView(users.DeleteView):
    """Accounts are closed, not deleted: their acts stay in the ledger and the log."""

    def get_object(self, queryset: Any = None) -> Any:
        """Return the account or refuse."""
        return require_object(self, super().get_object(queryset))


class _RolesShown(forms.ModelForm):
    """Groups are shown, by the names of the roles, not chosen: they follow the roles at units."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["groups"]
        field.label_from_instance = lambda group: ROLE_NAMES.get(group.name, group.name)  # type: ignore[attr-defined]
        field.disabled = True
        field.help_text = _("Follow from the roles at units: Organisation › Roles at units. Nothing is ticked here.")


class AccountCreationForm(_RolesShown, UserCreationForm):
    """A new account; its roles are given afterwards."""


class AccountEditForm(_RolesShown, UserEditForm):
    """An account."""


class UserViewSet(users.UserViewSet):
    """Accounts."""

    def get_form_class(self, for_update: bool = False) -> type[forms.ModelForm]:
        """Return the form that shows roles without changing them."""
        return AccountEditForm if for_update else AccountCreationForm

    edit_view_class = UserEditView
    delete_view_class = UserDeleteView


def _as_data(membership: Membership) -> dict[str, Any]:
    return {
        "user": membership.user_id,
        "unit": membership.unit_id,
        "role": membership.role,
        "valid_from": membership.valid_from,
        "valid_to": membership.valid_to,
    }


def _note(membership: Membership, user: Any, *, before: dict[str, Any] | None) -> None:
    audit.record("cms.membership_change", membership, user=user, before=before, after=_as_data(membership))
