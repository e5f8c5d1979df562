"""What all registers of wagtail-modeladmin share: a list is narrowed by its declared filters and by nothing else.

wagtail-modeladmin hands whatever else stands in the address to the database, along any relation: whoever may look at a
list could then guess, letter by letter, what no list shows (Django's own admin has `lookup_allowed` against this).
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.filters import ListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from wagtail_modeladmin.helpers import AdminURLHelper
from wagtail_modeladmin.options import ModelAdmin
from wagtail_modeladmin.views import IndexView


class RegisterIndexView(IndexView):
    """The list of a register."""

    accepted: frozenset[str] | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lead a filter whose value cannot be read back to the whole list, with a sentence."""
        try:
            answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        except IncorrectLookupParameters:
            messages.error(request, _("The filter in the address could not be read. The whole list is shown."))
            return redirect(self.index_url)
        return answer

    def get_filters_params(self, params: QueryDict | None = None) -> dict[str, list[str]]:
        """Return the parameters that a declared filter asks for."""
        given: dict[str, list[str]] = super().get_filters_params(params)
        return {name: values for name, values in given.items() if name in (self.accepted or ())}

    def get_filters(self, request: HttpRequest) -> tuple[list[ListFilter], bool, dict[str, Any], bool]:
        """Return the declared filters; no parameter is left over for the query."""
        if self.accepted is None:
            self.accepted = frozenset()
            declared = super().get_filters(request)[0]
            self.accepted = frozenset(name for one in declared for name in one.expected_parameters())
        filters, shown, _left_over, distinct = super().get_filters(request)
        return filters, shown, {}, distinct


class RegisterURLHelper(AdminURLHelper):
    """Addresses of rows: a key is a number, anything else does not exist."""

    def get_action_url_pattern(self, action: str) -> str:
        """Return the pattern of an action's address."""
        pattern: str = super().get_action_url_pattern(action)
        return pattern.replace(r"[-\w]+", "[0-9]{1,18}")


class PlainRegister(ModelAdmin):
    """The base of every register."""

    index_view_class = RegisterIndexView
    url_helper_class = RegisterURLHelper
