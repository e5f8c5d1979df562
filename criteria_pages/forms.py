"""The editor's form of a criteria set: drafts stay free, publishing lists every problem before anything is saved."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail.blocks import StreamBlockValidationError, StructBlockValidationError

from cms.exceptions import PortalError
from cms.numbers import exact, parse_decimal
from cms.page_forms import PageForm
from criteria_pages.document_list import LegalDocumentsInput
from criteria_pages.domain.noted_items import NotedItem, noted_items
from criteria_pages.domain.problems import Problem
from criteria_pages.domain.publishing_gate import publish_problems
from criteria_pages.domain.questionnaires import definition_of_body
from criteria_pages.questionnaire import questionnaire_problems

POINTS = ("declared_total", "bonus_cap", "penalty_cap")


class PointsField(forms.DecimalField):
    """Points, shown and typed as everywhere in the portal: "68,5", no thousand separators, no trailing zeros."""

    def to_python(self, value: Any) -> Decimal | None:
        """Read what was typed, or say why it cannot be read."""
        if value in self.empty_values or isinstance(value, Decimal):
            return None if value in self.empty_values else value
        try:
            return parse_decimal(str(value))
        except PortalError as error:
            raise forms.ValidationError(error.message) from error

    def prepare_value(self, value: Any) -> Any:
        """Return what is shown; what was typed comes back as it was."""
        return exact(value) if isinstance(value, Decimal) else value


class CriteriaSetPageForm(PageForm):
    """Runs the publish checks where Wagtail validates in full (publish, schedule, send to the workflow).

    `problems` are what they found; the tools above the tree list them, each as a link to its place.
    """

    problems: Sequence[Problem] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in POINTS:
            given = self.fields[name]
            self.fields[name] = PointsField(
                label=given.label,
                help_text=given.help_text,
                required=given.required,
                max_digits=given.max_digits,
                decimal_places=given.decimal_places,
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )

    def noted_items(self) -> list[NotedItem]:
        """Return what an import guessed or left open and nobody has confirmed yet."""
        return noted_items(self.instance)

    def clean(self) -> dict[str, Any]:
        """Refuse with one sentence unless a draft is saved."""
        cleaned = super().clean()
        if self.is_deferred_validation or "body" not in cleaned:
            return cleaned
        for name in ("comparison_status", "comparison_reason"):  # the gate reads them from the page
            if name in cleaned:
                setattr(self.instance, name, cleaned[name])
        self.problems = publish_problems(
            page=self.instance,
            body=cleaned["body"].get_prep_value(),
            title=cleaned.get("title", ""),
            title_en=cleaned.get("title_en", ""),
            total=cleaned.get("declared_total") or Decimal(0),
            bonus_cap=cleaned.get("bonus_cap") or Decimal(0),
            penalty_cap=cleaned.get("penalty_cap") or Decimal(0),
            dropped_codes=cleaned.get("dropped_codes", ""),
        )
        if self.problems:
            self.add_error(
                None,
                ngettext(
                    "The set has %(count)s problem. It is listed above the tree, with a link to its place.",
                    "The set has %(count)s problems. They are listed above the tree, each with a link to its place.",
                    len(self.problems),
                )
                % {"count": len(self.problems)},
            )
        return cleaned


class GuidancePageForm(PageForm):
    """Guidance that is published names criteria that exist; what it rests on is chosen as in the tree."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "legal_basis" in self.fields:
            given = self.fields["legal_basis"]
            self.fields["legal_basis"] = forms.ModelMultipleChoiceField(
                queryset=given.queryset,
                to_field_name="number",
                label=given.label,
                required=False,
                widget=LegalDocumentsInput(),
            )

    def clean(self) -> dict[str, Any]:
        """Refuse codes that the set does not have unless a draft is saved."""
        cleaned = super().clean()
        if self.is_deferred_validation or "criteria_codes" not in cleaned:
            return cleaned
        page = self.instance
        page.criteria_set, page.criteria_codes = cleaned.get("criteria_set"), cleaned["criteria_codes"] or ""
        unknown = page.unknown_codes()
        if unknown and page.criteria_set is None:
            self.add_error("criteria_set", _("Choose the criteria set that the codes below belong to."))
        elif unknown:
            sentence = _("“%(set)s” has no %(codes)s. Write the codes of its tree, for instance 1, 1.1 or 1.1.1.")
            names = {"set": page.criteria_set.title, "codes": ", ".join(unknown)}
            self.add_error("criteria_codes", sentence % names)
        return cleaned


class QuestionnairePageForm(PageForm):
    """The same for a questionnaire; each problem stands at its question."""

    def clean(self) -> dict[str, Any]:
        """Add what is wrong at each question unless a draft is saved."""
        cleaned = super().clean()
        if self.is_deferred_validation or "body" not in cleaned:
            return cleaned
        problems = questionnaire_problems(definition_of_body(cleaned.get("title", ""), cleaned["body"]))
        at_questions: dict[int, list[str]] = {}
        for problem in problems:
            if problem.index is None:
                self.add_error(None, problem.message)
            else:
                at_questions.setdefault(problem.index, []).append(problem.message)
        if at_questions:
            errors = {
                index: StructBlockValidationError(non_block_errors=found) for index, found in at_questions.items()
            }
            self.add_error("body", StreamBlockValidationError(block_errors=errors))
        return cleaned
