"""Keycloak: the tokens of integration clients.

Each login makes a token of its own; the ones before it live on until they expire.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.jaggaer.settings import Settings

FORM = "application/x-www-form-urlencoded"
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Client:
    """An integration client of the realm."""

    client_id: str
    client_secret: str


CLIENT = Client("sandbox-client-id", "sandbox-client-secret")
"""The client every sandbox knows."""


class Identity:
    """Hands out tokens and knows until when they live, by the vendor's clock."""

    def __init__(self, clock: Clock, seed: int, settings: Settings, clients: Sequence[Client]) -> None:
        self.clock = clock
        self.settings = settings
        self.clients = {each.client_id: each for each in clients}
        self.logins = 0
        self._chance = random.Random(f"{seed}:tokens")
        self._ends: dict[str, float] = {}

    def issue(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a login: status and body."""
        if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            return 415, {"error": "HTTP 415 Unsupported Media Type"}
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if "grant_type" not in form:
            return 400, {"error": "invalid_request", "error_description": "Missing form parameter: grant_type"}
        if form["grant_type"] != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"}
        if not self._known(*self._credentials(headers.get("authorization", ""), form)):
            description = "Invalid client or Invalid client credentials"
            return 401, {"error": "invalid_client", "error_description": description}
        return 200, self._token()

    def _credentials(self, authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic" and self.settings.client_auth != "body":
            return _basic(value)
        if self.settings.client_auth == "basic":
            return "", ""
        return form.get("client_id", ""), form.get("client_secret", "")

    def _known(self, client_id: str, secret: str) -> bool:
        client = self.clients.get(client_id)
        return client is not None and hmac.compare_digest(client.client_secret.encode(), secret.encode())

    def _token(self) -> dict[str, Any]:
        self.logins += 1
        parts = (self._chance.randbytes(size) for size in (18, 90, 48))
        token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        self._ends[token] = self.clock.now() + self.settings.token_seconds
        return {
            "access_token": token,
            "expires_in": int(self.settings.token_seconds),
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": "profile email",
        }

    def valid(self, authorization: str) -> bool:
        """Say whether an Authorization header carries a token that lives."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._ends.get(token.strip(), 0.0) > self.clock.now()

    def revoke(self) -> None:
        """End all tokens."""
        self._ends.clear()

    @property
    def living(self) -> int:
        """How many tokens live."""
        return sum(ends > self.clock.now() for ends in self._ends.values())


def _basic(value: str) -> tuple[str, str]:
    """Read Basic credentials, form-encoded within as RFC 6749 §2.3.1 has them."""
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
