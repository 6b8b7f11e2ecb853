"""The identity service: a token from client id and secret, placed as a Bearer header and nowhere else.

Facts (Adobe's page `authentication`): credentials travel in the query; a call before the end of life returns the
*same* token with fewer seconds left, even 0; the calls are not counted toward any limit.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import cast

import requests
from pydantic import ValidationError

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.marketo.connection import MarketoConnection
from airflow_provider_mlconnector.hooks.marketo.models import IdentityReply
from airflow_provider_mlconnector.transport.auth import Token
from airflow_provider_mlconnector.transport.body import decode_json
from airflow_provider_mlconnector.transport.errors import classify_http
from airflow_provider_mlconnector.transport.http import ApiClient

PATH = "/identity/oauth/token"
MARGIN = 2.0
"""A token with fewer seconds left is not used. It is placed when a call is sent; one that ends on the way is a 602."""
WAIT = 1.5
"""Seconds between two questions for the successor of a token that is about to end."""
MAX_WAITS = 20
"""Half a minute: by then the successor is there, or the service is at fault."""
QUERY = re.compile(r"(/(?:identity|rest|bulk)/[^?\s]*)\?\S*")
TEMPORARY = frozenset({"server_error", "temporarily_unavailable"})


def is_identity(response: requests.Response) -> bool:
    """Whether this is an answer of the identity service."""
    return PATH in (response.request.url or "")


def place(request: requests.PreparedRequest, token: Token) -> None:
    """Send the token as a header; the query parameter is being removed by the vendor."""
    request.headers["Authorization"] = f"Bearer {token.value}"


def classify_identity(response: requests.Response, conn_id: str) -> None:
    """Raise what a refused login means: whatever the status, `error` in the body is a refusal.

    :raises CredentialsRejected: wrong client id or secret; never tried again.
    :raises Unavailable: 5xx, or an OAuth error that says it is temporary.
    """
    status = response.status_code
    error = _reply(response).error if _is_json(response) else None
    if status == requests.codes.unauthorized or (error and error not in TEMPORARY and status < 500):
        raise CredentialsRejected(
            f"Connection '{conn_id}': Marketo refuses the LaunchPoint service client id/secret; compare login and "
            "password with Admin > LaunchPoint > View Details",
            code=error or str(status),
        )
    if error:
        raise Unavailable(f"Connection '{conn_id}': the identity service is unavailable", code=error)
    if status == requests.codes.not_found:
        raise ConfigurationError(
            f"Connection '{conn_id}': there is no identity service at this host; check host and munchkin_id", code="404"
        )
    classify_http(response)


class Login:
    """The login of TokenAuth: asks for the token, and again while the current one is about to end."""

    def __init__(
        self,
        connection: MarketoConnection,
        *,
        mask: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._connection, self._mask, self._clock, self._sleep = connection, mask, clock, sleep
        self.api: ApiClient | None = None
        """The client that makes the call; set once it exists, because it carries this login in its auth."""
        self._previous: str | None = None

    def __call__(self) -> Token:
        """Return a token with more than the margin left, or a new one, however short it lives.

        :raises Unavailable: when the service goes on handing out a token at its end.
        """
        for attempt in range(MAX_WAITS):
            if attempt:
                self._sleep(WAIT)
            asked = self._clock()
            reply = self._ask()
            # The seconds count from some moment between our question and the answer: take the earlier end.
            known, self._previous = self._previous, reply.access_token
            is_new = known not in (None, reply.access_token)
            if reply.expires_in > MARGIN or (is_new and reply.expires_in > 0):
                return Token(reply.access_token or "", asked + reply.expires_in, reply)
        raise Unavailable(
            f"Connection '{self._connection.conn_id}': the identity service hands out only a token that ends at once"
        )

    def _ask(self) -> IdentityReply:
        connection = self._connection
        secret = connection.password.get_secret_value()
        self._mask(secret)
        params = {"grant_type": "client_credentials", "client_id": connection.login, "client_secret": secret}
        api = cast("ApiClient", self.api)
        reply = _reply(api.request("GET", PATH, params=params, authenticated=False, metered=False))
        if not reply.access_token:
            raise UnexpectedAnswer(f"Connection '{connection.conn_id}': the identity service answered without a token")
        self._mask(reply.access_token)
        return reply


def _is_json(response: requests.Response) -> bool:
    try:
        return isinstance(decode_json(response), dict)
    except (UnexpectedAnswer, Unavailable):
        return False


def _reply(response: requests.Response) -> IdentityReply:
    try:
        return IdentityReply.model_validate(decode_json(response))
    except ValidationError:
        raise UnexpectedAnswer("Marketo: the identity service answered something else than a token") from None


class CutQueries(logging.Filter):
    """Cut the query off Marketo's addresses: urllib3 logs them whole at debug level, and a query carries the client
    secret here, an e-mail address there.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without queries."""
        if isinstance(record.args, tuple):
            record.args = tuple(QUERY.sub(r"\1", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


def guard_debug_logs() -> None:
    """Install the redaction on urllib3's logger, once."""
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(known, CutQueries) for known in logger.filters):
        logger.addFilter(CutQueries())
