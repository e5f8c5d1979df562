"""Small blocks shared by the families. All of them accept anything in a draft; the publish gate says what is wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from wagtail import blocks


class LineBlock(blocks.CharBlock):
    """A line of text. `suggestions`: id of a `<datalist>` on the editor's page that helps to fill it in."""

    def __init__(self, *, suggestions: str = "", attrs: dict[str, str] | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.field.widget.attrs.update(attrs or {})
        if suggestions:
            self.field.widget.attrs["list"] = suggestions


class NumberBlock(LineBlock):
    """A decimal as it was typed ("1,5", "1.5"): kept as text, read exactly by the parser, never as a float."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(attrs={"inputmode": "decimal", "data-criteria-number": ""}, **kwargs)


class LongTextBlock(blocks.TextBlock):
    """Some lines of text; grows while one types."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("rows", 2)
        super().__init__(**kwargs)


class CodesBlock(blocks.ListBlock):
    """A list of codes or numbers, each with suggestions."""

    def __init__(self, *, suggestions: str, item_label: Any = "", **kwargs: Any) -> None:
        kwargs.setdefault("default", [])
        super().__init__(LineBlock(suggestions=suggestions, label=item_label), **kwargs)


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
