"""Dividing whole numbers into ranges of about as many rows, by counting."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import MLConnectorError, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.access import reading_of
from airflow_provider_mlconnector.hooks.jde.probe import may_be_the_columns
from airflow_provider_mlconnector.hooks.jde.query import Condition, Query, both
from airflow_provider_mlconnector.pipeline.ports import Range, ReadRequest

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

HIGHEST = 99_999_999
"""Address and order numbers have eight digits; the last range is open all the same."""
COUNTS = 10
"""Counts per range at most: numbers may lie close together, anywhere."""

Column = tuple[str, Query | None]
"""A column of whole numbers (`F0101.AN8`), and in which rows."""
Piece = tuple[int, int, int]
"""The lowest number but one, the highest, and how many rows: (1000, 2000, 17) are 17 rows of 1001 to 2000."""


def is_within(number: int, request: ReadRequest) -> bool:
    """Whether a number belongs to what is asked for, behind what was read already."""
    return (request.after is None or number > request.after) and (request.upto is None or number <= request.upto)


def ranges_of(
    client: JdeClient, counted: Sequence[Column], *, at_most: int, rows: int, along: Sequence[Column] | None = None
) -> list[Range]:
    """Return ranges that together hold all numbers; none where a range would have fewer than `rows` rows.

    No more than the Connection's `max_concurrency`, which they share.

    :param counted: numbers that are read next to each other; the one with most rows says how much there is to read.
    :param along: numbers that lie like those of the records, where those of `counted` do not.
    """
    most = _fullest(client, counted)
    parts = min(at_most, client.connection.max_concurrency, most[0] // max(rows, 1))
    if parts < 2:
        return []
    size, column, where = most if along is None else _fullest(client, along)
    return list(_joined(_pieces(client, column, where, size, parts), parts))


def _fullest(client: JdeClient, columns: Sequence[Column]) -> tuple[int, str, Query | None]:
    counts = [(_count(client, column, where), column, where) for column, where in columns]
    return max(counts, key=lambda each: each[0])


def _pieces(client: JdeClient, column: str, where: Query | None, size: int, parts: int) -> list[Piece]:
    """Halve the fullest piece again and again, until none has more than half of a range's rows."""
    pieces = [(-size, 0, HIGHEST)]
    for _ in range(COUNTS * parts):
        fullest, low, high = pieces[0]
        if -fullest * 2 * parts <= size or high - low < 2:
            break
        middle = (low + high) // 2
        lower = _count(client, column, both(where, Query.all(Condition(column, "BETWEEN", (low + 1, middle)))))
        heapq.heapreplace(pieces, (-lower, low, middle))
        # Rows may have come or gone since they were counted together.
        heapq.heappush(pieces, (min(0, fullest + lower), middle, high))
    return sorted((low, high, -count) for count, low, high in pieces)


def _joined(pieces: Sequence[Piece], parts: int) -> Iterator[Range]:
    """Yield at most so many ranges, each cut where it has its share of the rows."""
    size, counted, after, cut = sum(count for *_, count in pieces), 0, None, 1
    for _, high, count in pieces[:-1]:
        counted += count
        if counted * parts >= size * cut and counted < size:
            yield Range(after, high)
            after, cut = high, counted * parts // size + 1
    yield Range(after, None)


def _count(client: JdeClient, column: str, where: Query | None) -> int:
    """Return how many rows match; 0 where they cannot be counted, so that they are read in one piece."""
    table = column.partition(".")[0]
    try:
        with reading_of(client, table):
            return client.count(table, where)
    except MLConnectorError as error:
        if not (may_be_the_columns(error) or isinstance(error, UnexpectedAnswer)):
            raise
        log.warning("jde %s: rows cannot be counted (%s)", table, error.message)
        return 0
