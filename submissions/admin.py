"""Plain registers in the admin: read-mostly lists of what rounds leave behind (docs/adr: where modeladmin is right).

Everything is changed at the desks, through the gates; nothing is added, edited or deleted here, and nothing is exported
(modeladmin writes a score of 0 as "-"). Rows are scoped to the rounds that the user may see, also by address.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wagtail_modeladmin.helpers import PermissionHelper
from wagtail_modeladmin.options import ModelAdminGroup
from wagtail_modeladmin.views import InspectView

from cms.models import User
from cms.registers import PlainRegister
from submissions.domain.round_access import rounds_seen_by
from submissions.models import (
    Adjustment,
    AppraisalAssignment,
    AssessmentRound,
    Extension,
    Participant,
    Receipt,
    RoundSeal,
    ScoreEntry,
    Submission,
)


class RegisterPermissions(PermissionHelper):
    """Who sees a register: who may see a round. What is seen: rows of those rounds. Nobody changes anything."""

    round_path = "round"

    def rows(self, user: User) -> QuerySet[Any]:
        """Return the rows of the rounds that the user may see."""
        return self.model._default_manager.filter(**{f"{self.round_path}__in": rounds_seen_by(user)})

    def user_has_any_permissions(self, user: User) -> bool:
        """Whether the menu shows the register."""
        return self.user_can_list(user)

    def user_can_list(self, user: User) -> bool:
        """Anybody who may see a round."""
        return rounds_seen_by(user).exists()

    def user_can_inspect_obj(self, user: User, obj: Model) -> bool:
        """The object must be of a round that the user may see; the list alone would not protect its address."""
        return self.inspect_view_enabled and self.rows(user).filter(pk=obj.pk).exists()

    def user_can_create(self, user: User) -> bool:
        """Never here."""
        return False

    def user_can_edit_obj(self, user: User, obj: Model) -> bool:
        """Never here."""
        return False

    def user_can_delete_obj(self, user: User, obj: Model) -> bool:
        """Never here."""
        return False


def permissions_by(path: str) -> type[RegisterPermissions]:
    """Return the permissions of a register whose rows reach their round by a path."""
    return type("RegisterPermissions", (RegisterPermissions,), {"round_path": path})


# What the relations of these models are called: Django names a relation after its attribute, in English only.
RELATIONS = {
    "actor": _("person"),
    "agency": _("agency"),
    "granted_at": _("granted at"),
    "granted_by": _("granted by"),
    "participant": _("participating unit"),
    "round": _("assessment round"),
    "sealed_by": _("sealed by"),
    "sent_by": _("sent by"),
    "sign_off": _("sign-off"),
    "submission": _("submission"),
    "updated_at": _("changed at"),
}


def related(path: str) -> Callable[[Any, Model], Any]:
    """Return a column that shows what a relation leads to, under the relation's name in the reader's language."""

    def shown(_register: Any, row: Model) -> Any:
        return attrgetter(path)(row)

    shown.short_description = RELATIONS[path]  # type: ignore[attr-defined]
    return shown


class RegisterInspectView(InspectView):
    """One row, with the names of relations in the reader's language."""

    def get_field_label(self, field_name: str, field: Field[Any, Any] | None = None) -> Any:
        """Return the name of a field or relation."""
        return RELATIONS.get(field_name) or super().get_field_label(field_name, field)


