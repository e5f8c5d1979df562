"""Settings of the test suite: quick hashing, throw-away folders, jobs run inline unless a test starts a worker."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from cms.settings.base import *  # noqa: F403
from cms.settings.base import CACHES, DATABASES, Q_CLUSTER, REDIS_URL, STORAGES

SECRET_KEY = "tests-only"  # noqa: S105
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
_TMP = Path(tempfile.mkdtemp(prefix="portal-tests-"))
atexit.register(shutil.rmtree, _TMP, ignore_errors=True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory, so that the threads of a live server meet the same locks as in the one-command mode.
    DATABASES["default"]["TEST"] = {"NAME": str(_TMP / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
MEDIA_ROOT = _TMP / "media"
PRIVATE_ROOT = _TMP / "private"
# Tests of baking switch it on; everywhere else a page is what the view says.
PORTAL_BAKE = False
PORTAL_BAKED_ROOT = _TMP / "baked"
STORAGES["private"]["OPTIONS"]["location"] = str(PRIVATE_ROOT)
if "FileBased" in CACHES["default"]["BACKEND"]:
    CACHES["default"]["LOCATION"] = str(_TMP / "cache")
if REDIS_URL:
    # One database of Redis per test process: clearing the cache in one must not disturb the other.
    _WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    CACHES["default"]["LOCATION"] = f"{REDIS_URL.rsplit('/', 1)[0]}/{1 + _WORKER}"
Q_CLUSTER["sync"] = True
PORTAL_API_RATE = "100000/min"
