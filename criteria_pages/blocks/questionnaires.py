"""Blocks of a questionnaire: one question, its options."""

from django.utils.translation import gettext_lazy as _

from wagtail import blocks

__all__ = ["OptionBlock", "QuestionBlock", "QuestionStreamBlock"]


class OptionBlock(blocks.StructBlock):
    """One answer that may be chosen."""

    value = blocks.CharBlock(label=_("Mark"), max_length=32, help_text=_("Short, for instance A, B, C."))
    label = blocks.CharBlock(label=_("Answer"), max_length=500)
    label_en = blocks.CharBlock(label=_("Answer in English"), max_length=500, required=False)
    weight = blocks.DecimalBlock(
        label=_("Weight in per cent"),
        required=False,
        min_value=0,
        max_value=100,
        help_text=_("A 100, B 60, C 20, D 0 for instance. Leave empty for “cannot say”: it is not counted."),
    )

    class Meta:
        icon = "radio-full"
        label = _("Option")


class QuestionBlock(blocks.StructBlock):
    """One question of the questionnaire."""

    code = blocks.CharBlock(label=_("Code"), max_length=32, help_text=_("Unique in the questionnaire, never reused."))
    text = blocks.TextBlock(label=_("Question"))
    text_en = blocks.TextBlock(label=_("Question in English"), required=False)
    kind = blocks.ChoiceBlock(
        label=_("Kind"),
        choices=[("single", _("one of several options")), ("scale", _("scale")), ("open", _("free text"))],
        default="single",
    )
    criterion_code = blocks.CharBlock(
        label=_("Scores the criterion"),
        max_length=32,
        required=False,
        help_text=_("Code of a criterion scored by the survey. Empty: only reported."),
    )
    required = blocks.BooleanBlock(label=_("Must be answered"), required=False, default=True)
    scale_from = blocks.IntegerBlock(label=_("Scale from"), default=1, required=False)
    scale_to = blocks.IntegerBlock(label=_("Scale to"), default=5, required=False)
    options = blocks.ListBlock(OptionBlock(), label=_("Options"), default=[], collapsed=True)

    class Meta:
        icon = "help"
        label = _("Question")
        label_format = "{code} {text}"
        description = _("A question for the respondents of this group.")
        preview_value = {"code": "q1", "text": "Công chức giải quyết công việc đúng hạn?", "kind": "single"}


class QuestionStreamBlock(blocks.StreamBlock):
    """The questions in order."""

    question = QuestionBlock()
