"""Private files: kept once, named safely, typed by content, read only by those who may."""

import errno
import io
import json
import os
import uuid
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.db import OperationalError
from django.urls import reverse
from django.utils import translation

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.domain.files import clean_name, detect_type, is_intact, may_read, register_reader, store_file
from cms.enums import FileKind, Role
from cms.models import StoredFile
from cms.storage import PrivateFileStorage
from cms.views.errors import server_error
from tests.factories.cms import JobRunFactory, StoredFileFactory, UserFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def stored(content=b"%PDF-1.4 x", **values):
    options = {"kind": FileKind.IMPORT, "name": "a.pdf", "owner_unit": None, "user": None, **values}
    return store_file(content=ContentFile(content), **options)


def test_the_same_bytes_are_kept_once_with_a_row_each():
    first, second, other = stored(b"%PDF-one"), stored(b"%PDF-one"), stored(b"%PDF-two")
    assert (first.file.name == second.file.name, first.pk == second.pk) == (True, False)
    assert first.file.name != other.file.name
    assert len(list(first.file.storage.listdir(""))) == 2
    assert first.content_type == "application/pdf"


def test_a_cut_copy_in_the_storage_is_not_taken_for_the_file():
    first = stored(b"%PDF whole file")
    with open(first.file.storage.path(first.file.name), "wb") as target:
        target.write(b"%PDF")
    again = stored(b"%PDF whole file")
    assert (is_intact(first), is_intact(again)) == (False, True)


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\Báo cáo.pdf", "Báo cáo.pdf"),
        ("a\x00b\nc.pdf", "abc.pdf"),
        ("\u202egnp.exe", "gnp.exe"),
        ("...", "file"),
        ("", "file"),
        (".pdf", "pdf"),
        ("x" * 400 + ".pdf", "x" * 180 + ".pdf"),
    ],
)
def test_names_are_made_safe(given_name, kept):
    assert clean_name(given_name) == kept


@given(st.text(max_size=300))
def test_no_name_leaves_its_folder_or_its_header(text):
    name = clean_name(text)
    assert name
    assert len(name) <= 200
    assert not set(name) & set('/\\\x00\r\n"')


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"PK\x03\x04broken", "application/octet-stream"),
        (b"a;b\n1;2", "text/csv"),
        ("Số liệu".encode() * 700, "text/plain"),
        (b"\xff\xfe\x00a", "application/octet-stream"),
        (b'{"a": 1}', "application/json"),
        (b"", "application/x-empty"),
        (b"<html><script>", "text/plain"),
    ],
)
def test_types_are_found_in_the_bytes(content, media_type):
    assert detect_type(io.BytesIO(content)) == media_type


def test_only_readers_of_the_kind_read_and_those_who_read_all():
    owner, stranger = UserFactory(), UserFactory()
    mine = stored(user=owner)
    assert (may_read(owner, mine), may_read(stranger, mine)) == (True, False)
    assert may_read(user_with_role(Role.AUDITOR), mine)
    assert may_read(user_with_role(Role.ADMINISTRATOR), mine)
    assert not may_read(user_with_role(Role.SECRETARIAT), mine)
    owner.is_active = False
    result = stored(kind=FileKind.RESULT, user=None)
    JobRunFactory(created_by=stranger, result_file=result)
    assert may_read(stranger, result)


def test_a_registered_reader_opens_its_kind_only():
    user = UserFactory()
    register_reader(FileKind.ATTACHMENT, lambda person, file: person == user)
    assert may_read(user, stored(kind=FileKind.ATTACHMENT))
    assert not may_read(user, stored(kind=FileKind.SIGNED_REPORT))


