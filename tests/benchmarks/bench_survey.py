"""A national survey: lists imported, letters to a local sink, a hundred people answering at once, results.

`BENCH_SURVEY_RESPONDENTS` (85,600), `BENCH_SURVEY_UNITS` (85), `BENCH_SURVEY_VISITORS` (100) and `BENCH_SURVEY_SECONDS`
(120) change the size. Most letters are handed to the mail server one batch after the other; the last thousands go out
by the worker in a second, shorter run of answering, in the middle of which a web process and the worker's processes
are killed. Whoever was shown a receipt must be found among the answers (`lost` counts those who are not), nobody may
be without a letter (`letters_missing`), and no more than a batch may have got one twice (`letters_twice`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from cms.enums import Role
from cms.models import Membership, Unit, User
from cms.spreadsheets import Sheet, write_xlsx
from submissions.domain.survey import invitations, lists, mailing, mixing, results, selection
from submissions.domain.survey.tokens import seal, token_hash, token_of
from submissions.domain.survey.workbook import HEADERS, read_workbook
from submissions.models import Invitation, Participant, SealedAnswer, Survey
from submissions.survey_enums import DeliveryState
from submissions.survey_tasks import order_mail_job
from tests.benchmarks.figures import Report, percentile
from tests.benchmarks.load import Visitor, run_visitors
from tests.benchmarks.mail_sink import Sink, running_sink
from tests.benchmarks.memory import peak_megabytes
from tests.factories.cms import UnitTierFactory, user_with_role
from tests.factories.submissions import facts_of
from tests.factories.survey import OpenSurvey, open_survey
from tests.portal_process import running_portal

RESPONDENTS = int(os.environ.get("BENCH_SURVEY_RESPONDENTS", "85600"))
UNITS = int(os.environ.get("BENCH_SURVEY_UNITS", "85"))
VISITORS = int(os.environ.get("BENCH_SURVEY_VISITORS", "100"))
SECONDS = float(os.environ.get("BENCH_SURVEY_SECONDS", "120"))
P95_LIMIT_MS = 3000.0
BY_WORKER = max(RESPONDENTS // 17, 1000)
# A job whose worker was killed is taken up again when its lease has run out.
MAIL_WAIT_SECONDS = 420.0
HIDDEN = re.compile(r'name="(opened|edition|version)" value="([^"]*)"')


@dataclass
class Crowd:
    """Hands out codes and notes who was shown a receipt."""

    tokens: Iterator[str]
    received: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)

    async def answer(self, visitor: Visitor, number: int) -> None:
        """Open the questionnaire, keep once, send; the next time somebody else does."""
        token = next(self.tokens, None)
        if token is None:
            await asyncio.sleep(1)
            return
        path = f"/khao-sat/phieu/{token}/"
        page = await visitor.get(path, "open")
        hidden = dict(HIDDEN.findall(page))
        if not hidden:
            return
        marks = {"q-q1": visitor.chance.choice("ABCD"), "q-q2": visitor.chance.choice("ABCDE")}
        await visitor.think(0.2, 0.8)
        await visitor.post(path, {**hidden, "q-q1": marks["q-q1"], "action": "keep"}, "keep")
        await visitor.think(0.2, 0.8)
        self.unsure.add(token)
        text = await visitor.post(path, {**hidden, **marks, "action": "send"}, "send")
        if "data-survey-done" in text:
            self.received.add(token)


def run(report: Report) -> None:
    """Go through a survey from its lists to its results."""
    call_command("migrate", verbosity=0)
    case = national_survey()
    with report.timed("lists_s"):
        listed = import_lists(case)
    report.add("respondents", listed, "people")
    with report.timed("invitations_s"):
        selection.select_respondents(user=case.officer, survey=case.survey, seed=1)
        invitations.make_invitations(user=case.officer, survey=case.survey)
    case.survey.refresh_from_db()
    with running_sink("<dv-") as sink:
        mail_to_sink(report, case.survey, sink)
        total = Invitation.objects.count()
        out = Invitation.objects.filter(delivery=DeliveryState.SENT).only("pk", "issue", "token_sha256")
        crowd = Crowd(iter([token_of(row) for row in out.order_by("token_sha256")]))
        connections.close_all()
        load(report, case.survey, crowd, sink)
        received = sink.received()
    report.add("letters_missing", total - received.addresses, "letters")
    report.add("letters_twice", received.letters - received.addresses, "letters", baseline=mailing.BATCH)
    finish(report, case, crowd)


def national_survey() -> OpenSurvey:
    """Return an open survey with as many units as asked for."""
    case = open_survey()
    tier = UnitTierFactory()
    units = Unit.objects.bulk_create(
        [Unit(code=f"dv-{n}", name=f"Đơn vị {n}", name_folded=f"don vi {n}", tier=tier) for n in range(UNITS)]
    )
    Participant.objects.bulk_create(
        [Participant(round=case.around.round, unit=u, unit_name=u.name, facts=facts_of(u)) for u in units]
    )
    for participant in Participant.objects.filter(unit__in=units):
        case.survey.lists.create(participant=participant)
    return case


def import_lists(case: OpenSurvey) -> int:
    """Upload, send and accept a workbook for every unit; return how many people they hold."""
    each = -(-RESPONDENTS // UNITS)
    total = 0
    person = contributor_of_all()
    for one in case.survey.lists.filter(participant__unit__code__startswith="dv-").select_related("participant__unit"):
        code = one.participant.unit.code
        count = min(each, RESPONDENTS - total)
        people = [
            [f"Người {n} {code}", "Chức vụ", f"Phòng {n % 40} {code}", f"{code}.{n}@example.vn",
             "dai-bieu" if n % 3 else "truong-phong", ""]
            for n in range(count)
        ]  # fmt: skip
        book = io.BytesIO()
        write_xlsx(book, sheets=[Sheet("Danh sach", HEADERS, people)])
        book.seek(0)
        rows = read_workbook(book, respondent_list=one)
        one = lists.replace_rows(user=person, respondent_list=one, expected_version=one.version, rows=rows)
        lists.accept_list(user=case.officer, respondent_list=lists.send_list(user=person, respondent_list=one))
        total += count
    return total


def contributor_of_all() -> User:
    """Return one account that enters the lists of all units: making a password for each would be what is measured."""
    units = list(Unit.objects.filter(code__startswith="dv-"))
    person = user_with_role(Role.CONTRIBUTOR, units[0])
    day = dt.date(2000, 1, 1)
    Membership.objects.bulk_create(
        [Membership(user=person, unit=unit, role=Role.CONTRIBUTOR, valid_from=day) for unit in units[1:]]
    )
    return person


def mail_to_sink(report: Report, survey: Survey, sink: Sink) -> None:
    """Render all letters but the last thousands and hand them to a mail server on this machine."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    ids = list(invitations.due_letters(survey).values_list("pk", flat=True))[:-BY_WORKER]
    began = time.perf_counter()
    for start in range(0, len(ids), mailing.BATCH):
        mailing.mail_batch(ids=ids[start : start + mailing.BATCH])
    report.add("letters_s", time.perf_counter() - began, "s")
    report.add("letters_per_second", len(ids) / (time.perf_counter() - began), "1/s")


