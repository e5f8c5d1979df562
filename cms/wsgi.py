"""WSGI entry of the portal."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")
_portal = get_wsgi_application()

from cms.baked_server import BakedPages  # noqa: E402 -- needs the settings

application = BakedPages(_portal)

# What was loaded stays for ever: the collector need not walk it again, and forked workers go on sharing its pages.
gc.collect()
gc.freeze()
