"""Ready sets of respondent groups.

Source of the first two: 7156/BNV-CCHC of 06/12/2023, section 2b: five groups rate ministries, four rate provinces; a
deputy of the People's Council who is on another list too answers as a deputy only (smallest priority number).
"""

from __future__ import annotations

from dataclasses import dataclass

from submissions.survey_enums import GroupRule


@dataclass(frozen=True, slots=True)
class GroupTemplate:
    """One group of a ready set."""

    code: str
    name: str
    name_en: str
    rule: str = GroupRule.ALL
    rule_number: int | None = None
    priority: int = 10


MINISTRY_GROUPS = (
    GroupTemplate("lanh-dao-cap-vu", "Lãnh đạo cấp vụ", "Leaders of departments of the ministry"),
    GroupTemplate("lanh-dao-cap-so", "Lãnh đạo cấp sở", "Leaders of provincial departments rating their line ministry"),
    GroupTemplate(
        "lanh-dao-phong", "Lãnh đạo phòng chuyên môn thuộc sở", "Heads of divisions of provincial departments"
    ),
    GroupTemplate(
        "cong-chuc-cchc",
        "Công chức phụ trách cải cách hành chính của bộ",
        "Reform officers of the ministry's units",
        GroupRule.PER_UNIT,
        2,
    ),
    GroupTemplate("lanh-dao-hoi", "Lãnh đạo Hội, Hiệp hội", "Leaders of associations", GroupRule.ORGANISATIONS, 5),
)
PROVINCE_GROUPS = (
    GroupTemplate(
        "dai-bieu-hdnd",
        "Đại biểu Hội đồng nhân dân cấp tỉnh",
        "Deputies of the provincial People's Council",
        priority=1,
    ),
    GroupTemplate("lanh-dao-cap-so", "Lãnh đạo cấp sở", "Leaders of provincial agencies"),
    GroupTemplate("lanh-dao-phong", "Lãnh đạo phòng chuyên môn thuộc sở", "Heads of divisions of provincial agencies"),
    GroupTemplate("lanh-dao-huyen", "Lãnh đạo UBND cấp huyện", "Leaders of district People's Committees"),
)
# Not from a document: a plain start for the units of one body, to be changed before the lists open.
BODY_GROUPS = (
    GroupTemplate("lanh-dao", "Lãnh đạo các đơn vị", "Leaders of the units", priority=5),
    GroupTemplate("cong-chuc", "Công chức, viên chức", "Officials"),
)
# Satisfaction of citizens and organisations with services (SIPAS): nobody is listed.
SATISFACTION_GROUPS = (
    GroupTemplate(
        "nguoi-dan", "Người dân, tổ chức (liên kết công khai)", "Citizens and organisations", GroupRule.PUBLIC, 200
    ),
    GroupTemplate(
        "do-luong", "Đo lường sự hài lòng (nhập từ Excel)", "Satisfaction survey held elsewhere", GroupRule.ENTERED
    ),
)
TEMPLATES = {
    "ministries": MINISTRY_GROUPS,
    "provinces": PROVINCE_GROUPS,
    "body": BODY_GROUPS,
    "satisfaction": SATISFACTION_GROUPS,
}
