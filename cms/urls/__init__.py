"""All addresses of the portal. Vietnamese has no prefix; `/en/…` is the same with the English interface."""

from importlib.util import find_spec

from django.conf.urls.i18n import i18n_patterns
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_POST

from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.admin.views.account import LogoutView
from wagtail.documents import urls as wagtaildocs_urls
from wagtail.utils.urlpatterns import decorate_urlpatterns

from cms.security import admin_view
from cms.views import health, media, robots

handler400 = "cms.views.errors.bad_request"
handler403 = "cms.views.errors.permission_denied"
handler404 = "cms.views.errors.page_not_found"
handler500 = "cms.views.errors.server_error"


def _room(route: str, module: str) -> list[URLPattern | URLResolver]:
    return [path(route, include(module))] if find_spec(module) else []


# Wagtail's own view takes the session's cookie away even where it refuses the method: a link would sign people out.
ADMIN = [
    path("logout/", require_POST(LogoutView.as_view()), name="wagtailadmin_logout"),
    *wagtailadmin_urls.urlpatterns,
]

urlpatterns = [
    path("-/live", health.live, name="live"),
    path("-/ready", health.ready, name="ready"),
    path("robots.txt", robots.robots, name="robots"),
    path("admin/", include(decorate_urlpatterns(ADMIN, admin_view))),
    path("documents/", include(wagtaildocs_urls)),
    path("media/<path:path>", media.image, name="media"),
    *_room("", "publishing.api.urls"),
    *i18n_patterns(
        path("", include("cms.urls.portal")),
        *_room("lam-viec/", "submissions.urls"),
        *_room("xac-minh/", "submissions.urls.verification"),
        *_room("khao-sat/", "submissions.urls.survey_public"),
        *_room("", "criteria_pages.urls"),
        *_room("", "publishing.urls"),
        path("", include(wagtail_urls)),
        prefix_default_language=False,
    ),
]
