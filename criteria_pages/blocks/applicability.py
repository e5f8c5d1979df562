"""To which units a node applies."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail import blocks

from criteria_pages.blocks.fields import CodeChooserBlock, CodesBlock, LineBlock
from criteria_pages.choosers import unit_chooser


def said(words: Any) -> dict[str, Any]:
    """Say what a condition means where it is chosen and where it is filled in."""
    return {"description": words, "help_text": words}


class ApplicabilityBlock(blocks.StreamBlock):
    """Conditions on the unit. None: the node applies to every unit; several: all must hold."""

    tiers = CodesBlock(
        LineBlock(suggestions="criteria-tiers", label=_("Code of the tier")),
        label=_("Only these tiers"),
        icon="site",
        **said(_("Units of the named levels of administration, for instance all communes. Codes are suggested.")),
    )
    groups = CodesBlock(
        LineBlock(suggestions="criteria-groups", label=_("Code of the group")),
        label=_("Only these groups"),
        icon="group",
        **said(_("Units that an administrator has put into a named group, for instance mountainous communes.")),
    )
    units = CodesBlock(
        CodeChooserBlock(unit_chooser, label=_("Unit")),
        label=_("Only these units"),
        icon="home",
        **said(_("Single units, each chosen by its name.")),
    )
    attributes = CodesBlock(
        LineBlock(suggestions="criteria-attributes", label=_("Code of the attribute")),
        label=_("Only units that have"),
        icon="check",
        **said(_("Units with a trait, for instance “settles administrative procedures”; with several, all of them.")),
    )
    without_attributes = CodesBlock(
        LineBlock(suggestions="criteria-attributes", label=_("Code of the attribute")),
        label=_("Only units that do not have"),
        icon="cross",
        **said(_("Units without a trait; with several, without any of them.")),
    )

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("block_counts", {name: {"max_num": 1} for name in self.base_blocks})
        super().__init__(local_blocks, **kwargs)

    class Meta:
        label = _("Applies to")
        help_text = _("Empty: to every unit. Several conditions must all hold.")
        icon = "group"
