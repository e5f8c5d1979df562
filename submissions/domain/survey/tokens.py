"""Codes of invitations, and the keys under which answers lie until the survey closes.

A code is 20 letters computed from the portal's secret key and the invitation, so that a reminder can carry the same
link without the code standing in any table, and 4 letters by which a code of ours is told from a guess without asking
the database. Drafts are encrypted under the code, sent answers under the portal's key; neither ciphertext tells the
time or, but for steps of a kilobyte, the length of what was written.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from submissions.exceptions import SubmissionError
from submissions.models import Invitation

# What a new code changes of an invitation.
CODE_FIELDS = ("issue", "token_sha256", "draft", "spent")
_GROUP = 4
_BODY, _CHECK = 20, 4
# Lengths are hidden in steps of this many bytes; the time that Fernet would write in clear is always 0.
_STEP = 1024
_NO_TIME = 0


def token_of(invitation: Invitation) -> str:
    """Return the code of an invitation: 24 letters and digits in groups of four (100 bits and a check of 20).

    After a change of the secret key the code stays the one that was sent, as long as the old key is a fallback. Raises
    SubmissionError where no key of the portal gives it any more: the invitation has to be issued anew.
    """
    for key in _keys():
        token = _token(invitation, key)
        if token_hash(token) == invitation.token_sha256:
            return token
    raise SubmissionError(
        _("The code of this invitation was made with a key that the portal no longer has. Issue it anew."),
        code="key_gone",
    )


def new_token(invitation: Invitation) -> str:
    """Return the code that an invitation gets now."""
    return _token(invitation, settings.SECRET_KEY)


def issue_anew(invitation: Invitation) -> None:
    """Give an invitation another code, whether it was answered or not; the caller holds and saves it (`CODE_FIELDS`).

    The code before and the draft kept under it are gone.
    """
    invitation.issue += 1
    invitation.token_sha256 = token_hash(new_token(invitation))
    invitation.draft = None
    invitation.spent = False


def _token(invitation: Invitation, key: str) -> str:
    return grouped(signed_code("submissions.survey.token", f"{invitation.pk}:{invitation.issue}", key))


def signed_code(salt: str, value: str, key: str) -> str:
    """Return 24 letters computed from a value: a body that nobody can guess, and the check of that body."""
    digest = salted_hmac(salt, value, secret=key, algorithm="sha256").digest()
    body = base64.b32encode(digest).decode()[:_BODY]
    return body + _check_letters(body, key)


def _check_letters(body: str, key: str) -> str:
    digest = salted_hmac("submissions.survey.check", body, secret=key, algorithm="sha256").digest()
    return base64.b32encode(digest).decode()[:_CHECK]


def is_ours(token: str) -> bool:
    """Whether a code in its normal form was issued by this portal, used up or not; a guess passes once in a million."""
    bare = token.replace("-", "")
    if len(bare) != _BODY + _CHECK:
        return False
    return any(constant_time_compare(bare[_BODY:], _check_letters(bare[:_BODY], key)) for key in _keys())


def normal_token(typed: str) -> str:
    """Return a typed code in its one form: capitals, groups of four, 0 and 1 read as O and I."""
    return grouped("".join(c for c in typed.upper() if c.isalnum()).replace("0", "O").replace("1", "I"))


def grouped(text: str) -> str:
    """Return a text in groups of four letters."""
    return "-".join(text[i : i + _GROUP] for i in range(0, len(text), _GROUP))


def token_hash(token: str) -> str:
    """Return the hex SHA-256 under which an invitation is found."""
    return hashlib.sha256(token.encode()).hexdigest()


def encrypt_draft(token: str, content: dict[str, Any]) -> bytes:
    """Encrypt unsent answers under the code."""
    return _draft_key(token).encrypt_at_time(_packed(content), _NO_TIME)


def decrypt_draft(token: str, content: bytes | memoryview | None) -> dict[str, Any]:
    """Return unsent answers; empty where there are none or where they were written under another code."""
    if not content:
        return {}
    try:
        data: dict[str, Any] = json.loads(_draft_key(token).decrypt(bytes(content)))
    except InvalidToken:
        return {}
    return data


def seal(content: dict[str, Any]) -> bytes:
    """Encrypt a sent answer under the portal's key."""
    return _portal_key().encrypt_at_time(_packed(content), _NO_TIME)


def unseal(content: bytes | memoryview) -> dict[str, Any]:
    """Return a sent answer. Raises cryptography's InvalidToken where no key of the portal opens it."""
    data: dict[str, Any] = json.loads(_portal_key().decrypt(bytes(content)))
    return data


def seal_file(content: bytes) -> bytes:
    """Encrypt a file under the portal's key."""
    return _portal_key().encrypt_at_time(content, _NO_TIME)


def unseal_file(content: bytes | memoryview) -> bytes:
    """Return a sealed file. Raises cryptography's InvalidToken where no key of the portal opens it."""
    return _portal_key().decrypt(bytes(content))


def keyed(text: str) -> str:
    """Return a keyed hash of a network address or the like, so that the tables hold no address."""
    return hmac.new(settings.SECRET_KEY.encode(), f"survey:{text}".encode(), hashlib.sha256).hexdigest()[:32]


def _packed(content: dict[str, Any]) -> bytes:
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return data + b" " * (-len(data) % _STEP)


def _keys() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS


def _draft_key(token: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"draft:{token}".encode()).digest()))


def _portal_key() -> MultiFernet:
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"survey:{key}".encode()).digest())) for key in _keys()]
    )
