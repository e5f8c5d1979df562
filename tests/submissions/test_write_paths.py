"""Every write path passes a gate: each refuses where the gate refuses, and writes where it does not.

The tables of `write_paths` are held against the addresses of the portal: a new address that takes a post and stands in
no table fails here.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter
from django.utils import timezone

import pytest

from cms.enums import Role
from cms.models import User
from submissions.admin import RoundRegisters
from submissions.domain.submission_state import change_state
from submissions.enums import ParticipantStatus, RoundState, SubmissionState
from submissions.models import PhaseDeadline, Submission, Survey
from tests.factories.appraisal import appraisal_round
from tests.factories.cms import MembershipFactory, UserFactory, user_with_role
from tests.factories.submissions import ExtensionFactory, OpenRound, open_round
from tests.submissions.write_paths import (
    APPRAISAL_PATHS,
    FORM_PATHS,
    LIBRARY_PATHS,
    OTHER_ADDRESSES,
    WHO,
    WRITE_PATHS,
    WritePath,
    answer_survey,
    around,
    content_fingerprint,
    fingerprint,
    survey_of_invited,
)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def over(paths: list[WritePath]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.name)


def pass_the_deadline(place: Any = None) -> None:
    """All phases locked, all surveys closed a second ago."""
    now = timezone.now()
    before, passed = now - dt.timedelta(days=3), now - dt.timedelta(seconds=1)
    PhaseDeadline.objects.update(opens_at=before, closes_at=passed)
    Survey.objects.update(lists_due=before, answers_due=passed)


def close_the_round(this: OpenRound) -> None:
    this.round.state = RoundState.COUNCIL
    this.round.save()


def leave_out_the_unit(this: OpenRound) -> None:
    this.plain.status, this.plain.reason = ParticipantStatus.NOT_ASSESSED, "Giải thể"
    this.plain.save()


def finalise_the_form(this: OpenRound) -> None:
    Submission.objects.filter(participant=this.plain).update(state=SubmissionState.FINALISED)


@over([*WRITE_PATHS, *LIBRARY_PATHS[:1]])
def test_write_path__writes_while_the_gate_is_open(path: WritePath):
    place = path.build()
    path.prepare(place)
    before = fingerprint()
    path.attempt(place, getattr(around(place), path.by))
    assert fingerprint() != before


@over(WRITE_PATHS)
def test_write_path__refuses_after_the_deadline(path: WritePath):
    """Form, autosave, evidence, Excel, sign-off, sending, explanation, appraisal, lists: one test over all of them."""
    place = path.build()
    path.prepare(place)
    pass_the_deadline()
    before = fingerprint()
    path.attempt(place, getattr(around(place), path.by))
    assert fingerprint() == before


@over(FORM_PATHS)
def test_write_path__an_extension_opens_it_again(path: WritePath):
    place = path.build()
    path.prepare(place)
    pass_the_deadline()
    ExtensionFactory(participant=place.plain)
    before = fingerprint()
    path.attempt(place, getattr(place, path.by))
    assert fingerprint() != before


@over([*FORM_PATHS, *APPRAISAL_PATHS])
@pytest.mark.parametrize("shut", [close_the_round, leave_out_the_unit, finalise_the_form])
def test_write_path__refuses_where_the_state_shuts_the_gate(path: WritePath, shut: Callable[[OpenRound], None]):
    place = path.build()
    path.prepare(place)
    shut(place)
    before = fingerprint()
    path.attempt(place, getattr(place, path.by))
    assert fingerprint() == before


@over([path for path in FORM_PATHS if not path.follows_sending])
def test_write_path__refuses_after_sending_even_before_the_deadline(path: WritePath):
    place = path.build()
    path.prepare(place)
    submission = Submission.objects.select_related("participant__unit").get(participant=place.plain)
    if submission.state == SubmissionState.DRAFT:
        change_state(submission=submission, to=SubmissionState.SIGNED, user=place.leader)
    change_state(submission=submission, to=SubmissionState.SENT, user=place.contributor)
    before = fingerprint()
    path.attempt(place, getattr(place, path.by))
    assert fingerprint() == before


@over(WRITE_PATHS)
def test_write_path__refuses_everybody_else(path: WritePath):
    """All roles of another unit, all other roles of this one and of the agency, and a superuser without a role.

    One account holds all roles at one place, so that a path that lets any of them through is found; the gates' own
    tests try each role alone.
    """
    place = path.build()
    this = around(place)
    acts_for, allowed = WHO[path.by]
    own = this.plain.unit if acts_for == "unit" else this.agency
    strangers = []
    for unit in (this.full.unit, this.plain.unit, this.agency):
        stranger = UserFactory()
        for role in Role.values:
            if unit != own or role not in allowed:
                MembershipFactory(user=stranger, role=role, unit=unit)
        strangers.append(stranger)
    path.prepare(place)
    before = fingerprint()
    for stranger in [*strangers, UserFactory(is_superuser=True)]:
        path.attempt(place, stranger)
        assert fingerprint() == before, stranger.memberships.first()


@over(LIBRARY_PATHS)
def test_library_path__changes_no_form(path: WritePath):
    """The library belongs to the unit and has no deadline; what a form shows of it stays what it was."""
    place = path.build()
    path.prepare(place)
    pass_the_deadline()
    before = content_fingerprint(place.plain.submission)
    path.attempt(place, place.contributor)
    assert content_fingerprint(place.plain.submission) == before


def test_survey_answer__writes_in_time_and_not_after_it():
    _case, token = survey_of_invited()
    pass_the_deadline()
    before = fingerprint()
    answer_survey(token)
    assert fingerprint() == before
    Survey.objects.update(answers_due=timezone.now() + dt.timedelta(minutes=1))
    answer_survey(token)
    assert fingerprint() != before


# --- completeness -----------------------------------------------------------------------------------------------------
# Wagtail's own addresses have their own gates; the admin's registers of this room are tried below.
FOREIGN = ("admin/", "documents/")
CONVERTERS = (IntConverter, SlugConverter, StringConverter, UUIDConverter)


def addresses(resolver: URLResolver, namespace: str = "", route: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield (full name, pattern) of every address below a resolver; unnamed ones have the route as their name."""
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern)
        if here.startswith(FOREIGN):
            continue
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from addresses(entry, inner, here)
        else:
            yield f"{namespace}{entry.name}" if entry.name else here, entry


