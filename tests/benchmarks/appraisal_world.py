"""The round of an appraisal desk under load, made and looked at by processes of their own.

`python -m tests.benchmarks.appraisal_world setup UNITS APPRAISERS FILE` writes who signs in and which leaves of which
units there are; `check FILE` holds what was acknowledged against the ledger and prints the findings.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def command(*arguments: str, environment: dict[str, str]) -> str:
    """Run this module in a process with the environment; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.appraisal_world", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


def setup(units: int, appraisers: int) -> dict[str, Any]:
    """Make a round in appraisal with sent forms and appraisers of one agency; return their sessions and the leaves."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.core.management import call_command

    from cms.enums import Role
    from cms.models import Membership, Unit, User
    from submissions.models import Participant, ScoreEntry
    from tests.benchmarks.round_data import big_round, fill_ledger

    call_command("prepare", verbosity=0)
    round_, person, definition = big_round(units=units, code="tham-dinh")
    fill_ledger(round_, person, definition, stages=1)
    agency = Unit.objects.get(code="tham-dinh")
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = []
    for number in range(appraisers):
        user = User.objects.create(username=f"bench-appraiser-{number}", password="!")
        Membership.objects.create(user=user, unit=agency, role=Role.APPRAISER)
        session = store()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        sessions.append({"session": session.session_key, "username": user.username})
    newest = ScoreEntry.objects.filter(participant__round=round_, code__in=[leaf.code for leaf in definition.leaves])
    return {
        "round": round_.code,
        "people": sessions,
        "participants": list(Participant.objects.filter(round=round_).order_by("pk").values_list("pk", flat=True)),
        "codes": [leaf.code for leaf in definition.leaves],
        "entries": {f"{p}|{c}": pk for p, c, pk in newest.values_list("participant_id", "code", "pk")},
    }


def check(log: dict[str, Any]) -> dict[str, int]:
    """Return how many acknowledged decisions are not in the ledger, and how many leaves were decided twice unseen.

    A decision is acknowledged with its reason, which no other has; one leaf holds as many as were acknowledged for it
    or whose acknowledgement did not arrive.
    """
    from submissions.models import ScoreEntry

    stored: dict[str, str] = {}
    per_leaf: dict[str, int] = {}
    for participant, code, reason, actor in ScoreEntry.objects.filter(stage="appraisal_1").values_list(
        "participant_id", "code", "reason", "actor__username"
    ):
        stored[reason] = f"{participant}|{code}|{actor}"
        per_leaf[f"{participant}|{code}"] = per_leaf.get(f"{participant}|{code}", 0) + 1
    lost = sum(stored.get(reason) != where for reason, where in log["acknowledged"].items())
    known = set(log["acknowledged"]) | set(log["unsure"])
    return {
        "lost": lost,
        "stored": len(stored),
        "unseen": sum(reason not in known for reason in stored),
        "twice": sum(number > 1 for number in per_leaf.values()),
    }


def main(arguments: list[str]) -> None:
    """Set up Django and do what was asked."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")
    import django

    django.setup()
    if arguments[0] == "setup":
        world = setup(int(arguments[1]), int(arguments[2]))
        Path(arguments[3]).write_text(json.dumps(world), encoding="utf-8")
    elif arguments[0] == "check":
        found = check(json.loads(Path(arguments[1]).read_text(encoding="utf-8")))
        sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
