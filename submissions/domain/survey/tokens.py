"""Tokens of invitations and the keys made from them.

A token is computed from the portal's secret key and the invitation, so that a reminder can carry the same link without
the token standing in any table. Drafts are encrypted under the token, sent answers under the portal's key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from submissions.models import Invitation

_TOKEN_BYTES = 15
_GROUP = 4


def token_of(invitation: Invitation) -> str:
    """Return the token of an invitation: 24 letters and digits (120 bits), in groups of four for printed letters."""
    digest = salted_hmac("submissions.survey.token", f"{invitation.pk}:{invitation.issue}", algorithm="sha256").digest()
    text = base64.b32encode(digest[:_TOKEN_BYTES]).decode()
    return "-".join(text[i : i + _GROUP] for i in range(0, len(text), _GROUP))


def normal_token(typed: str) -> str:
    """Return a typed token in its one form: capitals, groups of four, 0 and 1 read as O and I."""
    text = "".join(c for c in typed.upper() if c.isalnum()).replace("0", "O").replace("1", "I")
    return "-".join(text[i : i + _GROUP] for i in range(0, len(text), _GROUP))


def token_hash(token: str) -> str:
    """Return the hex SHA-256 under which an invitation is found."""
    return hashlib.sha256(token.encode()).hexdigest()


def encrypt_draft(token: str, answers: dict[str, str]) -> bytes:
    """Encrypt unsent answers under the token."""
    return _draft_key(token).encrypt(json.dumps(answers, ensure_ascii=False).encode())


def decrypt_draft(token: str, content: bytes | memoryview | None) -> dict[str, str]:
    """Return unsent answers; empty where there are none or where they were written under another token."""
    if not content:
        return {}
    try:
        data: dict[str, str] = json.loads(_draft_key(token).decrypt(bytes(content)))
    except InvalidToken:
        return {}
    return data


def seal(content: dict[str, Any]) -> bytes:
    """Encrypt a sent answer under the portal's key."""
    return _portal_key().encrypt(json.dumps(content, ensure_ascii=False).encode())


def unseal(content: bytes | memoryview) -> dict[str, Any]:
    """Return a sent answer. Raises cryptography's InvalidToken where no key of the portal opens it."""
    data: dict[str, Any] = json.loads(_portal_key().decrypt(bytes(content)))
    return data


def keyed(text: str) -> str:
    """Return a keyed hash of a network address or the like, so that the tables hold no address."""
    return hmac.new(settings.SECRET_KEY.encode(), f"survey:{text}".encode(), hashlib.sha256).hexdigest()[:32]


def _draft_key(token: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"draft:{token}".encode()).digest()))


def _portal_key() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"survey:{key}".encode()).digest())) for key in keys]
    )
