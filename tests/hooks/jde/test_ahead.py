"""Calls ahead of the one who deals with their results. Threads stand where events let them; nothing sleeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from airflow_provider_mlconnector.hooks.jde.ahead import ahead

SECONDS = 10.0
"""After so long a test that stands still is given up."""


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_each_argument_once_in_order(depth: int) -> None:
    """However many calls are under way, the results come in the order of the arguments."""
    assert list(ahead(lambda n: n * n, iter(range(20)), depth=depth)) == [(n, n * n) for n in range(20)]
    assert list(ahead(str, iter([]), depth=depth)) == []


def test_the_next_argument_is_asked_for_while_a_result_is_dealt_with() -> None:
    """Whoever deals with a result does not wait for the next page of keys: it comes meanwhile."""
    asked = threading.Event()

    def keys() -> Iterator[int]:
        yield from (1, 2)
        asked.set()
        yield 3

    results = ahead(str, keys(), depth=2)
    assert next(results) == (1, "1")
    assert asked.wait(SECONDS)
    results.close()  # type: ignore[attr-defined]


def test_no_more_calls_than_the_depth_are_ahead() -> None:
    """What is not taken holds up the calls: results would fill the memory."""
    made: list[int] = []
    results = ahead(made.append, iter(range(100)), depth=3)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(made) <= 3


@pytest.mark.parametrize("depth", [1, 3])
def test_a_failure_of_the_arguments_or_of_a_call_is_raised(depth: int) -> None:
    """Whoever takes the results learns of it, and no thread is left behind."""

    def failing() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    def call(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    with pytest.raises(ValueError, match="two"):
        list(ahead(call, iter([1, 2, 3]), depth=depth))
    with pytest.raises(OSError, match="gone"):
        list(ahead(call, failing(), depth=depth))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("jde-ahead")]
