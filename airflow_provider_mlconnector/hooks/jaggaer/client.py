"""The JAGGAER ONE client: lists, single records, writes, a check of what fits; no Airflow.

J1P is not documented publicly: paths, wrappers, keys and filters come from the Connection (`resources`). No limits are
published; a 429 is waited out.
"""

from __future__ import annotations

import random as random_module
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import requests

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jaggaer import checks, writing
from airflow_provider_mlconnector.hooks.jaggaer.connection import JaggaerConnection
from airflow_provider_mlconnector.hooks.jaggaer.envelope import key_of, one_of
from airflow_provider_mlconnector.hooks.jaggaer.errors import Classifier, NotFound
from airflow_provider_mlconnector.hooks.jaggaer.filters import Fiql
from airflow_provider_mlconnector.hooks.jaggaer.identity import Login, place
from airflow_provider_mlconnector.hooks.jaggaer.reading import Cursor, Lister, Page
from airflow_provider_mlconnector.hooks.jaggaer.writing import Written
from airflow_provider_mlconnector.transport.auth import TokenAuth
from airflow_provider_mlconnector.transport.body import decode_json
from airflow_provider_mlconnector.transport.http import ApiClient
from airflow_provider_mlconnector.transport.limits import NO_LIMIT, Limiter

T = TypeVar("T")


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


