"""What is looked at in an XLSX file before anything reads its cells: size, macros, formulas, absurd dimensions."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from cms.exceptions import PortalError


class SpreadsheetError(PortalError):
    """The file cannot be read as the table it should be."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be. `cells` bounds the rectangle that a reader would allot."""

    size: int
    unzipped: int
    rows: int
    columns: int
    cells: int
    ratio: int = 200
    text: int = 32_767
    parts: int = 2_000

    @classmethod
    def default(cls) -> Limits:
        """Return the limits of the settings."""
        return cls(
            size=settings.PORTAL_IMPORT_MAX_BYTES,
            unzipped=settings.PORTAL_IMPORT_MAX_BYTES * 20,
            rows=settings.PORTAL_IMPORT_MAX_ROWS,
            columns=settings.PORTAL_IMPORT_MAX_COLUMNS,
            cells=settings.PORTAL_IMPORT_MAX_ROWS * 50,
        )


# Any prefix of a namespace; readers look at the name behind it.
_PREFIX = rb"(?:[^\s<>/:&]+:)?"
_CELL = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
_ROW = re.compile(rb"<" + _PREFIX + rb"row(?=\s)[^<>]*?\sr\s*=\s*[\"']([0-9]{1,7})[\"']")
# A row that does not say where it stands comes after the one before it.
_NAMELESS_ROW = re.compile(rb"<" + _PREFIX + rb"row(?=[\s/>])(?![^<>]*\sr\s*=\s*[\"'])[^<>]*>")
# Rows and cells in the plainest spelling, as all office programs write them. In another one (no place, a place written
# in character references, quotes within quotes) they get round the count, for the readers know more spellings.
_END = rb"(?:\s+[^\s<>=\"'&/]+\s*=\s*(?:\"[^\"'<>&]*\"|'[^\"'<>&]*'))*\s*/?>"
_ODD_CELL = re.compile(
    rb"<" + _PREFIX + rb"c(?=[\s/>])(?=[^<>]*[<>])"
    rb"(?!(?=[^<>]*\sr\s*=\s*[\"'][A-Za-z]{1,3}[0-9]{1,7}[\"'])" + _END + rb")"
)
_ODD_ROW = re.compile(
    rb"<" + _PREFIX + rb"row(?=[\s/>])(?=[^<>]*[<>])"
    rb"(?!(?![^<>]*\sr\s*=\s*[\"'](?![0-9]{1,7}[\"']))" + _END + rb")"
)
_SHEET_LINK = re.compile(rb"<[^<>]*relationships/(?:work|chart|dialog|macro)sheet[\"'][^>]*>", re.IGNORECASE)
_TARGET = re.compile(rb"\sTarget\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
_SHEET_PLACE = re.compile(rb"(?:/xl/)?(?:work|chart|dialog)sheets/[^/]+\.xml", re.IGNORECASE)
# A reader takes cells from each of these folders, whatever its name promises.
_SHEET_PART = re.compile(r"/?xl/(?:work|chart|dialog)sheets/[^/]+\.xml", re.IGNORECASE)
_SHARED_TEXTS = "xl/sharedstrings.xml"
_FORMULA = re.compile(rb"<" + _PREFIX + rb"f[\s>/]")
_TEXT = re.compile(rb"<" + _PREFIX + rb"si(?=[\s/>])")
# What turns into other characters only when it is read; no office program writes it into a workbook.
_DISGUISED = re.compile(rb"\x00|<!DOCTYPE")
_ACTIVE = re.compile(r"vbaproject|macrosheets/|activex/|embeddings/|xl/externallinks/|customui", re.IGNORECASE)
_CHUNK = 4 * 1024 * 1024
_OVERLAP = 64 * 1024


def check_workbook(content: IO[bytes], limits: Limits, *, allow_formulas: bool) -> None:
    """Refuse a workbook that is too large, has macros or other active parts, or formulas where they may not be.

    Raises `SpreadsheetError`. The declared sizes in the archive are not believed: the bytes are counted as they come.
    """
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as archive:
            _check_parts(archive, limits)
            _check_places(archive)
            longest_text = _check_texts(archive, limits)
            for part in archive.infolist():
                if is_sheet_part(part.filename):
                    _check_sheet(archive, part, limits, allow_formulas=allow_formulas, longest_text=longest_text)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zipfile.LargeZipFile, ValueError) as fault:
        raise SpreadsheetError(
            _("The file is damaged. Open it in Excel, save it again and retry."), code="damaged"
        ) from (fault)
    except RuntimeError as fault:  # an encrypted part
        raise SpreadsheetError(_("The file is protected by a password. Save it without one."), code="encrypted") from (
            fault
        )
    finally:
        content.seek(0)


