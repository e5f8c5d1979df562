"""Closed vocabularies of criteria."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Scorer(models.TextChoices):
    """Who brings the points of a leaf."""

    SELF = "self", _("Unit scores itself, agency appraises")
    SURVEY = "survey", _("Sociological survey")
    CENTRAL = "central", _("Entered centrally")


class ChangeKind(models.TextChoices):
    """What differs between two editions, computed by the software, ordered from light to heavy."""

    FIRST = "first", _("First edition")
    NONE = "none", _("No change")
    WORDING = "wording", _("Wording only")
    EVIDENCE = "evidence", _("Evidence asked for")
    APPLICABILITY = "applicability", _("Applicability")
    SCORING = "scoring", _("Scoring")


class LineageStatus(models.TextChoices):
    """What became of a node of the set before, ordered from light to heavy; new and dropped stand apart."""

    SAME = "same", _("The same")
    CHANGED = "changed", _("Changed, comparable")
    NOT_COMPARABLE = "not_comparable", _("Not comparable")
    NEW = "new", _("New")
    DROPPED = "dropped", _("Dropped")


class GuidanceStatus(models.TextChoices):
    """Whether guidance is in force; told from its dates and from what replaced it."""

    IN_FORCE = "in_force", _("In force")
    UPCOMING = "upcoming", _("Not yet in effect")
    REPLACED = "replaced", _("Replaced")


class ImportNoteKind(models.TextChoices):
    """How sure the reading of a cell is that an editor has to look at, ordered from heavy to light."""

    WRONG = "wrong", _("Wrong")
    OPEN = "open", _("Left open")
    GUESSED = "guessed", _("Guessed")


class LegalStatus(models.TextChoices):
    """Whether a legal document is in force."""

    IN_FORCE = "in_force", _("In force")
    AMENDED = "amended", _("Amended")
    REPLACED = "replaced", _("Replaced")
    EXPIRED = "expired", _("No longer in force")
