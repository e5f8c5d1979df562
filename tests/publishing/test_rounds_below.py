"""The rounds below a province's round: the roll-up, what it fixes, and that one council's data is closed to another."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse
from django.utils import timezone

import openpyxl
import pytest

from publishing.domain.release_life import approve_release
from publishing.domain.releases import build_release
from publishing.domain.roll_up import child_lines, joint_ranking
from publishing.domain.terms import set_terms
from publishing.exceptions import PublishingError
from publishing.models import PublicationTerms
from publishing.tasks import export_joint
from submissions.domain.council_sessions import plan_session
from submissions.models import AssessmentRound
from tests.factories.publishing import DECISION
from tests.factories.two_tiers import Office, TwoTiers, score, send_all, two_tiers

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
BELOW = "/lam-viec/dot/tinh-minh-hoa/cap-duoi/"
CLASSES = [{"code": "A", "name": "Tốt", "from": "80"}, {"code": "B", "name": "Khá", "from": "0"}]


@pytest.fixture
def this() -> TwoTiers:
    return two_tiers()


def scored(this: TwoTiers) -> TwoTiers:
    """North: 7 of 7 (less the local point) and 5 of 7; south: 6 of 7 and 5 of 7."""
    score(this.north, {"xa-bac-1": {"9.1": "0"}, "xa-bac-2": {"1.2": "0"}})
    score(this.south, {"xa-nam-1": {"1.1": "0"}, "xa-nam-2": {"2.1": "0"}})
    return this


def test_joint_ranking__counts_the_common_criteria_alone(this: TwoTiers):
    scored(this)
    release = build_release(round=this.north.round, user=this.north.secretary, title="Huyện Bắc")
    approve_release(release=release, user=this.north.approver, **DECISION)
    rows = joint_ranking(this.province.round, child_lines(this.province.round))
    assert [(row.entry.subject.unit_code, row.entry.rank, row.entry.points, row.entry.maximum) for row in rows] == [
        ("xa-bac-1", 1, Decimal(7), Decimal(7)),
        ("xa-nam-1", 2, Decimal(6), Decimal(7)),
        ("xa-bac-2", 3, Decimal(5), Decimal(7)),
        ("xa-nam-2", 3, Decimal(5), Decimal(7)),
    ]
    # In its own round the local criterion counts: 7 of 8 points.
    assert [(row.own_rank, row.own_index) for row in rows] == [
        (1, Decimal("87.5")),
        (None, None),
        (2, Decimal(75)),
        (None, None),
    ]


def test_joint_ranking__only_of_finalised_rounds_that_conform(this: TwoTiers):
    score(this.north)
    lines = child_lines(this.province.round)
    assert [(line.round.pk, line.is_counted, line.local) for line in lines] == [
        (this.north.round.pk, True, ("9.1",)),
        (this.south.round.pk, False, ()),
    ]
    rows = joint_ranking(this.province.round, lines)
    assert {row.home for row in rows} == {"UBND huyện Bắc"}
    AssessmentRound.objects.filter(pk=this.province.round.pk).update(local_criteria=False)
    this.province.round.refresh_from_db()
    assert joint_ranking(this.province.round, child_lines(this.province.round)) == []


def test_screen__roll_up_and_workbook(signed_in, this: TwoTiers, tmp_path):
    scored(this)
    client = signed_in(this.province.secretary)
    page = client.get(BELOW).content.decode()
    assert [name in page for name in ("Xã Bắc 1", "Xã Nam 2", "UBND huyện Bắc", "9.1")] == [True] * 4
    answer = client.post(f"{BELOW}tai-ve/")
    assert urlsplit(answer["Location"]).path.startswith("/lam-viec/tac-vu/")

    class Context:
        user = this.province.secretary
        files: dict[str, list] = {}

        def progress(self, *values: object) -> None: ...

        def attach_result(self, name: str, content: object) -> None:
            self.files[name] = [
                row for row in openpyxl.load_workbook(content).active.iter_rows(values_only=True) if row[2]
            ]

    export_joint(Context(), round_id=this.province.round.pk)
    [rows] = Context.files.values()
    assert [row[2] for row in rows[1:]] == ["xa-bac-1", "xa-nam-1", "xa-bac-2", "xa-nam-2"]


@pytest.mark.parametrize("more", [1, 3])
def test_screen__a_fixed_number_of_queries(signed_in, django_assert_max_num_queries, this: TwoTiers, more: int):
    for number in range(more):
        AssessmentRound.objects.create(
            **{
                name: getattr(this.south.round, name)
                for name in ("year", "edition", "owner", "parent", "period_from", "period_to")
            },
            code=f"them-{number}",
            name=f"Thêm {number}",
        )
    client = signed_in(this.province.secretary)
    client.get(BELOW)
    with django_assert_max_num_queries(34):
        client.get(BELOW)


def test_terms__bind_the_releases_below(this: TwoTiers):
    scored(this)
    fixed = {"local_criteria": True, "tie_rule": "dense", "classes": CLASSES}
    set_terms(round=this.province.round, user=this.province.secretary, **fixed)
    given = {"round": this.north.round, "user": this.north.secretary, "title": "Huyện Bắc"}
    for options, code in (
        ({"classes": CLASSES}, "tie_rule_fixed"),
        ({"tie_rule": "dense"}, "classes_fixed"),
        ({"tie_rule": "dense", "classes": [*CLASSES[:1], {**CLASSES[1], "from": "1"}]}, "classes_fixed"),
    ):
        with pytest.raises(PublishingError) as refused:
            build_release(**given, **options)
        assert refused.value.code == code
    release = build_release(**given, tie_rule="dense", classes=[{**CLASSES[0], "from": "80.0"}, CLASSES[1]])
    assert [entry.class_code for entry in release.entries.order_by("unit_code")] == ["A", "B"]


def _terms(**changes: str) -> dict[str, str]:
    rows = {
        "lop-TOTAL_FORMS": "1",
        "lop-INITIAL_FORMS": "0",
        "lop-0-code": "A",
        "lop-0-name": "Tốt",
        "lop-0-start": "80",
    }
    return {"local_criteria": "on", "tie_rule": "dense", "fixes_classes": "on", **rows, **changes}


def test_screen__terms_are_stored_and_shown_to_the_builder_below(signed_in, this: TwoTiers):
    score(this.south)
    client = signed_in(this.province.secretary)
    assert client.post(BELOW, _terms(**{"lop-0-start": "101"})).status_code == 422
    assert client.post(BELOW, {**_terms(), "local_criteria": ""}).status_code == 422  # the north has one
    assert not PublicationTerms.objects.filter(fixes_classes=True).exists()
    assert client.post(BELOW, _terms()).status_code == 302
    page = signed_in(this.south.secretary).get(f"/lam-viec/cong-bo/ky/{this.south.round.code}/").content.decode()
    assert ('value="dense"' in page, 'value="competition"' in page, 'value="Tốt"' in page) == (True, False, True)


def test_screen__terms_are_the_superior_secretariats(signed_in, this: TwoTiers):
    assert signed_in(this.province.approver).post(BELOW, _terms()).status_code == 403
    for person in (*this.north.people, this.province.member, this.province.appraiser):
        assert signed_in(person).post(BELOW, _terms()).status_code == 404
        assert signed_in(person).get(BELOW).status_code == 404
    assert not PublicationTerms.objects.exists()


# --- closed doors -----------------------------------------------------------------------------------------------------
ROUND_SCREENS = (
    *("page", "participants", "deadlines", "assignments", "central", "adjustments", "finalise", "edition", "council"),
)
PAPERS = ("session", "members", "screen")


def _papers(this: Office) -> list[str]:
    """The addresses of the council's session, the forms and the draft release: not even the superior body's."""
    session = plan_session(round=this.round, user=this.secretary, title="Họp kín", held_at=timezone.now())
    score(this)
    release = build_release(round=this.round, user=this.secretary, title="Bản dự thảo Xã Nam")
    form = this.participants[0].submission.pk
    forms = ("overview", "review", "receipt")
    return [
        *(reverse(f"submissions:council_{name}", args=[session.pk]) for name in PAPERS),
        *(reverse(f"submissions:{name}", args=[form]) for name in forms),
        reverse("submissions:domain", args=[form, "1"]),
        reverse("submissions:report", args=[form, "docx"]),
        reverse("publishing:desk_release", args=[release.pk]),
        reverse("publishing:desk_build", args=[this.round.code]),
    ]


def _desk(this: Office) -> list[str]:
    """The addresses of the round's desk and registers."""
    participant = this.participants[0]
    entry = participant.score_entries.first()
    return [
        *(reverse(f"submissions:round_{name}", args=[this.round.code]) for name in ROUND_SCREENS),
        reverse("submissions:round_participant", args=[this.round.code, participant.pk]),
        reverse("publishing:rounds_below", args=[this.round.code]),
        reverse("submissions:appraisal_queue", args=[this.round.code]),
        reverse("submissions:appraisal_leaf", args=[this.round.code, participant.pk, "1.1"]),
        f"/admin/submissions/participant/inspect/{participant.pk}/",
        f"/admin/submissions/scoreentry/inspect/{entry.pk}/",
    ]