class Register(PlainRegister):
    """A read-mostly register."""

    permission_helper_class = RegisterPermissions
    inspect_view_class = RegisterInspectView
    inspect_view_enabled = True
    history_view_enabled = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Only rows that the user may see."""
        helper = self.permission_helper
        return super().get_queryset(request).filter(pk__in=helper.rows(request.user).values("pk"))


class RoundRegister(Register):
    model = AssessmentRound
    menu_icon = "calendar-alt"
    permission_helper_class = permissions_by("pk")
    list_display = ("name", "year", "owner", "state", "period_from", "period_to")
    list_filter = ("state", "year")
    list_select_related = ("owner",)
    search_fields = ("name", "code")


class ParticipantRegister(Register):
    model = Participant
    menu_icon = "group"
    list_display = ("unit", "of_round", "status", "reason")
    of_round = related("round")
    list_filter = ("status", "round__year")
    list_select_related = ("unit", "round")
    search_fields = ("unit__name_folded", "unit__code", "unit_name")


class SubmissionRegister(Register):
    model = Submission
    menu_icon = "form"
    permission_helper_class = permissions_by("participant__round")
    list_display = ("unit", "round", "state", "changed_at")
    changed_at = related("updated_at")
    list_filter = ("state", "participant__round__year")
    list_select_related = ("participant__unit", "participant__round")
    search_fields = ("participant__unit__name_folded", "participant__unit__code")

    def unit(self, row: Submission) -> str:
        """The unit's name."""
        return row.participant.unit.name

    def round(self, row: Submission) -> str:
        """The round's name."""
        return row.participant.round.name

    unit.short_description = _("unit")  # type: ignore[attr-defined]
    round.short_description = _("assessment round")  # type: ignore[attr-defined]


class LedgerRegister(Register):
    model = ScoreEntry
    menu_icon = "list-ol"
    permission_helper_class = permissions_by("participant__round")
    list_display = ("created_at", "unit", "code", "stage", "points", "basis", "by_agency", "by_person")
    by_agency, by_person = related("agency"), related("actor")
    list_filter = ("stage", "basis", "participant__round__year")
    list_select_related = ("participant__unit", "agency", "actor")
    search_fields = ("participant__unit__name_folded", "participant__unit__code", "code")
    ordering = ("-pk",)
    empty_value_display = "—"

    def unit(self, row: ScoreEntry) -> str:
        """The unit's name."""
        return row.participant.unit.name

    unit.short_description = _("unit")  # type: ignore[attr-defined]


class AdjustmentRegister(Register):
    model = Adjustment
    menu_icon = "plus-inverse"
    permission_helper_class = permissions_by("participant__round")
    list_display = ("created_at", "of_participant", "kind", "points", "reason", "by_person")
    of_participant, by_person = related("participant"), related("actor")
    list_filter = ("kind", "participant__round__year")
    list_select_related = ("participant__unit", "participant__round", "actor")
    ordering = ("-pk",)


class ReceiptRegister(Register):
    model = Receipt
    menu_icon = "doc-full"
    permission_helper_class = permissions_by("submission__participant__round")
    list_display = ("number", "of_submission", "sent_at", "by_person", "content_sha256")
    of_submission, by_person = related("submission"), related("sent_by")
    list_filter = ("submission__participant__round__year",)
    list_select_related = ("submission__participant__unit", "submission__participant__round", "sent_by")
    search_fields = ("number", "submission__participant__unit__name_folded")


class AssignmentRegister(Register):
    model = AppraisalAssignment
    menu_icon = "tasks"
    list_display = ("of_round", "code", "by_agency")
    of_round, by_agency = related("round"), related("agency")
    list_filter = ("round__year",)
    list_select_related = ("round", "agency")
    search_fields = ("code", "agency__name_folded")


class ExtensionRegister(Register):
    model = Extension
    menu_icon = "time"
    permission_helper_class = permissions_by("participant__round")
    list_display = ("of_participant", "phase", "scope", "code", "until", "reason", "by_person", "at")
    of_participant, by_person, at = related("participant"), related("granted_by"), related("granted_at")
    list_filter = ("phase", "scope", "participant__round__year")
    list_select_related = ("participant__unit", "participant__round", "granted_by")


class SealRegister(Register):
    model = RoundSeal
    menu_icon = "lock"
    list_display = ("of_round", "sealed_at", "by_person", "entries", "ledger_sha256")
    of_round, by_person = related("round"), related("sealed_by")
    list_select_related = ("round", "sealed_by")


class RoundRegisters(ModelAdminGroup):
    """The registers under one item of the admin's menu."""

    menu_label = _("Rounds and scores")
    menu_icon = "list-ul"
    menu_order = 400
    items = (
        RoundRegister,
        ParticipantRegister,
        SubmissionRegister,
        LedgerRegister,
        AdjustmentRegister,
        ReceiptRegister,
        AssignmentRegister,
        ExtensionRegister,
        SealRegister,
    )
