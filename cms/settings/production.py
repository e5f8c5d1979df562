"""Production: everything by environment; refuses to start where a secret or a service is missing."""

from django.core.exceptions import ImproperlyConfigured

from cms.settings.base import *  # noqa: F403
from cms.settings.base import DATABASES, LOG_FILTERS, LOG_PATH_WRITERS, SECRET_KEY, STORAGES, env

if not SECRET_KEY or len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("Set PORTAL_SECRET_KEY to at least 50 random characters.")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    raise ImproperlyConfigured("Set DATABASE_URL to a PostgreSQL database: SQLite is for the one-command mode.")

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("PORTAL_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^-/"]
SECURE_HSTS_SECONDS = env.int("PORTAL_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES["staticfiles"] = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}

if env.str("PORTAL_S3_BUCKET", default=""):
    _S3 = {
        "bucket_name": env.str("PORTAL_S3_BUCKET"),
        "endpoint_url": env.str("PORTAL_S3_ENDPOINT", default=None),
        "access_key": env.str("PORTAL_S3_ACCESS_KEY", default=None),
        "secret_key": env.str("PORTAL_S3_SECRET_KEY", default=None),
        "region_name": env.str("PORTAL_S3_REGION", default=None),
        "file_overwrite": False,
    }
    STORAGES["default"] = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {**_S3, "location": "media"}}
    STORAGES["private"] = {
        "BACKEND": "cms.object_storage.PrivateS3Storage",
        "OPTIONS": {**_S3, "location": "private", "default_acl": "private", "querystring_auth": True},
    }

# One JSON object per line: time, level, logger, message and whatever the code adds (event, object, user_id).
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{asctime}{levelname}{name}{message}",
            "style": "{",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        }
    },
    "filters": LOG_FILTERS,
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["without_secrets"]}},
    "loggers": LOG_PATH_WRITERS,
    "root": {"handlers": ["console"], "level": env.str("PORTAL_LOG_LEVEL", default="INFO")},
}
