"""Which e-mail addresses the vendor takes, and the key it makes of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

from airflow_provider_mlconnector.sandbox.mailchimp.errors import FAKE, Problem, invalid

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+([A-Za-z]{2,}|xn--[A-Za-z0-9-]+)")
_FAKE_DOMAIN = re.compile(
    r"(.*\.)?(example\.(com|net|org)|test\.com|mailinator\.com)|.*\.(example|test|invalid|localhost)"
)
_FAKE_LOCAL = re.compile(r"(test|testing|fake|asdf|qwerty|nobody|none|na)[0-9._+-]*")


def subscriber_hash(email: str) -> str:
    """Return the key of a member: MD5 of the address in lower case."""
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def check_email(email: str, roles: Collection[str]) -> None:
    """Raise `Problem` when `email` is no address or looks like nobody's."""
    if problem := _malformed(email):
        raise problem
    local, _, domain = email.lower().partition("@")
    if _FAKE_DOMAIN.fullmatch(domain) or _FAKE_LOCAL.fullmatch(local) or local in roles:
        raise invalid(FAKE % email)


def _malformed(email: str) -> Problem | None:
    if not email.strip():
        return invalid("Please provide a valid email address.")
    if email.count("@") != 1:
        return invalid("An email address must contain a single @")
    local, _, domain = email.partition("@")
    if not _LOCAL.fullmatch(local) or len(local) > 64:
        return invalid(f"The username portion of the email address is invalid (the portion before the @: {local})")
    if not _DOMAIN.fullmatch(domain):
        return invalid(f"The domain portion of the email address is invalid (the portion after the @: {domain})")
    return None