def example(pattern: URLPattern, this: OpenRound) -> dict[str, object]:
    """Return arguments with which the address exists as far as the type of its parts tells."""
    values: dict[type, object] = {
        IntConverter: this.plain.submission.pk,
        SlugConverter: this.round.code,
        StringConverter: "1.2.3",
        UUIDConverter: uuid.uuid4(),
    }
    return {
        name: next((values[kind] for kind in CONVERTERS if type(converter) is kind), "x")
        for name, converter in pattern.pattern.converters.items()
    }


def takes_posts(this: OpenRound) -> set[str]:
    """Return the names of all addresses of the portal that do not answer 405 to a post."""
    found = set()
    for name, pattern in addresses(get_resolver()):
        client = Client(raise_request_exception=False)
        client.force_login(this.contributor)
        try:
            path = reverse(name, kwargs=example(pattern, this))
        except NoReverseMatch:
            continue
        if client.post(path).status_code != 405:
            found.add(name)
    return found


def test_every_address_that_takes_a_post_stands_in_a_table():
    known = {name for path in [*WRITE_PATHS, *LIBRARY_PATHS] for name in path.addresses} | set(OTHER_ADDRESSES)
    found = {name for name in takes_posts(open_round()) if not name.startswith("wagtail")}
    assert "\n".join(sorted(found - known)) == "", "add them to tests/submissions/write_paths.py"
    assert sorted(known - found) == [], "take them out of tests/submissions/write_paths.py"


