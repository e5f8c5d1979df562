"""Mixing: nothing of where, when or in which order an answer came survives.

While the survey is open, newly sealed answers are written anew together every few minutes (`stir`). Closing opens the
sealed answers one by one, keeps what may be kept of them (`tallying`), in random order under random ids, and deletes
the rest. Order is made by the database: every sealed row gets a random place, so that memory never holds them all.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from cms import audit, clock
from cms.models import User
from submissions.domain.survey import tallying
from submissions.domain.survey.locks import hold
from submissions.domain.survey.setup import change_state, require_officer
from submissions.domain.survey.tallying import OpenedAnswer
from submissions.domain.survey.tokens import seal, unseal
from submissions.domain.survey.watch import Alike, scan
from submissions.models import (
    Invitation,
    SealedAnswer,
    Survey,
    SurveyIncident,
    SurveyResponse,
    SurveyTally,
    SurveyText,
)
from submissions.survey_enums import SurveyState

Progress = Callable[[int, int], None]
_shuffle = secrets.SystemRandom().shuffle
# Answers in memory at once: read, and written.
_BATCH = 500
_STIRRED_TOGETHER = 2000


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


class _Told:
    """Tells how far the work is that goes through all answers some times; done and total as shares, never as numbers:
    whoever watches it shall not learn how many have answered."""

    def __init__(self, progress: Progress, *, times: int, number: int) -> None:
        self._progress, self._all = progress, max(times * number, 1)
        self._done = 0

    def each(self, items: Iterator[OpenedAnswer]) -> Iterator[OpenedAnswer]:
        """Return the items; counts them."""
        for item in items:
            yield item
            self._done += 1
            if self._done % _BATCH == 0 or self._done == self._all:
                self._progress(100 * self._done // self._all, 100)


@transaction.atomic
def stir(*, survey: Survey) -> int:
    """Write the newly sent answers anew: sealed again, under new ids, in random order, in one transaction.

    Waits until there are as many as a group needs, so that no one stands alone. Returns how many were stirred.
    """
    if hold(survey.pk).state != SurveyState.ANSWERING:
        return 0
    stirred = 0
    # Ids are random: whoever lies in one portion, lies there by chance.
    new = survey.sealed_answers.select_for_update().filter(stirred=False).order_by("pk")
    while len(fresh := list(new[:_STIRRED_TOGETHER])) >= survey.minimum_group:
        anew = [SealedAnswer(survey=survey, content=seal(unseal(row.content)), stirred=True) for row in fresh]
        _shuffle(anew)
        _delete(fresh)
        SealedAnswer.objects.bulk_create(anew, batch_size=_BATCH)
        stirred += len(anew)
    return stirred


def _delete(rows: list[SealedAnswer]) -> None:
    for start in range(0, len(rows), 500):
        SealedAnswer.objects.filter(pk__in=[row.pk for row in rows[start : start + 500]]).delete()


@contextmanager
def _nothing_kept() -> Iterator[None]:
    """Inside, the driver of PostgreSQL keeps no statements to prepare them: it would keep a hundred of them, each with
    the answers of a whole batch in it."""
    driver = connection.connection if connection.vendor == "postgresql" else None
    if driver is None:
        yield
        return
    kept, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = kept


@transaction.atomic
@_nothing_kept()
def close_survey(*, survey: Survey, user: User | None, progress: Progress = _silent) -> int:
    """Close the survey and mix its answers, all or nothing. Returns how many answers there were.

    `user` None: the schedule closes it after the time for answers has run out. Waits for those who are sending at this
    moment; who comes later is told that the survey is closed. Drafts that were never sent are deleted.
    """
    if user is not None:
        require_officer(user, survey.round)
    change_state(survey=survey, to=SurveyState.CLOSED, user=user)
    counts, alike = tallying.Counts(), Alike(survey)
    told = _Told(progress, times=2, number=survey.sealed_answers.count())
    for item in told.each(_opened(survey.sealed_answers.all())):
        counts.add(item)
        alike.look(item)
    keeping = tallying.Keeping(survey, counts, mixed_on=clock.today())
    _give_places(survey)
    singly = _store(SurveyResponse, _kept_singly(survey, keeping, alike, told))
    _mix_texts(survey)
    SurveyTally.objects.bulk_create(keeping.tallies(), batch_size=_BATCH)
    scan(survey=survey, alike=alike)
    Invitation.objects.filter(respondent__list__survey=survey, draft__isnull=False).update(draft=None)
    survey.printed_letters.all().delete()
    audit.record(
        "submissions.survey_mixed",
        survey,
        user=user,
        after={
            "answers": counts.total,
            "kept singly": singly,
            "kept as sums": counts.total - singly - keeping.dropped,
            "too few to keep": keeping.dropped,
        },
    )
    return counts.total


def _kept_singly(survey: Survey, keeping: tallying.Keeping, alike: Alike, told: _Told) -> Iterator[SurveyResponse]:
    """Take the answers in their random order; return the rows that are kept by themselves.

    Free texts are sealed again, each by itself and still without a place: put down here, the order would lead from a
    text to the other answers of the same person.
    """
    texts: list[SealedAnswer] = []
    for item in told.each(_opened(survey.sealed_answers.filter(place__isnull=False).order_by("place"))):
        alike.count(item)
        texts += [SealedAnswer(survey=survey, content=seal(text)) for text in keeping.texts(item)]
        if len(texts) >= _BATCH:
            SealedAnswer.objects.bulk_create(texts)
            texts = []
        row = keeping.add(item)
        if row is not None:
            yield row
    SealedAnswer.objects.bulk_create(texts)


def _mix_texts(survey: Survey) -> None:
    """Delete the answers, which were all taken, and put down the texts in a random order of their own."""
    survey.sealed_answers.filter(place__isnull=False).delete()
    _give_places(survey)
    contents = survey.sealed_answers.order_by("place").values_list("content", flat=True)
    _store(SurveyText, (SurveyText(survey=survey, **unseal(content)) for content in contents.iterator(_BATCH)))
    survey.sealed_answers.all().delete()


def _give_places(survey: Survey) -> None:
    """Give every sealed row of the survey a random place in their order, by one prepared statement."""
    table = connection.ops.quote_name(SealedAnswer._meta.db_table)
    column = SealedAnswer._meta.get_field("place")
    ids = survey.sealed_answers.order_by("pk").values_list("pk", flat=True)
    portion = list(ids[:_BATCH])
    while portion:
        rows = [[column.get_db_prep_value(value, connection) for value in (uuid.uuid4(), pk)] for pk in portion]
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET place = %s WHERE id = %s", rows)  # noqa: S608 -- our table
        portion = list(ids.filter(pk__gt=portion[-1])[:_BATCH])


def _store(model: type[Model], rows: Iterator[Model]) -> int:
    """Store rows in the order in which they come, a batch at a time; return how many."""
    stored = 0
    while batch := list(islice(rows, _BATCH)):
        model._default_manager.bulk_create(batch)
        stored += len(batch)
    return stored


def look_through(*, user: User, survey: Survey, progress: Progress = _silent) -> list[SurveyIncident]:
    """Look for signs of interference, with the answers of an open survey opened one by one; returns the new flags."""
    require_officer(user, survey.round)
    alike = Alike(survey)
    if survey.state == SurveyState.ANSWERING:
        told = _Told(progress, times=2, number=survey.sealed_answers.count())
        for look in (alike.look, alike.count):
            for item in told.each(_opened(survey.sealed_answers.all())):
                look(item)
    return scan(survey=survey, alike=alike)


def _opened(rows: QuerySet[SealedAnswer]) -> Iterator[OpenedAnswer]:
    """Return sealed answers, opened in memory one by one."""
    for content in rows.values_list("content", flat=True).iterator(_BATCH):
        item = unseal(content)
        yield OpenedAnswer(item["unit"], item["group"], item["edition"], item["answers"])


def due_surveys() -> list[Survey]:
    """Return the surveys whose time for answers has run out and that are still open."""
    return list(Survey.objects.filter(state=SurveyState.ANSWERING, answers_due__lt=clock.now()))
