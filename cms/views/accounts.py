"""Signing in and out, and the password."""

from typing import Any

from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from cms import audit, sign_in


class SignInForm(AuthenticationForm):
    """Name and password; refused for a while after too many wrong tries."""

    def clean(self) -> dict[str, Any]:
        """Look at earlier failures before the password is tried."""
        if sign_in.is_blocked(self.cleaned_data.get("username") or "", self.request):
            raise ValidationError(
                _("Too many failed sign-ins. Wait a few minutes, then try again."), code="too_many_tries"
            )
        return super().clean()


class SignIn(views.LoginView):
    """The one sign-in of workspace and admin. `next` is followed only within this site (Django checks it)."""

    template_name = "cms/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(views.LogoutView):
    """Sign out (POST only)."""

    http_method_names = ["post", "options"]


class ChangePassword(views.PasswordChangeView):
    """Change the own password."""

    template_name = "cms/password_change.html"
    success_url = reverse_lazy("cms:password_change_done")

    def form_valid(self, form: Any) -> Any:
        """Note the change."""
        response = super().form_valid(form)
        audit.record("cms.password_change", self.request.user, user=self.request.user)
        return response


class PasswordChanged(views.PasswordChangeDoneView):
    """The password was changed."""

    template_name = "cms/password_change_done.html"
