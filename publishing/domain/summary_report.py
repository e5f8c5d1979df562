"""The summary report of a round's result as an official document (Decree 30/2020/NĐ-CP), for PDF and Word.

A pure function of a release and of the public result of the year before: means per domain, leaders and those behind,
points lost per criterion, changes since last year with marks where results are not comparable. An official document of
a Vietnamese body: its words are Vietnamese whatever the language of the interface.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import override

from cms import clock
from cms.documents import Bar, Bars, Block, Bullets, Document, Facts, Heading, Paragraph, Row, Table, to_pdf, to_word
from cms.numbers import format_count, format_percent, format_points
from criteria_pages.domain.lineage import lineage_between
from publishing.domain import edition_nodes, release_figures, unit_years
from publishing.domain.findings import ranking_finding
from publishing.enums import EntryStatus, ReleaseState
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore

LANGUAGE = "vi"
ENDS = 5
LOST_SHOWN = 15
HUNDRED = Decimal(100)
ILLUSTRATIVE = "Số liệu minh họa do chương trình tự tạo, không phải kết quả của cơ quan nào."
NOT_COMPARABLE = "không so sánh"


@dataclass(frozen=True, slots=True)
class Loss:
    """What the units lost at one criterion on average, in points and in percent of its maximum for them."""

    node: edition_nodes.NodeName
    units: int
    mean_lost: Decimal
    share: Decimal


def write(document: Document, kind: str) -> bytes:
    """Return the report as a file: `kind` is pdf or docx."""
    with override(LANGUAGE):
        return to_pdf(document) if kind == "pdf" else to_word(document)


def summary_report(release: IndexRelease) -> Document:
    """Return the report of a release; one that is not approved yet is marked as a draft on every page."""
    with override(LANGUAGE):
        stats = release_figures.stats_of(release)
        before = unit_years.previous_release(release)
        entries = list(release.entries.order_by("tier_name", "rank", "unit_name"))
        blocks = [
            *_overview(release, stats),
            *_domains(release, stats, before),
            *_ends(entries),
            *_losses(release),
            *_changes(release, entries, before),
            *_ranking(release, entries),
        ]
        return Document(
            title="BÁO CÁO TỔNG HỢP",
            subtitle=release.title,
            issuer=release.owner.name if release.owner else "",
            superior=release.owner.parent.name if release.owner and release.owner.parent else "",
            number=release.decision_number and f"Kèm theo Quyết định số {release.decision_number}",
            notice=ILLUSTRATIVE if release.illustrative else "",
            footer=f"{release.title} · mã kiểm tra {release.rows_sha256[:12]}",
            blocks=blocks,
            draft=release.state != ReleaseState.APPROVED,
        )


# --- parts ------------------------------------------------------------------------------------------------------------
def _overview(release: IndexRelease, stats: release_figures.ReleaseStats) -> Iterator[Block]:
    yield Heading("1. Kết quả chung")
    yield Paragraph(ranking_finding(release, stats))
    status = f"{format_count(stats.ranked)} được xếp hạng"
    if stats.not_ranked:
        status += f", {format_count(stats.not_ranked)} không xếp hạng"
    if stats.not_assessed:
        status += f", {format_count(stats.not_assessed)} không đánh giá"
    yield Facts(
        [
            ("Năm đánh giá", str(release.year)),
            ("Bộ tiêu chí", str(release.edition) if release.edition else "—"),
            ("Số đơn vị", status),
            ("Khi bằng nhau", release.get_tie_rule_display()),
            *([("Đính chính", release.correction_note)] if release.correction_note else []),
        ]
    )
    yield Table(
        headers=["Nhóm đơn vị", "Số đơn vị", "Trung bình", "Trung vị", "Cao nhất", "Thấp nhất"],
        rows=[
            [
                group.tier_name,
                format_count(group.count),
                *(format_percent(value) for value in (group.mean, group.median, group.best, group.lowest)),
            ]
            for group in stats.tiers
        ],
        numeric=(1, 2, 3, 4, 5),
        widths=(4, 2, 2, 2, 2, 2),
    )
    names = {str(band["code"]): str(band["name"]) for band in release.classes}
    if names:
        rows: list[Row] = [
            [group.tier_name, *(format_count(group.classes.get(code, 0)) for code in names)] for group in stats.tiers
        ]
        headers = ["Xếp loại", *names.values()]
        yield Table(headers=headers, rows=rows, numeric=tuple(range(1, len(headers))))


def _domains(
    release: IndexRelease, stats: release_figures.ReleaseStats, before: IndexRelease | None
) -> Iterator[Block]:
    nodes = edition_nodes.domains_of(release)
    if not nodes:
        return
    yield Heading("2. Trung bình theo lĩnh vực")
    earlier = release_figures.stats_of(before) if before is not None else None
    origins = _origins(release, before)
    for group in stats.tiers:
        shown = [node for node in nodes if node.code in group.nodes]
        if not shown:
            continue
        least = min(shown, key=lambda node: group.nodes[node.code].mean)
        yield Bars(
            f"{group.tier_name}: thấp nhất ở lĩnh vực {least.code}, {format_percent(group.nodes[least.code].mean)}",
            [
                Bar(
                    f"{node.code}. {node.name}",
                    group.nodes[node.code].mean / HUNDRED,
                    format_percent(group.nodes[node.code].mean),
                )
                for node in shown
            ],
        )
        past = earlier.groups.get(group.tier_code) if earlier is not None else None
        yield Table(
            headers=["Lĩnh vực", "Trung bình", "Cao nhất", "Năm trước", "Thay đổi"],
            rows=[_domain_row(node, group.nodes[node.code], past, origins) for node in shown],
            numeric=(1, 2, 3, 4),
            widths=(6, 2, 2, 2, 2),
        )
    yield from _notes(release, before)


def _domain_row(
    node: edition_nodes.NodeName,
    figures: release_figures.NodeStats,
    past: release_figures.GroupStats | None,
    origins: Mapping[str, str],
) -> Row:
    start = [f"{node.code}. {node.name}", format_percent(figures.mean), format_percent(figures.best)]
    if past is None:
        return [*start, "—", "—"]
    was = past.nodes.get(origins.get(node.code, ""))
    if was is None:
        return [*start, "—", NOT_COMPARABLE]
    return [*start, format_percent(was.mean), _change(was.mean, figures.mean)]


def _origins(release: IndexRelease, before: IndexRelease | None) -> dict[str, str]:
    """Return for each node that may be set against the year before the code that it had there."""
    if before is None or before.edition is None or release.edition is None or release.rule_set_mark:
        return {}
    lineage = lineage_between(before.edition, release.edition)
    return {row.code: row.predecessor for row in lineage.rows if row.is_comparable} if lineage is not None else {}


def _notes(release: IndexRelease, before: IndexRelease | None) -> Iterator[Block]:
    if before is None:
        yield Paragraph("Không có kết quả công bố của năm trước để so sánh.", small=True)
        return
    found = unit_years.compare_releases(before, release)
    words = f"So với “{before.title}” ({before.year})."
    if not found.comparable:
        words += f" Không so sánh được: {found.why or 'bộ tiêu chí khác'}."
    elif found.why:
        words += f" Lưu ý khi so sánh: {found.why}."
    yield Paragraph(words, small=True)


def _ends(entries: list[ReleaseEntry]) -> Iterator[Block]:
    ranked: dict[str, list[ReleaseEntry]] = {}
    for entry in entries:
        if entry.status == EntryStatus.RANKED and entry.index is not None:
            ranked.setdefault(entry.tier_name, []).append(entry)
    yield Heading("3. Đơn vị dẫn đầu và đơn vị ở cuối bảng")
    for tier, rows in ranked.items():
        best, last = rows[:ENDS], rows[ENDS:][-ENDS:]
        yield Bars(f"{tier}: các đơn vị dẫn đầu", [_bar(entry) for entry in best])
        if last:
            yield Bars(f"{tier}: các đơn vị ở cuối bảng", [_bar(entry) for entry in last])
    absent = [entry for entry in entries if entry.status != EntryStatus.RANKED]
    if absent:
        yield Bullets([f"{entry.unit_name}: {entry.get_status_display().lower()} – {entry.reason}" for entry in absent])


def _bar(entry: ReleaseEntry) -> Bar:
    index = entry.index or Decimal(0)
    return Bar(f"{entry.rank}. {entry.unit_name}", index / HUNDRED, format_percent(index))


def losses_of(release: IndexRelease) -> list[Loss]:
    """Return what was lost per criterion on average over the units it applies to, the most in points first."""
    nodes = {code: node for code, node in edition_nodes.nodes_of(release).items() if node.level == 2}
    lost: dict[str, Decimal] = {}
    most: dict[str, Decimal] = {}
    units: dict[str, int] = {}
    rows = ReleaseScore.objects.filter(entry__release=release, level=2, points__isnull=False, maximum__gt=0)
    for code, points, maximum in rows.values_list("code", "points", "maximum").iterator(5000):
        if code in nodes and points is not None:
            lost[code] = lost.get(code, Decimal(0)) + maximum - points
            most[code] = most.get(code, Decimal(0)) + maximum
            units[code] = units.get(code, 0) + 1
    found = [
        Loss(nodes[code], units[code], total / units[code], total * HUNDRED / most[code])
        for code, total in lost.items()
        if total
    ]
    return sorted(found, key=lambda loss: (-loss.mean_lost, loss.node.code))


def _losses(release: IndexRelease) -> Iterator[Block]:
    losses = losses_of(release)
    yield Heading("4. Điểm mất theo tiêu chí")
    if not losses:
        yield Paragraph("Không đơn vị nào mất điểm ở tiêu chí nào.")
        return
    shown = losses[:LOST_SHOWN]
    first = shown[0]
    yield Bars(
        f"Mất nhiều nhất ở tiêu chí {first.node.code}: trung bình {format_points(first.mean_lost)} điểm mỗi đơn vị",
        [
            Bar(f"{loss.node.code}. {loss.node.name}", loss.mean_lost / first.mean_lost, format_points(loss.mean_lost))
            for loss in shown
        ],
    )
    yield Table(
        headers=["Tiêu chí", "Điểm tối đa", "Số đơn vị", "Điểm mất trung bình", "Tỷ lệ mất"],
        rows=[
            [
                f"{loss.node.code}. {loss.node.name}",
                format_points(loss.node.maximum),
                format_count(loss.units),
                format_points(loss.mean_lost),
                format_percent(loss.share),
            ]
            for loss in losses
        ],
        numeric=(1, 2, 3, 4),
        widths=(7, 2, 2, 2, 2),
    )


def _changes(release: IndexRelease, entries: list[ReleaseEntry], before: IndexRelease | None) -> Iterator[Block]:
    yield Heading("5. Thay đổi so với năm trước")
    yield from _notes(release, before)
    if before is None:
        return
    comparable = unit_years.compare_releases(before, release).comparable
    past = {entry.unit_id: entry for entry in before.entries.all()}
    rows: list[Row] = []
    for entry in entries:
        was = past.get(entry.unit_id)
        if entry.index is None:
            continue
        if was is None or was.index is None:
            rows.append([entry.unit_name, "—", format_percent(entry.index), "chưa có kết quả năm trước", ""])
            continue
        change = _change(was.index, entry.index) if comparable else NOT_COMPARABLE
        places = f"{was.rank or '—'} → {entry.rank or '—'}"
        rows.append([entry.unit_name, format_percent(was.index), format_percent(entry.index), change, places])
    yield Table(
        headers=["Đơn vị", str(before.year), str(release.year), "Thay đổi (điểm %)", "Hạng"],
        rows=rows,
        numeric=(1, 2, 3, 4),
        widths=(6, 2, 2, 3, 2),
    )


def _change(was: Decimal, now: Decimal) -> str:
    difference = now - was
    sign = "▲ +" if difference > 0 else "▼ −" if difference < 0 else "= "
    return f"{sign}{format_points(abs(difference))}"


def _ranking(release: IndexRelease, entries: list[ReleaseEntry]) -> Iterator[Block]:
    names = {str(band["code"]): str(band["name"]) for band in release.classes}
    yield Heading("6. Bảng xếp hạng")
    tiers: dict[str, list[ReleaseEntry]] = {}
    for entry in entries:
        tiers.setdefault(entry.tier_name, []).append(entry)
    for tier, rows in tiers.items():
        ordered = sorted(rows, key=lambda entry: (entry.rank is None, entry.rank or 0, entry.unit_name))
        yield Table(
            caption=tier,
            headers=["Hạng", "Đơn vị", "Điểm", "Tối đa", "Chỉ số", "Xếp loại"],
            rows=[
                [
                    str(entry.rank or "—"),
                    entry.unit_name,
                    format_points(entry.points),
                    format_points(entry.maximum),
                    format_percent(entry.index),
                    names.get(entry.class_code, ""),
                ]
                for entry in ordered
            ],
            numeric=(0, 2, 3, 4),
            widths=(1, 6, 2, 2, 2, 2),
        )
    yield Paragraph(f"Lập lúc {clock.now():%d/%m/%Y}, tính từ sổ điểm.", small=True)
