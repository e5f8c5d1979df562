"""Keeps personal addresses out of the log: the path of a survey link opens a questionnaire.

Django writes the path of every refused request ("Not Found: /khao-sat/phieu/…/"). The filter stands on the loggers that
do so and on the handlers, and takes away the part of the path that is a secret, and the request itself.
"""

from __future__ import annotations

import logging
import re
from typing import Any

SECRET_PATH = re.compile(r"(khao-sat/phieu/)[^/\s\"'?<>]+")
SHOWN = r"\1…"


def without_secrets(text: str) -> str:
    """Return the text with the secret part of each path replaced by an ellipsis."""
    return SECRET_PATH.sub(SHOWN, text)


class WithoutSecrets(logging.Filter):
    """Rewrites records; lets all of them pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take secret paths out of message, arguments and request."""
        record.msg = _clean(record.msg)
        if isinstance(record.args, dict):
            record.args = {name: _clean(value) for name, value in record.args.items()}
        elif record.args:
            record.args = tuple(_clean(value) for value in record.args)
        request = getattr(record, "request", None)
        if request is not None and SECRET_PATH.search(getattr(request, "path", "")):
            del record.request
        return True


def _clean(value: Any) -> Any:
    return without_secrets(value) if isinstance(value, str) else value
