"""Upload in pieces: in order, repeated, broken off, by the wrong people, too large; many files in one plain form."""

import datetime as dt
import io
import uuid

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import pytest

from cms import clock
from cms.domain.files import is_intact
from cms.models import StoredFile
from cms.models.files import private_storage
from submissions.domain import uploads
from submissions.domain.uploads import drop_stale_uploads, take_piece
from submissions.exceptions import FileRefused, SubmissionError
from submissions.models import Evidence, EvidenceUse, IncomingUpload
from submissions.views.evidence import MAX_FILES
from tests.factories import pdfs
from tests.factories.files import pdf_bytes
from tests.factories.submissions import EvidenceFactory, OpenRound, open_round
from tests.submissions.test_concurrency import at_once
from tests.submissions.test_write_paths import pass_the_deadline

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

CONTENT = pdf_bytes(pages=5)
META = {"number": "05/KH", "issued_on": "05/01/2025", "issuer": "UBND", "title": "Kế hoạch", "pages": "2-3"}


@pytest.fixture(autouse=True)
def _no_pieces_of_other_tests() -> None:
    for path in pieces_in_storage():
        private_storage().delete(path)


def leaf_address(this: OpenRound, uid: uuid.UUID, code: str = "1.2.1") -> str:
    return reverse("submissions:leaf_upload", args=[this.plain.submission.pk, code, uid])


def library_address(this: OpenRound, uid: uuid.UUID) -> str:
    return reverse("submissions:library_upload", args=[this.plain.unit.pk, uid])


def send(client: Client, address: str, content: bytes, offset: int, length: int, **meta: str):
    piece = SimpleUploadedFile("piece", content[offset : offset + length])
    data = {"name": "ke-hoach.pdf", "size": str(len(content)), "offset": str(offset), "piece": piece, **meta}
    return client.post(address, data)


def pieces_in_storage() -> list[str]:
    return uploads._pieces()


def test_leaf_upload__pieces_in_order_become_the_document_on_the_criterion(signed_in):
    this = open_round()
    client, uid = signed_in(this.contributor), uuid.uuid4()
    address, step = leaf_address(this, uid), 300
    answers = [send(client, address, CONTENT, at, step, **META).json() for at in range(0, len(CONTENT), step)]
    assert [answer["state"] for answer in answers] == ["partial"] * (len(answers) - 1) + ["done"]
    use = EvidenceUse.objects.get()
    assert (use.answer.code, use.pages, use.evidence.number, use.evidence.title) == (
        "1.2.1",
        "2-3",
        "05/KH",
        "Kế hoạch",
    )
    assert (use.evidence.issued_on, use.evidence.file.size) == (dt.date(2025, 1, 5), len(CONTENT))
    assert is_intact(use.evidence.file)
    assert answers[-1]["url"] == reverse("submissions:document", args=[use.evidence_id])
    assert pieces_in_storage() == []


def test_upload__goes_on_where_the_server_says_and_repeating_does_no_harm(signed_in):
    this = open_round()
    client, uid = signed_in(this.contributor), uuid.uuid4()
    address = library_address(this, uid)
    assert client.get(address).json()["received"] == 0
    assert send(client, address, CONTENT, 0, 200).json()["received"] == 200
    assert send(client, address, CONTENT, 0, 200).json()["received"] == 200
    assert send(client, address, CONTENT, 400, 100).json()["received"] == 200
    assert client.get(address).json() == {"state": "partial", "received": 200}
    first = send(client, address, CONTENT, 200, len(CONTENT)).json()
    again = send(client, address, CONTENT, 200, len(CONTENT)).json()
    empty = send(client, address, CONTENT, len(CONTENT), 0).json()
    assert first["state"] == "done"
    assert first == again == empty
    assert (Evidence.objects.count(), StoredFile.objects.count()) == (1, 1)


def test_upload__forgotten_by_the_server_begins_again(signed_in):
    this = open_round()
    address = library_address(this, uuid.uuid4())
    assert send(signed_in(this.contributor), address, CONTENT, 500, 100).json() == {"state": "partial", "received": 0}
    assert IncomingUpload.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "size", "code"),
    [
        (b"<!doctype html>", None, "not_pdf"),
        (b"", None, "empty"),
        (CONTENT, 51 * 1024 * 1024, "too_large"),
    ],
)
def test_take_piece__refused_at_the_first_byte(content: bytes, size: int | None, code: str):
    """A file that cannot be taken is refused before fifty megabytes have gone over a slow line."""
    this = open_round()
    with pytest.raises(FileRefused) as refused:
        take_piece(
            user=this.contributor,
            unit=this.plain.unit,
            uid=uuid.uuid4(),
            name="a.pdf",
            size=len(content) if size is None else size,
            offset=0,
            piece=content,
        )
    assert refused.value.code == code
    assert (IncomingUpload.objects.count(), pieces_in_storage()) == (0, [])