def is_sheet_part(name: str) -> bool:
    """Whether `check_workbook` looks at the part of that name as at a sheet."""
    return _SHEET_PART.fullmatch(name) is not None


def _check_parts(archive: zipfile.ZipFile, limits: Limits) -> None:
    parts = archive.infolist()
    if len(parts) > limits.parts or sum(part.file_size for part in parts) > limits.unzipped:
        raise _too_large()
    for part in parts:
        if part.compress_size and part.file_size > 1024 * 1024 and part.file_size / part.compress_size > limits.ratio:
            raise _too_large()
        if _ACTIVE.search(part.filename.replace("\\", "/")):
            raise SpreadsheetError(
                _("The workbook contains macros, embedded objects or links to other files. Save it as a plain .xlsx."),
                code="active",
            )
    names = {part.filename for part in parts}
    # Of two parts of one name a reader might take the other one.
    if len({name.lower() for name in names}) != len(parts):
        raise _damaged("doubled_parts")
    if "xl/workbook.xml" not in names:
        raise SpreadsheetError(_("The file is not an Excel workbook (.xlsx)."), code="not_xlsx")
    if b"macroEnabled" in archive.read("[Content_Types].xml") if "[Content_Types].xml" in names else False:
        raise SpreadsheetError(_("The workbook contains macros. Save it as a plain .xlsx."), code="active")


def _check_places(archive: zipfile.ZipFile) -> None:
    """Refuse a workbook whose sheets lie where they are not looked at below."""
    names = {name.lower(): name for name in archive.namelist()}
    links = archive.read(names["xl/_rels/workbook.xml.rels"]) if "xl/_rels/workbook.xml.rels" in names else b""
    if b"&#" in links or _DISGUISED.search(links):
        raise _damaged("disguised")
    for link in _SHEET_LINK.findall(links):
        target = _TARGET.search(link)
        if target is None or not _SHEET_PLACE.fullmatch(target[1]):
            raise _damaged("sheet_elsewhere")


def _check_texts(archive: zipfile.ZipFile, limits: Limits) -> int:
    """Return the length of the longest shared text, which a reader may copy into every cell that refers to it.

    Counted from the beginning of one text to that of the next: a text may lie in many pieces.
    """
    longest = 0
    for part in archive.infolist():
        if part.filename.lower() == _SHARED_TEXTS:
            begun, end = 0, 0
            for start, chunk in _chunks(archive, part, limits):
                places = [start + found.start() for found in _TEXT.finditer(chunk)]
                for place in places:
                    longest, begun = max(longest, place - begun), max(begun, place)
                end = start + len(chunk)
            longest = max(longest, end - begun)
    if longest > limits.text * 16:  # four bytes a letter at most, and the marks of its pieces
        raise _too_large()
    return longest