def load(report: Report, survey: Survey, crowd: Crowd, sink: Sink) -> None:
    """Let people answer; then once more with processes killed in the middle, while the last letters go out."""
    folder = Path(settings.VAR_DIR)
    extra = {"PORTAL_EMAIL_URL": f"smtp://127.0.0.1:{sink.port}"}
    if os.environ.get("DATABASE_URL"):
        extra["DATABASE_URL"] = os.environ["DATABASE_URL"]
    with running_portal(folder, extra=extra) as portal:
        samples = run_visitors(portal.base_url, count=VISITORS, seconds=SECONDS, behave=crowd.answer, ramp=2)
        samples.report_to(report)
        everything = [seconds for part in samples.seconds.values() for seconds in part]
        report.add("p95_ms", percentile(everything, 0.95) * 1000, "ms", baseline=P95_LIMIT_MS)
        short = max(SECONDS / 4, 8)
        killer = threading.Timer(short / 2, mail_and_kill, [report, survey, sink])
        killer.start()
        samples = run_visitors(portal.base_url, count=VISITORS, seconds=short, behave=crowd.answer, ramp=1, seed=2)
        killer.join()
        report.add("killed_failures", sum(map(len, samples.failures.values())), "answers")
        with report.timed("letters_resumed_s"):
            wait_for_letters(survey)


