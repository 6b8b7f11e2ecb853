"""Auth by a token that is minted, lives for a while and is renewed once for all threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import AuthBase

from airflow_provider_mlconnector.exceptions import CredentialsRejected, RetryLater, Stop


@dataclass(frozen=True, slots=True)
class Token:
    """A minted token; `expires_at` is on the auth's own clock, `data` what else the login answered."""

    value: str
    expires_at: float
    data: Any = None


class TokenAuth(AuthBase):
    """Place a token on each request; log in when there is none, once, whatever the number of threads.

    :param login: makes the login call and returns the token; raises when it is refused.
    :param place: puts the token on a prepared request.
    :param margin: seconds before the end of life at which a token counts as due.
    """

    def __init__(
        self,
        login: Callable[[], Token],
        place: Callable[[requests.PreparedRequest, Token], None],
        *,
        margin: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._login = login
        self._place = place
        self._margin = margin
        self._clock = clock
        self._lock = threading.Lock()
        self._refusal: Stop | None = None
        self.token: Token | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Place the current token, logging in first where needed."""
        token = self.current()
        self._place(request, token)
        request.mlc_token = token  # type: ignore[attr-defined]
        return request

    def current(self) -> Token:
        """Return a token that is not due, minting one if need be."""
        with self._lock:
            if self.token is None or self._clock() >= self.token.expires_at - self._margin:
                self.token = self._mint()
            return self.token

    def renew(self, used: Token | None) -> None:
        """Replace the token that was refused; a token minted meanwhile by another thread is kept."""
        with self._lock:
            if self.token is None or used is None or self.token.value == used.value:
                self.token = self._mint()

    def drop(self) -> Token | None:
        """Forget the token (before a logout) and return it."""
        with self._lock:
            token, self.token = self.token, None
            return token

    def _mint(self) -> Token:
        # A refused login is never tried again: the next try could lock the account.
        if self._refusal is not None:
            raise self._refusal
        try:
            return self._login()
        except Stop as refusal:
            self._refusal = refusal
            raise
        except RetryLater as outage:
            # A login has tries of its own; the call that needs it must not multiply them.
            outage.used_up = True
            raise


def token_used(response: requests.Response) -> Token | None:
    """Return the token that a request carried, if TokenAuth placed it."""
    return getattr(response.request, "mlc_token", None)


def refused_twice(error: Exception) -> CredentialsRejected:
    """The error for a call that is refused with a fresh token, too."""
    return CredentialsRejected(f"a fresh login is not accepted either: {error}")
