"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from cms.navigation import workspace_items


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the name and address of the site and, computed only where used, the workspace's menu."""
    return {
        "portal_site_name": settings.WAGTAIL_SITE_NAME,
        "portal_base_url": settings.PORTAL_BASE_URL,
        "workspace_nav": SimpleLazyObject(lambda: workspace_items(request)),
    }
