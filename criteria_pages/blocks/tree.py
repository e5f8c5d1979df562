"""Domain > criterion > sub-criterion. A criterion is scored itself or through its sub-criteria."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail import blocks

from criteria_pages.blocks.applicability import ApplicabilityBlock
from criteria_pages.blocks.fields import CodeChooserBlock, CodesBlock, LineBlock, LongTextBlock, NumberBlock, YesBlock
from criteria_pages.blocks.lazy import LazyStructBlock
from criteria_pages.blocks.lineage import LineageBlock
from criteria_pages.blocks.rules import RuleChoiceBlock
from criteria_pages.choosers import LEGAL_DOCUMENT, UNIT, known_labels, legal_document_chooser, unit_chooser
from criteria_pages.enums import Scorer

CODE_HELP = _("Never changes once published: answers and results of all years hang on it.")


def _head() -> list[tuple[str, blocks.Block]]:
    return [
        ("code", LineBlock(label=_("Code"), max_length=32, attrs={"data-criteria-code": ""})),
        ("name", LineBlock(label=_("Name"), max_length=1000)),
        ("maximum", NumberBlock(label=_("Maximum points"))),
    ]


def _tail() -> list[tuple[str, blocks.Block]]:
    return [
        ("note", LongTextBlock(label=_("Note"), rows=1)),
        ("name_en", LineBlock(label=_("Name in English"), max_length=1000)),
        ("applicability", ApplicabilityBlock()),
        ("lineage", LineageBlock()),
    ]


class MoreFields(blocks.BlockGroup):
    """Fields that most nodes leave as they are, folded away; `js/node_fields.js` says which of them are filled.

    Wagtail makes an identifier of the heading while the models load, when nothing is translated yet.
    """

    def __init__(self, *names: str) -> None:
        super().__init__(list(names), heading="more", classname="criteria-more collapsed", icon="cogs", label_format="")
        self.heading = _("More fields")


LEAF_FORM = [
    "code",
    "name",
    "maximum",
    "rule",
    "evidence",
    "evidence_required",
    MoreFields("applicability", "agency", "legal_basis", "note", "scorer", "name_en", "lineage"),
]


def _leaf() -> list[tuple[str, blocks.Block]]:
    return [
        ("rule", RuleChoiceBlock()),
        (
            "scorer",
            blocks.ChoiceBlock(
                label=_("Source of points"),
                help_text=_("The rules “Sociological survey” and “Entered centrally” set it by themselves."),
                choices=Scorer.choices,
                default=Scorer.SELF,
                required=False,
            ),
        ),
        ("agency", CodeChooserBlock(unit_chooser, label=_("Appraising agency"))),
        ("evidence", LongTextBlock(label=_("Evidence asked for"))),
        ("evidence_required", YesBlock(label=_("Evidence or an explanation is a must"), default=True)),
        (
            "legal_basis",
            CodesBlock(CodeChooserBlock(legal_document_chooser, label=_("Document")), label=_("Legal basis")),
        ),
    ]


class SubCriterionBlock(LazyStructBlock):
    """A scored sub-criterion (tiêu chí thành phần)."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__(local_blocks or [*_head(), *_leaf(), *_tail()], **kwargs)

    class Meta:
        label = _("Sub-criterion")
        form_layout = LEAF_FORM
        icon = "list-ul"
        label_format = "{code} {name}"
        form_classname = "struct-block criteria-node criteria-leaf"


class CriterionBlock(LazyStructBlock):
    """A criterion that is scored through its sub-criteria."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        children = blocks.ListBlock(
            SubCriterionBlock(), label=_("Sub-criteria"), default=[], collapsed=True, form_classname="criteria-children"
        )
        super().__init__(local_blocks or [*_head(), ("children", children), *_tail()], **kwargs)

    class Meta:
        label = _("Criterion with sub-criteria")
        form_layout = [
            "code",
            "name",
            "maximum",
            MoreFields("applicability", "note", "name_en", "lineage"),
            "children",
        ]
        icon = "list-ol"
        label_format = "{code} {name}"
        form_classname = "struct-block criteria-node criteria-criterion"
        description = _("Its points are the sum of its sub-criteria.")
        preview_template = "criteria_pages/blocks/node_preview.html"
        preview_value = {}


class ScoredCriterionBlock(LazyStructBlock):
    """A criterion that is scored itself."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__(local_blocks or [*_head(), *_leaf(), *_tail()], **kwargs)

    class Meta:
        label = _("Criterion scored itself")
        form_layout = LEAF_FORM
        icon = "check"
        label_format = "{code} {name}"
        form_classname = "struct-block criteria-node criteria-leaf"
        description = _("Has a scoring rule of its own and no sub-criteria.")
        preview_template = "criteria_pages/blocks/node_preview.html"
        preview_value = {}


class CriteriaBlock(blocks.StreamBlock):
    """The criteria of a domain."""

    criterion = CriterionBlock()
    scored_criterion = ScoredCriterionBlock()

    class Meta:
        label = _("Criteria")
        required = False
        collapsed = True


class DomainBlock(LazyStructBlock):
    """A domain (lĩnh vực)."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        own = [
            *_head(),
            (
                "agency",
                CodeChooserBlock(
                    unit_chooser,
                    label=_("Appraising agency"),
                    help_text=_("Appraises the whole domain, except where a criterion names another."),
                ),
            ),
            *_tail(),
            ("criteria", CriteriaBlock()),
        ]
        super().__init__(local_blocks or own, **kwargs)

    class Meta:
        label = _("Domain")
        form_layout = [
            "code",
            "name",
            "maximum",
            "agency",
            MoreFields("applicability", "note", "name_en", "lineage"),
            "criteria",
        ]
        icon = "folder-open-inverse"
        label_format = "{code} {name}"
        form_classname = "struct-block criteria-node criteria-domain"
        description = _("A part of the set with its own maximum, for instance “Civil service reform”.")
        preview_template = "criteria_pages/blocks/node_preview.html"
        preview_value = {}


class CriteriaBody(blocks.StreamBlock):
    """The whole set."""

    domain = DomainBlock()

    def get_form_state(self, value: Any) -> Any:
        """Read what the chosen units and documents are called in one go."""
        with known_labels(_chosen(self.get_prep_value(value))):
            return super().get_form_state(value)

    class Meta:
        required = False
        collapsed = True


def _chosen(raw: Any) -> Iterator[tuple[str, str]]:
    """Yield (model, code) of every unit and document that is chosen somewhere in raw blocks."""
    if isinstance(raw, list):
        for item in raw:
            yield from _chosen(item)
    elif isinstance(raw, dict):
        if raw.get("type") == "units":
            yield from ((UNIT, item["value"]) for item in raw["value"])
        for name, value in raw.items():
            if name == "agency" and value:
                yield UNIT, value
            elif name == "legal_basis":
                yield from ((LEGAL_DOCUMENT, item["value"]) for item in value or [])
            else:
                yield from _chosen(value)
