"""Publish what is due, one page at a time: a refused one is put back and reported, and the others go live."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from wagtail.admin.mail import send_mail
from wagtail.management.commands import publish_scheduled
from wagtail.models import Revision

from cms import audit
from cms.approvals import approval_of
from cms.exceptions import PortalError

logger = logging.getLogger("portal.publishing")


class Command(publish_scheduled.Command):
    """Wagtail's command, which would stop at the first refusal and meet it again every minute."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish what is due; leave the rest (what expired) to Wagtail's part."""
        if not options["dryrun"]:
            for revision in Revision.objects.filter(approved_go_live_at__lt=timezone.now()).order_by(
                "approved_go_live_at"
            ):
                _publish(revision)
        super().handle(*args, **options)


def _publish(revision: Revision) -> None:
    try:
        with transaction.atomic():
            revision.publish(log_action="wagtail.publish.scheduled")
    except PortalError as refusal:
        logger.warning("scheduled publication refused", extra={"event": "cms.schedule_refused", "pk": revision.pk})
        with transaction.atomic():
            Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=None)
            audit.record("cms.schedule_refused", revision.content_object, user=None, reason=refusal.message)
        _tell(revision, refusal.message)


def _tell(revision: Revision, reason: str) -> None:
    """Write to who wrote the draft and who approved it."""
    approval = approval_of(revision)
    for person in {revision.user, approval.finished_by if approval else None} - {None}:
        if person.is_active and person.email:
            with override(person.language):
                subject = _("Not published as scheduled: %(title)s") % {"title": revision.object_str}
                send_mail(subject, reason, [person.email])
