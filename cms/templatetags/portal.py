"""Tags and filters of the portal's templates: figures, times, icons, progress, places. Shown on /admin/patterns/."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template.defaultfilters import date as format_date
from django.urls import translate_url
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from wagtail.models import Page, Site

import heroicons

from cms import assets, clock, navigation, numbers
from cms.front_page import public_pages
from cms.navigation import NavItem
from cms.text import fold

register = template.Library()

NO_BREAK_SPACE = "\u00a0"
ALERT_ICONS = {
    "info": "information-circle",
    "success": "check-circle",
    "warning": "exclamation-triangle",
    "error": "x-circle",
    "refused": "no-symbol",
    "locked": "lock-closed",
    "stale": "arrow-path",
    "offline": "signal-slash",
}
MESSAGE_KINDS = {"debug": "info"}
NEAR_DAYS = 3
HEAT_STEPS = 8


def _figure(value: Decimal | str | None) -> Decimal | None:
    """A figure as it comes: text of an audit entry, nothing where a template found nothing."""
    if value is None or value == "":
        return None
    return Decimal(value)


# --- figures ----------------------------------------------------------------------------------------------------------
@register.filter
def points(value: Decimal | None, places: int = 2) -> str:
    """Points with two decimals, rounded for display only ("92,40")."""
    return numbers.format_points(_figure(value), places)


@register.filter
def percent(value: Decimal | None, places: int = 2) -> str:
    """A percentage with its sign ("92,40 %")."""
    return numbers.format_percent(_figure(value), places)


@register.filter
def exact(value: Decimal | None) -> str:
    """All digits of a figure ("1,25")."""
    return numbers.exact(_figure(value))


@register.filter
def count(value: int | None) -> str:
    """A count with thousands grouped ("10.035")."""
    return numbers.format_count(value)


@register.filter
def change(value: Decimal | None, places: int = 2) -> SafeString | str:
    """A difference with arrow, sign and words for the ear; blue up, orange down."""
    if value is None:
        return numbers.ABSENT
    rounded = numbers.round_display(Decimal(value), places)
    if rounded == 0:
        return format_html('<span class="change change--same">{}</span>', gettext("unchanged"))
    up = rounded > 0
    return format_html(
        '<span class="change change--{}">{}<span class="visually-hidden">{}</span>{}{}</span>',
        "up" if up else "down",
        icon("arrow-up" if up else "arrow-down"),
        gettext("up by") if up else gettext("down by"),
        "+" if up else "−",
        numbers.format_points(abs(rounded), places),
    )


@register.filter
def bytes_size(value: int | None) -> str:
    """A file size for people ("1,4 MB")."""
    if value is None:
        return numbers.ABSENT
    for power, unit, places in ((3, "GB", 1), (2, "MB", 1), (1, "kB", 0)):
        if value >= 1000**power:
            return f"{numbers.format_points(Decimal(value) / 1000**power, places)}{NO_BREAK_SPACE}{unit}"
    return f"{value}{NO_BREAK_SPACE}B"


# --- time -------------------------------------------------------------------------------------------------------------
@register.filter
def when(value: dt.datetime | dt.date | None) -> SafeString | str:
    """A time or a day in a `time` element ("25/01/2024 17:00")."""
    if value is None:
        return numbers.ABSENT
    if isinstance(value, dt.datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return format_html('<time datetime="{}">{}</time>', local.isoformat(), format_date(local, "d/m/Y H:i"))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), format_date(value, "d/m/Y"))


@register.filter
def day(value: dt.datetime | dt.date | None) -> SafeString | str:
    """The day only ("25/01/2024")."""
    if isinstance(value, dt.datetime):
        value = (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return when(value)


def days_left(due: dt.datetime, now: dt.datetime) -> str:
    """Say how much time is left or how long ago the deadline passed, in whole days, hours or minutes."""
    seconds = (due - now).total_seconds()
    days, hours, minutes = int(abs(seconds) // 86400), int(abs(seconds) // 3600), int(abs(seconds) // 60)
    if seconds < 0:
        if days:
            return ngettext("%(days)d day ago", "%(days)d days ago", days) % {"days": days}
        return gettext("passed today") if hours else gettext("just passed")
    if days:
        return ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}
    if hours:
        return ngettext("%(hours)d hour left", "%(hours)d hours left", hours) % {"hours": hours}
    return ngettext("%(minutes)d minute left", "%(minutes)d minutes left", minutes) % {"minutes": minutes}


@register.inclusion_tag("cms/components/deadline.html")
def deadline(due: dt.datetime | None, label: str = "", done: bool = False) -> dict[str, Any]:
    """A deadline chip by the server's clock: calm, near (three days), today, late, or done."""
    if due is None:
        return {"due": None}
    now = clock.now()
    state = "calm"
    if done:
        state = "done"
    elif due <= now:
        state = "late"
    elif due - now < dt.timedelta(days=1):
        state = "today"
    elif due - now < dt.timedelta(days=NEAR_DAYS):
        state = "near"
    return {"due": due, "label": label, "state": state, "left": "" if done else days_left(due, now)}


