"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from cms import immutable


class SubmissionsConfig(AppConfig):
    name = "submissions"
    label = "submissions"
    verbose_name = _("Submissions")

    def ready(self) -> None:
        from submissions import (  # noqa: PLC0415 -- signals, menu and jobs are connected once the registry is ready
            receivers,  # noqa: F401
            survey_navigation,  # noqa: F401
            survey_tasks,  # noqa: F401
        )
        from submissions.models import (  # noqa: PLC0415 -- models are ready only here
            Adjustment,
            Appeal,
            CouncilDecision,
            CouncilMinutes,
            RoundSeal,
            ScoreEntry,
        )

        for model in (ScoreEntry, Adjustment, Appeal, RoundSeal, CouncilDecision, CouncilMinutes):
            immutable.protect(model)