def _check_sheet(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, limits: Limits, *, allow_formulas: bool, longest_text: int
) -> None:
    last_row = last_column = cells = nameless = 0
    for _start, chunk in _chunks(archive, part, limits):
        if not allow_formulas and (found := _FORMULA.search(chunk)):
            raise _has_formula(chunk[: found.start()], sheet=_sheet_name(archive, part.filename))
        if _ODD_CELL.search(chunk) or _ODD_ROW.search(chunk):
            raise _damaged("nameless_cells")
        nameless += len(_NAMELESS_ROW.findall(chunk))
        last_row = max([last_row, *(int(row) for row in set(_ROW.findall(chunk)))])
        references = _CELL.findall(chunk)
        if not references:
            continue
        cells += len(references)
        last_row = max(last_row, max(int(row) for row in {row for _column, row in references}))
        last_column = max(last_column, max(_column_number(column) for column in {c for c, _row in references}))
    last_row += nameless
    if last_row > limits.rows + 100:
        raise too_many_rows(limits)
    if last_column > limits.columns:
        raise SpreadsheetError(
            _("The sheet has more than %(count)d columns.") % {"count": limits.columns}, code="too_many_columns"
        )
    if last_row * last_column > limits.cells or cells * longest_text > limits.unzipped * 4:
        raise _too_large()


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """Yield the part's bytes and where they begin, with an overlap: a cell cut between two chunks is whole in one."""
    read, tail = 0, b""
    with archive.open(part) as source:
        while piece := source.read(_CHUNK):
            chunk = tail + piece
            read += len(piece)
            if read > limits.unzipped:
                raise _too_large()
            if _DISGUISED.search(chunk) or len(chunk) - _last_open(chunk) > _OVERLAP:
                raise _damaged("disguised")
            yield read - len(chunk), chunk
            tail = chunk[-_OVERLAP:] if len(piece) == _CHUNK else b""


def _last_open(chunk: bytes) -> int:
    """Return where a tag begins that the chunk cuts off; its length where it cuts none."""
    begin = chunk.rfind(b"<")
    return begin if begin > chunk.rfind(b">") else len(chunk)


def _damaged(code: str) -> SpreadsheetError:
    return SpreadsheetError(_("The file is damaged. Open it in Excel, save it again and retry."), code=code)


def _sheet_name(archive: zipfile.ZipFile, part: str) -> str:
    """Return the name of the sheet that lies in a part, with a word where it is hidden; empty where nothing tells."""
    try:
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    except KeyError:
        return ""
    targets = {
        _attribute(link, "Id"): _attribute(link, "Target") for link in re.findall(r"<Relationship\b[^<>]*>", links)
    }
    for tag in re.findall(r"<sheet\b[^<>]*>", book):
        target = targets.get(_attribute(tag, "r:id"), "")
        if target and part.lower().endswith(target.lower().removeprefix("/xl/")):
            name = html.unescape(_attribute(tag, "name"))
            return _("%(sheet)s (hidden)") % {"sheet": name} if "idden" in _attribute(tag, "state") else name
    return ""


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found[1] if found else ""


def _has_formula(before: bytes, *, sheet: str) -> SpreadsheetError:
    where = _CELL.findall(before[-2000:])
    if not where:
        return SpreadsheetError(
            _("The sheet contains formulas. Replace them by their values (copy, then paste as values)."), code="formula"
        )
    cell = b"".join(where[-1]).decode("ascii").upper()
    if sheet:
        return SpreadsheetError(
            _(
                "Cell %(cell)s of the sheet “%(sheet)s” contains a formula. Replace formulas by their values (copy, "
                "then paste as values)."
            )
            % {"cell": cell, "sheet": sheet},
            code="formula",
        )
    return SpreadsheetError(
        _("Cell %(cell)s contains a formula. Replace formulas by their values (copy, then paste as values).")
        % {"cell": cell},
        code="formula",
    )


def too_many_rows(limits: Limits) -> SpreadsheetError:
    """Return the refusal of a table that is too long."""
    return SpreadsheetError(
        _("The sheet has more than %(count)d rows. Divide the file.") % {"count": limits.rows}, code="too_many_rows"
    )


def _too_large() -> SpreadsheetError:
    return SpreadsheetError(_("The file is too large or unpacks to more than is allowed."), code="too_large")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
