"""Merging, splitting and renaming units in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.permissions import policy_registry

from cms.domain import units
from cms.exceptions import PortalError
from cms.forms import MergeForm, RenameForm, SplitForm
from cms.models import Unit


class UnitChangeView(WagtailAdminTemplateMixin, FormView):
    """A change of a unit from a date; the domain function does it, refusals come back to the form."""

    template_name = "cms/admin/unit_change.html"
    header_icon = "site"
    submit_label = gettext_lazy("Carry out")
    explanation = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Find the unit and ask for the permission on it."""
        self.unit = get_object_or_404(Unit.objects.select_related("tier", "parent"), pk=kwargs["pk"])
        if not policy_registry.get_by_type(Unit).user_has_permission_for_instance(request.user, "change", self.unit):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_page_subtitle(self) -> str:
        """Name the unit."""
        return self.unit.name

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form its unit."""
        return {**super().get_form_kwargs(), "unit": self.unit}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say what will happen."""
        context: dict[str, Any] = super().get_context_data(
            **kwargs, unit=self.unit, submit_button_label=self.submit_label, explanation=self.explanation
        )
        # The scripts and styles of the fields: without them the date has no picker.
        return {**context, "media": context["form"].media}

    def form_valid(self, form: Form) -> HttpResponse:
        """Do it, or say why not."""
        try:
            result = self.carry_out(form)
        except PortalError as refusal:
            form.add_error(None, str(refusal.message))
            return self.form_invalid(form)
        messages.success(self.request, _("%(unit)s: done.") % {"unit": self.unit.name})
        return redirect("units:edit", result.pk)

    def carry_out(self, form: Form) -> Unit:
        """Call the domain function; return the unit to show."""
        raise NotImplementedError


class RenameView(UnitChangeView):
    """Another name from a date."""

    form_class = RenameForm
    page_title = gettext_lazy("Rename")
    explanation = gettext_lazy(
        "The unit ends under its old name and goes on under the new one. Results of earlier years keep the old name."
    )

    def carry_out(self, form: Form) -> Unit:
        """Rename."""
        return units.rename_unit(unit=self.unit, user=self.request.user, **form.cleaned_data)


class MergeView(UnitChangeView):
    """This unit and others become one."""

    form_class = MergeForm
    page_title = gettext_lazy("Merge")
    explanation = gettext_lazy(
        "The merged units end. Sub-units and memberships move to the new unit; results of earlier years stay theirs."
    )

    def carry_out(self, form: MergeForm) -> Unit:  # type: ignore[override]
        """Merge."""
        data = form.cleaned_data
        return units.merge_units(
            units=[self.unit, *data["others"]],
            into=form.new_unit(),
            date=data["date"],
            decision=data["decision"],
            user=self.request.user,
        )


class SplitView(UnitChangeView):
    """This unit becomes several."""

    form_class = SplitForm
    page_title = gettext_lazy("Split")
    explanation = gettext_lazy("Memberships are not moved: name the people of the new units afterwards.")

    def carry_out(self, form: SplitForm) -> Unit:  # type: ignore[override]
        """Split."""
        data = form.cleaned_data
        parts = units.split_unit(
            unit=self.unit,
            into=data["parts"],
            date=data["date"],
            decision=data["decision"],
            user=self.request.user,
            goes_on=data["goes_on"],
        )
        return parts[0]
