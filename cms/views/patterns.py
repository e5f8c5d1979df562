"""The living pattern page: every component of the design system in every state, with sample texts of real length."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms import clock
from cms.enums import JobStatus
from cms.models import JobRun

LONG_NAME = "Ban Quản lý Khu kinh tế Nghi Sơn và các Khu công nghiệp"
DOMAINS = ("Chỉ đạo, điều hành", "Thể chế", "Thủ tục hành chính", "Tổ chức bộ máy", "Chế độ công vụ", "Tài chính công")
SHARES: tuple[tuple[str, tuple[str | None, ...]], ...] = (
    ("Bộ Nội vụ", ("98.5", "92.4", "88", "95.1", "79.25", "90")),
    (LONG_NAME, ("71", "64.2", None, "55", "40.5", "33")),
    ("Sở Tài chính", ("22.8", "12", "48.9", "61", "5", "0")),
)
TEXTS = ("Chưa đánh giá", "Điểm tự chấm", "Điểm thẩm định")


class SampleForm(forms.Form):
    """One field of each kind."""

    numerator = forms.CharField(
        label=gettext_lazy("Files answered in time"),
        help_text=gettext_lazy("A whole number or a number with one decimal comma."),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    level = forms.ChoiceField(
        label=gettext_lazy("Level reached"),
        choices=[("a", "Hoàn thành 100 % kế hoạch"), ("b", "Hoàn thành từ 80 % đến dưới 100 %"), ("c", "Dưới 80 %")],
        widget=forms.RadioSelect,
    )
    domain = forms.ChoiceField(label=gettext_lazy("Domain"), choices=[(name, name) for name in DOMAINS], required=False)
    explanation = forms.CharField(label=gettext_lazy("Explanation"), widget=forms.Textarea, required=False)
    evidence = forms.FileField(label=gettext_lazy("Evidence (PDF)"), required=False)
    confirmed = forms.BooleanField(label=gettext_lazy("I have checked the figures against the approved report."))


def _sample_jobs() -> list[JobRun]:
    """Unsaved jobs in each state."""
    title = _("Import of appraised scores")
    return [
        JobRun(pk=1, title=title, status=JobStatus.QUEUED),
        JobRun(pk=1, title=title, status=JobStatus.RUNNING, done=34_120, total=100_000, message=_("Checking rows")),
        JobRun(pk=1, title=title, status=JobStatus.SUCCEEDED, done=100_000, total=100_000, message=_("Rows imported")),
        JobRun(
            pk=1, title=title, status=JobStatus.FAILED, error=_("Row 214, column “Points”: “1.234,5” is not a number.")
        ),
    ]


def pattern_page(request: HttpRequest) -> HttpResponse:
    """Show everything; the form is bound to wrong data so that its errors are seen."""
    now = clock.now()
    heat = [(name, [None if share is None else Decimal(share) for share in shares]) for name, shares in SHARES]
    context: dict[str, Any] = {
        "long_name": LONG_NAME,
        "alert_kinds": ["info", "success", "warning", "error", "refused", "locked", "stale", "offline"],
        "deadlines": [now + dt.timedelta(days=24), now + dt.timedelta(days=2), now + dt.timedelta(hours=5), now],
        "leaf_states": ["missing", "done", "asked", "locked"],
        "now": now,
        "today": now.date(),
        "form": SampleForm({"numerator": "1.234,5", "level": "z"}, auto_id="wrong_%s"),
        "clean_form": SampleForm(auto_id="clean_%s"),
        "domains": DOMAINS,
        "heat": heat,
        "figures": [Decimal("92.4"), Decimal("9.405"), Decimal("100"), None],
        "changes": [Decimal("2.35"), Decimal("-0.8"), Decimal(0), None],
        "jobs": _sample_jobs(),
        "page_obj": Paginator(range(3321), 50).get_page(request.GET.get("page", 7)),
        "crumbs": [{"title": _("Front page"), "url": "/"}, {"title": "Kết quả và xếp hạng", "url": "/"}],
        "tabs": [
            {"title": text, "url": "#", "current": index == 1, "badge": index or ""} for index, text in enumerate(TEXTS)
        ],
        "facts": [
            (_("Year"), "2025"),
            (_("Decision"), "1187/QĐ-BNV"),
            (_("Made public"), "26/06/2026"),
            (_("Corrected"), _("never")),
        ],
        "swatches": [
            "paper",
            "paper-raised",
            "paper-sunk",
            "ink",
            "ink-2",
            "ink-3",
            "rule",
            "rule-strong",
            "teal",
            "teal-wash",
            "lacquer",
            "lacquer-wash",
            "amber",
            "amber-mark",
            "amber-wash",
            "up",
            "down",
        ],
        "evidence_size": 1_437_220,
        "hash": "9f2b5c1e7a40d86d3b1f04c5e9a7728d6c0f1e3b5a897d4c2e6f8091a3b5c7d9",
    }
    return render(request, "cms/patterns/page.html", context)