def test_a_download_is_guarded_and_inert(signed_in, client):
    owner = UserFactory()
    file = stored(b"<script>alert(1)</script>", name='Báo "cáo".html', user=owner)
    url = reverse("cms:file", args=[file.uid])
    assert client.get(url).url.startswith(reverse("cms:login"))
    assert signed_in(UserFactory()).get(url).status_code == 403
    answer = signed_in(owner).get(url)
    assert answer.getvalue() == b"<script>alert(1)</script>"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "text/plain"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "script-src" not in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "private, no-cache"
    assert signed_in(owner).get(reverse("cms:file", args=[uuid.uuid4()])).status_code == 404
    assert signed_in(owner).post(url).status_code == 405


def test_only_a_pdf_is_shown_in_the_browser(signed_in):
    owner = UserFactory()
    client = signed_in(owner)
    pdf = client.get(reverse("cms:file", args=[stored(user=owner).uid]) + "?inline=1")
    page = client.get(reverse("cms:file", args=[stored(b"<html>", user=owner).uid]) + "?inline=1")
    assert pdf["Content-Disposition"].startswith("inline")
    assert page["Content-Disposition"].startswith("attachment")


def test_the_browser_asks_each_time_and_the_permission_is_checked_each_time(signed_in):
    owner = UserFactory()
    file = stored(user=owner)
    url = reverse("cms:file", args=[file.uid])
    etag = signed_in(owner).get(url)["ETag"]
    assert signed_in(owner).get(url, headers={"if-none-match": etag}).status_code == 304
    assert signed_in(UserFactory()).get(url, headers={"if-none-match": etag}).status_code == 403


def test_files_have_no_public_address():
    file = StoredFileFactory()
    with pytest.raises(NotImplementedError):
        _ = file.file.url
    assert StoredFile.objects.get().uid


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("images/a.png", 200),
        ("documents/secret.pdf", 404),
        ("images/../documents/secret.pdf", 404),
        ("images/%2e%2e/documents/secret.pdf", 404),
        ("../private/x", 404),
        ("images/", 404),
    ],
)
def test_only_images_of_the_media_folder_are_public(client, settings, path, status):
    for name in ("images/a.png", "documents/secret.pdf"):
        target = settings.MEDIA_ROOT / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"x")
    assert client.get(f"/media/{path}").status_code == status


class FullDisk(PrivateFileStorage):
    """A disk that takes the first bytes of a file and has no room for the rest."""

    def _save(self, name, content):
        return super()._save(name, BrokenOff(content))


class BrokenOff(File):
    """Content that is written for a while and then meets the end of the disk."""

    def chunks(self, chunk_size=None):
        yield self.read(4)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def files_below(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_a_full_disk_leaves_nothing_behind_and_says_so(tmp_path, settings, rf):
    settings.STORAGES = settings.STORAGES | {
        "private": {"BACKEND": "tests.cms.test_files.FullDisk", "OPTIONS": {"location": str(tmp_path)}}
    }
    request = rf.post("/lam-viec/", headers={"accept": "application/json"})
    with translation.override("vi"):
        try:
            stored(b"%PDF-full")
        except OSError:
            answer = server_error(request)
            page = server_error(rf.post("/lam-viec/"))
    assert (answer.status_code, page.status_code) == (507, 507)
    sentence = json.loads(answer.content)["message"]
    assert sentence.startswith("Ổ đĩa của máy chủ đã hết dung lượng")
    assert sentence in page.content.decode()
    assert (files_below(tmp_path), StoredFile.objects.count()) == ([], 0)


def test_what_the_database_says_of_a_full_disk_is_understood(rf):
    try:
        raise OperationalError("database or disk is full") from psycopg.errors.DiskFull("could not extend file")
    except OperationalError:
        assert server_error(rf.get("/")).status_code == 507
    try:
        raise OperationalError("database is locked")
    except OperationalError:
        assert server_error(rf.get("/")).status_code == 500


def test_of_two_files_of_one_name_none_overwrites_the_other(tmp_path):
    storage = PrivateFileStorage(location=str(tmp_path))
    # Both chose the name while it was free.
    names = [storage._save("aa/bb/x", ContentFile(content)) for content in (b"one", b"two")]
    assert [storage.open(name).read() for name in names] == [b"one", b"two"]
    assert len(files_below(tmp_path)) == 2
