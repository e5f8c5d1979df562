"""Small files for tests."""

import io

import pikepdf


def pdf_bytes(*, pages: int = 1, text: str = "Minh chung") -> bytes:
    """Return a sound PDF with the number of pages; `text` (ASCII) makes two files differ."""
    buffer = io.BytesIO()
    with pikepdf.new() as pdf:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        for number in range(1, pages + 1):
            page = pdf.add_blank_page(page_size=(595, 842))
            page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
            page.Contents = pdf.make_stream(f"BT /F1 18 Tf 72 760 Td ({text} {number}) Tj ET".encode("ascii"))
        pdf.save(buffer, deterministic_id=True)
    return buffer.getvalue()
