"""From which node of the set before a node comes, and what an editor says of the comparison."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail import blocks

from criteria_pages.blocks.fields import LineBlock
from criteria_pages.enums import LineageStatus

OVERRIDES = [
    (status.value, status.label) for status in (LineageStatus.SAME, LineageStatus.CHANGED, LineageStatus.NOT_COMPARABLE)
]


class LineageBlock(blocks.StructBlock):
    """Travels with its node, so that a node that is moved or gets another code keeps its past."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        own = [
            ("predecessor", LineBlock(label=_("Code in the set before"), max_length=32, default="")),
            (
                "status",
                blocks.ChoiceBlock(
                    label=_("Comparison"),
                    choices=OVERRIDES,
                    default="",
                    required=False,
                    help_text=_("Empty: as the software computes it."),
                ),
            ),
            ("reason", LineBlock(label=_("Reason"), max_length=500, default="")),
        ]
        super().__init__(local_blocks or own, **kwargs)

    class Meta:
        label = _("Comparison with the set before")
        icon = "history"
        collapsed = True
        form_classname = "struct-block criteria-lineage"
