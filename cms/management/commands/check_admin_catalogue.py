"""Measure how much of the admin an editor meets in Vietnamese."""

from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

PACKAGES = (
    "wagtail",
    "wagtail.admin",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.contrib.forms",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.sites",
    "wagtail.snippets",
    "wagtail.users",
    "wagtail.embeds",
    "wagtail_modeladmin",
    "django",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "import_export",
)
# Where a package keeps its catalogues, unless in `locale`.
FOLDERS = {"django": "conf/locale"}
DOMAINS = ("django", "djangojs")


def _key(message: Message) -> tuple[str | None, str]:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def _translated(path: Path) -> set[tuple[str | None, str]]:
    """Return the keys of the messages that a Vietnamese catalogue translates; empty where there is no catalogue."""
    if not path.exists():
        return set()
    with path.open("rb") as handle:
        catalogue = read_po(handle, locale="vi")
    return {
        _key(message)
        for message in catalogue
        if message.id
        and not message.fuzzy
        and (message.string if isinstance(message.string, str) else all(message.string))
    }


def coverage() -> dict[tuple[str, str], tuple[int, list[str]]]:
    """Return, per package and domain, the number of messages and those left in English."""
    ours = {
        domain: set().union(
            *(_translated(Path(folder) / "vi" / "LC_MESSAGES" / f"{domain}.po") for folder in settings.LOCALE_PATHS)
        )
        for domain in DOMAINS
    }
    result = {}
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise CommandError(f"{package} is not installed.")
        folder = Path(spec.submodule_search_locations[0]) / FOLDERS.get(package, "locale")
        for domain in DOMAINS:
            # Without a catalogue of English itself (import-export) any other one names the messages.
            english = next(iter(sorted(folder.glob(f"e[ns]/LC_MESSAGES/{domain}.po"))), None)
            if english is None:
                continue
            with english.open("rb") as handle:
                keys = [_key(message) for message in read_po(handle) if message.id]
            done = _translated(folder / "vi" / "LC_MESSAGES" / f"{domain}.po") | ours[domain]
            result[package, domain] = (len(keys), [key[1] for key in keys if key not in done])
    return result


class Command(BaseCommand):
    """Print the share of translated messages per package; fail under the minimum."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the minimum share."""
        parser.add_argument("--minimum", type=int, default=95, help="Percent that each package has to reach.")

    def handle(self, *args: Any, minimum: int, **options: Any) -> None:
        """Run the measurement."""
        short = []
        for (package, domain), (total, missing) in coverage().items():
            share = 100 * (total - len(missing)) / total
            self.stdout.write(f"{package:32} {domain:9} {total - len(missing):5}/{total:<5} {share:5.1f} %")
            if share < minimum:
                short.append(package)
        if short:
            raise CommandError(f"Under {minimum} % in Vietnamese: {', '.join(short)}.")