def test_every_address_of_the_workspace_can_be_tried():
    """What `reverse` cannot build would slip through the test above."""
    this = open_round()
    missed = []
    for name, pattern in addresses(get_resolver()):
        try:
            reverse(name, kwargs=example(pattern, this))
        except NoReverseMatch:
            missed.append(name)
    assert [name for name in missed if name.startswith(("submissions:", "cms:", "survey:", "publishing:"))] == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_api_takes_no_writes(method: str):
    this = open_round()
    client = Client()
    client.force_login(UserFactory(is_superuser=True))
    paths = [
        f"/{pattern_path}"
        for pattern_path in ("api/v1/rounds", f"api/v1/rounds/{this.round.code}", "api/v1/units", "api/v2/pages/")
    ]
    before = fingerprint()
    assert {getattr(client, method)(path).status_code for path in paths} <= {404, 405}
    assert fingerprint() == before


# --- the admin --------------------------------------------------------------------------------------------------------
def administrators() -> list[User]:
    return [UserFactory(is_superuser=True), user_with_role(Role.ADMINISTRATOR)]


@pytest.mark.parametrize("register", RoundRegisters.items, ids=lambda register: register.model.__name__)
def test_admin_register__adds_edits_and_deletes_nothing(register: Any):
    """Posts to the addresses of a register (they exist, or would if somebody made them) change no row."""
    this = appraisal_round()
    ExtensionFactory(participant=this.plain)
    helper = register().url_helper
    row = register.model._base_manager.first()
    pk = row.pk if row else 1
    paths = [
        helper.get_action_url_pattern("create").strip("^$"),
        *(re.sub(r"\(\?P<instance_pk>[^)]*\)", str(pk), helper.get_action_url_pattern(act).strip("^$"))
          for act in ("edit", "delete")),
    ]  # fmt: skip
    before = fingerprint()
    for person in administrators():
        client = Client()
        client.force_login(person)
        answers = [client.post(f"/admin/{path}", {"state": "draft", "points": "2"}) for path in paths]
        assert {answer.status_code for answer in answers} <= {302, 403, 404}, register.model
        assert fingerprint() == before


def test_admin_registers__list_and_show_their_rows_in_vietnamese():
    """Every register opens, and so does each first row; no relation stands under its English attribute."""
    this = appraisal_round()
    ExtensionFactory(participant=this.plain)
    client = Client()
    client.force_login(UserFactory(is_superuser=True))
    for register in RoundRegisters.items:
        helper = register().url_helper
        pages = [client.get(helper.index_url)]
        if row := register.model._base_manager.first():
            pages.append(client.get(helper.get_action_url("inspect", row.pk)))
        for page in pages:
            assert page.status_code == 200, register.model
            found = re.findall(r"<(?:th|dt)[^>]*>\s*(?:<a[^>]*>)?\s*([^<]*?)\s*<", page.content.decode())
            assert {
                name for name in found if re.search(r"(?i)^(agency|actor|participant|round|submission|.* by)$", name)
            } == set()


def test_admin__has_no_other_way_to_the_rows_of_this_room():
    """No viewset, snippet or bulk action of Wagtail is registered for submissions, entries and their kin."""
    this = appraisal_round()
    client = Client()
    client.force_login(UserFactory(is_superuser=True))
    names = {
        name
        for name, _pattern in addresses_of_admin()
        if "submissions_" in name and not name.startswith("wagtailforms:")
    }
    assert {name for name in names if "_modeladmin_" not in name} == set()
    before = fingerprint()
    for model in ("submission", "answer", "scoreentry", "receipt", "extension"):
        client.post(f"/admin/bulk/submissions/{model}/delete/?id={this.plain.submission.pk}")
    assert fingerprint() == before


def addresses_of_admin() -> Iterator[tuple[str, URLPattern]]:
    [admin] = [entry for entry in get_resolver().url_patterns if str(entry.pattern) == "admin/"]
    yield from addresses(admin)
