"""Small files for tests."""

import io
import random

import pikepdf


def pdf_bytes(*, pages: int = 1, text: str = "Minh chung", padding: int = 0) -> bytes:
    """Return a sound PDF; `text` (ASCII) makes two files differ, `padding` bytes make it long."""
    buffer = io.BytesIO()
    with pikepdf.new() as pdf:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        for number in range(1, pages + 1):
            page = pdf.add_blank_page(page_size=(595, 842))
            page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
            page.Contents = pdf.make_stream(f"BT /F1 18 Tf 72 760 Td ({text} {number}) Tj ET".encode("ascii"))
        if padding:
            pdf.pages[0].Resources.Padding = pdf.make_stream(random.Random(text).randbytes(padding))
        pdf.save(buffer, deterministic_id=True)
    return buffer.getvalue()
