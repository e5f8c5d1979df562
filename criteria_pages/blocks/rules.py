"""The block of each kind of rule, made from the rule's declared parameters, and the choice among them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from wagtail import blocks
from wagtail.admin.telepath import register
from wagtail.blocks.struct_block import StructBlockAdapter

from criteria_pages.blocks.fields import DayBlock, LineBlock, LongTextBlock, NumberBlock, YesBlock
from criteria_pages.rules import RULES, Rule
from criteria_pages.rules.parameters import Parameter

ICONS = {
    "yes_no": "check",
    "levels": "list-ol",
    "ratio": "order",
    "count": "plus",
    "deduction": "minus",
    "deadline": "date",
    "formula": "code",
    "manual": "edit",
    "survey": "group",
    "central": "download",
}
#: What one row of a list is.
ROW_LABELS = {
    "levels": _("Level"),
    "bands": _("Band"),
    "variables": _("Variable"),
    "alternatives": _("Formula"),
}
LONG = 200


class RowBlock(blocks.StructBlock):
    """A row of a rule's list. Folded, it is called by what it says ("Đạt đầy đủ · 2 điểm").

    `label_format` is Wagtail's, with parts in square brackets that are left out where their field is empty.
    """


class RowBlockAdapter(StructBlockAdapter):
    """Sends the block to `RowBlockDefinition` in the browser."""

    js_constructor = "criteria_pages.blocks.RowBlock"

    @cached_property
    def media(self) -> forms.Media:
        """Add our script to Wagtail's."""
        return super().media + forms.Media(js=["criteria_pages/js/row_block.js"])


register(RowBlockAdapter(), RowBlock)


def parameter_block(parameter: Parameter) -> blocks.Block:
    """Return the block in which an editor gives a parameter."""
    words: dict[str, Any] = {"label": parameter.label, "help_text": parameter.help}
    match parameter.kind:
        case "list":
            return blocks.ListBlock(
                RowBlock(
                    [(item.name, parameter_block(item)) for item in parameter.items],
                    label=ROW_LABELS.get(parameter.name, parameter.label),
                    label_format=parameter.row,
                    form_classname="struct-block criteria-row",
                ),
                default=[],
                **words,
            )
        case "boolean":
            return YesBlock(**words)
        case "decimal" | "integer":
            return NumberBlock(**words)
        case "date":
            return DayBlock(**words)
        case "choice":
            default = parameter.default or parameter.choices[0][0]
            return blocks.ChoiceBlock(choices=list(parameter.choices), required=False, default=default, **words)
        case _:
            return LongTextBlock(**words) if parameter.max_length > LONG else LineBlock(**words)


def rule_block(rule: type[Rule]) -> blocks.StructBlock:
    """Return the block of one kind of rule."""
    return blocks.StructBlock(
        [(parameter.name, parameter_block(parameter)) for parameter in rule.parameters],
        label=rule.label,
        icon=ICONS.get(rule.kind, "cog"),
        description=rule.description,
        help_text=rule.description,
        form_classname="struct-block criteria-rule",
        preview_template="criteria_pages/blocks/rule_preview.html",
        preview_value={},
    )


class RuleChoiceBlock(blocks.StreamBlock):
    """Exactly one rule; which kinds there are is said by `criteria_pages.rules`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__([(rule.kind, rule_block(rule)) for rule in RULES], **kwargs)

    class Meta:
        label = _("Scoring rule")
        max_num = 1
        icon = "cog"
