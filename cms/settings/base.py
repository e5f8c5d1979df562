"""Settings shared by all run modes. Every value a machine may change is read here, once, from the environment.

The table of variables is in docs/operations.md.
"""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

import environ
from csp.constants import NONCE, NONE, SELF  # noqa: F401  (NONCE re-exported for later policies)

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

VAR_DIR = Path(env.str("PORTAL_VAR_DIR", default=str(BASE_DIR / "var")))

DEBUG = False
SECRET_KEY = env.str("PORTAL_SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("PORTAL_SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("PORTAL_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("PORTAL_CSRF_TRUSTED_ORIGINS", default=[])
PORTAL_HOST = env.str("PORTAL_HOST", default="127.0.0.1")
PORTAL_PORT = env.int("PORTAL_PORT", default=8000)
PORTAL_WEB_WORKERS = env.int("PORTAL_WEB_WORKERS", default=2)
PORTAL_WEB_THREADS = env.int("PORTAL_WEB_THREADS", default=4)
# Commands that `prepare` runs where they exist: files that are built at set-up and not kept in the repository.
PORTAL_BUILD_COMMANDS = ["build_fonts"]
PORTAL_DEMONSTRATION_PASSWORD = ""
PORTAL_DEMONSTRATION_ACCOUNTS: dict[str, str] = {}
PORTAL_BASE_URL = env.str("PORTAL_BASE_URL", default=f"http://{PORTAL_HOST}:{PORTAL_PORT}")

INSTALLED_APPS = [
    "fixtures",
    "publishing",
    "submissions",
    "criteria_pages",
    "cms",
    "wagtail_modeladmin",
    "wagtail.api.v2",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.contrib.sitemaps",
    "wagtail.sites",
    "cms.accounts_app.AccountsConfig",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail.contrib.forms",
    "wagtail",
    "modelcluster",
    "taggit",
    "rest_framework",
    "ninja",
    "django_filters",
    "import_export",
    "django_q",
    "django_htmx",
    "heroicons",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "cms.security.NulMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    "cms.security.RefusalMiddleware",
]

ROOT_URLCONF = "cms.urls"
WSGI_APPLICATION = "cms.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cms.context.portal",
            ],
        },
    },
]

# --- data -------------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    # WAL alone makes lock errors worse; BEGIN IMMEDIATE is what removes them (measured, docs/adr/0003).
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;"
            "PRAGMA cache_size=-20000; PRAGMA foreign_keys=ON;",
        }
    )
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("PORTAL_DB_CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Queries of cms.compiled are prepared on the server after so many runs on a connection; 0: never, for a pooler
    # that does not keep prepared statements.
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = (
        env.int("PORTAL_DB_PREPARE_AFTER", default=5) or None
    )
# Under IMMEDIATE every transaction takes SQLite's one write lock, so reads must not open one. Writes open theirs in the
# domain functions; the admin's posts are wrapped in cms.urls (docs/adr/0003).
ATOMIC_REQUESTS = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
# Beyond this Django answers without a sentence; the pages themselves refuse far fewer with one.
DATA_UPLOAD_MAX_NUMBER_FILES = 500
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    # Shared by the web and worker processes of the one-command mode.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(VAR_DIR / "cache"),
            # The default of 300 would throw out the progress of jobs when many people work at once.
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        }
    }

# --- people -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "cms.User"
# Django's own, with queries that are built once: both run on every request.
AUTHENTICATION_BACKENDS = ["cms.sessions.AccountBackend"]
SESSION_ENGINE = "cms.sessions"
LOGIN_URL = "cms:login"
LOGIN_REDIRECT_URL = "cms:workspace"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Wrong passwords for one account within the window before further tries are refused; ten times as many per address.
PORTAL_SIGN_IN_LIMIT = env.int("PORTAL_SIGN_IN_LIMIT", default=10)
PORTAL_SIGN_IN_WINDOW_SECONDS = env.int("PORTAL_SIGN_IN_WINDOW_SECONDS", default=300)
# How many proxies of ours stand before the web server and add to X-Forwarded-For.
PORTAL_TRUSTED_PROXIES = env.int("PORTAL_TRUSTED_PROXIES", default=0)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "cms.views.errors.csrf_failure"

# --- language ---------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "cms" / "locale", BASE_DIR / "cms" / "locale_wagtail"]
WAGTAILADMIN_PERMITTED_LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
WAGTAIL_I18N_ENABLED = False
WAGTAIL_CONTENT_LANGUAGES = [("vi", "Tiếng Việt")]
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_I18N = True
USE_TZ = True
# Grouping on input would turn a typed 0.125 into 125 (tried); numbers are grouped on output only, by our formatter.
USE_THOUSAND_SEPARATOR = False
FORMAT_MODULE_PATH = ["cms.formats"]

