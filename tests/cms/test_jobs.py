"""Background jobs: leases, attempts, failures, recovery."""

import datetime as dt

from django.core.cache import cache
from django.db import OperationalError, transaction

import pytest
from django_q.exceptions import TimeoutException
from django_q.models import OrmQ

from cms import clock
from cms.enums import JobStatus
from cms.exceptions import PortalError
from cms.jobs import LeaseLost, enqueue, job, lease, recover, retry, run
from cms.jobs.context import JobContext, live_progress
from cms.jobs.schedules import HEARTBEAT, beat
from cms.jobs.watchdog import is_stuck
from cms.models import JobRun, WorkerHeartbeat
from tests.factories.cms import JobRunFactory, UnitFactory, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
calls: list[dict[str, object]] = []


@job("tests.note", title="Note")
def note(ctx: JobContext, **arguments: object) -> None:
    calls.append(arguments)
    ctx.progress(1, 2, "half")
    ctx.report({"seen": arguments})
    ctx.progress(2, 2, "all")


@job("tests.refuse", title="Refuse")
def refuse(ctx: JobContext) -> None:
    UnitFactory(code="left-over")
    raise PortalError("Row 3 has no code.")


@job("tests.break", title="Break")
def break_down(ctx: JobContext) -> None:
    raise RuntimeError("secret detail")


@job("tests.busy", title="Busy")
def busy(ctx: JobContext) -> None:
    raise OperationalError("database is locked")


@job("tests.slow", title="Slow")
def slow(ctx: JobContext) -> None:
    raise TimeoutException("too slow")


@job("tests.result", title="Result")
def with_result(ctx: JobContext) -> None:
    ctx.attach_result("kết quả.csv", b"a,b\n1,2\n")


@pytest.fixture(autouse=True)
def _clean():
    calls.clear()
    cache.clear()


@pytest.fixture
def queued(settings):
    """Let jobs wait in the queue's table instead of running at once."""
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "sync": False}


def test_a_job_runs_and_tells_what_came_of_it():
    ran = enqueue("tests.note", arguments={"number": 1}, key="once", user=UserFactory())
    assert (ran.status, ran.done, ran.total, ran.message) == (JobStatus.SUCCEEDED, 2, 2, "all")
    assert ran.report == {"seen": {"number": 1}}
    assert (ran.attempts, ran.error, ran.title) == (1, "", "Note")


def test_the_same_key_is_the_same_run():
    first = enqueue("tests.note", arguments={}, key="same")
    second = enqueue("tests.note", arguments={}, key="same")
    assert (first.pk, len(calls)) == (second.pk, 1)


def test_a_finished_job_does_not_run_again():
    ran = enqueue("tests.note", arguments={}, key="twice")
    run(ran.pk)
    assert len(calls) == 1


def test_a_refusal_is_shown_and_rolled_back():
    ran = enqueue("tests.refuse", arguments={}, key="refused")
    assert (ran.status, ran.error, ran.attempts) == (JobStatus.FAILED, "Row 3 has no code.", 1)


def test_a_fault_is_shown_without_its_details():
    ran = enqueue("tests.break", arguments={}, key="broken")
    assert ran.status == JobStatus.FAILED
    assert str(ran.pk) in ran.error
    assert "secret" not in ran.error


def test_a_job_that_is_too_slow_fails():
    assert enqueue("tests.slow", arguments={}, key="slow").status == JobStatus.FAILED


def test_an_unknown_job_is_refused_at_once():
    with pytest.raises(LookupError):
        enqueue("tests.unknown", arguments={}, key="unknown")


def test_a_job_of_another_version_fails_visibly():
    ran = JobRunFactory(task="tests.gone")
    run(ran.pk)
    ran.refresh_from_db()
    assert ran.status == JobStatus.FAILED
    assert ran.error


def test_a_busy_database_puts_the_job_back_until_the_attempts_are_used(queued):
    ran = enqueue("tests.busy", arguments={}, key="busy")
    states = []
    for _attempt in range(4):
        run(ran.pk)
        ran.refresh_from_db()
        states.append((ran.status, ran.attempts))
        recover()
    assert states == [
        (JobStatus.RUNNING, 1),
        (JobStatus.RUNNING, 2),
        (JobStatus.FAILED, 3),
        (JobStatus.FAILED, 3),
    ]


def test_the_order_joins_the_transaction(queued):
    def order_and_fail() -> None:
        with transaction.atomic():
            enqueue("tests.note", arguments={}, key="rolled back")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        order_and_fail()
    assert (JobRun.objects.count(), OrmQ.objects.count()) == (0, 0)
    enqueue("tests.note", arguments={}, key="kept")
    assert (JobRun.objects.count(), OrmQ.objects.count()) == (1, 1)


