"""A frozen questionnaire as a form, in the language of the reader."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language

from criteria_pages.questionnaire import OPEN, OPEN_TEXT_LIMIT, Question, QuestionnaireDefinition

PREFIX = "q-"


class QuestionnaireForm(forms.Form):
    """One field per question. Nothing is required here, so that drafts may have gaps."""

    def __init__(self, definition: QuestionnaireDefinition, *, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial={PREFIX + code: value for code, value in (initial or {}).items()})
        self.definition = definition
        self.fields.update({PREFIX + question.code: _field(question) for question in definition.questions})

    def answers(self) -> dict[str, str]:
        """Return what was chosen and typed, by question code; codes that nobody asked for are refused later on."""
        return {
            name.removeprefix(PREFIX): text
            for name in self.data
            if name.startswith(PREFIX) and (text := str(self.data.get(name, "")).strip())
        }

    def lines(self) -> list[dict[str, Any]]:
        """Return question, shown answer and hidden value of every question, for the review."""
        lines = []
        for question in self.definition.questions:
            name = PREFIX + question.code
            value = str((self.data or self.initial).get(name, "") or "").strip()
            labels = dict(getattr(self.fields[name], "choices", []))
            lines.append(
                {
                    "name": name,
                    "text": self.fields[name].label,
                    "value": value,
                    "shown": labels.get(value, value),
                    "missing": question.required and question.kind != OPEN and not value,
                }
            )
        return lines


def words_of(definition: QuestionnaireDefinition) -> dict[str, str]:
    """Return title and introduction in the reader's language."""
    english = get_language() == "en"
    return {
        "title": (english and definition.title_en) or definition.title,
        "introduction": (english and definition.introduction_en) or definition.introduction,
    }


def _field(question: Question) -> forms.Field:
    english = get_language() == "en"
    text = (english and question.text_en) or question.text
    if question.kind == OPEN:
        area = forms.Textarea(attrs={"rows": 4, "maxlength": OPEN_TEXT_LIMIT})
        return forms.CharField(label=text, required=False, widget=area)
    choices = [(value, (english and label_en) or label) for value, label, label_en in question.choices]
    field = forms.ChoiceField(label=text, required=False, choices=choices, widget=forms.RadioSelect)
    # Needed for sending, not for keeping: not marked as optional.
    field.needed_sometimes = question.required
    return field
