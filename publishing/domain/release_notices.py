"""Whom a release waits for: the approver of a new one, the secretariat of one that was decided on."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cms.enums import Role
from cms.models import User
from publishing.models import IndexRelease
from submissions.domain.event_notices import holders, on
from submissions.domain.notices import notify


@on("publishing.release.build")
@on("publishing.release.import")
def _built(release: IndexRelease, user: User | None, _after: dict[str, Any]) -> None:
    _tell(release, user, Role.APPROVER, _("A result waits for your approval: %(release)s"))


@on("publishing.release.approve")
def _approved(release: IndexRelease, user: User | None, _after: dict[str, Any]) -> None:
    _tell(release, user, Role.SECRETARIAT, _("The result is approved: %(release)s"))


@on("publishing.release.return")
def _returned(release: IndexRelease, user: User | None, _after: dict[str, Any]) -> None:
    _tell(
        release,
        user,
        Role.SECRETARIAT,
        _("The result was returned: %(release)s"),
        text=release.return_reason,
    )


@on("publishing.release.withdraw")
def _withdrawn(release: IndexRelease, user: User | None, _after: dict[str, Any]) -> None:
    _tell(
        release,
        user,
        Role.SECRETARIAT,
        _("The result is withdrawn: %(release)s"),
        text=release.withdrawal_reason,
    )


def _tell(release: IndexRelease, user: User | None, role: Role, title: Promise, *, text: str = "") -> None:
    notify(
        users=holders(units=[release.owner_id], roles=[role], besides=user),
        key=f"release:{release.pk}:{release.state}",
        title=lambda: str(title) % {"release": release.title},
        text=text,
        url=reverse("publishing:desk_release", args=[release.pk]),
    )