def test_leaf_upload__hostile_whole_is_refused_and_forgotten(signed_in):
    this = open_round()
    content = pdfs.with_open_action_script()
    answer = send(signed_in(this.contributor), leaf_address(this, uuid.uuid4()), content, 0, len(content))
    assert (answer.status_code, answer.json()["code"]) == (403, "active_content")
    assert (IncomingUpload.objects.count(), Evidence.objects.count(), pieces_in_storage()) == (0, 0, [])


def test_take_piece__more_bytes_than_named():
    this = open_round()
    fields = {"user": this.contributor, "unit": this.plain.unit, "uid": uuid.uuid4(), "name": "a.pdf", "size": 100}
    take_piece(**fields, offset=0, piece=CONTENT[:60])
    for piece in (CONTENT[60:120], b""):
        with pytest.raises(SubmissionError) as refused:
            take_piece(**fields, offset=60, piece=piece)
        assert refused.value.code == "bad_piece"


@pytest.mark.parametrize("bad", [{"offset": "-1"}, {"size": "x"}, {"issued_on": "32/13/2025"}, {"title": "x" * 501}])
def test_upload__bad_fields_are_named(signed_in, bad: dict[str, str]):
    this = open_round()
    data = {"name": "a.pdf", "size": "10", "offset": "0", "piece": SimpleUploadedFile("p", CONTENT[:10]), **bad}
    answer = signed_in(this.contributor).post(library_address(this, uuid.uuid4()), data)
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == set(bad)


def test_upload__somebody_elses_number_is_refused_and_tells_nothing(signed_in):
    this = open_round()
    uid = uuid.uuid4()
    send(signed_in(this.contributor), library_address(this, uid), CONTENT, 0, 100)
    leader = signed_in(this.leader)
    assert leader.get(library_address(this, uid)).json()["received"] == 0
    assert send(leader, library_address(this, uid), CONTENT, 100, 100).status_code == 403
    for stranger in (this.other_contributor, this.secretary, this.appraiser):
        answer = send(signed_in(stranger), library_address(this, uuid.uuid4()), CONTENT, 0, 100)
        assert (answer.status_code, answer.json()["state"]) == (403, "refused")
    assert IncomingUpload.objects.count() == 1
    anonymous = Client().get(library_address(this, uid))
    assert (anonymous.status_code, anonymous.json()["state"]) == (401, "signed_out")


def test_leaf_upload__the_lock_falls_between_two_pieces(signed_in):
    this = open_round()
    client, address = signed_in(this.contributor), leaf_address(this, uuid.uuid4())
    assert send(client, address, CONTENT, 0, 100).json()["received"] == 100
    pass_the_deadline(this)
    answer = send(client, address, CONTENT, 100, len(CONTENT))
    assert (answer.status_code, answer.json()["code"]) == (403, "locked")
    assert (Evidence.objects.count(), EvidenceUse.objects.count()) == (0, 0)


def test_leaf_upload__warns_of_the_same_file_and_of_a_day_outside_the_period(signed_in):
    this = open_round()
    first = send(signed_in(this.contributor), leaf_address(this, uuid.uuid4()), CONTENT, 0, len(CONTENT))
    assert first.json()["warnings"] == []
    file = Evidence.objects.get().file
    EvidenceFactory(unit=this.full.unit, file=file)
    meta = {"issued_on": "31/12/2024"}
    other = pdf_bytes(text="khac")
    answers = [
        send(signed_in(this.contributor), leaf_address(this, uuid.uuid4()), CONTENT, 0, len(CONTENT)).json(),
        send(signed_in(this.contributor), leaf_address(this, uuid.uuid4()), other, 0, len(other), **meta).json(),
    ]
    assert [len(answer["warnings"]) for answer in answers] == [1, 1]


