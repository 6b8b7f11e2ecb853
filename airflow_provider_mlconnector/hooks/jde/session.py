"""Logging in to AIS, what each call carries afterwards, and logging out again.

A token is a session of AIS and one of the HTML server. It was minted for a device name and is only good with it.
Left open, sessions pile up on the server until they time out, so every one that was minted is closed at the end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import quote

import requests
from pydantic import ValidationError
from requests.auth import AuthBase, HTTPBasicAuth

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    PermissionDenied,
    Stop,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection
from airflow_provider_mlconnector.hooks.jde.errors import (
    LOGIN_PATH,
    SESSION_OVER,
    ServerFault,
    classify_call,
    classify_login,
    login_refused,
    troubles,
)
from airflow_provider_mlconnector.hooks.jde.models import LoginReply, UserInfo
from airflow_provider_mlconnector.transport import ApiClient, Token, TokenAuth, decode_json

log = logging.getLogger(__name__)

LOGOUT_PATH = f"{LOGIN_PATH}/logout"
DEVICE_HEADER = "jde-AIS-Auth-Device"


class AisSession:
    """The login of one client: mints tokens, places them, hands out what the login said about the user.

    :param api: returns the client to make the login call with (it has this session as its auth).
    """

    def __init__(
        self,
        connection: JdeConnection,
        api: Callable[[], ApiClient],
        *,
        mask: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._connection, self._api, self._mask, self._clock = connection, api, mask, clock
        self._minted: list[Token] = []
        self._proven = False
        margin = min(30.0, connection.session_ttl_minutes * 6.0)
        self.auth = TokenAuth(self._login, self._place, margin=margin, clock=clock)

    @property
    def user(self) -> UserInfo:
        """The user's preferences; logs in when that has not happened."""
        info: UserInfo = self.auth.current().data.user_info
        return info

    def classify(self, response: requests.Response) -> None:
        """Raise what a failed answer means."""
        path = response.request.path_url.partition("?")[0]
        if path.endswith(LOGIN_PATH):
            classify_login(response, who=who(self._connection))
        else:
            classify_call(response)
            self._proven = True

    def doubt(self) -> None:
        """Log in anew before the next call: a fault may be an ended session that the server does not name.

        Only where a call succeeded since the login, so that a lasting fault does not mint token after token.
        """
        if self._proven:
            self._proven = False
            self.auth.drop()

    def close(self) -> None:
        """Log every session out; a failure is logged and goes no further."""
        self.auth.drop()
        while self._minted:
            token = self._minted.pop()
            try:
                body = {"token": token.value, "deviceName": self._connection.device_name}
                self._api().request(
                    "POST", LOGOUT_PATH, json=body, repeatable=False, authenticated=False, metered=False
                )
            except Exception as error:  # a session that cannot be closed ends by itself; the work is done
                log.info("jde: logging out failed (%s); the session ends by its own time-out", type(error).__name__)

    def _login(self) -> Token:
        given = self._connection
        body = {
            "username": given.login,
            "password": given.password.get_secret_value(),
            "deviceName": given.device_name,
            "environment": given.environment,
            "role": given.role,
        }
        started = self._clock()
        try:
            # Made within the slot of the call that needs it: one of its own could wait for itself for ever.
            sent = {key: value for key, value in body.items() if value}
            response = self._api().request("POST", LOGIN_PATH, json=sent, authenticated=False, metered=False)
        except ServerFault as fault:
            raise Unavailable(fault.message, code=fault.code) from fault
        reply = _parse(response, who(given))
        token = reply.user_info.token.get_secret_value()
        self._mask(token)
        self._mask(quote(token, safe=""))
        minted = Token(token, started + given.session_ttl_minutes * 60.0, reply)
        self._minted.append(minted)
        return minted

    def _place(self, request: requests.PreparedRequest, token: Token) -> None:
        request.headers["jde-AIS-Auth"] = token.value
        request.headers[DEVICE_HEADER] = self._connection.device_name


class BasicLogin(AuthBase):
    """The login on each call, without a session; remembers a refusal, for each call is a try that counts."""

    def __init__(self, connection: JdeConnection):
        self._connection = connection
        self._basic = HTTPBasicAuth(connection.login.encode(), connection.password.get_secret_value().encode())
        self._refusal: Stop | None = None
        self._accepted = False
        self.user = UserInfo()
        self.auth: AuthBase = self

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Place the login, unless it is known to be refused."""
        if self._refusal:
            raise self._refusal
        names = {"Environment": self._connection.environment, "Role": self._connection.role}
        for name, value in {**names, "Device": self._connection.device_name}.items():
            if value:
                request.headers[f"jde-AIS-Auth-{name}"] = value
        self._basic(request)
        return request

    def classify(self, response: requests.Response) -> None:
        """Raise what a failed answer means: refused from the start is the login, refused later the permission."""
        if response.status_code not in SESSION_OVER:
            self._accepted = self._accepted or response.status_code < 400
            return classify_call(response, basic=True)
        if self._accepted and response.status_code == 403:
            raise PermissionDenied(f"{who(self._connection)}: the user may not make this call (HTTP 403)", code="403")
        try:
            return classify_login(response, who=who(self._connection))
        except CredentialsRejected as refusal:
            self._refusal = refusal
            raise

    def doubt(self) -> None:
        """There is no session that could have ended."""

    def close(self) -> None:
        """Nothing is open."""


def who(connection: JdeConnection) -> str:
    """Name a login for a message."""
    environment = connection.environment or "the server's default"
    return f"Connection '{connection.conn_id}' (environment {environment})"


def _parse(response: requests.Response, who: str) -> LoginReply:
    try:
        document = decode_json(response)
    except MLConnectorError as error:
        raise type(error)(f"{who}: {error.message}", code=error.code) from None
    try:
        reply = LoginReply.model_validate(document)
    except ValidationError:
        reply = None
    if reply is None or not reply.user_info.token.get_secret_value():
        if any(troubles(document)):
            raise login_refused(who, response.status_code)
        raise UnexpectedAnswer(f"{who}: the login's reply carries no token; is this the address of an AIS server?")
    return reply
