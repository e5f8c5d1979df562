"""Yearly plans: blocks to rows, impossible dates, deadlines of a round, calendar, progress, public page."""

from __future__ import annotations

import datetime as dt
import json

from django.utils import timezone

import pytest
from icalendar import Calendar

from cms.enums import Role
from cms.exceptions import PermissionRefused
from publishing.domain.plan_progress import current_progress, report_progress
from publishing.domain.plans import (
    TaskLine,
    UnitReference,
    apply_to_round,
    check_dates,
    sections_raw,
    task_lines,
    tasks_of_unit,
    tasks_raw,
)
from publishing.enums import TaskStatus
from publishing.exceptions import PublishingError
from publishing.models import PlanTask, YearlyPlanPage
from submissions.enums import Phase
from submissions.models import PhaseDeadline
from tests.factories.cms import UnitFactory, home_page, user_with_role
from tests.factories.submissions import open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
LINES = (
    TaskLine("1", "Hướng dẫn chấm điểm", "Trong tháng 12", dt.date(2023, 12, 1), dt.date(2023, 12, 31)),
    TaskLine(
        "2", "Tự đánh giá", "trước 20/12/2023", dt.date(2023, 12, 18), dt.date(2023, 12, 19), phase="self_assessment"
    ),
    TaskLine("3", "Báo cáo tổng hợp", "trước 05/01/2023", None, dt.date(2023, 1, 4)),
    TaskLine("4", "Công bố", "Quý I", dt.date(2024, 1, 1), dt.date(2024, 3, 31), is_publication=True),
    TaskLine("5", "Việc không có thời gian"),
)


def plan_page(lines=LINES, *, publish=True, **fields) -> YearlyPlanPage:
    """Return a plan page under the home page."""
    given = {
        "title": "Kế hoạch 2023",
        "slug": "ke-hoach-2023",
        "year": 2023,
        "signed_on": dt.date(2023, 12, 18),
        "sections": json.dumps(sections_raw([("Mục đích", "<p>Xác định kết quả</p>", "Purpose", "<p>To find</p>")])),
        "tasks": json.dumps(tasks_raw(lines)),
        "live": publish,
    } | fields
    page = YearlyPlanPage(**given)
    home_page().add_child(instance=page)
    revision = page.save_revision()
    if publish:
        revision.publish()
        page.refresh_from_db()
    return page


def test_lines_survive_the_way_into_blocks_and_back():
    unit = UnitFactory(name="Sở Nội vụ")
    lines = (
        TaskLine(
            "1", "Việc", leads=(UnitReference("Sở Nội vụ", unit.pk),), supports=(UnitReference("Các sở khác"),)
        ),
    )  # fmt: skip
    assert task_lines(plan_page(lines)) == lines


def test_publishing_brings_the_rows_in_step():
    page = plan_page()
    assert list(page.task_rows.values_list("number", flat=True)) == ["1", "2", "3", "4", "5"]
    page.tasks = json.dumps(tasks_raw(LINES[:2]))
    page.save_revision()
    assert page.task_rows.count() == 5
    page.save_revision().publish()
    assert page.task_rows.count() == 2


def test_a_draft_has_no_rows():
    plan_page(publish=False)
    assert not PlanTask.objects.exists()


def test_the_slip_of_the_first_document_is_noticed():
    warnings = check_dates(plan_page())
    assert [(warning.code, warning.number) for warning in warnings] == [("before_signing", "3")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (TaskLine("1", "x", "", dt.date(2024, 2, 1), dt.date(2024, 1, 1)), "end_before_start"),
        (TaskLine("1", "x", "", dt.date(2024, 5, 1), dt.date(2024, 5, 2)), "after_publication"),
        (TaskLine("1", "x", "", None, dt.date(2023, 12, 17)), "before_signing"),
    ],
)
def test_each_impossible_date_is_named(line, code):
    page = plan_page((line, TaskLine("9", "Công bố", "", None, dt.date(2024, 3, 1), is_publication=True)))
    assert [warning.code for warning in check_dates(page)] == [code]


def test_a_plan_signed_in_another_decade_is_noticed():
    assert "signed_far_from_year" in [w.code for w in check_dates(plan_page(signed_on=dt.date(2013, 12, 18)))]


def test_a_number_used_twice_is_refused():
    page = plan_page()
    block = page.tasks.stream_block
    from wagtail.blocks import StreamBlockValidationError

    value = block.to_python(tasks_raw((LINES[0], LINES[0])))
    with pytest.raises(StreamBlockValidationError):
        block.clean(value)


def test_a_plan_feeds_the_deadlines_of_a_round():
    this = open_round()
    PhaseDeadline.objects.all().delete()
    applied = apply_to_round(plan=plan_page(), round=this.round, user=this.secretary)
    deadline = PhaseDeadline.objects.get(round=this.round, phase=Phase.SELF_ASSESSMENT)
    assert applied == {Phase.SELF_ASSESSMENT: (deadline.opens_at, deadline.closes_at)}
    assert deadline.closes_at.astimezone(timezone.get_default_timezone()).strftime("%d/%m/%Y %H:%M:%S") == (
        "19/12/2023 23:59:59"
    )


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"council": "77"}, "unknown_task"),
        ({"council": "3"}, "impossible_date"),
        ({"council": "5"}, "no_date"),
    ],
)
def test_what_cannot_be_a_deadline_is_refused(mapping, code):
    this = open_round()
    with pytest.raises(PublishingError) as refusal:
        apply_to_round(plan=plan_page(), round=this.round, mapping=mapping, user=this.secretary)
    assert refusal.value.code == code


