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

    :raises UnexpectedAnswer: when the server hands out the cursor it was just given, which would loop for ever.
    """
    cursor = start
    while True:
        page = fetch(cursor)
        yield page
        following = next_of(page)
        if following is None:
            return
        if following == cursor:
            raise UnexpectedAnswer("the server returned the same page cursor twice; stopping instead of looping")
        cursor = following
