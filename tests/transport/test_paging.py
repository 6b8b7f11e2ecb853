from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.transport.paging import walk


def test_walks_to_the_end() -> None:
    """Each page is fetched once, in order, with the cursor of the page before."""
    pages = {None: ("p1", "a"), "a": ("p2", "b"), "b": ("p3", None)}
    assert [page for page, _ in walk(pages.__getitem__, lambda page: page[1])] == ["p1", "p2", "p3"]


def test_start() -> None:
    """A walk can go on from a cursor."""
    pages: dict[str | None, tuple[str, str | None]] = {"b": ("p3", None)}
    assert [page for page, _ in walk(pages.__getitem__, lambda page: page[1], start="b")] == ["p3"]


def test_lazy() -> None:
    """No page is fetched before it is asked for."""
    fetched = []

    def fetch(cursor: int | None) -> int:
        fetched.append(cursor)
        return (cursor or 0) + 1

    assert list(itertools.islice(walk(fetch, lambda page: page), 3)) == [1, 2, 3]
    assert fetched == [None, 1, 2]


@given(st.integers(0, 40), st.integers(1, 40), st.booleans())
def test_circles_end(lead: int, length: int, started: bool) -> None:
    """Whatever the circle's length and the way into it, the walk stops instead of going round for ever."""

    def following(page: int) -> int:
        return page + 1 if page + 1 < lead + length else lead

    pages = walk(lambda cursor: cursor or 0, following, start=0 if started else None)
    bounded = itertools.islice(pages, 10 * (lead + length + 1))
    with pytest.raises(UnexpectedAnswer, match="twice"):
        list(bounded)


@given(st.integers(0, 200))
def test_no_false_alarm(length: int) -> None:
    """Cursors that never repeat are never taken for a circle."""
    pages = walk(lambda cursor: cursor or 0, lambda page: page + 1 if page < length else None)
    assert len(list(pages)) == length + 1