def test_only_the_secretariat_applies_a_plan():
    this = open_round()
    with pytest.raises(PermissionRefused):
        apply_to_round(plan=plan_page(), round=this.round, user=this.leader)


def test_the_calendar_has_every_dated_task(client):
    page = plan_page()
    response = client.get(f"/ke-hoach-nam/{page.pk}/lich.ics")
    assert response["Content-Type"].startswith("text/calendar")
    events = [part for part in Calendar.from_ical(response.content).walk() if part.name == "VEVENT"]
    assert [str(event["SUMMARY"]) for event in events] == [f"{line.number}. {line.task}" for line in LINES[:4]]
    assert events[1]["DTSTART"].dt == dt.date(2023, 12, 18)
    assert events[1]["DTEND"].dt == dt.date(2023, 12, 20)


def test_calendars_of_drafts_and_unknown_units_are_absent(client):
    page = plan_page(publish=False)
    assert client.get(f"/ke-hoach-nam/{page.pk}/lich.ics").status_code == 404
    assert client.get("/don-vi/khong-co/lich.ics").status_code == 404


def test_a_units_calendar_spans_its_plans(client):
    unit = UnitFactory(name="Sở Nội vụ")
    lines = (
        TaskLine("1", "Việc A", "", None, dt.date(2023, 12, 30), leads=(UnitReference(unit.name, unit.pk),)),
        TaskLine("2", "Việc B", "", None, dt.date(2023, 12, 30)),
    )
    plan_page(lines)
    assert [task.number for task in tasks_of_unit(unit)] == ["1"]
    calendar = Calendar.from_ical(client.get(f"/don-vi/{unit.code}/lich.ics").content)
    assert len([part for part in calendar.walk() if part.name == "VEVENT"]) == 1


def test_the_public_page_names_every_task_with_time_and_units(client):
    unit = UnitFactory(name="Sở Nội vụ")
    lines = (
        TaskLine(
            "1", "Ban hành hướng dẫn", "Tháng 10/2023", dt.date(2023, 12, 20), dt.date(2023, 12, 31),
            (UnitReference("Sở Nội vụ", unit.pk),), (UnitReference("Văn phòng UBND tỉnh"),),
        ),
        TaskLine("2", "Việc không có thời gian"),
    )  # fmt: skip
    page = client.get(plan_page(lines).url).content.decode()
    for words in ("Ban hành hướng dẫn", "Tháng 10/2023", "Văn phòng UBND tỉnh", "Mục đích", "Xác định kết quả"):
        assert words in page
    assert f'href="/don-vi/{unit.code}/"' in page
    english = client.get("/en" + plan_page(lines, slug="khac").url).content.decode()
    assert "To find" in english
    assert "no time given" in english


NOBODY_REPORTED = "No lead unit has reported progress on this plan"


def test_lead_units_report_progress_and_it_is_public(client, signed_in):
    unit = UnitFactory(name="Sở Nội vụ")
    lines = (TaskLine("1", "Việc A", "", None, dt.date(2023, 12, 30), leads=(UnitReference(unit.name, unit.pk),)),)
    page = plan_page(lines)
    address = "/en" + page.url
    assert NOBODY_REPORTED in client.get(address).content.decode()
    task = page.task_rows.get()
    user = user_with_role(Role.CONTRIBUTOR, unit)
    reporter = signed_in(user)
    assert "Việc A" in reporter.get("/lam-viec/nhiem-vu-ke-hoach/").content.decode()
    reporter.post(f"/lam-viec/nhiem-vu-ke-hoach/{task.pk}/", {f"t{task.pk}-status": "running", f"t{task.pk}-note": ""})
    assert current_progress(page)["1"].status == TaskStatus.RUNNING
    shown = client.get(address).content.decode()
    assert "Under way, late" in shown
    assert "1 task from 30/12/2023 to 30/12/2023: 0 done, 1 late." in shown
    assert NOBODY_REPORTED not in shown
    report_progress(task=task, user=user, status=TaskStatus.DONE)
    assert [row.status for row in page.progress.order_by("pk")] == ["running", "done"]
    shown = client.get(address).content.decode()
    assert "1 of them done" in shown


def test_progress_is_for_lead_units_only():
    unit = UnitFactory()
    page = plan_page((TaskLine("1", "Việc", leads=(UnitReference(unit.name, unit.pk),)),))
    with pytest.raises(PermissionRefused):
        report_progress(task=page.task_rows.get(), user=user_with_role(Role.CONTRIBUTOR), status="done")
    with pytest.raises(PublishingError):
        report_progress(task=page.task_rows.get(), user=user_with_role(Role.LEADER, unit), status="dropped")


def test_reports_outlive_a_republication():
    unit = UnitFactory()
    page = plan_page((TaskLine("1", "Việc", leads=(UnitReference(unit.name, unit.pk),)),))
    report_progress(task=page.task_rows.get(), user=user_with_role(Role.LEADER, unit), status="done")
    page.save_revision().publish()
    assert current_progress(page)["1"].status == TaskStatus.DONE
