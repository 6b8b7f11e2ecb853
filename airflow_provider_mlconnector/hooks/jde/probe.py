"""Finding out what a server understands before relying on it: literals of dates and texts, columns a table may lack.

All are questions whose wrong answer is silence: a literal in the wrong format may match nothing, and the run that
misses every change is green.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    MLConnectorError,
    PermissionDenied,
    UnexpectedAnswer,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.jde.dates import DayRange, to_strftime
from airflow_provider_mlconnector.hooks.jde.errors import ServerFault
from airflow_provider_mlconnector.hooks.jde.models import FALLBACK_DATE_FORMAT
from airflow_provider_mlconnector.hooks.jde.query import Condition, Query, within

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

EARLIEST, LATEST = date(1990, 1, 31), date(2079, 12, 31)
"""Every real UPMJ lies between; no day of them can be taken for a month, so that dd/MM and MM/dd tell themselves apart.
"""
SAMPLE = 100
"""Rows looked at to find out whether a table has change dates at all."""
ELSEWHERE = "F0101.UPMJ"
"""Looked at as well where a table has no change dates: every site has the address book."""


def may_be_the_columns(error: MLConnectorError) -> bool:
    """Whether a failed read may be due to what was asked for: an unknown column, a 400, or a fault that came twice."""
    return isinstance(error, UnknownField) or error.code == "400" or isinstance(error.__cause__, ServerFault)


class Columns:
    """Which columns a site's tables turned out not to have."""

    def __init__(self, client: JdeClient):
        self._client = client
        self._lacking: set[str] = set()

    def known(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that are not known to be missing."""
        return tuple(column for column in columns if column not in self._lacking)

    def lacks(self, column: str, *, beside: str) -> bool:
        """Find out whether a table lacks a column, and remember it.

        An outage is not taken for it: the column fails before and after `beside`, a column of the table, is read.
        """
        if column in self._lacking:
            return True
        if self._works(column) or not self._works(beside) or self._works(column):
            return False
        self._lacking.add(column)
        return True

    def _works(self, column: str) -> bool:
        try:
            self._client.dataservice.peek([column])
        except MLConnectorError as error:
            if not may_be_the_columns(error):
                raise
            return False
        return True


class TextProbe:
    """Whether the server compares a text as it sends it, found out before a page is asked for by one.

    MCU is stored right-justified in 12 characters and comes so, or trimmed: were a literal not justified in the same
    way, every row would lie before it, and a read would end after its first page as if that were all.
    """

    def __init__(self, client: JdeClient):
        self._client = client
        self._proven: set[str] = set()

    def __call__(self, column: str) -> None:
        """Make sure once that a row is found between its own key and its own key.

        :raises UnexpectedAnswer: it is not.
        """
        if column in self._proven:
            return
        service = self._client.dataservice
        value = next((row[column] for row in service.peek([column], size=SAMPLE) if row[column]), None)
        if value is not None:
            bounds = (Condition(column, operator, (value,)) for operator in ("GREATER_EQUAL", "LESS_EQUAL"))
            if not service.peek([column], Query.all(*bounds)):
                raise UnexpectedAnswer(
                    f"{column}: the server does not compare this column as it sends it, so it cannot be paged by it. "
                    "Set page_mode to next_link, or page_size above the number of rows."
                )
        self._proven.add(column)


class DateProbe:
    """The format of date literals that the server understands, found out at the first filter on a date."""

    def __init__(self, client: JdeClient):
        self._client = client
        self._lock = threading.Lock()
        self._proven: str | None = None
        self._silent: set[str] = set()
        """Columns that said nothing, being blank."""

    @cached_property
    def _candidates(self) -> list[str]:
        preferred = self._client.date_format
        if self._client.connection.filter_date_format:
            return [preferred]
        return list(dict.fromkeys((preferred, FALLBACK_DATE_FORMAT)))

    @property
    def format(self) -> str:
        """The strftime format of literals: the one that was proven, else the one that is likely."""
        return self._proven or self._candidates[0]

    def __call__(self, column: str) -> None:
        """Make sure once that date literals are understood, by a filter on `column` (`F0101.UPMJ`).

        The user's format, then YYYYMMDD; one that the Connection sets stands alone. A column without any date says
        nothing, so another table's is looked at, and the next one that is filtered on.

        :raises ConfigurationError: rows with a date exist, and none is found between 1990 and 2079.
        """
        if self._proven:
            return
        with self._lock:
            if column in self._silent or self._settle(column):
                return
            if ELSEWHERE not in self._silent:
                try:
                    self._settle(ELSEWHERE)
                except MLConnectorError as error:
                    # Not the table that was asked for: the user may have no right to it.
                    if not isinstance(error, PermissionDenied) and not may_be_the_columns(error):
                        raise
                    log.info("jde: dates could not be tried on %s: %s", ELSEWHERE, type(error).__name__)
                    self._silent.add(ELSEWHERE)

    def _settle(self, column: str) -> bool:
        if self._proven:  # by another thread meanwhile
            return True
        refusal: MLConnectorError | None = None
        for form in self._candidates:
            try:
                found = self._client.dataservice.peek([column], within(column, _always(self._client, form)), form=form)
            except MLConnectorError as error:
                if not may_be_the_columns(error):
                    raise
                refusal = error
                continue
            if found:
                self._proven = form
                return True
        # Without a date: raises for a server that is in trouble whatever it is asked, and for an unknown column.
        rows = self._client.dataservice.peek([column], size=SAMPLE)
        if any(row[column] for row in rows):
            raise ConfigurationError(self._advice(column, refusal)) from refusal
        self._silent.add(column)
        return False

    def _advice(self, column: str, refusal: MLConnectorError | None) -> str:
        said = f" AIS says: {refusal.message}" if refusal else ""
        tried = "' or '".join(self._candidates)
        return (
            f"Connection '{self._client.connection.conn_id}': AIS does not understand dates written as '{tried}' "
            f"(there are rows with a {column}, none is found between 1990 and 2079). "
            f"Set filter_date_format in extra, e.g. to %Y%m%d or %m/%d/%Y.{said}"
        )


def _always(client: JdeClient, form: str) -> DayRange:
    """Return a range that holds every real date; a year of two digits is not read as far ahead."""
    if "%y" in form:
        return DayRange(EARLIEST, date(client.now().year + 9, 12, 31))
    return DayRange(EARLIEST, LATEST)


def strftime_or(pattern: str, fallback: str) -> str:
    """Return the strftime form of a user's pattern; the fallback, with a warning, for one nobody understands."""
    try:
        return to_strftime(pattern)
    except ConfigurationError:
        log.warning("jde: the user's date pattern '%s' is not understood; filters are written as %s", pattern, fallback)
        return fallback