# --- files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
# Fonts and the bundled style sheet, made at set-up by `build_fonts`; everything works without them.
STATICFILES_DIRS = [folder for folder in (VAR_DIR / "assets",) if folder.is_dir()]
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
# Evidence, uploads and reports: never under a public address; read only through a permission check.
PRIVATE_ROOT = VAR_DIR / "private"
# Pages of published releases as files, for nginx and the one-command mode. Hosts that serve them share the folder.
PORTAL_BAKE = env.bool("PORTAL_BAKE", default=True)
PORTAL_BAKED_ROOT = VAR_DIR / "baked"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {
        "BACKEND": "cms.storage.PrivateFileStorage",
        "OPTIONS": {"location": str(PRIVATE_ROOT)},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# How often one address may ask the read API.
PORTAL_API_RATE = env.str("PORTAL_API_RATE", default="600/min")
# A release of more units than this is built as a background job.
PORTAL_BUILD_INLINE_UNITS = env.int("PORTAL_BUILD_INLINE_UNITS", default=200)
PORTAL_EVIDENCE_MAX_BYTES = env.int("PORTAL_EVIDENCE_MAX_MB", default=50) * 1024 * 1024
# Bytes in the private storage that no row names are removed after this many hours.
PORTAL_ORPHAN_HOURS = env.int("PORTAL_ORPHAN_HOURS", default=24)
PORTAL_IMPORT_MAX_BYTES = env.int("PORTAL_IMPORT_MAX_MB", default=30) * 1024 * 1024
PORTAL_IMPORT_MAX_ROWS = env.int("PORTAL_IMPORT_MAX_ROWS", default=200_000)
PORTAL_IMPORT_MAX_COLUMNS = env.int("PORTAL_IMPORT_MAX_COLUMNS", default=200)

# Days before the lock of a form at which its contributors and leader are reminded; 0 is the word at the lock.
# Local hour after which those who want one mail a day get it.
PORTAL_DIGEST_HOUR = env.int("PORTAL_DIGEST_HOUR", default=7)
PORTAL_REMINDER_DAYS = env.list("PORTAL_REMINDER_DAYS", cast=int, default=[7, 3, 1, 0])

# --- mail -------------------------------------------------------------------------------------------------------------
vars().update(env.email_url("PORTAL_EMAIL_URL", default="consolemail://"))
# A mail server that does not answer is given up after this time and tried again by the schedule.
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("PORTAL_FROM_EMAIL", default="portal@example.vn")

# --- background jobs --------------------------------------------------------------------------------------------------
# The lease in JobRun decides who runs a job; these only bound the queue (docs/adr/0004).
Q_CLUSTER = {
    "name": "portal",
    "workers": env.int("PORTAL_WORKERS", default=2),
    "timeout": 900,
    "retry": 5400,
    "queue_limit": 2,
    "bulk": 1,
    "max_attempts": 3,
    "ack_failures": True,
    "catch_up": False,
    "recycle": 200,
    "save_limit": 1000,
    "poll": 0.5,
}
# A worker that was silent for longer makes the portal not ready (three beats of a minute each).
PORTAL_WORKER_SILENCE_SECONDS = env.int("PORTAL_WORKER_SILENCE_SECONDS", default=200)
# Who sends it as "Authorization: Bearer …" is told by /-/ready which check fails; everybody else only whether.
PORTAL_HEALTH_TOKEN = env.str("PORTAL_HEALTH_TOKEN", default="")
if env.bool("PORTAL_REDIS_BROKER", default=False) and REDIS_URL:
    Q_CLUSTER["redis"] = REDIS_URL
else:
    Q_CLUSTER["orm"] = "default"

# --- Wagtail ----------------------------------------------------------------------------------------------------------
WAGTAIL_SITE_NAME = _("PAR Index Portal")
WAGTAILADMIN_BASE_URL = PORTAL_BASE_URL
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ALLOW_UNICODE_SLUGS = False
WAGTAIL_WORKFLOW_REQUIRE_REAPPROVAL_ON_EDIT = True
WAGTAIL_FINISH_WORKFLOW_ACTION = "cms.workflow_end.publish_approved"
WAGTAIL_AUTOSAVE_INTERVAL = 5000
# As typed and shown everywhere in the portal, in both languages (cms/formats).
WAGTAIL_DATE_FORMAT = "%d/%m/%Y"
WAGTAIL_DATETIME_FORMAT = "%d/%m/%Y %H:%M"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_EXTENSIONS = ["pdf", "docx", "xlsx", "odt", "ods", "csv", "zip"]
WAGTAILDOCS_MAX_UPLOAD_SIZE = 50 * 1024 * 1024
WAGTAILIMAGES_EXTENSIONS = ["gif", "jpg", "jpeg", "png", "webp"]
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "modelsearch.backends.database"}}
MODELSEARCH_BACKENDS = WAGTAILSEARCH_BACKENDS
WAGTAILADMIN_LOGIN_URL = LOGIN_URL
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = True
WAGTAILAPI_LIMIT_MAX = 100
WAGTAILAPI_BASE_URL = PORTAL_BASE_URL
# Readers of the content API know no addresses of Wagtail's own ("linktype"); they get what a browser can show.
WAGTAILAPI_RICH_TEXT_FORMAT = "html"
WAGTAILAPI_DOCS_ENABLED = False

# --- security ---------------------------------------------------------------------------------------------------------
# Strict for the public site and the workspace: nothing inline, nothing foreign. The admin has its own (cms.urls).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "SAMEORIGIN"  # the editor previews pages in a frame of the admin, so check W019 is silenced
SILENCED_SYSTEM_CHECKS = ["security.W019"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

# No link of a survey stands in a log: the loggers that write paths are filtered, and every handler once more.
LOG_FILTERS = {"without_secrets": {"()": "cms.redaction.WithoutSecrets"}}
LOG_PATH_WRITERS = {
    name: {"filters": ["without_secrets"]}
    for name in ("django.request", "django.server", "django.security.csrf", "gunicorn.access", "gunicorn.error")
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": LOG_FILTERS,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["without_secrets"]}},
    "loggers": LOG_PATH_WRITERS,
    "root": {"handlers": ["console"], "level": env.str("PORTAL_LOG_LEVEL", default="INFO")},
}