# --- words ------------------------------------------------------------------------------------------------------------
@register.filter
def highlight(text: str, query: str) -> SafeString:
    """The text with the words of the query marked; accents and case do not matter."""
    words = sorted({fold(word) for word in str(query).split()} - {""}, key=len, reverse=True)
    folded = "".join(fold(letter) or letter for letter in str(text))
    if not words or len(folded) != len(text):
        return format_html("{}", text)
    parts, position = [], 0
    for match in re.finditer("|".join(re.escape(word) for word in words), folded):
        parts.append(
            format_html("{}<mark>{}</mark>", text[position : match.start()], text[match.start() : match.end()])
        )
        position = match.end()
    return mark_safe("".join([*parts, format_html("{}", text[position:])]))


# --- icons and marks --------------------------------------------------------------------------------------------------
@register.simple_tag(name="icon")
def icon(name: str, css: str = "", label: str = "", style: str = "outline") -> SafeString:
    """An inline icon of heroicons; decorative unless a label is given."""
    svg = _svg(str(name), f"icon {css}".strip(), style)
    return format_html('{}<span class="visually-hidden">{}</span>', svg, label) if label else svg


@lru_cache(maxsize=512)
def _svg(name: str, css: str, style: str) -> SafeString:
    """Drawn once per process: a form of a domain has a hundred icons of ten kinds."""
    return mark_safe(heroicons._render_icon(style, name, 24, {"class": css, "focusable": "false"}))


@register.filter
def alert_icon(kind: str) -> str:
    """The icon that goes with a kind of alert."""
    return ALERT_ICONS.get(kind, "information-circle")


@register.filter
def message_kind(message: Any) -> str:
    """The kind of alert for a message of Django's."""
    return MESSAGE_KINDS.get(message.level_tag, message.level_tag)


@register.inclusion_tag("cms/components/progress_ring.html")
def progress_ring(done: int, total: int, label: str = "", large: bool = False) -> dict[str, Any]:
    """A ring with its figures in words beside it. The length of the stroke is in percent of the circle."""
    share = 0 if not total else max(0, min(100, round(100 * done / total)))
    return {"done": done, "total": total, "share": share, "label": label, "large": large}


@register.inclusion_tag("cms/components/progress_bar.html")
def progress_bar(done: int, total: int, label: str = "") -> dict[str, Any]:
    """A bar with its figures in words."""
    return {"done": done, "total": total, "label": label}


@register.filter
def heat_step(share: Decimal | None) -> str:
    """The step of the sequential scale for a percentage from 0 to 100; "none" where not assessed."""
    if share is None:
        return "none"
    return str(max(0, min(HEAT_STEPS - 1, int(Decimal(share) * HEAT_STEPS / 100))))


@register.simple_tag
def heat_cell(share: Decimal | None, text: str = "", title: str = "") -> SafeString:
    """A table cell of a heat map: one hue light to dark, the number always inside, hatched where not assessed."""
    if share is None:
        return format_html('<td class="heat heat--none"><span>{}</span></td>', text or gettext("not assessed"))
    shown = text or numbers.format_points(Decimal(share), 1)
    if title:
        return format_html('<td class="heat heat--{}" title="{}">{}</td>', heat_step(share), title, shown)
    return format_html('<td class="heat heat--{}">{}</td>', heat_step(share), shown)


@register.simple_tag
def bar_cell(value: Decimal | None, maximum: Decimal, text: str = "", kind: str = "") -> SafeString:
    """A bar with its value in words, for a table cell; the picture is hidden from the ear."""
    if value is None:
        return format_html('<span class="muted">{}</span>', gettext("not assessed"))
    share = 0 if not maximum else max(Decimal(0), min(Decimal(100), Decimal(value) / Decimal(maximum) * 100))
    return format_html(
        '<span class="bar-cell"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="bar-track" width="100" height="10"/><rect class="bar-fill{}" width="{}" height="10"/></svg>'
        '<span class="bar-cell__value">{}</span></span>',
        f" bar-fill--{kind}" if kind else "",
        f"{share:.2f}",
        text or numbers.format_points(value),
    )


