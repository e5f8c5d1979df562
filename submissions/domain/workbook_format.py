"""What a unit's workbook looks like: its sheets, headers and stamp. The same for writing and for reading it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from django.utils.translation import gettext as _

from cms import clock
from criteria_pages.rules.base import InputField
from submissions.models import Submission

# The file is an official Vietnamese document; its headers are what it is read by, in either language of the interface.
FILE_LANGUAGE = "vi"
STAMP_SHEET = "Thông tin"
STAMP_HEADERS = ("Khóa thông tin", "Giá trị thông tin")
HEADERS = ("Mã", "Tiêu chí", "Cách chấm", "Số liệu", "Giá trị", "Giải trình", "Khóa", "Phiên bản", "Dấu")
CODE, VALUE, EXPLANATION, KEY, VERSION, MARK = "Mã", "Giá trị", "Giải trình", "Khóa", "Phiên bản", "Dấu"
SCHEMA = "1"


def stamp_of(submission: Submission) -> dict[str, str]:
    """Return what a workbook says of where it belongs, by the names on its first sheet."""
    participant = submission.participant
    return {
        "Mẫu": SCHEMA,
        "Đợt đánh giá": participant.round.code,
        "Tên kỳ": participant.round.name,
        "Ấn bản": participant.round.edition.sha256,
        "Đơn vị": participant.unit.code,
        "Tên đơn vị": participant.unit_name or participant.unit.name,
        "Hồ sơ": str(submission.pk),
        "Xuất lúc": clock.now().isoformat(timespec="seconds"),
    }


def labels_of(item: InputField) -> tuple[tuple[str, str], ...]:
    """Return value and label of each choice of an input, as they stand in the list of its cell."""
    return tuple((value, str(label)) for value, label in item.choices) or (("true", _("Yes")), ("false", _("No")))


def mark_of(inputs: Mapping[str, str], explanation: str) -> str:
    """Return the hash by which a leaf that the file did not change is known."""
    text = json.dumps([sorted(inputs.items()), explanation], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
