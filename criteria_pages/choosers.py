"""Choosing a unit or a legal document by its name; what is kept is its code, so that an edition names no row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django import forms
from django.apps import apps
from django.db.models import Case, Model, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.chooser import (
    ChooseResultsView,
    ChooseView,
    ChosenMultipleView,
    ChosenView,
    CreateView,
)
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.admin.widgets.chooser import BaseChooser

from cms import clock
from cms.enums import Role
from cms.numbers import parse_id
from cms.permissions import units_where
from cms.text import fold

UNIT, LEGAL_DOCUMENT = "cms.Unit", "criteria_pages.LegalDocument"
CODE_FIELDS = {UNIT: "code", LEGAL_DOCUMENT: "number"}
NAME_FIELDS = {UNIT: "name", LEGAL_DOCUMENT: "title"}
PER_PAGE = 12
#: Names the set whose units alone are offered.
SET_PARAMETER = "bo"
Labels = dict[tuple[str, str], str]
Narrow = Callable[[Any, int, QuerySet[Model]], QuerySet[Model]]
_narrowing: list[Narrow] = []
_labels: ContextVar[Labels | None] = ContextVar("criteria_chooser_labels", default=None)


def narrows_units(function: Narrow) -> Narrow:
    """Register the decorated function (user, number of a set, units) that leaves the units which the set reaches.

    Blocks and models need the choosers, and the function needs the models.
    """
    _narrowing.append(function)
    return function


def read_labels(codes: Iterable[tuple[str, str]]) -> Labels:
    """Return what each (model, code) is called, in one query per model; those that do not exist are left out."""
    wanted: dict[str, set[str]] = {}
    for model, code in codes:
        wanted.setdefault(model, set()).add(code)
    found: Labels = {}
    for model, values in wanted.items():
        field, name = CODE_FIELDS[model], NAME_FIELDS[model]
        rows = apps.get_model(model).objects.filter(**{f"{field}__in": values}).values_list(field, name)
        found |= {(model, code): _label(code, title) for code, title in rows}
    return found


@contextmanager
def known_labels(codes: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Inside, choosers show the names of these codes without asking the database for each."""
    token = _labels.set(read_labels(codes))
    try:
        yield
    finally:
        _labels.reset(token)


class CodeChooser(BaseChooser):
    """A chooser whose value is a code. A code that nothing has any more is shown and kept."""

    show_edit_link = False

    def get_value_data(self, value: Any) -> dict[str, str] | None:
        """Return what the browser shows for a code."""
        if not value:
            return None
        key = (self.model, str(value))
        labels = _labels.get()
        if labels is None:
            labels = read_labels([key])
        return {"id": key[1], "title": labels.get(key) or _("%(code)s (not found)") % {"code": key[1]}, "edit_url": ""}


class _ByCode:
    """Gives the code of what was chosen to the widget."""

    def get_chosen_response_data(self, item: Model) -> dict[str, str]:
        """Return what the browser shows and keeps."""
        model = item._meta.label
        code = str(getattr(item, CODE_FIELDS[model]))
        return {"id": code, "title": _label(code, str(getattr(item, NAME_FIELDS[model]))), "edit_url": ""}


class _Chosen(_ByCode, ChosenView):
    pass


class _ChosenMultiple(_ByCode, ChosenMultipleView):
    pass


class _Created(_ByCode, CreateView):
    pass