def test_a_killed_worker_loses_its_job_to_another(queued):
    ran = enqueue("tests.note", arguments={}, key="killed")
    taken = lease.claim(ran.pk)
    assert taken is not None
    assert lease.claim(ran.pk) is None
    with clock.at(clock.now() + lease.LEASE + dt.timedelta(seconds=1)):
        assert recover() == 1
        assert recover() == 0
        run(ran.pk)
    ran.refresh_from_db()
    assert (ran.status, ran.attempts, len(calls)) == (JobStatus.SUCCEEDED, 2, 1)


def test_a_runner_that_lost_its_lease_cannot_write(queued):
    ran = enqueue("tests.note", arguments={}, key="lost")
    old = JobContext(lease.claim(ran.pk))
    JobRun.objects.filter(pk=ran.pk).update(lease_token="another")
    for write in (lambda: old.report({"wrong": 1}), lambda: old.attach_result("x.csv", b"a,b")):
        with pytest.raises(LeaseLost):
            write()
    ran.refresh_from_db()
    assert (ran.report, ran.result_file) == ({}, None)


def test_a_job_that_kills_its_worker_is_given_up(queued):
    ran = enqueue("tests.note", arguments={}, key="killer")
    moment = clock.now()
    for _death in range(3):
        with clock.at(moment):
            assert lease.claim(ran.pk) is not None
        moment += lease.LEASE + dt.timedelta(seconds=1)
    with clock.at(moment):
        run(ran.pk)
    ran.refresh_from_db()
    assert (ran.status, calls) == (JobStatus.FAILED, [])
    assert "3" in ran.error


def test_a_sign_of_life_protects_a_job_whose_lease_could_not_be_renewed(queued):
    ran = enqueue("tests.note", arguments={}, key="long")
    taken = lease.claim(ran.pk)
    with lease.Renewal(taken.pk, taken.lease_token, in_thread=False), clock.at(clock.now() + 2 * lease.LEASE):
        assert recover() == 0
        assert lease.claim(ran.pk) is None


def test_a_waiting_job_whose_message_was_lost_is_sent_again(queued):
    enqueue("tests.note", arguments={}, key="lost message")
    OrmQ.objects.all().delete()
    assert recover() == 0
    with clock.at(clock.now() + dt.timedelta(minutes=11)):
        assert recover() == 1
    assert OrmQ.objects.count() == 1


def test_only_a_failed_job_is_started_again():
    user = UserFactory()
    ran = enqueue("tests.refuse", arguments={}, key="again", user=user)
    assert retry(job=ran, user=user).status == JobStatus.FAILED
    with pytest.raises(PortalError):
        retry(job=enqueue("tests.note", arguments={}, key="fine"), user=user)


def test_a_result_belongs_to_who_started_the_job():
    user = UserFactory()
    ran = enqueue("tests.result", arguments={}, key="result", user=user)
    assert ran.result_file.original_name == "kết quả.csv"
    assert ran.result_file.uploaded_by == user


def test_progress_inside_a_transaction_reaches_the_page(queued):
    ran = enqueue("tests.note", arguments={}, key="inside")
    context = JobContext(lease.claim(ran.pk))
    with transaction.atomic():
        context.progress(5, 10, "five")
        seen = live_progress(JobRun.objects.get(pk=ran.pk))
    assert (seen.done, seen.total, seen.message) == (5, 10, "five")


@pytest.mark.parametrize(("done", "total", "kept"), [(9, 5, (5, 5)), (-1, 5, (0, 5)), (3, 0, (0, 0))])
def test_progress_never_breaks_the_row(queued, done, total, kept):
    ran = enqueue("tests.note", arguments={}, key="odd")
    context = JobContext(lease.claim(ran.pk))
    context.progress(done, total)
    assert (context.run.done, context.run.total) == kept


@pytest.mark.parametrize(
    ("up", "silent", "lease_left", "stuck"),
    [
        (600, 300, None, True),
        (600, 100, None, False),
        (100, 300, None, False),
        (600, 300, 60, False),
        (600, 300, -60, True),
    ],
    ids=["silent", "beats", "just started", "busy with a job", "its job is dead too"],
)
def test_a_worker_is_stuck_when_it_is_silent_and_no_job_explains_it(settings, up, silent, lease_left, stuck):
    settings.PORTAL_WORKER_SILENCE_SECONDS = 200
    now = clock.now()
    beat()
    WorkerHeartbeat.objects.filter(name=HEARTBEAT).update(seen_at=now - dt.timedelta(seconds=silent))
    if lease_left is not None:
        JobRunFactory(status=JobStatus.RUNNING, lease_until=now + dt.timedelta(seconds=lease_left))
    assert is_stuck(since=now - dt.timedelta(seconds=up)) is stuck
