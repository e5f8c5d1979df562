"""What may be kept as evidence, decided by content."""

import io

import pytest

from submissions.domain.pdf_check import check_pdf
from submissions.exceptions import FileRefused
from tests.factories import pdfs
from tests.factories.files import pdf_bytes

pytestmark = pytest.mark.unit


def test_check_pdf__sound():
    content = io.BytesIO(pdf_bytes(pages=3))
    findings = check_pdf(content, name="bao-cao.pdf")
    assert (findings.pages, findings.signature_fields, findings.warnings) == (3, 0, ())
    assert content.tell() == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (pdfs.encrypted(), "encrypted"),
        (pdfs.encrypted(user=""), "encrypted"),
        (pdfs.with_open_action_script(), "active_content"),
        (pdfs.with_script_in_names(), "active_content"),
        (pdfs.with_script_in_names(in_object_streams=False), "active_content"),
        (pdfs.with_launch(), "active_content"),
        (pdfs.with_page_actions(), "active_content"),
        (pdfs.with_xfa(), "active_content"),
        (pdfs.with_attachment(), "embedded_files"),
        (pdfs.truncated(), "broken"),
        (pdfs.broken_startxref(), "broken"),
        (pdfs.without_pages(), "no_pages"),
        (b"%PDF-1.7\n" + b"\x00\x01garbage" * 50, "broken"),
        (b"<!doctype html><script>alert(1)</script>", "not_pdf"),
        (b"MZ\x90\x00", "not_pdf"),
        (b"junk" + pdf_bytes(), "not_pdf"),
        (b"", "empty"),
    ],
)
def test_check_pdf__refuses_with_a_sentence_that_names_the_file(content: bytes, problem: str):
    with pytest.raises(FileRefused) as refused:
        check_pdf(io.BytesIO(content), name="van-ban.pdf")
    assert refused.value.code == problem
    assert "van-ban.pdf" in refused.value.message


def test_check_pdf__sixty_megabytes(settings):
    assert settings.PORTAL_EVIDENCE_MAX_BYTES == 50 * 1024 * 1024
    content = io.BytesIO(pdf_bytes() + b"\x00" * (60 * 1024 * 1024))
    with pytest.raises(FileRefused) as refused:
        check_pdf(content, name="to.pdf")
    assert refused.value.code == "too_large"
    assert "60,0" in refused.value.message
    assert "50,0" in refused.value.message


def test_check_pdf__lists_signers_and_notices_a_changed_byte():
    content = pdfs.signed("Nguyen Van Thu")
    [found] = check_pdf(io.BytesIO(content), name="ky-so.pdf").signatures
    assert (found["signer"], found["intact"]) == ("Nguyen Van Thu", True)
    changed = content.replace(b"595", b"596", 1)
    assert changed != content
    [found] = check_pdf(io.BytesIO(changed), name="ky-so.pdf").signatures
    assert found["intact"] is False


@pytest.mark.parametrize("times", [1, 2])
def test_check_pdf__a_page_that_unpacks_to_hundreds_of_megabytes_is_refused(times: int):
    assert check_pdf(io.BytesIO(pdfs.page_of(20, times=times)), name="vua.pdf").pages == 1
    with pytest.raises(FileRefused) as refused:
        check_pdf(io.BytesIO(pdfs.page_of(250, times=times)), name="bom.pdf")
    assert refused.value.code == "too_complex"


def test_check_pdf__a_picture_of_too_many_dots_is_refused():
    assert check_pdf(io.BytesIO(pdfs.picture_of(20_000, 28_000)), name="a0.pdf").pages == 1
    with pytest.raises(FileRefused) as refused:
        check_pdf(io.BytesIO(pdfs.picture_of(100_000, 100_000)), name="bom.pdf")
    assert refused.value.code == "too_complex"


def test_check_pdf__a_bomb_kills_the_process_that_looks_and_no_other():
    small = pdfs.bomb(decoded=8 * 1024 * 1024)
    assert check_pdf(io.BytesIO(small), name="nho.pdf").pages == 1  # the same file that unpacks to little is sound
    content = pdfs.bomb()
    assert len(content) < 100_000
    with pytest.raises(FileRefused) as refused:
        check_pdf(io.BytesIO(content), name="bom.pdf")
    assert refused.value.code in {"too_complex", "broken"}
    assert "bom.pdf" in refused.value.message