class UnitFilterForm(BaseFilterForm):
    """Search by name without accents, or by code."""

    q = forms.CharField(
        label=gettext_lazy("Name or code"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Name or code")}),
    )

    def filter(self, objects: Any) -> Any:
        """Narrow the units down to those that match; names that begin as typed, accents and all, come first, then
        those that hold it: "xã" means communes before the department of construction (Sở Xây dựng)."""
        text = (self.cleaned_data.get("q") or "").strip()
        if text:
            self.is_searching, self.search_query = True, text
            begun = Q(name__startswith=text) | Q(name__startswith=text[:1].upper() + text[1:])
            typed = Case(When(begun, then=Value(0)), When(name__contains=text, then=Value(1)), default=Value(2))
            objects = objects.matching(text).order_by(typed, *objects.query.order_by)
        return objects


class DocumentFilterForm(BaseFilterForm):
    """Search by words of number, title and issuer, without accents and in any order."""

    q = forms.CharField(
        label=gettext_lazy("Words of the title, number or issuer"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Words of the title, number or issuer")}),
    )

    def filter(self, objects: Any) -> Any:
        """Narrow the documents down to those that hold every word; those that hold the text as it was typed come first.

        The register is small: it is read as a whole.
        """
        text = self.cleaned_data.get("q")
        if text:
            self.is_searching, self.search_query = True, text
            words = fold(text).split()
            rows = [(pk, " ".join(said)) for pk, *said in objects.values_list("pk", "number", "title", "issuer")]
            found = [pk for pk, said in rows if all(word in fold(said) for word in words)]
            typed = [pk for pk, said in rows if text.casefold() in said.casefold()]
            first = Case(When(pk__in=typed, then=Value(0)), default=Value(1))
            objects = objects.filter(pk__in=found).order_by(first, "-issued_on", "number")
        return objects


class _UnitColumns:
    filter_form_class = UnitFilterForm
    request: Any

    def get_object_list(self) -> QuerySet[Model]:
        """Units that exist today, those of the editor and the ones below them first.

        Where a set is named, only those to which an item of its draft applies.
        """
        units: QuerySet[Model] = apps.get_model(UNIT).objects.valid_on(clock.today())
        units = units.select_related("tier", "parent")
        if self.is_narrowed:
            units = _narrowing[-1](self.request.user, self.number_of_set, units)
        own = units_where(self.request.user, Role.EDITOR, Role.SECRETARIAT).values("pk")
        near = Q(pk__in=own) | Q(parent__in=own) | Q(parent__parent__in=own)
        far = Case(When(near, then=Value(0)), default=Value(1))
        return units.order_by(far, "tier__order", "order", "name")

    @property
    def number_of_set(self) -> int:
        """The number of the set that is named; 0 where none is."""
        return parse_id(self.request.GET.get(SET_PARAMETER, "")) or 0

    @property
    def is_narrowed(self) -> bool:
        """Whether a set is named whose units alone are offered."""
        return bool(self.number_of_set and _narrowing)

    @property
    def columns(self) -> list[Column]:
        """Name, superior (communes of two districts share names), tier, code."""
        named, *others = super().columns  # type: ignore[misc]
        named.label = gettext_lazy("Unit with criteria of this set") if self.is_narrowed else gettext_lazy("Unit")
        return [
            named,
            *others,
            Column("parent", label=gettext_lazy("Superior unit"), accessor=lambda unit: unit.parent or ""),
            Column("tier", label=gettext_lazy("Tier")),
            Column("code", label=gettext_lazy("Code")),
        ]


class _ChooseUnit(_UnitColumns, ChooseView):
    pass


class _ChooseUnitResults(_UnitColumns, ChooseResultsView):
    pass


class _DocumentColumns:
    filter_form_class = DocumentFilterForm

    @property
    def columns(self) -> list[Column]:
        """Number with title, date, status."""
        named, *others = super().columns  # type: ignore[misc]
        named.label = gettext_lazy("Document")
        return [
            named,
            *others,
            Column("issued_on", label=gettext_lazy("Issued")),
            Column("get_status_display", label=gettext_lazy("Status")),
        ]


class _ChooseDocument(_DocumentColumns, ChooseView):
    pass


class _ChooseDocumentResults(_DocumentColumns, ChooseResultsView):
    pass


class CodeChooserViewSet(ChooserViewSet):
    """What both choosers share."""

    register_widget = False
    per_page = PER_PAGE
    base_widget_class = CodeChooser
    chosen_view_class = _Chosen
    chosen_multiple_view_class = _ChosenMultiple
    create_view_class = _Created


class UnitChooserViewSet(CodeChooserViewSet):
    """Units that exist today."""

    model = UNIT
    icon = "home"
    preserve_url_parameters = ["multiple", SET_PARAMETER]
    choose_one_text = gettext_lazy("Choose a unit")
    choose_another_text = gettext_lazy("Choose another unit")
    choose_view_class = _ChooseUnit
    choose_results_view_class = _ChooseUnitResults


class LegalDocumentChooserViewSet(CodeChooserViewSet):
    """Legal documents; one that is missing is entered on the spot."""

    model = LEGAL_DOCUMENT
    icon = "doc-full-inverse"
    choose_one_text = gettext_lazy("Choose a legal document")
    choose_another_text = gettext_lazy("Choose another legal document")
    choose_view_class = _ChooseDocument
    choose_results_view_class = _ChooseDocumentResults
    form_fields = ["number", "title", "issuer", "issued_on", "status"]
    creation_tab_label = gettext_lazy("Enter a new one")
    create_action_label = gettext_lazy("Enter and choose")


def units_of_set_input() -> BaseChooser:
    """Return a chooser of the units of the set whose number stands in the field `#criteria-live-set`."""
    return unit_chooser.widget_class(linked_fields={SET_PARAMETER: "#criteria-live-set"})


unit_chooser = UnitChooserViewSet("criteria_unit_chooser", url_prefix="criteria/choose-unit")
legal_document_chooser = LegalDocumentChooserViewSet("criteria_document_chooser", url_prefix="criteria/choose-document")


def _label(code: str, title: str) -> str:
    return f"{title} ({code})"