def test_drop_stale_uploads__after_a_day_and_pieces_without_a_name(signed_in):
    this = open_round()
    client = signed_in(this.contributor)
    now = timezone.now()
    with clock.at(now - dt.timedelta(hours=25)):
        send(client, library_address(this, uuid.uuid4()), CONTENT, 0, 100)
    send(client, library_address(this, uuid.uuid4()), CONTENT, 0, 100)
    private_storage().save("incoming/nobody-000000000000", io.BytesIO(b"x"))
    assert len(pieces_in_storage()) == 3
    assert drop_stale_uploads() == 1
    assert (IncomingUpload.objects.count(), len(pieces_in_storage())) == (1, 2)
    with clock.at(now + dt.timedelta(hours=25)):
        assert drop_stale_uploads() == 2
        assert drop_stale_uploads() == 0
    assert pieces_in_storage() == []


def test_unfinished_uploads_of_one_account_make_room(monkeypatch):
    this = open_round()
    monkeypatch.setattr(uploads, "MAX_OPEN", 3)
    for _number in range(5):
        take_piece(
            user=this.contributor,
            unit=this.plain.unit,
            uid=uuid.uuid4(),
            name="a.pdf",
            size=len(CONTENT),
            offset=0,
            piece=CONTENT[:50],
        )
    assert (IncomingUpload.objects.count(), len(pieces_in_storage())) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_the_same_last_piece_twice_at_once__one_document(signed_in):
    this = open_round()
    address = library_address(this, uuid.uuid4())
    send(signed_in(this.contributor), address, CONTENT, 0, 200)
    clients = [signed_in(this.contributor), signed_in(this.contributor)]
    answers = at_once(*(lambda c=c: send(c, address, CONTENT, 200, len(CONTENT)).json() for c in clients))
    assert "done" in {answer["state"] for answer in answers}
    assert {answer["state"] for answer in answers} <= {"done", "busy"}
    assert (Evidence.objects.count(), StoredFile.objects.count(), pieces_in_storage()) == (1, 1, [])


# --- the plain form, without JavaScript -------------------------------------------------------------------------------
def files(number: int) -> list[SimpleUploadedFile]:
    return [
        SimpleUploadedFile(f"{n}.pdf", pdf_bytes(text=str(n)), content_type="application/pdf") for n in range(number)
    ]


@pytest.mark.parametrize("number", [MAX_FILES + 1, 200])
def test_plain_form__too_many_files_get_a_sentence_and_none_is_stored(signed_in, number: int):
    this = open_round()
    for name, args in (("leaf_evidence", [this.plain.submission.pk, "1.2.1"]), ("library", [this.plain.unit.pk])):
        response = signed_in(this.contributor).post(reverse(f"submissions:{name}", args=args), {"file": files(number)})
        assert response.status_code == 422
        assert str(number) in response.context["form"].errors["file"][0]
        assert str(MAX_FILES) in response.context["form"].errors["file"][0]
    assert Evidence.objects.count() == 0


def test_plain_form__several_files_at_once(signed_in):
    this = open_round()
    address = reverse("submissions:leaf_evidence", args=[this.plain.submission.pk, "1.2.1"])
    assert signed_in(this.contributor).post(address, {"file": files(3)}).status_code == 302
    assert sorted(Evidence.objects.values_list("title", flat=True)) == ["0", "1", "2"]
    assert EvidenceUse.objects.count() == 3


# --- the viewer -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "page"), [("", 1), ("?trang=3", 3), ("?trang=99", 5), ("?trang=0", 1), ("?trang=x", 1), ("?trang=-2", 1)]
)
def test_evidence_view__opens_at_the_named_page(signed_in, query: str, page: int):
    this = open_round()
    send(signed_in(this.contributor), leaf_address(this, uuid.uuid4()), CONTENT, 0, len(CONTENT))
    document = Evidence.objects.get()
    address = reverse("submissions:evidence_view", args=[document.pk])
    response = signed_in(this.leader).get(f"{address}{query}")
    file = reverse("cms:file", args=[document.file.uid])
    assert f'src="{file}?inline=1#page={page}"' in response.content.decode()
    assert "frame-src 'self'" in response["Content-Security-Policy"]


def test_evidence_view__whoever_may_read_the_file(signed_in):
    this = open_round()
    send(signed_in(this.contributor), leaf_address(this, uuid.uuid4()), CONTENT, 0, len(CONTENT))
    address = reverse("submissions:evidence_view", args=[Evidence.objects.get().pk])
    found = {
        who: signed_in(getattr(this, who)).get(address).status_code
        for who in ("contributor", "leader", "secretary", "appraiser", "other_contributor", "editor")
    }
    assert found == {
        "contributor": 200,
        "leader": 200,
        "secretary": 200,
        "appraiser": 403,
        "other_contributor": 403,
        "editor": 403,
    }
    assert Client().get(address).status_code == 302
