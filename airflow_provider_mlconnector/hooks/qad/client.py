"""The QAD client: one login, browses, documents, validation. Knows nothing of Airflow."""

from __future__ import annotations

import random as random_module
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.qad import browsing, details
from airflow_provider_mlconnector.hooks.qad.answers import Page, Row
from airflow_provider_mlconnector.hooks.qad.checks import check_lines
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection
from airflow_provider_mlconnector.hooks.qad.errors import Classifier
from airflow_provider_mlconnector.hooks.qad.filters import Filter
from airflow_provider_mlconnector.hooks.qad.login import classify_with, make_login
from airflow_provider_mlconnector.hooks.qad.validation import Checked, Validator
from airflow_provider_mlconnector.transport import NO_LIMIT, ApiClient, Limiter, TokenAuth

TIMEOUT = (15.0, 30.0)
T = TypeVar("T")
R = TypeVar("R")


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


class QadClient:
    """Calls one tenant for one Connection; makes no call before it is asked for something.

    :param mask: told each token that is minted, to keep it out of the logs.
    :param now: the present instant (aware, UTC).
    :param make_id: makes the callId that marks the pages of one read.
    """

    def __init__(
        self,
        connection: QadConnection,
        *,
        mask: Callable[[str], None] = lambda _secret: None,
        limiter: Limiter = NO_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = utc_now,
        random: Callable[[], float] = random_module.random,
        make_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ):
        self.connection, self.clock, self.now, self.make_id = connection, clock, now, make_id
        self._lock = threading.Lock()
        self._login = make_login(connection, lambda: self.api, mask=mask, clock=clock, now=now)
        options = connection.http_options(timeout=TIMEOUT)
        headers = {"Accept": "application/json"}
        if connection.workspace_id:
            headers[connection.workspace_header] = connection.workspace_id
        self.api = ApiClient(
            connection.base_url,
            options=replace(options, pool_size=max(options.pool_size, connection.max_concurrency)),
            auth=self._login.auth,
            classify=classify_with(
                self._login, Classifier(connection.conn_id, self._login.renewable), connection.conn_id
            ),
            limiter=limiter,
            retry=connection.backoff.policy,
            headers=headers,
            clock=clock,
            sleep=sleep,
            random=random,
        )
        self._validator = Validator(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; a token ends by itself, no public source names a logout."""
        pool = self.__dict__.pop("_pool", None)
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        self.api.close()

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which the instance stamps changes."""
        return ZoneInfo(self.connection.timezone)

    def log_in(self) -> None:
        """Log in where that has not happened.

        :raises CredentialsRejected: the login was refused; it is not tried again.
        """
        if isinstance(self._login.auth, TokenAuth):
            self._login.auth.current()

    def resource(self, name: str) -> Checked:
        """Return a resource, checked against the instance, once.

        :param name: `customers`, `accounts`, or one of the Connection's own.
        :raises ConfigurationError: an entity or browse that the instance does not have, naming near matches.
        """
        return self._validator.checked(name)

    def browse(
        self,
        browse_id: str,
        filters: Sequence[Filter | str] = (),
        *,
        page_size: int | None = None,
        key: Sequence[str] = (),
        start: int = 1,
    ) -> Iterator[Page]:
        """Yield the pages of a browse, from page `start` on; rows are flat with dotted names.

        A browse that the instance does not have yields nothing, as an empty one does.

        :param filters: conditions that must all hold, e.g. `condition("customerV2.customerCode", "eq", "C1")`.
        :param key: columns by which a page that comes again is recognised; by default its whole content.
        :raises UnexpectedAnswer: pages that go in a circle, or more than `max_pages`.
        """
        return browsing.Browse(self, browse_id, filters, page_size=page_size, key=key).pages(start)

    def count(self, browse_id: str, filters: Sequence[Filter | str] = ()) -> int | None:
        """Return how many rows a browse has; None where the tenant does not say."""
        return browsing.count(self, browse_id, filters)

    def detail(self, resource: str, keys: Mapping[str, Any]) -> Row | None:
        """Return a business document by its key; None where there is none.

        :param keys: e.g. `{"customerCode": "C1"}`; shared set and domain are the Connection's where they are absent.
        :raises ConfigurationError: a part of the key that nobody says.
        """
        configs = self.connection.resource_configs
        if resource not in configs:
            raise ConfigurationError(f"there is no resource '{resource}'; there are {', '.join(configs)}")
        return details.read(self, configs[resource], details.key_of(self, configs[resource], keys))

    def get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Any:
        """GET a path under the tenant URL and return its JSON.

        :raises UnexpectedAnswer: for an answer without JSON.
        """
        return browsing.document(self, path, params)

    def at_once(self, call: Callable[[T], R], arguments: Iterable[T]) -> list[R]:
        """Make a call for each argument, `max_concurrency` at a time, and return the results in order."""
        listed = list(arguments)
        if len(listed) < 2 or self.connection.max_concurrency < 2:
            return [call(each) for each in listed]
        with self._lock:
            pool = self._pool
        return list(pool.map(call, listed))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.connection.max_concurrency, thread_name_prefix="qad")

    def check(self) -> list[str]:
        """Try what the syncs need and return a line for each; raises at the first that does not work."""
        return check_lines(self)
