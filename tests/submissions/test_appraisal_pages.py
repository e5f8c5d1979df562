"""The appraiser's queue page by page: order, filters, neighbours and cost."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

import pytest
from pytest_django import DjangoAssertNumQueries

from submissions.domain.appraisal import record_appraisal
from submissions.domain.ledger import current_entry
from submissions.domain.rounds import advance_round
from submissions.domain.sending import reopen
from submissions.enums import RoundState
from submissions.models import Answer
from submissions.views import appraisal
from tests.factories import cms
from tests.factories.appraisal import add_sent_participant, sent_round
from tests.factories.submissions import OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
ROW = re.compile(r'data-key-row href="([^"?]+)')


def round_of(*numbers: int) -> OpenRound:
    """Return a round in appraisal with two sent forms and one more for each number."""
    found = sent_round()
    for number in numbers:
        add_sent_participant(found, cms.UnitFactory(name=f"Sở {number}", order=50 - number // 2))
    advance_round(round=found.round, to=RoundState.APPRAISAL, user=found.secretary)
    return found


@pytest.fixture
def this() -> OpenRound:
    return round_of(3, 1, 2)


@pytest.fixture
def appraiser(this: OpenRound, client: Client) -> Client:
    client.force_login(this.appraiser)
    return client


def rows_of(client: Client, this: OpenRound, **query: str) -> list[str]:
    """Return the addresses of the rows of one page."""
    page = client.get(reverse("submissions:appraisal_queue", args=[this.round.code]), query)
    assert page.status_code == 200
    return ROW.findall(page.content.decode())


def walk(client: Client, this: OpenRound, pages: int, **query: str) -> list[str]:
    """Return the rows of all pages, one after the other."""
    return [row for number in range(1, pages + 1) for row in rows_of(client, this, trang=str(number), **query)]


def test_the_pages_are_the_queue_cut_in_pieces(this, appraiser, monkeypatch):
    whole = rows_of(appraiser, this)
    monkeypatch.setattr(appraisal, "PER_PAGE", 4)
    count = -(-len(whole) // 4)
    assert walk(appraiser, this, count) == whole
    assert rows_of(appraiser, this, trang=str(count + 5)) == whole[(count - 1) * 4 :]


def test_the_order_is_that_of_the_units_and_within_one_that_of_the_set(this, appraiser):
    keys = [tuple(address.strip("/").split("/")[-2:]) for address in rows_of(appraiser, this)]
    units = list(dict.fromkeys(int(pk) for pk, _code in keys))
    names = [this.round.participants.get(pk=pk).unit for pk in units]
    assert names == sorted(names, key=lambda unit: (unit.order, unit.name))
    places = {leaf.code: place for place, leaf in enumerate(this.round.edition.definition.leaves)}
    assert keys == sorted(keys, key=lambda key: (units.index(int(key[0])), places[key[1]]))


def test_what_is_decided_leaves_what_waits_and_the_pages_close_up(this, appraiser, monkeypatch):
    waiting = rows_of(appraiser, this, **{"trang-thai": "cho"})
    decided = waiting[2]
    participant, code = decided.strip("/").split("/")[-2:]
    who = this.round.participants.get(pk=participant)
    seen = current_entry(who, code)
    record_appraisal(
        user=this.appraiser, participant=who, code=code, accept=True, expected_entry_id=seen.pk if seen else None
    )
    monkeypatch.setattr(appraisal, "PER_PAGE", 3)
    left = [row for row in waiting if row != decided]
    assert walk(appraiser, this, -(-len(left) // 3), **{"trang-thai": "cho"}) == left
    assert rows_of(appraiser, this, **{"trang-thai": "giu"}) == [decided]


@pytest.mark.parametrize("status", ["", "cho"])
def test_each_leaf_names_its_neighbours_in_the_queue(this, appraiser, status):
    query = {"trang-thai": status, "linh-vuc": "1"}
    keys = rows_of(appraiser, this, **query)
    for before, here, after in zip(["", *keys], keys, [*keys[1:], ""], strict=False):
        context = appraiser.get(here, query).context
        found = [context["previous"].partition("?")[0], context["next"].partition("?")[0]]
        assert found == [before, after]
        assert context["place"] == (keys.index(here) + 1, len(keys))


@pytest.mark.parametrize("numbers", [(), range(6)])
def test_a_longer_queue_asks_no_more_queries(client, numbers, django_assert_num_queries: DjangoAssertNumQueries):
    this = round_of(*numbers)
    client.force_login(this.appraiser)
    rows_of(client, this)
    with django_assert_num_queries(27):
        rows_of(client, this)


def test_a_form_that_was_opened_again_is_not_read_before_it_is_sent_once_more(this, appraiser):
    leaf = reverse("submissions:appraisal_leaf", args=[this.round.code, this.plain.pk, "1.1"])
    assert appraiser.get(leaf).status_code == 200
    reopen(user=this.secretary, submission=this.plain.submission, reason="Thiếu tài liệu")
    Answer.objects.filter(submission=this.plain.submission, code="1.1").update(explanation="Chưa gửi đi")
    refused = appraiser.get(leaf)
    assert refused.status_code == 403
    assert "Chưa gửi đi" not in refused.content.decode()
