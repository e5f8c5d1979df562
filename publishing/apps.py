"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from cms import immutable
from cms.front_page import register_home_block, register_section_block

# What may change in a release after it was built: where it stands, never what it says.
LIFE_FIELDS = (
    "state",
    "publish_at",
    "decision_number",
    "decision_date",
    "approved_by",
    "approved_at",
    "return_reason",
    "withdrawn_by",
    "withdrawn_at",
    "withdrawal_reason",
)


class PublishingConfig(AppConfig):
    name = "publishing"
    label = "publishing"
    verbose_name = _("Publishing")

    def ready(self) -> None:
        from cms.domain.search import register_search  # noqa: PLC0415 -- needs the registry of models
        from cms.domain.spelling import register_vocabulary  # noqa: PLC0415 -- the same
        from publishing import front_page, navigation, receivers, resources, search  # noqa: F401, PLC0415 -- need the registry of models
        from publishing.domain.queries import has_public_result  # noqa: PLC0415 -- the same
        from publishing.models import (  # noqa: PLC0415 -- the same
            IndexRelease,
            PlanTaskProgress,
            ReleaseEntry,
            ReleaseScore,
        )
        from submissions.domain.earlier_results import register_publication  # noqa: PLC0415 -- the same

        register_publication(has_public_result)
        register_home_block(front_page.latest_results)
        register_home_block(front_page.plans)
        register_section_block(front_page.other_results)
        register_vocabulary(search.names)
        register_search(search.find_units)
        register_search(search.find_releases)
        immutable.protect(IndexRelease, mutable=LIFE_FIELDS)
        immutable.protect(ReleaseEntry)
        immutable.protect(ReleaseScore)
        immutable.protect(PlanTaskProgress)
