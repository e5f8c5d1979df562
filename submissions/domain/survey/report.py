"""The report of a survey: aggregates only, as a document (PDF, Word) and as open data (CSV)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cms import clock
from cms.documents import Block, Document, Facts, Group, Heading, Paragraph, Row, Table
from cms.numbers import ABSENT, format_count, format_percent, format_points
from cms.spreadsheets import write_csv
from criteria_pages.definition import plain
from submissions.domain.survey.results import UnitResult, tallies, unit_results
from submissions.models import Invitation, Survey

# Said in the language of the country, whatever the language of the interface.
ILLUSTRATIVE = "Số liệu minh họa"
COLUMNS = ("year", "unit_code", "unit_name", "criterion", "groups", "respondents", "answers", "mean", "note")


def report_document(survey: Survey) -> Document:
    """Return the report: who was asked and who answered, points by unit, means by group, cancelled results.

    Raises WrongState before the survey is closed.
    """
    results = unit_results(survey)
    return Document(
        title=_("Report on the sociological survey"),
        subtitle=survey.round.name,
        issuer=survey.round.owner.name,
        notice=ILLUSTRATIVE if survey.round.illustrative else "",
        footer=_("Aggregates only: groups under %(count)s people are added together.")
        % {"count": survey.minimum_group},
        blocks=[*_asked(survey), *_points(results), *_groups(survey, results), *_cancelled(results)],
    )


def _asked(survey: Survey) -> list[Block]:
    invited = Invitation.objects.filter(respondent__list__survey=survey)
    asked, answered = invited.count(), invited.filter(used=True).count()
    share = Decimal(100 * answered) / asked if asked else None
    return [
        Heading(_("1. Who was asked and who answered")),
        Facts(
            [
                (_("Asked"), format_count(asked)),
                (_("Answered"), format_count(answered)),
                (_("Did not answer"), format_count(asked - answered)),
                (_("Share of answers"), format_percent(share)),
                (_("Open until"), f"{localtime(survey.answers_due):%d/%m/%Y %H:%M}"),
                (_("Report made on"), f"{clock.today():%d/%m/%Y}"),
            ]
        ),
    ]


def _points(results: list[UnitResult]) -> list[Block]:
    rows: list[Row] = []
    for result in results:
        name = result.participant.unit.name
        for leaf in result.leaves.values():
            figures = [format_count(leaf.respondents), format_points(leaf.mean), format_points(leaf.points)]
            rows.append([name, leaf.code, *([ABSENT] * 3 if result.cancelled else figures)])
        rows += [[name, code, ABSENT, ABSENT, ABSENT] for code in result.missing]
    return [
        Heading(_("2. Points by unit and criterion")),
        Paragraph(_("No figure stands where results were cancelled or where too few people answered; it is not zero.")),
        Table(
            [_("Unit"), _("Criterion"), _("Respondents"), _("Mean of 100"), _("Points")],
            rows,
            numeric=[2, 3, 4],
            widths=[4, 1.2, 1.4, 1.4, 1],
        ),
    ]


def _groups(survey: Survey, results: list[UnitResult]) -> list[Block]:
    names = dict(survey.groups.values_list("code", "name"))
    found = tallies(survey)
    rows: list[Row] = []
    for result in results:
        own = [] if result.cancelled else found.get(result.participant.unit_id, [])
        if own:
            rows.append(Group(result.participant.unit.name))
        rows += [
            [" + ".join(names[code] for code in part.groups), code, format_count(leaf.respondents),
             format_points(leaf.mean)]
            for part in own
            for code, leaf in part.leaves.items()
        ]  # fmt: skip
    return [
        Heading(_("3. Means by group of respondents")),
        Table(
            [_("Group"), _("Criterion"), _("Respondents"), _("Mean of 100")],
            rows,
            numeric=[2, 3],
            widths=[4, 1.2, 1.4, 1.4],
        ),
    ]


def _cancelled(results: list[UnitResult]) -> list[Block]:
    found = [(r.participant.unit.name, r.cancelled) for r in results if r.cancelled]
    return [Heading(_("4. Cancelled results")), Facts(found)] if found else []


def report_csv(survey: Survey) -> bytes:
    """Return the means by unit, criterion and (merged) group as CSV; figures exact, with a dot."""
    text = io.StringIO(newline="")
    write_csv(text, headers=list(COLUMNS), rows=_csv_rows(survey))
    return text.getvalue().encode("utf-8-sig")


def _csv_rows(survey: Survey) -> Iterator[list[object]]:
    found = tallies(survey)
    note = ILLUSTRATIVE.lower() if survey.round.illustrative else ""
    for result in unit_results(survey):
        unit = result.participant.unit
        head = [survey.round.year, unit.code, unit.name]
        if result.cancelled:
            yield [*head, "", "", "", "", "", "cancelled"]
            continue
        for part in found.get(unit.pk, []):
            for code, leaf in part.leaves.items():
                mean = plain(leaf.mean.quantize(Decimal("0.0000000001")))
                yield [*head, code, "+".join(part.groups), leaf.respondents, leaf.answers, mean, note]
