"""WSGI entry of the portal."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")
_portal = get_wsgi_application()

from cms.baked import BakedPages  # noqa: E402 -- needs the settings

application = BakedPages(_portal)