def mail_and_kill(report: Report, survey: Survey, sink: Sink) -> None:
    """Let the worker mail the last letters, and kill it and a web process when some hundreds are out."""
    before = sink.received().letters
    Survey.objects.filter(pk=survey.pk).update(letters_ordered=True)
    order_mail_job(survey=survey, user=None)
    end = time.monotonic() + 30
    while sink.received().letters < before + 200 and time.monotonic() < end:
        time.sleep(0.01)
    report.add("killed", kill_some(sink.port), "processes")
    report.add("letters_before_the_kill", sink.received().letters - before, "letters")
    connections.close_all()


def wait_for_letters(survey: Survey) -> None:
    """Return when nothing is due any more, or when waiting is no use."""
    end = time.monotonic() + MAIL_WAIT_SECONDS
    while invitations.due_letters(survey).exists() and time.monotonic() < end:
        time.sleep(1)
    connections.close_all()


def kill_some(port: int) -> int:
    """Kill a process of the web server and the one that talks to the mail server; others take their place.

    Returns how many.
    """
    web = [pid for pid in _below(os.getpid()) if not _below(pid) and b"gunicorn" in _command(pid)]
    mailing_now: list[int] = []
    end = time.monotonic() + 5
    while not mailing_now and time.monotonic() < end:  # between two batches nobody talks to it
        connected = _connections_to(port)
        mailing_now = [p for p in _below(os.getpid()) if b"qcluster" in _command(p) and connected & _sockets(p)]
    doomed = web[-1:] + mailing_now
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)
    return len(doomed)


def _connections_to(port: int) -> set[str]:
    """Return the inodes of this machine's connections to a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return {row[9] for row in rows if row[2].endswith(f":{port:04X}") and row[9] != "0"}


def _sockets(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
    return found


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _below(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):  # it ended meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text(encoding="ascii").split())
    return children + [below for child in children for below in _below(child)]


def finish(report: Report, case: OpenSurvey, crowd: Crowd) -> None:
    """Let nearly all others answer without a browser, close, compute, and count what is missing."""
    by_browser = SealedAnswer.objects.count()
    used = set(Invitation.objects.filter(used=True).values_list("token_sha256", flat=True))
    report.add("answered_by_browser", by_browser, "answers")
    report.add("receipts_shown", len(crowd.received), "answers")
    others = Invitation.objects.filter(used=False).select_related("respondent").order_by("pk")
    edition = case.first.edition_id
    sealed = [
        SealedAnswer(
            survey=case.survey,
            content=seal(
                {
                    "unit": row.respondent.rated_unit_id,
                    "group": row.respondent.group_id,
                    "edition": edition,
                    "answers": {"q1": "ABCD"[n % 4], "q2": "ABCDE"[n % 5]},
                }
            ),
        )
        for n, row in enumerate(others.iterator(2000))
    ]
    SealedAnswer.objects.bulk_create(sealed, batch_size=2000)
    Invitation.objects.filter(used=False).update(used=True)
    del sealed, others
    before = peak_megabytes()
    began = time.perf_counter()
    counted = mixing.close_survey(survey=case.survey, user=case.officer)
    report.add("closing_s", time.perf_counter() - began, "s")
    case.survey.incidents.update(state="dismissed")
    began_results = time.perf_counter()
    results.write_results(user=case.officer, survey=case.survey)
    report.add("ledger_s", time.perf_counter() - began_results, "s")
    report.add("results_s", time.perf_counter() - began, "s")
    report.add("results_more_memory", peak_megabytes() - before, "MB")
    tallied = sum(case.survey.tallies.values_list("respondents", flat=True))
    # A receipt without an answer, an answer without its place in the sums, an invitation used up for nothing.
    lost = sum(token_hash(token) not in used for token in crowd.received)
    lost += (len(used) - by_browser) + (counted - tallied)
    report.add("lost", lost, "answers")
