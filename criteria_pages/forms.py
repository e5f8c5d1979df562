"""The editor's form of a criteria set: drafts stay free, publishing lists every problem before anything is saved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cms.page_forms import PageForm
from criteria_pages.domain.publishing_gate import publish_problems
from criteria_pages.domain.questionnaires import definition_of_body
from criteria_pages.questionnaire import check_questionnaire

SHOWN = 15


class CriteriaSetPageForm(PageForm):
    """Runs the publish checks where Wagtail validates in full (publish, schedule, send to the workflow)."""

    def clean(self) -> dict[str, Any]:
        """Add one error per problem unless a draft is saved."""
        cleaned = super().clean()
        if self.is_deferred_validation or "body" not in cleaned:
            return cleaned
        for name in ("comparison_status", "comparison_reason"):  # the gate reads them from the page
            if name in cleaned:
                setattr(self.instance, name, cleaned[name])
        problems = publish_problems(
            page=self.instance,
            body=cleaned["body"].get_prep_value(),
            title=cleaned.get("title", ""),
            title_en=cleaned.get("title_en", ""),
            total=cleaned.get("declared_total") or Decimal(0),
            bonus_cap=cleaned.get("bonus_cap") or Decimal(0),
            penalty_cap=cleaned.get("penalty_cap") or Decimal(0),
            dropped_codes=cleaned.get("dropped_codes", ""),
        )
        for problem in problems[:SHOWN]:
            self.add_error(None, str(problem))
        if len(problems) > SHOWN:
            self.add_error(
                None,
                _("… and %(count)s more problems; the list beside the tree has all of them.")
                % {"count": len(problems) - SHOWN},
            )
        return cleaned


class QuestionnairePageForm(PageForm):
    """The same for a questionnaire."""

    def clean(self) -> dict[str, Any]:
        """Add one error per problem unless a draft is saved."""
        cleaned = super().clean()
        if not self.is_deferred_validation and "body" in cleaned:
            for problem in check_questionnaire(definition_of_body(cleaned.get("title", ""), cleaned["body"])):
                self.add_error(None, problem)
        return cleaned
