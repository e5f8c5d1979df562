"""Small blocks shared by the families. All of them accept anything in a draft; the publish gate says what is wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from wagtail import blocks

from cms.exceptions import PortalError
from cms.numbers import exact, parse_decimal
from criteria_pages.choosers import CodeChooserViewSet
from criteria_pages.definition import plain


class LineBlock(blocks.CharBlock):
    """A line of text. `suggestions`: id of a `<datalist>` on the editor's page that helps to fill it in."""

    def __init__(self, *, suggestions: str = "", attrs: dict[str, str] | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.field.widget.attrs.update(attrs or {})
        if suggestions:
            self.field.widget.attrs["list"] = suggestions


class NumberBlock(LineBlock):
    """A decimal: shown and typed as in the interface's language ("1,5"), kept as text ("1.5"), never as a float.

    What is no number is kept as it was typed; the publish gate says so.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(attrs={"inputmode": "decimal", "data-criteria-number": ""}, **kwargs)

    def value_from_form(self, value: Any) -> str:
        """Return the number as it is kept."""
        text = str(value or "").strip()
        try:
            return plain(parse_decimal(text)) if text else ""
        except PortalError:
            return text

    def get_form_state(self, value: Any) -> str:
        """Return the number as it is shown."""
        try:
            return exact(parse_decimal(str(value))) if value else ""
        except PortalError:
            return str(value)


class LongTextBlock(blocks.TextBlock):
    """Some lines of text; grows while one types."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("rows", 2)
        super().__init__(**kwargs)


class CodeChooserBlock(blocks.FieldBlock):
    """A unit or a legal document chosen by its name and kept by its code; may stay empty."""

    def __init__(self, chooser: CodeChooserViewSet, *, help_text: Any = "", **kwargs: Any) -> None:
        self.field = forms.CharField(required=False, help_text=help_text, max_length=100, widget=chooser.widget_class())
        super().__init__(icon=chooser.icon, **kwargs)

    def value_from_form(self, value: Any) -> str:
        """Nothing chosen is the empty text."""
        return str(value or "")

    def get_form_state(self, value: Any) -> Any:
        """Return code and name for the browser."""
        return self.field.widget.get_value_data(value)

    class Meta:
        default = ""


class CodesBlock(blocks.ListBlock):
    """A list of codes: chosen, or typed with suggestions."""

    def __init__(self, item: blocks.Block, **kwargs: Any) -> None:
        kwargs.setdefault("default", [])
        super().__init__(item, **kwargs)


class YesBlock(blocks.BooleanBlock):
    """A box that may stay empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)


class DayBlock(blocks.FieldBlock):
    """A date that may stay empty; the browser's own calendar, ISO text as value."""

    def __init__(self, *, label: Any = "", help_text: Any = "", **kwargs: Any) -> None:
        self.field_options = {"help_text": help_text}
        super().__init__(label=label, **kwargs)

    @cached_property
    def field(self) -> forms.CharField:
        return forms.CharField(
            required=False, widget=forms.TextInput(attrs={"type": "date"}), max_length=10, **self.field_options
        )

    class Meta:
        icon = "date"
        default = ""
        label = _("Date")
