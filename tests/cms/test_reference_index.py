"""Wagtail's reference index knows pages and what they use, and no row of record."""

from __future__ import annotations

from django.apps import apps

from wagtail.models import ReferenceIndex

import pytest

pytestmark = pytest.mark.unit


def test_only_what_editors_write_is_indexed():
    ours = [
        model
        for app in ("cms", "criteria_pages", "submissions", "publishing")
        for model in apps.get_app_config(app).get_models()
    ]
    assert sorted(model.__name__ for model in ours if ReferenceIndex.model_is_indexable(model)) == [
        "CriteriaSetPage",
        "FourEyesTask",
        "GuidancePage",
        "HomePage",
        "LegalDocument",
        "PlanTask",
        "PlanTaskProgress",
        "PlanTaskUnit",
        "QuestionnairePage",
        "RankingPage",
        "SectionPage",
        "TextPage",
        "Unit",
        "UnitSuccession",
        "YearlyPlanPage",
    ]
