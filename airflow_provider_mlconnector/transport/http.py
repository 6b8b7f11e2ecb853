"""One call: a slot under the limits, the auth, the send, what the answer means, and again if that helps."""

from __future__ import annotations

import logging
import random as random_module
import re
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.auth import AuthBase

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    LoginExpired,
    MLConnectorError,
    OutcomeUnknown,
    Stop,
    Unavailable,
)
from airflow_provider_mlconnector.transport.auth import TokenAuth, refused_twice, token_used
from airflow_provider_mlconnector.transport.body import encode_json
from airflow_provider_mlconnector.transport.errors import classify_http, host_of
from airflow_provider_mlconnector.transport.limits import NO_LIMIT, Limiter
from airflow_provider_mlconnector.transport.retry import Retrier, RetryPolicy
from airflow_provider_mlconnector.transport.session import HttpOptions, build_session, same_origin

log = logging.getLogger(__name__)

ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
UPWARDS = frozenset({".", ".."})
MALFORMED = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)
JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


NOT_CONNECTED = (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)
UNREACHED = {
    "NameResolutionError": "its name cannot be resolved; check the host of the Connection",
    "NewConnectionError": "it refuses the connection or is not there; check host and port of the Connection",
    "ConnectTimeoutError": "it does not take the connection in time; check host, port and firewall",
}
"""What urllib3 says when a connection was never made, so that nothing can have been executed, in words."""
BROKEN = {"ConnectionError": "the connection was cut", "ReadTimeout": "it did not answer in time (extra timeout)"}


