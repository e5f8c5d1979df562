"""The template tags and filters of the portal."""

import datetime as dt
from decimal import Decimal

from django.template import Context, Template
from django.utils import translation

import pytest

from cms import clock
from cms.templatetags import portal

pytestmark = pytest.mark.unit


def render(source: str, **context: object) -> str:
    return Template("{% load portal %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("language", "expected"),
    [("vi", "92,40 | 92,40\u00a0% | 92,4 | 10.035 | —"), ("en", "92.40 | 92.40\u00a0% | 92.4 | 10,035 | —")],
)
def test_figures(language: str, expected: str) -> None:
    with translation.override(language):
        shown = render(
            "{{ v|points }} | {{ v|percent }} | {{ v|exact }} | {{ n|count }} | {{ none|points }}",
            v=Decimal("92.4"),
            n=10_035,
            none=None,
        )

    assert shown == expected


@pytest.mark.parametrize(
    ("value", "kind", "text"), [("2.345", "up", "+2,35"), ("-0.8", "down", "−0,80"), ("0.001", "same", "không đổi")]
)
def test_change_has_arrow_sign_and_words(value: str, kind: str, text: str) -> None:
    with translation.override("vi"):
        shown = portal.change(Decimal(value))

    assert f"change--{kind}" in shown
    assert shown.endswith(f"{text}</span>")
    assert ("<svg" in shown) == (kind != "same")


@pytest.mark.parametrize(
    ("size", "expected"),
    [(512, "512\u00a0B"), (1_500, "2\u00a0kB"), (1_437_220, "1,4\u00a0MB"), (2_000_000_000, "2,0\u00a0GB")],
)
def test_bytes_size(size: int, expected: str) -> None:
    with translation.override("vi"):
        assert portal.bytes_size(size) == expected


def test_when_tells_local_time_in_a_time_element() -> None:
    moment = dt.datetime(2024, 1, 25, 10, 0, tzinfo=dt.UTC)

    assert portal.when(moment) == '<time datetime="2024-01-25T17:00:00+07:00">25/01/2024 17:00</time>'
    assert portal.day(moment) == '<time datetime="2024-01-25">25/01/2024</time>'
    assert portal.when(None) == "—"


@pytest.mark.parametrize(
    ("ahead", "state", "left"),
    [
        (dt.timedelta(days=24), "calm", "còn 24 ngày"),
        (dt.timedelta(days=2, hours=3), "near", "còn 2 ngày"),
        (dt.timedelta(hours=5), "today", "còn 5 giờ"),
        (dt.timedelta(minutes=7), "today", "còn 7 phút"),
        (dt.timedelta(0), "late", "còn 0 phút"),
        (dt.timedelta(seconds=-5), "late", "vừa hết hạn"),
        (dt.timedelta(days=-3), "late", "3 ngày trước"),
    ],
)
def test_deadline_by_the_servers_clock(ahead: dt.timedelta, state: str, left: str) -> None:
    now = dt.datetime(2026, 1, 10, 8, 0, tzinfo=dt.UTC)
    with clock.at(now), translation.override("vi"):
        shown = portal.deadline(now + ahead)

    assert (shown["state"], shown["left"]) == (state, left)


@pytest.mark.parametrize(
    ("share", "step"), [("0", "0"), ("12.4", "0"), ("12.5", "1"), ("50", "4"), ("99.9", "7"), ("100", "7"), ("-1", "0")]
)
def test_heat_steps(share: str, step: str) -> None:
    assert portal.heat_step(Decimal(share)) == step


def test_heat_cell_says_not_assessed_and_never_zero() -> None:
    with translation.override("vi"):
        assert portal.heat_cell(None) == '<td class="heat heat--none"><span>không đánh giá</span></td>'
        assert portal.heat_cell(Decimal("0")) == '<td class="heat heat--0">0,0</td>'


def test_bar_cell_is_bounded_and_needs_no_style() -> None:
    shown = portal.bar_cell(Decimal("150"), Decimal("100"))

    assert 'width="100.00"' in shown
    assert "style=" not in shown


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Cải cách hành chính", "cai cach", "<mark>Cải</mark> <mark>cách</mark> hành chính"),
        ("Đổi mới <b>", "doi", "<mark>Đổi</mark> mới &lt;b&gt;"),
        ("Không có", "", "Không có"),
        ("a.b", ".", "a<mark>.</mark>b"),
    ],
)
def test_highlight_ignores_accents_and_escapes(text: str, query: str, expected: str) -> None:
    assert portal.highlight(text, query) == expected


def test_progress_ring_tells_figures_in_words() -> None:
    assert ">5/12<" in render("{% progress_ring 5 12 %}")
    assert 'stroke-dasharray="42 100"' in render("{% progress_ring 5 12 %}")
    assert "ring__done" not in render("{% progress_ring 0 12 %}")


def test_icon_is_hidden_from_the_ear_unless_labelled() -> None:
    assert 'aria-hidden="true"' in portal.icon("clock")
    assert '<span class="visually-hidden">Hạn</span>' in portal.icon("clock", label="Hạn")