class JaggaerClient:
    """One tenant, as seen by one client of its realm; makes no call before the first method that needs one.

    :param mask: registers a secret with the logs.
    :param now: the present instant (aware, UTC).
    """

    def __init__(
        self,
        connection: JaggaerConnection,
        *,
        mask: Callable[[str], None] = lambda _secret: None,
        limiter: Limiter = NO_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = utc_now,
        random: Callable[[], float] = random_module.random,
    ):
        self.connection, self.clock, self.now = connection, clock, now
        self.filter = Fiql(connection.filter)
        self.sleep = sleep
        self._timing: dict[str, Any] = {"clock": clock, "sleep": sleep, "random": random}
        self._slots = threading.BoundedSemaphore(connection.max_concurrency)
        self._login = Login(connection, lambda: self.login_api, mask=mask, clock=clock)
        # The login keeps the leeway itself, as a share of short lives.
        self.auth = TokenAuth(self._login, place, margin=0.0, clock=clock)
        self._classify = Classifier(connection, lambda: now().timestamp())
        self.api = self._make_api(connection.base_url, limiter)

    def _make_api(self, base_url: str, limiter: Limiter = NO_LIMIT) -> ApiClient:
        return ApiClient(
            base_url,
            options=self.connection.options(),
            auth=self.auth,
            classify=self._classify,
            limiter=limiter,
            retry=self.connection.policy(),
            headers={"Accept": "application/json"},
            **self._timing,
        )

    @cached_property
    def login_api(self) -> ApiClient:
        """The transport of the login: the tenant's own, or one to the host that makes the tokens."""
        url, own = urlsplit(self.connection.token_url), urlsplit(self.connection.base_url)
        if (url.scheme, url.netloc) == (own.scheme, own.netloc):
            return self.api
        return self._make_api(f"{url.scheme}://{url.netloc}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; a token simply ends."""
        self.api.close()
        self.login_api.close()

    def path(self, endpoint: str) -> str:
        """Return an endpoint behind the API prefix; one that has it, or an absolute URL, as it is."""
        prefix = self.connection.api_prefix.strip("/")
        plain = endpoint.lstrip("/")
        if "://" in endpoint.partition("?")[0] or not prefix or f"{plain}/".startswith(f"{prefix}/"):
            return endpoint
        return f"/{prefix}/{plain}"

    def request(self, method: str, endpoint: str, **request: Any) -> requests.Response:
        """Make one call behind the API prefix and return its good answer; arguments as of `ApiClient.request`."""
        # Log in outside the slot and the call, whose retries would multiply those of the login.
        self.auth.current()
        with self._slots:
            return self.api.request(method, self.path(endpoint), **request)

    def call(self, method: str, endpoint: str, **request: Any) -> Any:
        """Make one call and return the JSON answered; an empty answer (204) is an empty object."""
        response = self.request(method, endpoint, **request)
        if response.status_code == requests.codes.no_content:
            return {}
        return decode_json(response)

    def get(self, resource: str, key: str) -> dict[str, Any] | None:
        """Return one record by the vendor's id; None when there is none.

        :raises UnexpectedAnswer: the answer is another record.
        :raises ConfigurationError: the resource has neither a path for one record nor a filter for its key.
        """
        found = self.connection.resource(resource)
        if found.detail is None:
            if not found.key_filter:
                raise ConfigurationError(
                    f"Connection '{self.connection.conn_id}': one of {resource} cannot be read; set "
                    f"resources.{resource}.detail or .key_filter in extra"
                )
            records = self.find(resource, self.filter.eq(found.key_filter, key))
            return next((record for record in records if key_of(record, found.key) == key), None)
        try:
            document = self.call("GET", writing.with_key(found.detail, key))
        except NotFound:
            return None
        record = one_of(document, found)
        own = key_of(record, found.key)
        # A document that names no id of its own is the one that was asked for, where it names its number.
        if record is None or (key_of(record, found.external) is None if own is None else own != key):
            raise UnexpectedAnswer(f"{resource} {key}: the answer is not this record; check resources.{resource}")
        return record

    def pages(self, resource: str, filter: str = "", after: Cursor | None = None) -> Iterator[Page]:  # noqa: A002
        """Yield the records of a list that match a condition (`client.filter`), page by page, each once.

        :param after: the `next` of the last page that was read; should the list have moved since, all of it is read.
        :raises UnexpectedAnswer: the answers go in a circle, or are not what the resource says.
        :raises Unavailable: the list changes faster than it can be read.
        """
        return Lister(self, resource, filter).pages(after)

    def find(self, resource: str, filter: str) -> Iterator[dict[str, Any]]:  # noqa: A002
        """Yield the records that the server says match a condition.

        A server may ignore what it does not understand: compare before anything is done to a record found.
        """
        for page in self.pages(resource, filter):
            yield from page.rows

    def with_external(
        self, resource: str, numbers: Sequence[str], *, filtered: bool = True
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the records with one of these numbers of the source system, by number; absent where there is none.

        :param filtered: whether the server is to look for them; if not, its whole list is read.
        :raises ConfigurationError: the resource has no such number (`external`).
        """
        found = self.connection.resource(resource)
        name = found.external_filter or found.external_name
        if not found.external or not name:
            raise ConfigurationError(
                f"Connection '{self.connection.conn_id}': set resources.{resource}.external, the field that holds the "
                "number of the source system"
            )
        wanted = {number.casefold(): number for number in numbers}
        matches: dict[str, list[dict[str, Any]]] = {}
        condition = self.filter.any_of(name, list(numbers)) if filtered and numbers else ""
        for record in self.find(resource, condition) if numbers else ():
            # A `*` may be a wildcard there, and a filter may be ignored.
            number = wanted.get((key_of(record, found.external) or "").casefold())
            if number is not None:
                matches.setdefault(number, []).append(record)
        return matches

    def send(self, resource: str, document: Mapping[str, Any], *, new: bool, key: str | None = None) -> Written:
        """Write one record, wrapped as the resource says: POST a new one, PUT (or POST) a change.

        :param key: the vendor's id of the record to change.
        :raises OutcomeUnknown: no answer, and sending again could make a second one; ask whether it is there.
        :raises RecordRejected: the record is refused.
        :raises ConfigurationError: the path is not there, or, where paths are strict, not confirmed.
        """
        return writing.send(self, resource, document, new=new, key=key)

    def check(self) -> list[str]:
        """Return a line for the login and each resource: what fits, what does not. Raises for the login alone."""
        return checks.lines(self)

    def at_once(self, call: Callable[[str], T], keys: Sequence[str]) -> list[T]:
        """Make a call for each key, `max_concurrency` at a time, and return the results in order."""
        if len(keys) < 2 or self.connection.max_concurrency < 2:
            return [call(key) for key in keys]
        with ThreadPoolExecutor(self.connection.max_concurrency, thread_name_prefix="jaggaer") as pool:
            return list(pool.map(call, keys))
