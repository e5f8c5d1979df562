"""The round of a deadline day, made and looked at by processes of their own (`-m tests.benchmarks.deadline_world`).

`setup UNITS FILE` writes who can write where (a session for each contributor, made without the password's slow hash);
`lock SECONDS` sets the lock so long from now and prints when; `check FILE` compares what was acknowledged with what is
stored and prints the findings.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

LEAVES = 104


def command(*arguments: str, environment: dict[str, str]) -> str:
    """Run this module in a process with the environment; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.deadline_world", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


def setup(units: int) -> dict[str, Any]:
    """Make an open round with a contributor in each unit; return their sessions and forms."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.core.management import call_command

    from cms.enums import Role
    from cms.models import Membership, User
    from submissions.enums import RoundState, SubmissionState
    from submissions.models import Participant, PhaseDeadline, Submission
    from tests.benchmarks.round_data import big_round

    call_command("prepare", verbosity=0)
    round_, _person, definition = big_round(units=units, leaves=LEAVES, code="han-chot")
    round_.state = RoundState.OPEN
    round_.save()
    now = dt.datetime.now(dt.UTC)
    PhaseDeadline.objects.create(
        round=round_,
        phase="self_assessment",
        opens_at=now - dt.timedelta(days=1),
        closes_at=now + dt.timedelta(days=1),
    )
    Submission.objects.update(state=SubmissionState.DRAFT)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    people = []
    for participant in Participant.objects.filter(round=round_).select_related("submission", "unit").order_by("pk"):
        user = User.objects.create(username=f"bench-{participant.pk}", password="!")
        for role in (Role.CONTRIBUTOR, Role.LEADER):
            Membership.objects.create(user=user, unit=participant.unit, role=role)
        session = store()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        people.append({"session": session.session_key, "submission": participant.submission.pk})
    return {"people": people, "codes": [leaf.code for leaf in definition.leaves]}


def lock(seconds: float) -> str:
    """Let the self-assessment lock so many seconds from now; return the moment."""
    from submissions.models import PhaseDeadline

    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    PhaseDeadline.objects.filter(phase="self_assessment").update(closes_at=moment)
    return moment.isoformat()


def check(log: dict[str, Any]) -> dict[str, int]:
    """Return how many acknowledged writes are lost and how many were taken after the lock."""
    from submissions.models import Answer, EvidenceUse

    stored = {
        f"{answer.submission_id}|{answer.code}": (answer.explanation, answer.version) for answer in Answer.objects.all()
    }
    lost = 0
    for key, leaf in log["answers"].items():
        text, version = stored.get(key, ("", 0))
        # The newest acknowledged text, or one that was sent after it and whose acknowledgement did not arrive.
        if version < leaf["version"] or text not in {leaf["text"], *leaf["unsure"]}:
            lost += 1
    used = set(EvidenceUse.objects.values_list("evidence__file__sha256", flat=True))
    lost += sum(digest not in used for digest in log["uploads"])
    lock_at = dt.datetime.fromisoformat(log["lock"])
    late = Answer.objects.filter(updated_at__gt=lock_at + dt.timedelta(seconds=1)).count()
    return {"lost": lost, "accepted_after_lock": late + log["accepted_after_lock"], "stored": len(stored)}


def main(arguments: list[str]) -> None:
    """Set Django up and do what was asked."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")
    django.setup()
    act = arguments[0]
    if act == "setup":
        Path(arguments[2]).write_text(json.dumps(setup(int(arguments[1]))), encoding="utf-8")
    elif act == "lock":
        sys.stdout.write(lock(float(arguments[1])))
    elif act == "check":
        found = check(json.loads(Path(arguments[1]).read_text(encoding="utf-8")))
        sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
