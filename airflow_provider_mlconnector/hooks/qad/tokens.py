"""Logins that mint a token: OAuth (password grant, client credentials) and the session login.

An OAuth token dies at its total length or after idling; how long that is, the reply says, or `securityControl` where
it was asked, or nobody: then the first 401 does. It is renewed by the refresh grant once, else by a new login.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests
from requests.auth import AuthBase

from airflow_provider_mlconnector.exceptions import ConfigurationError, CredentialsRejected, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.qad.answers import document_of
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection
from airflow_provider_mlconnector.hooks.qad.replies import basic, dig, jwt_life, seconds
from airflow_provider_mlconnector.transport import ApiClient, Token, TokenAuth

SECURITY_CONTROL = "/api/qracore/securityControl"
EARLY = 60.0
"""Seconds before its end at which a token is renewed; a tenth of a life shorter than ten of these."""
FOREVER = float("inf")

Mask = Callable[[str], None]


class MintingLogin:
    """A login whose calls mint a token, placed on every other call."""

    renewable = True

    def __init__(
        self,
        connection: QadConnection,
        api: Callable[[], ApiClient],
        *,
        mask: Mask,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ):
        self._connection, self._api, self._clock, self._now = connection, api, clock, now
        self._mask_one = mask
        self.auth: AuthBase = TokenAuth(self._login, self._place, margin=0.0, clock=clock)

    def owns(self, path: str) -> str | None:
        """Which extra names the path of a login call."""
        raise NotImplementedError

    def _login(self) -> Token:
        raise NotImplementedError

    def _place(self, request: requests.PreparedRequest, token: Token) -> None:
        request.headers["Authorization"] = f"Bearer {token.value}"

    def _call(self, method: str, path: str, **given: Any) -> Mapping[str, Any]:
        # Made within the slot of the call that needs it: one of its own could wait for itself for ever.
        response = self._api().request(method, path, authenticated=False, metered=False, **given)
        document = document_of(response)
        return document if isinstance(document, dict) else {}

    def _minted(self, value: Any, started: float, life: float) -> Token:
        text = str(value)
        self._mask(text)
        return Token(text, started + life - min(EARLY, life / 10) if life < FOREVER else FOREVER)

    def _mask(self, secret: str) -> None:
        self._mask_one(secret)
        self._mask_one(quote(secret, safe=""))

    def _nothing(self, key: str, extra: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"Connection '{self._connection.conn_id}': the login's reply has no '{key}'; if it comes under another "
            f"name, say so in extra {extra}"
        )


class OAuthLogin(MintingLogin):
    """The password grant (no client secret), or client credentials; renewed by the refresh grant."""

    _renewal: str | None = None
    _control: Mapping[str, Any] | None = None

    def owns(self, path: str) -> str | None:
        """See MintingLogin."""
        if path.endswith(self._connection.oauth_path):
            return "oauth_path"
        return "client_id" if path.endswith(SECURITY_CONTROL) and not self._connection.client_id else None

    def _login(self) -> Token:
        renewal, self._renewal = self._renewal, None
        if renewal and self._connection.refresh:
            try:
                return self._grant({"grant_type": "refresh_token", "refresh_token": renewal}, renewal)
            except (CredentialsRejected, ConfigurationError):
                pass  # it lives only so long, or the tenant does not offer it; the password is still good
        return self._grant(self._first_grant(), None)

    def _first_grant(self) -> dict[str, str]:
        given = self._connection
        if given.auth_mode == "client_credentials":
            return {"grant_type": "client_credentials"}
        return {"grant_type": "password", "username": given.login, "password": given.password.get_secret_value()}

    def _grant(self, fields: dict[str, str], renewal: str | None) -> Token:
        given, started = self._connection, self._clock()
        form = {"client_id": self._client_id(), **fields}
        secret = self._client_secret()
        if secret:
            form["client_secret"] = secret
        place = "params" if given.credentials_in == "query" else "data"
        reply = self._call("POST", given.oauth_path, **{place: form})
        value = dig(reply, given.oauth_reply_key)
        if not value:
            raise self._nothing(given.oauth_reply_key, "oauth_reply_key")
        self._renewal = str(reply.get("refresh_token") or renewal or "") or None
        if self._renewal:
            self._mask(self._renewal)
        return self._minted(value, started, self._life(reply))

    def _life(self, reply: Mapping[str, Any]) -> float:
        minutes = (self._control or {}).get("sessionLength")
        return seconds(reply.get("expires_in")) or seconds(minutes) * 60.0 or FOREVER

    def _client_secret(self) -> str:
        given = self._connection
        if given.client_secret:
            return given.client_secret.get_secret_value()
        return given.password.get_secret_value() if given.auth_mode == "client_credentials" else ""

    def _client_id(self) -> str:
        given = self._connection
        if given.client_id:
            return given.client_id
        if given.auth_mode == "client_credentials":
            return given.login
        if self._control is None:
            self._control = self._discover()
        return str(self._control["clientId"])

    def _discover(self) -> Mapping[str, Any]:
        given = self._connection
        header = {"Authorization": basic(given.login, given.password.get_secret_value())}
        advice = "the instance does not say its client id; enter client_id in extra"
        try:
            reply = self._call("GET", SECURITY_CONTROL, headers=header)
        except (ConfigurationError, UnexpectedAnswer) as error:
            raise ConfigurationError(f"{error.message}: {advice}", code=error.code) from error
        inner = reply.get("data")
        controls = (inner if isinstance(inner, Mapping) else reply).get("securityControls")
        control = controls[0] if isinstance(controls, list) and controls else controls
        if not isinstance(control, dict) or not control.get("clientId"):
            raise ConfigurationError(f"Connection '{given.conn_id}': {advice}")
        return control


class SessionLogin(MintingLogin):
    """A login with JSON whose reply holds a session id (or a JWT), placed as the Connection says."""

    def owns(self, path: str) -> str | None:
        """See MintingLogin."""
        return "login_path" if path.endswith(self._connection.login_path) else None

    def _login(self) -> Token:
        given, started = self._connection, self._clock()
        body = {"username": given.login, "password": given.password.get_secret_value()}
        value = dig(self._call("POST", given.login_path, json=body), given.session_key)
        if not value:
            raise self._nothing(given.session_key, "session_key")
        return self._minted(value, started, jwt_life(str(value), self._now()) or FOREVER)

    def _place(self, request: requests.PreparedRequest, token: Token) -> None:
        kind, _, name = self._connection.session_placement.partition(":")
        if kind == "bearer":
            super()._place(request, token)
        elif kind == "header":
            request.headers[name] = token.value
        else:
            # Cookies of the answers (a load balancer's) stay; ours replaces one of the same name.
            others = [part for part in str(request.headers.get("Cookie") or "").split("; ") if part]
            kept = [part for part in others if part.partition("=")[0] != name]
            request.headers["Cookie"] = "; ".join([*kept, f"{name}={token.value}"])
