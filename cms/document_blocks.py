"""What an official document consists of; `cms.documents` writes it as PDF and as Word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 to 3."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of plain text; line feeds stay."""

    text: str
    strong: bool = False
    small: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of points."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of several paragraphs (line feeds part them), with a muted note under them."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A row that spans the table and names the rows under it."""

    text: str


@dataclass(frozen=True, slots=True)
class Total:
    """A row in bold."""

    cells: Sequence[str | Cell]


Row = Sequence[str | Cell] | Group | Total


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its header comes again on every page, rows may break over pages.

    `numeric`: positions of columns set to the right; `widths`: shares of the width, equal where left out.
    """

    headers: Sequence[str]
    rows: Sequence[Row]
    numeric: Sequence[int] = ()
    widths: Sequence[float] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Signatures:
    """Places to sign, side by side: (role, name); left of them who gets the document ("Nơi nhận")."""

    items: Sequence[tuple[str, str]]
    recipients: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class NewPage:
    """What follows starts on a new page."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: what it is of, its length as a share of the longest possible (0 to 1), and the figure in words."""

    label: str
    share: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of horizontal bars under its finding; its figures stand beside the bars and in a table too."""

    title: str
    items: Sequence[Bar]


Block = Heading | Paragraph | Bullets | Facts | Table | Bars | Signatures | NewPage


@dataclass(frozen=True, slots=True)
class Document:
    """A document. `national` puts the head of official documents on top: superior body, issuer and number at the left,
    the country's heading, place and day at the right. `to`: whom it is for, under the title; `notice` stands in a box
    (invented figures say so there); `footer` stands beside the page numbers; `draft` marks every page."""

    title: str
    blocks: Sequence[Block]
    issuer: str = ""
    superior: str = ""
    number: str = ""
    place_and_day: str = ""
    subtitle: str = ""
    to: str = ""
    notice: str = ""
    footer: str = ""
    national: bool = True
    landscape: bool = False
    draft: bool = False