def _opened(client: Client, doors: list[str]) -> list[str]:
    """The addresses that open for the person."""
    return [door for door in doors if client.get(door).status_code not in {302, 403, 404}]


def test_what_one_council_has_is_closed_to_another(signed_in, this: TwoTiers):
    send_all(this)
    for one in (this.north, this.south):
        one.round.refresh_from_db()
        one.participants = list(one.round.participants.select_related("unit", "submission"))
    papers, desk = _papers(this.south), _desk(this.south)
    for person in (*this.north.people, this.province.member, this.province.appraiser):
        client = signed_in(person)
        assert _opened(client, [*papers, *desk]) == [], person
        for address in ("/lam-viec/dot/", "/lam-viec/hoi-dong/", "/lam-viec/cong-bo/", "/lam-viec/"):
            assert "huyện Nam 2025" not in client.get(address).content.decode(), (person, address)
        assert client.post(reverse("submissions:round_export", args=[this.south.round.code])).status_code == 404
    # The superior secretariat reads the round's desk, and none of the council's papers, forms and drafts.
    superior = signed_in(this.province.secretary)
    assert _opened(superior, papers) == []
    assert len(_opened(superior, desk)) >= 10
    # Its own people do see them, so that the doors above are real ones.
    assert len(_opened(signed_in(this.south.secretary), papers)) >= 9
