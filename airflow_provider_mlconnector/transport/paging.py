"""Walking through pages without collecting them, and without walking in a circle."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer

Page = TypeVar("Page")
Cursor = TypeVar("Cursor", bound=Hashable)


def walk(
    fetch: Callable[[Cursor | None], Page],
    next_of: Callable[[Page], Cursor | None],
    *,
    start: Cursor | None = None,
) -> Iterator[Page]:
    """Yield pages until `next_of` returns None.

    :raises UnexpectedAnswer: when the server leads in a circle: hands out a cursor that it has handed out before.
    """
    # Brent's cycle detection: one remembered cursor, moved on after 1, 2, 4, … pages, meets any circle in the end.
    cursor, mark, steps, reach = start, start, 0, 1
    while True:
        page = fetch(cursor)
        yield page
        cursor = next_of(page)
        if cursor is None:
            return
        if cursor == mark:
            raise UnexpectedAnswer("the server returned the same page cursor twice; stopping instead of looping")
        steps += 1
        if steps == reach:
            mark, steps, reach = cursor, 0, reach * 2
