"""Registrations with Wagtail's admin: choosers, log actions."""

from __future__ import annotations

from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

from publishing.log_actions import ACTIONS
from publishing.viewsets import DraftTokenViewSet, UnitChooserViewSet, draft_tokens, unit_chooser


@hooks.register("register_admin_viewset")
def register_unit_chooser() -> UnitChooserViewSet:
    """Let plans choose units."""
    return unit_chooser


@hooks.register("register_admin_viewset")
def register_draft_tokens() -> DraftTokenViewSet:
    """Let administrators make and revoke tokens of programs."""
    return draft_tokens


@hooks.register("register_log_actions")
def register_actions(actions: LogActionRegistry) -> None:
    """Name the actions that publication writes into the audit log."""
    for action, label, message in ACTIONS:
        actions.register_action(action, label, message)
