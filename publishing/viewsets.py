"""Choosers and registers of publication in the admin."""

from django.utils.translation import gettext_lazy as _

from wagtail.admin.viewsets.chooser import ChooserViewSet

from cms.models import Unit


class UnitChooserViewSet(ChooserViewSet):
    """Choose a unit by name or code, accents not needed."""

    model = Unit
    icon = "site"
    choose_one_text = _("Choose a unit")
    choose_another_text = _("Choose another unit")
    per_page = 20


unit_chooser = UnitChooserViewSet("unit_chooser")
