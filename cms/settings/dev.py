"""The one-command mode: SQLite, local files, mail to the console. Not for the open network."""

from cms.settings.base import *  # noqa: F403
from cms.settings.base import SECRET_KEY, env

DEBUG = env.bool("PORTAL_DEBUG", default=False)
# A fixed key is right only because this mode listens on the loopback and holds demonstration data.
SECRET_KEY = SECRET_KEY or "demonstration-only-not-for-production-8b1f6c0c3d5e4a7f"
# Static files come straight from the apps; nothing is collected.
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None
# One account per role; made by `load_demo`, printed by `serve`. They exist in this mode only.
PORTAL_DEMONSTRATION_PASSWORD = "Chi-so-2026!"  # noqa: S105
PORTAL_DEMONSTRATION_ACCOUNTS = {
    "bientap": "editor",
    "thuongtruc": "secretariat of the council",
    "donvi": "unit contributor",
    "lanhdao": "unit leader",
    "thamdinh": "appraiser",
    "hoidong": "council member",
    "pheduyet": "approver",
    "khaosat": "survey officer",
    "kiemtoan": "auditor",
    "quantri": "administrator",
}
