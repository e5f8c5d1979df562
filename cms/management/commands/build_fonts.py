"""Make the web fonts and the bundled style sheet; runs at set-up and does nothing where they are current."""

from typing import Any

from django.core.management.base import BaseCommand

from cms import assets, fonts


class Command(BaseCommand):
    """Thin: the work is in cms.fonts and cms.assets."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--force", action="store_true", help="make the fonts again although they are current")

    def handle(self, *args: Any, force: bool = False, **options: Any) -> None:
        """Write what is missing or out of date and say what was done."""
        target = assets.build_dir()
        target.mkdir(parents=True, exist_ok=True)
        made = []
        if fonts.build_fonts(target, force=force):
            made.append("fonts")
        if assets.build_bundle(target):
            made.append("style sheet")
        if options["verbosity"]:
            self.stdout.write(f"build_fonts: {', '.join(made) or 'nothing to do'}")
