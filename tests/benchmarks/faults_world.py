"""The forms and imports that `bench_faults` breaks off, and what is found of them afterwards; processes of their own.

`setup FORMS FILE` makes a form for each act and kill, signed ones for sending, and jobs that import scores;
`check FILE` takes up what was broken off and holds the rows against what the clients were told.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ACTS = ("autosave", "upload", "send", "workbook")
LEAVES = 8
IMPORTED_UNITS = 4


def command(*arguments: str, environment: dict[str, str]) -> str:
    """Run this module in a process with the environment; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.faults_world", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


def setup(forms: int, folder: Path) -> dict[str, Any]:
    """Make the rounds; return for each act the forms with a session that may write them."""
    from django.core.management import call_command

    from cms.spreadsheets.imports import get_import, start_apply, start_check
    from submissions.enums import RoundState, SubmissionState
    from submissions.models import Participant, PhaseDeadline, Submission
    from tests.benchmarks.round_data import big_round, fill_ledger
    from tests.factories.filling import sign

    call_command("prepare", verbosity=0)
    round_, _person, definition = big_round(units=forms * len(ACTS), leaves=LEAVES, code="dut-gay")
    round_.state = RoundState.OPEN
    round_.save()
    now = dt.datetime.now(dt.UTC)
    PhaseDeadline.objects.create(
        round=round_, phase="self_assessment", opens_at=now - dt.timedelta(days=1), closes_at=now + dt.timedelta(days=1)
    )
    Submission.objects.update(state=SubmissionState.DRAFT)
    codes = [leaf.code for leaf in definition.leaves]
    world: dict[str, Any] = {"codes": codes, **{act: [] for act in ACTS}}
    participants = Participant.objects.filter(round=round_).select_related("submission", "unit", "round__edition")
    for number, participant in enumerate(participants.order_by("pk")):
        act = ACTS[number % len(ACTS)]
        user, session = _person_of(participant.unit)
        entry = {"session": session, "submission": participant.submission.pk}
        if act == "send":
            _fill(participant.submission, user, codes)
            sign(participant.submission, user)
        if act == "workbook":
            entry["file"] = str(folder / f"{number}.xlsx")
            _filled_workbook(participant.submission, Path(entry["file"]))
        world[act].append(entry)
    jobs = max(forms // 2, 1)
    second, person, definition = big_round(units=jobs * IMPORTED_UNITS, leaves=104, code="dut-gay-2")
    fill_ledger(second, person, definition, stages=1)
    units = list(second.participants.order_by("pk").values_list("unit__code", flat=True))
    world["jobs"] = []
    for number in range(jobs):
        chosen = units[number * IMPORTED_UNITS : (number + 1) * IMPORTED_UNITS]
        source = _scores(second.code, chosen, [leaf.code for leaf in definition.leaves])
        check = start_check(
            kind=get_import("appraised_scores"),
            content=source,
            name="diem.xlsx",
            context={"round": second.code},
            user=person,
            at_once=True,
        )
        check.refresh_from_db()
        job = start_apply(check=check, user=person)
        world["jobs"].append({"job": job.pk, "units": chosen, "rows": len(chosen) * 104})
    return world


def _person_of(unit: Any) -> tuple[Any, str]:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from cms.enums import Role
    from cms.models import Membership, User

    user = User.objects.create(username=f"faults-{unit.pk}", password="!")
    for role in (Role.CONTRIBUTOR, Role.LEADER):
        Membership.objects.create(user=user, unit=unit, role=role)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return user, session.session_key


def _fill(submission: Any, user: Any, codes: list[str]) -> None:
    from submissions.domain.answers import TypedAnswer, write_answers

    rows = {code: TypedAnswer(inputs={"points": "1"}, explanation="Đã làm.") for code in codes}
    write_answers(user=user, submission=submission, rows=rows)


def _filled_workbook(submission: Any, target: Path) -> None:
    import openpyxl

    from submissions.domain.workbook_export import write_workbook

    buffer = io.BytesIO()
    write_workbook(submission=submission, target=buffer)
    book = openpyxl.load_workbook(buffer)
    for sheet in book.worksheets[1:]:
        for row in sheet.iter_rows(min_row=2):
            if row[6].value:
                row[4].value, row[5].value = 1.5, "Từ bảng tính"
    book.save(target)


def _scores(round_code: str, units: list[str], codes: list[str]) -> io.BytesIO:
    from cms.spreadsheets import Sheet, write_xlsx

    target = io.BytesIO()
    rows = [[round_code, unit, code, "0,75", "Điểm theo biên bản"] for unit in units for code in codes]
    headers = ["round", "unit", "code", "points", "reason"]
    write_xlsx(target, sheets=[Sheet(name="Điểm", headers=headers, rows=rows, text_columns=frozenset({0, 1, 2}))])
    target.seek(0)
    return target


def work(number: int, world: dict[str, Any]) -> None:
    """Run one of the jobs."""
    from cms.jobs import run

    run(world["jobs"][number]["job"])


def check(log: dict[str, Any], world: dict[str, Any]) -> dict[str, int]:
    """Return what is lost, half sent, half imported, and left in the storage before and after the sweep."""
    from cms.domain.orphans import orphans, sweep
    from submissions.models import Answer, EvidenceUse, Receipt, ScoreEntry, Submission

    _take_up(world)
    stored = {f"{a.submission_id}|{a.code}": (a.version, a.explanation) for a in Answer.objects.all()}
    used = set(EvidenceUse.objects.values_list("evidence__file__sha256", flat=True))
    sent = set(Receipt.objects.values_list("submission_id", flat=True))
    lost = 0
    for write in log["acknowledged"]:
        if write["act"] == "autosave":
            version, text = stored.get(write["key"], (0, ""))
            lost += version < write["version"] or (version == write["version"] and text != write["text"])
        elif write["act"] == "upload":
            lost += write["sha256"] not in used
        elif write["act"] == "send":
            lost += write["submission"] not in sent
        else:
            lost += stored.get(f"{write['submission']}|{world['codes'][0]}", (0, ""))[1] != "Từ bảng tính"
    half_sent = half_imported = 0
    for entry in world["send"]:
        form = Submission.objects.get(pk=entry["submission"])
        rows = ScoreEntry.objects.filter(participant=form.participant_id).count()
        standing = (form.state, Receipt.objects.filter(submission=form).count(), rows)
        half_sent += standing not in {("signed", 0, 0), ("sent", 1, LEAVES)}
    for entry in world["workbook"]:
        taken = Answer.objects.filter(submission=entry["submission"], explanation="Từ bảng tính").count()
        half_imported += taken not in {0, LEAVES}
    for job in world["jobs"]:
        rows = ScoreEntry.objects.filter(participant__unit__code__in=job["units"], stage="appraisal_1").count()
        half_imported += rows != job["rows"]
    before = len(list(orphans(older_than=dt.timedelta(0))))
    sweep(older_than=dt.timedelta(0))
    after = len(list(orphans(older_than=dt.timedelta(0))))
    return {
        "lost": lost,
        "half_sent": half_sent,
        "half_imported": half_imported,
        "orphans_before": before,
        "orphans": after,
    }


def _take_up(world: dict[str, Any]) -> None:
    """Let the leases of dead workers have run out, rather than wait two minutes for each; then run what is left."""
    from django.core.cache import cache

    from cms import clock
    from cms.jobs import run
    from cms.models import JobRun

    cache.clear()
    JobRun.objects.filter(status="running").update(lease_until=clock.now() - dt.timedelta(minutes=5))
    for job in world["jobs"]:
        run(job["job"])


def main(arguments: list[str]) -> None:
    """Set Django up and do what was asked."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")
    django.setup()
    act, folder = arguments[0], Path(os.environ["PORTAL_VAR_DIR"])
    if act == "setup":
        Path(arguments[2]).write_text(json.dumps(setup(int(arguments[1]), folder)), encoding="utf-8")
        return
    world = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    if act == "check":
        log = json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
        sys.stdout.write(json.dumps(check(log, world)))


if __name__ == "__main__":
    main(sys.argv[1:])
