"""Choosers and registers of publication in the admin."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.users.views.api_tokens import APITokenForm, APITokenViewSet

from cms.models import Unit, User


class UnitChooserViewSet(ChooserViewSet):
    """Choose a unit by name or code, accents not needed."""

    model = Unit
    icon = "site"
    choose_one_text = _("Choose a unit")
    choose_another_text = _("Choose another unit")
    per_page = 20


unit_chooser = UnitChooserViewSet("unit_chooser")


class DraftTokenForm(APITokenForm):
    """A new token; it can be held only for somebody whose drafts it would open."""

    def clean_user(self) -> User:
        """Refuse a holder who may not read drafts."""
        holder: User = self.cleaned_data["user"]
        if not (holder.is_active and holder.has_perm("cms.read_drafts")):
            raise ValidationError(
                _("This person may not read drafts, so a token would open nothing. Give the person a role first.")
            )
        return holder


class DraftTokenViewSet(APITokenViewSet):
    """Wagtail's own screen: make a token, whose secret is shown once, and revoke it."""

    menu_label = _("Tokens of programs")
    add_to_settings_menu = True

    def get_form_class(self, for_update: bool = False) -> type:
        """Return the form for a new token, or for another name of one."""
        form: type = super().get_form_class(for_update)
        return form if for_update else DraftTokenForm


draft_tokens = DraftTokenViewSet("wagtailusers_api_tokens", url_prefix="api-tokens")
