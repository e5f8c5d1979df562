"""The table of variables is complete; the production log is JSON; private objects have no address."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "cms.settings.production",
    "PORTAL_SECRET_KEY": "test-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
    "DATABASE_URL": "postgres://portal@127.0.0.1/portal",
    "PORTAL_ALLOWED_HOSTS": "portal.example.vn",
    "PORTAL_S3_BUCKET": "kho",
}


def in_production(repository: Path, code: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run code under the settings of production."""
    environment = {**os.environ, **PRODUCTION, **changes}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )


def test_every_variable_of_the_settings_stands_in_the_table(repository: Path) -> None:
    text = (repository / "docs/operations.md").read_text(encoding="utf-8")
    table = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", text))
    for start, ends in re.findall(r"`(PORTAL_\w+?_)(?:BUCKET|MB)`((?:, `_\w+`)+)", text):
        table |= {start.removesuffix("_") + end for end in re.findall(r"`(_\w+)`", ends)}
    used = set()
    for path in (repository / "cms/settings").glob("*.py"):
        used |= set(re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', path.read_text(encoding="utf-8")))
    assert used - table == set()


def test_production_logs_json_lines(repository: Path) -> None:
    code = (
        "import django, logging; django.setup();"
        "logging.getLogger('portal.audit').info('x', extra={'event': 'submissions.send', 'user_id': 3})"
    )
    line = json.loads(in_production(repository, code).stderr.strip().splitlines()[-1])
    assert (line["event"], line["user_id"], line["level"], line["logger"]) == (
        "submissions.send",
        3,
        "INFO",
        "portal.audit",
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"PORTAL_SECRET_KEY": "kurz"}, "PORTAL_SECRET_KEY"), ({"DATABASE_URL": "sqlite:////tmp/x"}, "DATABASE_URL")],
)
def test_production_refuses_to_start_without_what_it_needs(
    repository: Path, changes: dict[str, str], words: str
) -> None:
    answer = in_production(repository, "import django; django.setup()", **changes)
    assert answer.returncode != 0
    assert words in answer.stderr


def test_private_objects_have_no_address(repository: Path) -> None:
    code = (
        "import django; django.setup();"
        "from django.core.files.storage import storages;"
        "storages['private'].url('evidence/x.pdf')"
    )
    assert "Private files have no address" in in_production(repository, code).stderr
