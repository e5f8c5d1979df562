"""Bytes that nobody refers to go after a safe age; what anybody refers to, or is about to, stays."""

import datetime as dt
import io
import os

from wagtail.models import ModelLogEntry

import pytest

from cms import clock
from cms.domain.files import store_file
from cms.domain.orphans import orphans, sweep
from cms.enums import FileKind
from cms.models import JobRun, StoredFile
from cms.models.files import private_storage
from cms.tasks import order_sweep

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
OLD = dt.timedelta(days=3)


@pytest.fixture(autouse=True)
def own_storage(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {"BACKEND": "cms.storage.PrivateFileStorage", "OPTIONS": {"location": str(tmp_path)}},
    }


def stored(text: str) -> StoredFile:
    return store_file(
        kind=FileKind.EVIDENCE, content=io.BytesIO(text.encode()), name="a.txt", owner_unit=None, user=None
    )


def orphan(text: str, *, age: dt.timedelta = OLD) -> str:
    """Store bytes and forget their row, as a crash before the commit does."""
    row = stored(text)
    name = row.file.name
    StoredFile.objects.filter(pk=row.pk).delete()
    moment = (clock.now() - age).timestamp()
    os.utime(private_storage().path(name), (moment, moment))
    return name


def test_sweep__takes_old_bytes_without_a_row_and_nothing_else():
    kept, gone, young = stored("có dòng"), orphan("cũ"), orphan("mới", age=dt.timedelta(hours=1))
    other = private_storage().save("incoming/abc/0", io.BytesIO(b"x"))
    os.utime(private_storage().path(kept.file.name), (0, 0))
    os.utime(private_storage().path(other), (0, 0))
    assert sweep() == [gone]
    assert sweep() == []
    assert [private_storage().exists(name) for name in (kept.file.name, gone, young, other)] == [
        True,
        False,
        True,
        True,
    ]


def test_sweep__leaves_bytes_that_an_upload_takes_over():
    name = orphan("bị ngắt giữa chừng")
    again = stored("bị ngắt giữa chừng")
    StoredFile.objects.filter(pk=again.pk).delete()  # its row is not committed yet
    assert again.file.name == name
    assert list(orphans()) == []
    assert sweep() == []


def test_sweep__the_job_of_a_day_runs_once_and_is_audited():
    orphan("cũ")
    order_sweep()
    order_sweep()
    assert JobRun.objects.get(task="cms.sweep_files").report == {"removed": 1}
    assert ModelLogEntry.objects.filter(action="cms.files_swept").count() == 1
