"""Closed vocabularies of the sociological survey."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SurveyState(models.TextChoices):
    """Where a survey stands."""

    DRAFT = "draft", _("Being prepared")
    LISTS = "lists", _("Units enter their lists")
    ANSWERING = "answering", _("Respondents answer")
    CLOSED = "closed", _("Closed")
    RESULTS = "results", _("Results in the index")


SURVEY_TRANSITIONS: dict[str, tuple[str, ...]] = {
    SurveyState.DRAFT: (SurveyState.LISTS,),
    SurveyState.LISTS: (SurveyState.ANSWERING,),
    SurveyState.ANSWERING: (SurveyState.CLOSED,),
    SurveyState.CLOSED: (SurveyState.RESULTS,),
    SurveyState.RESULTS: (),
}


class GroupRule(models.TextChoices):
    """Who of a respondent group is asked."""

    ALL = "all", _("Everybody listed")
    ORGANISATIONS = "organisations", _("Everybody of at most N organisations")
    PER_UNIT = "per_unit", _("N people per subordinate unit")
    SAMPLE = "sample", _("Sample by n = N / (1 + N × e²)")
    PUBLIC = "public", _("Public link, at most N answers per unit")
    ENTERED = "entered", _("Surveyed elsewhere: counts and means from Excel")


# Groups whose people no unit lists.
UNLISTED = (GroupRule.PUBLIC, GroupRule.ENTERED)


class ListState(models.TextChoices):
    """State of a unit's list of respondents."""

    DRAFT = "draft", _("Being entered")
    SENT = "sent", _("Sent")
    RETURNED = "returned", _("Returned for correction")
    ACCEPTED = "accepted", _("Accepted")


class RespondentState(models.TextChoices):
    """Whether a listed person is asked."""

    ASKED = "asked", _("Asked")
    DUPLICATE = "duplicate", _("Left out: asked in another role")
    NOT_DRAWN = "not_drawn", _("Left out: not in the sample")


class DeliveryState(models.TextChoices):
    """What became of the invitation's letter. It says nothing about answers."""

    WAITING = "waiting", _("Not sent yet")
    SENT = "sent", _("Sent")
    BOUNCED = "bounced", _("Came back")
    PRINTED = "printed", _("Printed letter")


class CancelConsequence(models.TextChoices):
    """What cancelled survey results mean in the index; declared before the survey opens."""

    ZERO = "zero", _("0 points in every survey criterion")
    NOT_APPLICABLE = "not_applicable", _("Survey criteria leave the unit's maximum")


class IncidentState(models.TextChoices):
    """Review of a sign of interference by two officers."""

    FLAGGED = "flagged", _("Flagged")
    PROPOSED = "proposed", _("Cancellation proposed by one officer")
    DISMISSED = "dismissed", _("Dismissed")
    CANCELLED = "cancelled", _("Survey results of the unit cancelled")


class SignalKind(models.TextChoices):
    """Counters of how answers came in, kept apart from the answers."""

    FAST = "fast", _("Sent within seconds of opening")
    RANGE = "range", _("Many from one address range in an hour")
    INSIDE = "inside", _("From inside the rated unit's network")
    IDENTICAL = "identical", _("Identical answers")


class TextState(models.TextChoices):
    """What the survey officer did with a free text."""

    NEW = "new", _("Not read yet")
    READ = "read", _("Read")
    REDACTED = "redacted", _("Passages blacked out")
    HIDDEN = "hidden", _("Blacked out as a whole")
