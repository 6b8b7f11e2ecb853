"""Tokens of the custom services, as `/identity/oauth/token` hands them out.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/authentication
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused

LIFE_SECONDS = 3600
"""How long a token lives."""


@dataclass(frozen=True)
class Service:
    """A custom service: its secret and the API-only user behind it."""

    client_id: str
    client_secret: str
    user: str


SERVICE = Service("sandbox-client-id", "sandbox-client-secret", "api@marketo.sandbox")
"""The service every sandbox knows."""


@dataclass
class Token:
    """A token and the virtual second at which it ends."""

    value: str
    user: str
    ends: float


class Identity:
    """Hands out one token per service: the same one, with less and less life, until it has ended."""

    def __init__(self, clock: Clock, seed: int, services: Mapping[str, Service]) -> None:
        self.clock = clock
        self.services = services
        self._chance = random.Random(f"{seed}:tokens")
        self._tokens: dict[str, Token] = {}
        self._current: dict[str, Token] = {}

    def issue(self, query: Mapping[str, list[str]], *, worn_out: bool = False) -> tuple[int, dict[str, Any]]:
        """Answer a login: status and body. `worn_out`: say `expires_in` 0, as the vendor at times does."""
        given = {name: values[-1] for name, values in query.items()}
        service = self.services.get(given.get("client_id", ""))
        if service is None:
            return 401, {"error": "unauthorized", "error_description": "No client with requested id"}
        if given.get("client_secret") != service.client_secret:
            return 401, {"error": "invalid_client", "error_description": "Bad client credentials"}
        if given.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant type"}
        token = self._token(service)
        left = 0 if worn_out else int(token.ends - self.clock.now())
        return 200, {
            "access_token": token.value,
            "token_type": "bearer",
            "expires_in": left,
            "scope": service.user,
        }

    def _token(self, service: Service) -> Token:
        token = self._current.get(service.client_id)
        if token is None or token.ends <= self.clock.now():
            value = f"{uuid.UUID(int=self._chance.getrandbits(128), version=4)}:sbx"
            token = Token(value, service.user, self.clock.now() + LIFE_SECONDS)
            self._current[service.client_id] = self._tokens[value] = token
        return token

    def user(self, value: str) -> str:
        """Return the user of a token; raises `Refused` 601 when it is unknown, 602 when it has ended."""
        token = self._tokens.get(value)
        if token is None:
            raise Refused("601")
        if token.ends <= self.clock.now():
            raise Refused("602")
        return token.user

    def end(self, value: str, *, forget: bool) -> None:
        """End a token before its time: from now on it is unknown (601, `forget`) or expired (602)."""
        token = self._tokens.get(value)
        if token is None:
            return
        token.ends = self.clock.now()
        if forget:
            del self._tokens[value]

    def forget_all(self) -> None:
        """Lose all tokens, as a restart does."""
        self._tokens.clear()
        self._current.clear()
