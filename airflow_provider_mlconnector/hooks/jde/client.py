"""The JD Edwards client: one login, reads of tables, orchestrations. Knows nothing of Airflow."""

from __future__ import annotations

import logging
import random as random_module
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    LoginExpired,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jde import orchestrator, reading
from airflow_provider_mlconnector.hooks.jde.checks import check_lines
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection, OrchestrationConfig
from airflow_provider_mlconnector.hooks.jde.dataservice import DataService
from airflow_provider_mlconnector.hooks.jde.dates import parse_offset, to_strftime
from airflow_provider_mlconnector.hooks.jde.errors import ServerFault, refused_after_login
from airflow_provider_mlconnector.hooks.jde.models import FALLBACK_DATE_FORMAT, Page, UserInfo
from airflow_provider_mlconnector.hooks.jde.outputs import ROOT
from airflow_provider_mlconnector.hooks.jde.probe import strftime_or
from airflow_provider_mlconnector.hooks.jde.query import Query, Value
from airflow_provider_mlconnector.hooks.jde.session import AisSession, BasicLogin, who
from airflow_provider_mlconnector.hooks.jde.values import Values
from airflow_provider_mlconnector.transport import NO_LIMIT, ApiClient, Limiter, decode_json

log = logging.getLogger(__name__)

TIMEOUT = (15.0, 300.0)
T = TypeVar("T")


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


