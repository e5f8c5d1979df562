"""What submissions put into Wagtail's admin."""

from wagtail import hooks
from wagtail.log_actions import LogActionRegistry
from wagtail_modeladmin.options import modeladmin_register

from submissions.admin import RoundRegisters
from submissions.log_actions import ACTIONS


@hooks.register("register_log_actions")
def register_submission_actions(actions: LogActionRegistry) -> None:
    """Register the audited actions."""
    for name, label in ACTIONS:
        actions.register_action(name, label, label)


modeladmin_register(RoundRegisters)