class NoAuth(AuthBase):
    """Send no credentials, and none from `.netrc` either."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


class ApiClient:
    """Calls one host with its auth, limits and retries.

    :param classify: raises an error of `exceptions` for a failed answer, returns None for a good one.
    :param retry: the policy; its number of tries is taken from `options.max_retries`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        options: HttpOptions | None = None,
        auth: AuthBase | None = None,
        classify: Callable[[requests.Response], None] = classify_http,
        limiter: Limiter = NO_LIMIT,
        retry: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
    ):
        self.base_url = base_url.rstrip("/")
        self.options = options or HttpOptions()
        self.auth = auth
        self.limiter = limiter
        self._classify = classify
        self._headers = dict(headers or {})
        self._clock = clock
        self._environment: dict[tuple[str, str], Any] = {}
        policy = (retry or RetryPolicy()).with_retries(self.options.max_retries)
        self._retrier = Retrier(policy, clock=clock, sleep=sleep, random=random)

    @cached_property
    def session(self) -> requests.Session:
        """The one session of this client."""
        return build_session(self.options)

    def close(self) -> None:
        """Close the pooled connections."""
        if "session" in self.__dict__:
            self.session.close()

    def url(self, path: str) -> str:
        """Return the absolute URL of a path; an absolute URL must be on the same host.

        :raises ConfigurationError: for another host.
        :raises Stop: for a path that leads upwards, as a record's key in it may do.
        """
        if UPWARDS & {unquote(part) for part in path.partition("?")[0].split("/")}:
            raise Stop(
                f"refusing a path with '..' in it, which would lead to something else at {host_of(self.base_url)}"
            )
        if not ABSOLUTE.match(path):
            return f"{self.base_url}/{path.lstrip('/')}"
        if not same_origin(path, self.base_url):
            raise ConfigurationError(
                f"refusing to send credentials to another host: {host_of(path)} instead of {host_of(self.base_url)}"
            )
        return path

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] | None = None,
        repeatable: bool = True,
        authenticated: bool = True,
        metered: bool = True,
        stream: bool = False,
    ) -> requests.Response:
        """Make one call and return its good answer.

        :param repeatable: False for a write that must not be sent twice blindly.
        :param metered: whether the call takes a slot under the limits.
        :raises RetryLater: when tries are used up; OutcomeUnknown for an unrepeatable call without an answer.
        :raises Stop: at once.
        :raises RecordError: at once.
        """
        body = encode_json(json) if json is not None else data
        sent_headers = {**self._headers, **(JSON_HEADERS if json is not None else {}), **(headers or {})}
        request = requests.Request(method, self.url(path), params=params, data=body, headers=sent_headers)
        limiter = self.limiter if metered else NO_LIMIT

        def attempt() -> requests.Response:
            with limiter.slot():
                response = self._send(request, authenticated, timeout, repeatable, stream)
                self._judge(response, repeatable)
                return response

        return self._until_done(attempt, authenticated)

    def _until_done(self, attempt: Callable[[], requests.Response], authenticated: bool) -> requests.Response:
        try:
            return self._retrier.run(lambda: self._with_login(attempt, authenticated))
        except LoginExpired as refused:
            raise refused_twice(refused) from refused

    def _with_login(self, attempt: Callable[[], requests.Response], authenticated: bool) -> requests.Response:
        try:
            return attempt()
        except LoginExpired as expired:
            if not (authenticated and isinstance(self.auth, TokenAuth)):
                raise refused_twice(expired) from expired
            self.auth.renew(getattr(expired, "token", None))
        try:
            return attempt()
        except LoginExpired as again:
            if again.not_executed:
                raise  # to the retry policy: each of its tries may log in once, and a login that fails ends it
            raise refused_twice(again) from again

    def _send(
        self,
        request: requests.Request,
        authenticated: bool,
        timeout: tuple[float, float] | None,
        repeatable: bool,
        stream: bool,
    ) -> requests.Response:
        request.auth = (self.auth if authenticated else None) or NoAuth()
        try:
            prepared = self.session.prepare_request(request)
            started = self._clock()
            response = self.session.send(
                prepared,
                timeout=timeout or self.options.timeout,
                allow_redirects=self.options.max_redirects > 0,
                **self._settings(prepared.url or "", stream),
            )
        except requests.exceptions.RequestException as error:
            raise self._failed(error, repeatable) from None
        ms = round((self._clock() - started) * 1000)
        log.debug("%s %s %s %d ms", prepared.method, urlsplit(request.url).path, response.status_code, ms)
        return response

    def _settings(self, url: str, stream: bool) -> Any:
        # Given as the call's own, as `requests` lets the environment overrule what is set on the session. Asked for
        # once per host: it would be read anew for each call, all of it.
        host = urlsplit(url)[:2]
        if host not in self._environment:
            own = self.session
            found = own.merge_environment_settings(url, dict(own.proxies), None, own.verify, own.cert)
            self._environment[host] = found
        return {**self._environment[host], "stream": stream}

    def _failed(self, error: requests.exceptions.RequestException, repeatable: bool) -> MLConnectorError:
        # The text of a requests error holds the URL or the header, and with it whatever secret they carry.
        host, kind = host_of(self.base_url), type(error).__name__
        if isinstance(error, requests.exceptions.SSLError):
            return Stop(f"TLS failed with {host}: {kind}; see 'verify'")
        if isinstance(error, MALFORMED):
            return ConfigurationError(f"the call to {host} cannot be made: {kind}")
        if isinstance(error, requests.exceptions.TooManyRedirects):
            return Stop(f"{host} redirects in a circle; check the host of the Connection")
        reason = _reason(error)
        never_sent = isinstance(error, NOT_CONNECTED) or reason in UNREACHED
        text = f"no answer from {host}: {UNREACHED.get(reason) or BROKEN.get(kind) or kind}"
        return Unavailable(text) if repeatable or never_sent else OutcomeUnknown(text)

    def _judge(self, response: requests.Response, repeatable: bool) -> None:
        try:
            self._classify(response)
        except LoginExpired as expired:
            expired.token = token_used(response)  # type: ignore[attr-defined]
            raise
        except Unavailable as error:
            if repeatable or isinstance(error, OutcomeUnknown):
                raise
            raise OutcomeUnknown(error.message, code=error.code, request_id=error.request_id) from None
        if response.is_redirect and self.options.max_redirects:
            host = host_of(self.base_url)
            raise Stop(
                f"{host} redirects to another host; check the host of the Connection", code=str(response.status_code)
            )


def _reason(error: BaseException) -> str:
    """Name what urllib3 saw behind an error of `requests`."""
    return type(getattr(error.args[0], "reason", None) if error.args else None).__name__
