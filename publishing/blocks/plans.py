"""Blocks of a yearly plan: sections of its text and its tasks."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from wagtail import blocks

from cms.models import Unit
from cms.models.pages import RICH_TEXT_FEATURES
from submissions.enums import Phase

__all__ = ["PlanSectionsBlock", "PlanTasksBlock", "TaskBlock", "UnitReferenceBlock"]


class UnitChooserBlock(blocks.ChooserBlock):
    """Choose a unit of the register."""

    @cached_property
    def target_model(self) -> type[Unit]:
        return Unit

    @cached_property
    def widget(self) -> Any:
        from publishing.viewsets import unit_chooser  # noqa: PLC0415 -- viewsets need the app registry

        return unit_chooser.widget_class()

    class Meta:
        icon = "site"


class UnitReferenceBlock(blocks.StructBlock):
    """A unit of the register, or a body by its name only where the register does not hold it."""

    unit = UnitChooserBlock(required=False, label=_("unit"))
    name = blocks.CharBlock(
        required=False,
        max_length=500,
        label=_("name as written"),
        help_text=_("Leave empty to use the unit's name; needed where the body is not in the register."),
    )

    class Meta:
        icon = "site"
        label = _("Unit")

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        """Ask for one of the two."""
        value = super().clean(value)
        if not value.get("unit") and not value.get("name"):
            raise blocks.StructBlockValidationError(
                block_errors={"name": ValidationError(_("Choose a unit or write a name."))}
            )
        return value


class TaskBlock(blocks.StructBlock):
    """One task of a plan as the document has it."""

    number = blocks.CharBlock(max_length=16, label=_("number"))
    task = blocks.TextBlock(rows=2, label=_("task"))
    task_en = blocks.TextBlock(rows=2, required=False, label=_("task in English"))
    time_text = blocks.CharBlock(
        required=False, max_length=255, label=_("time as written"), help_text=_("For example: before 20/12/2023.")
    )
    starts_on = blocks.DateBlock(required=False, label=_("starts on"))
    ends_on = blocks.DateBlock(required=False, label=_("ends on"))
    phase = blocks.ChoiceBlock(
        choices=Phase.choices,
        required=False,
        label=_("phase of the round"),
        help_text=_("The end of this task can set the deadline of this phase."),
    )
    is_publication = blocks.BooleanBlock(required=False, label=_("the task publishes the result"))
    leads = blocks.ListBlock(UnitReferenceBlock(), default=[], label=_("lead units"))
    supports = blocks.ListBlock(UnitReferenceBlock(), default=[], label=_("supporting units"))

    class Meta:
        icon = "tasks"
        label = _("Task")


class PlanTasksBlock(blocks.StreamBlock):
    """The tasks of a plan, numbers unique."""

    task = TaskBlock()

    class Meta:
        required = False

    def clean(self, value: blocks.StreamValue) -> blocks.StreamValue:
        """Refuse a number used twice, since progress and calendar are kept by number."""
        value = super().clean(value)
        seen: set[str] = set()
        errors = {}
        for position, child in enumerate(value):
            number = child.value["number"].strip()
            if number in seen:
                errors[position] = ValidationError(
                    _("Task number %(number)s is used twice.") % {"number": number}, code="duplicate"
                )
            seen.add(number)
        if errors:
            raise blocks.StreamBlockValidationError(block_errors=errors)
        return value


class SectionBlock(blocks.StructBlock):
    """A section of the plan's text."""

    heading = blocks.CharBlock(max_length=255, label=_("heading"))
    heading_en = blocks.CharBlock(max_length=255, required=False, label=_("heading in English"))
    text = blocks.RichTextBlock(features=RICH_TEXT_FEATURES, label=_("text"))
    text_en = blocks.RichTextBlock(features=RICH_TEXT_FEATURES, required=False, label=_("text in English"))

    class Meta:
        icon = "doc-full"
        label = _("Section")


class PlanSectionsBlock(blocks.StreamBlock):
    """The sections of a plan's text."""

    section = SectionBlock()

    class Meta:
        required = False
