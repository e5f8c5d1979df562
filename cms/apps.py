"""Application configuration."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CmsConfig(AppConfig):
    name = "cms"
    label = "cms"
    verbose_name = _("Foundation")

    def ready(self) -> None:
        # Signals and menu items are connected once the registry is ready.
        from cms import immutable, receivers, workspace_items  # noqa: F401, PLC0415

        immutable.connect()

        # Jobs, schedules and imports register themselves when these modules are read.
        autodiscover_modules("tasks", "resources")