# --- forms ------------------------------------------------------------------------------------------------------------
@register.inclusion_tag("cms/components/form_field.html")
def field(bound: Any, css: str = "", help_text: str = "", label: str = "") -> dict[str, Any]:
    """A form field with label, help and error in the right order, tied together for the ear."""
    widget = bound.field.widget
    input_type = getattr(widget, "input_type", "")
    is_group = bool(getattr(bound, "use_fieldset", False)) and hasattr(widget, "option_template_name")
    return {
        "bound": bound,
        "css": css,
        "label": label or bound.label,
        "help_text": help_text or bound.help_text,
        "is_group": is_group,
        "is_checkbox": input_type == "checkbox" and not is_group,
        # Fields that some choices need and others do not say so in their help, not by a mark that would be half true.
        "optional": not bound.field.required
        and not getattr(bound.field, "needed_sometimes", False)
        and input_type != "checkbox",
    }


# --- places -----------------------------------------------------------------------------------------------------------
@register.simple_tag
def public_links() -> list[NavItem]:
    """The links that rooms put at the end of public pages."""
    return navigation.public_links()


@register.simple_tag(takes_context=True)
def sections(context: template.Context) -> list[dict[str, Any]]:
    """The sections of the public site: live children of the home page that are shown in menus."""
    request = context.get("request")
    if request is None:
        return []
    if not hasattr(request, "portal_sections"):
        request.portal_sections = _sections(request)
    return request.portal_sections


def _sections(request: Any) -> list[dict[str, Any]]:
    site = Site.find_for_request(request)
    if site is None:
        return []
    found = []
    for page in public_pages(Page.objects.child_of(site.root_page).live(), request).in_menu().specific():
        url = local_url(page, request)
        summary = getattr(page, "display_summary", "")
        current = request.path.startswith(url)
        found.append({"title": page_title(page), "summary": summary, "url": url, "current": current})
    return found


def page_title(page: Page) -> str:
    """The title in the language of the interface, for deferred pages of any type."""
    return getattr(page, "display_title", None) or page.title


def local_url(page: Page, request: Any) -> str:
    """The address of a page in the language of the interface."""
    url = page.get_url(request) or "/"
    return translate_url(url, get_language() or "vi")


@register.simple_tag
def home_url() -> str:
    """The address of the front page in the language of the interface."""
    return translate_url("/", get_language() or "vi")


@register.simple_tag(takes_context=True)
def user_places(context: template.Context) -> list[dict[str, str]]:
    """For which units the user does what today, for the account menu."""
    user = context.get("user")
    if user is None or not user.is_authenticated:
        return []
    memberships = user.memberships.in_force(clock.now().date()).select_related("unit")
    pairs = dict.fromkeys((item.get_role_display(), str(item.unit)) for item in memberships)
    return [{"role": role, "unit": unit} for role, unit in pairs]


@register.simple_tag(takes_context=True)
def page_url(context: template.Context, page: Page) -> str:
    """The address of a page in the language of the interface."""
    return local_url(page, context.get("request"))


@register.simple_tag(takes_context=True)
def page_trail(context: template.Context, page: Page) -> list[dict[str, str]]:
    """The places above a page, from the home page down, for the breadcrumb."""
    request = context.get("request")
    above = page.get_ancestors().filter(depth__gt=1).live().specific()
    return [
        {
            "title": gettext("Front page") if ancestor.depth == 2 else page_title(ancestor),
            "url": local_url(ancestor, request),
        }
        for ancestor in above
    ]


@register.simple_tag(takes_context=True)
def language_url(context: template.Context, language: str) -> str:
    """The address of this very place in another language, with its query."""
    request = context.get("request")
    return "/" if request is None else translate_url(request.get_full_path(), language)


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """The query of this place with changes; None or "" takes a part away ("?trang=2&bac=tinh")."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else None
    if query is None:
        return "?"
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = value
    return "?" + query.urlencode()


@register.inclusion_tag("cms/components/pagination.html", takes_context=True)
def pagination(context: template.Context, page_obj: Any, name: str = "page") -> dict[str, Any]:
    """Links to the pages of a list that keep the rest of the query. `name` is the query's parameter."""
    request = context.get("request")
    links = []
    for number in page_obj.paginator.get_elided_page_range(page_obj.number, on_each_side=1, on_ends=1):
        gap = not isinstance(number, int)
        links.append({"number": number, "gap": gap, "url": "" if gap else query_with(context, **{name: number})})
    return {
        "request": request,
        "page_obj": page_obj,
        "links": links,
        "previous": query_with(context, **{name: page_obj.previous_page_number()}) if page_obj.has_previous() else "",
        "next": query_with(context, **{name: page_obj.next_page_number()}) if page_obj.has_next() else "",
    }


# --- style sheets and scripts -----------------------------------------------------------------------------------------
@register.simple_tag
def style_sheets() -> SafeString:
    """Links to the design system: one bundle where `build_fonts` made it, the single files otherwise."""
    return assets.style_sheet_links()