class JdeClient:
    """Calls one AIS server for one Connection; makes no call before it is asked for something.

    :param mask: told each token that is minted, to keep it out of the logs.
    :param now: the present instant (aware, UTC).
    """

    def __init__(
        self,
        connection: JdeConnection,
        *,
        mask: Callable[[str], None] = lambda _secret: None,
        limiter: Limiter = NO_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = utc_now,
        random: Callable[[], float] = random_module.random,
    ):
        self.connection, self.clock, self.now = connection, clock, now
        self._sleep, self._random = sleep, random
        # Whoever reads next to each other, and pages of keys next to that: never more calls at once than allowed.
        self._slots, self._slots_lock = threading.BoundedSemaphore(connection.max_concurrency), threading.Lock()
        self._login: AisSession | BasicLogin = (
            BasicLogin(connection)
            if connection.auth == "basic"
            else AisSession(connection, lambda: self.api, mask=mask, clock=clock)
        )
        options = connection.http_options(timeout=TIMEOUT)
        self.api = ApiClient(
            connection.base_url,
            options=replace(options, pool_size=max(options.pool_size, connection.max_concurrency)),
            auth=self._login.auth,
            classify=self._login.classify,
            limiter=limiter,
            clock=clock,
            sleep=sleep,
            random=random,
        )
        self.dataservice = DataService(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Log out and close the connections; never raises."""
        pool = self.__dict__.pop("_pool", None)
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        self._login.close()
        self.api.close()

    def pause(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    @property
    def user(self) -> UserInfo:
        """The user's preferences; logs in first where that has not happened. Defaults with Basic auth."""
        return self._login.user

    @property
    def token(self) -> str:
        """The present session's token, for a next link; empty with Basic auth."""
        return self.user.token.get_secret_value()

    @cached_property
    def zone(self) -> tzinfo:
        """The server's zone: the Connection's, else the offset of the login's reply, else UTC with a warning."""
        if self.connection.timezone:
            return ZoneInfo(self.connection.timezone)
        offset = parse_offset(self.user.time_zone_offset)
        if offset is None:
            log.warning("jde: the server does not say its time zone; taking UTC. Set timezone in the Connection.")
        return offset or UTC

    @cached_property
    def date_format(self) -> str:
        """How this user writes dates (strftime): as the Connection says, else as the user's preference has it."""
        given = self.connection.filter_date_format
        return to_strftime(given) if given else strftime_or(self.user.date_pattern, FALLBACK_DATE_FORMAT)

    @cached_property
    def values(self) -> Values:
        """Converters for this user's preferences."""
        formats = []
        for pattern in (self.user.date_pattern, self.connection.filter_date_format):
            try:
                formats.append(to_strftime(pattern))
            except ConfigurationError:  # only matters once a date comes in this form, and is reported then
                continue
        return Values([form for form in formats if form], self.user.decimal_format)

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str],
        key: Sequence[str],
        where: Query | None = None,
        after: Sequence[Value | None] | None = None,
        mode: Literal["keyset", "next_link"] | None = None,
        lenient: bool = False,
    ) -> Iterator[Page]:
        """Yield the pages of a table in ascending order of its key.

        :param table: the standard name (`F03012`), also where the Connection has another table for it.
        :param columns: e.g. `F0101.ALPH`; the key's columns are always read.
        :param key: the full primary key; numeric columns first where the table has one.
        :param after: the key of the last row already read.
        :param mode: how to page; default: as the Connection says.
        :param lenient: whether a cell that cannot be read is told in its row (`UNREADABLE`), instead of an error.
        :raises UnknownField: a table or column that is not there.
        :raises UnexpectedAnswer: an answer that is cut short, goes in a circle, or carries errors.
        """
        mode = mode or self.connection.page_mode
        return reading.read(self, table, columns=columns, where=where, key=key, after=after, mode=mode, lenient=lenient)

    def count(self, table: str, where: Query | None = None) -> int:
        """Return how many rows match."""
        return self.dataservice.count(table, where)

    def orchestrate(
        self,
        config: str | dict[str, Any] | OrchestrationConfig,
        inputs: Mapping[str, Any],
        rows: Sequence[Mapping[str, Any]] | None = None,
        *,
        reading: bool = False,
    ) -> dict[str, Any]:
        """Run an orchestration and return what it answered; see `orchestrator.run`."""
        return orchestrator.run(self, OrchestrationConfig.of(config), inputs, rows, reading=reading)

    def check(self) -> list[str]:
        """Try what the syncs need and return a line for each; raises at the first that does not work."""
        return check_lines(self)

    def at_once(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Run calls in threads, `max_concurrency` at a time, and return their results in order."""
        if len(calls) < 2 or self.connection.max_concurrency < 2:
            return [call() for call in calls]
        with self._slots_lock:
            pool = self._pool
        return list(pool.map(lambda call: call(), calls))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        # More threads than calls: while one deals with its answer, another may call.
        return ThreadPoolExecutor(2 * self.connection.max_concurrency, thread_name_prefix="jde")

    def send(
        self, path: str, body: dict[str, Any], *, check: Callable[[Any], None], repeatable: bool = True
    ) -> dict[str, Any]:
        """POST to a path and return the JSON object of the good answer.

        A fault of the server (HTTP 500, or errors in a 200) is repeated once, if the call may be.

        :param check: raises for a document that is a failure although it came with HTTP 200.
        :raises ServerFault: at once, for a call that is not repeatable.
        :raises Unavailable: HTTP 500 twice.
        :raises UnexpectedAnswer: errors in a 200 twice, or no JSON object.
        :raises PermissionDenied: refused with a fresh session, too.
        """
        try:
            return self._document(path, body, check, repeatable)
        except ServerFault as fault:
            if not repeatable:
                raise
            if self.connection.max_retries == 0:
                raise fault.lasting() from fault
        self._login.doubt()
        self._sleep(self._random())
        try:
            return self._document(path, body, check, repeatable)
        except ServerFault as fault:
            raise fault.lasting() from fault

    def _document(
        self, path: str, body: dict[str, Any], check: Callable[[Any], None], repeatable: bool
    ) -> dict[str, Any]:
        document = decode_json(self._post(path, body, repeatable))
        if isinstance(document, list):  # an orchestration whose only output is its rows
            document = {ROOT: document}
        if not isinstance(document, dict):
            raise UnexpectedAnswer("AIS answered with JSON that is no object")
        check(document)
        return document

    def _post(self, path: str, body: dict[str, Any], repeatable: bool) -> requests.Response:
        # Log in outside the call, or its retries would multiply those of the login.
        _ = self.user
        try:
            with self._slots:
                return self.api.request("POST", path, json=body, repeatable=repeatable)
        except CredentialsRejected as error:
            refusal = error.__cause__
            if isinstance(refusal, LoginExpired):
                raise refused_after_login(refusal.code, who(self.connection)) from refusal
            raise
