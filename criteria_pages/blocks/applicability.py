"""To which units a node applies."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail import blocks

from criteria_pages.blocks.fields import CodesBlock


class ApplicabilityBlock(blocks.StreamBlock):
    """Conditions on the unit. None: the node applies to every unit; several: all must hold."""

    tiers = CodesBlock(
        suggestions="criteria-tiers", label=_("Only these tiers"), item_label=_("Code of the tier"), icon="site"
    )
    groups = CodesBlock(
        suggestions="criteria-groups", label=_("Only these groups"), item_label=_("Code of the group"), icon="group"
    )
    units = CodesBlock(
        suggestions="criteria-units", label=_("Only these units"), item_label=_("Code of the unit"), icon="home"
    )
    attributes = CodesBlock(
        suggestions="criteria-attributes",
        label=_("Only units that have"),
        item_label=_("Code of the attribute"),
        icon="check",
    )
    without_attributes = CodesBlock(
        suggestions="criteria-attributes",
        label=_("Only units that do not have"),
        item_label=_("Code of the attribute"),
        icon="cross",
    )

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("block_counts", {name: {"max_num": 1} for name in self.base_blocks})
        super().__init__(local_blocks, **kwargs)

    class Meta:
        label = _("Applies to")
        help_text = _("Empty: to every unit. Several conditions must all hold.")
        icon = "group"
