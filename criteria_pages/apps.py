"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CriteriaPagesConfig(AppConfig):
    name = "criteria_pages"
    label = "criteria_pages"
    verbose_name = _("Criteria")

    def ready(self) -> None:
        from cms import immutable, roles  # noqa: PLC0415 -- models are there once the registry is ready
        from cms.domain.search import register_search  # noqa: PLC0415 -- as above
        from cms.enums import Role  # noqa: PLC0415 -- as above
        from cms.front_page import register_section_list  # noqa: PLC0415 -- as above
        from criteria_pages import navigation, receivers  # noqa: F401, PLC0415 -- signals are connected once the registry is ready
        from criteria_pages.forms import CriteriaSetPageForm, GuidancePageForm, QuestionnairePageForm  # noqa: PLC0415 -- as above
        from criteria_pages.models import (  # noqa: PLC0415 -- as above
            CriteriaEdition,
            CriteriaSetPage,
            GuidanceEdition,
            GuidancePage,
            QuestionnaireEdition,
            QuestionnairePage,
        )
        from criteria_pages.revision_comparison import register  # noqa: PLC0415 -- as above
        from criteria_pages.search import find_documents  # noqa: PLC0415 -- as above
        from criteria_pages.views import guidance, public  # noqa: F401, PLC0415 -- views register themselves for the pages
        from criteria_pages.views.library import guidance_library  # noqa: PLC0415 -- as above

        CriteriaSetPage.base_form_class = CriteriaSetPageForm
        GuidancePage.base_form_class = GuidancePageForm
        QuestionnairePage.base_form_class = QuestionnairePageForm
        register()
        register_section_list(guidance_library)
        register_search(find_documents)
        # Whoever writes criteria keeps the register of what they rest on; a document is never deleted, it expires.
        verbs = ("view", "add", "change")
        roles.grant([Role.EDITOR, Role.SECRETARIAT], *(f"criteria_pages.{verb}_legaldocument" for verb in verbs))
        roles.grant([Role.AUDITOR], "criteria_pages.view_legaldocument")
        immutable.protect(CriteriaEdition)
        immutable.protect(QuestionnaireEdition)
        immutable.protect(GuidanceEdition)
