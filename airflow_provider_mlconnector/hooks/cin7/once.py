"""Creating something once, although Cin7 has no idempotency key and the answer of a first try may be lost.

A POST without an answer is never repeated before a look whether it was done, and a look that finds nothing is repeated
after a while: what has just been made may not be visible yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordRejected, Unavailable

T = TypeVar("T")

PATIENCE = (1.0, 4.0, 10.0, 20.0)
"""Seconds before each look."""
TRIES = 3
FAILED = "500"
"""What Cin7 answers when it fails, and to a body that it cannot parse."""


def create_once(
    send: Callable[[], T],
    find: Callable[[], T | None],
    *,
    sleep: Callable[[float], None],
    patience: tuple[float, ...] = PATIENCE,
) -> T:
    """Return what `send` created, or what `find` finds of a try whose answer was lost.

    :raises OutcomeUnknown: nobody answered, and nothing is to be found.
    :raises RecordRejected: Cin7 failed on just this record each time (500), as it does on a body it cannot parse.
    """
    codes = set[str | None]()
    for left in reversed(range(TRIES)):
        try:
            return send()
        except OutcomeUnknown as lost:
            found = look(find, sleep=sleep, patience=patience)
            if found is not None:
                return found
            codes.add(lost.code)
            if not left:
                raise (_refused(lost) if codes == {FAILED} else lost) from None
    raise AssertionError  # the last try returns or raises


def look(find: Callable[[], T | None], *, sleep: Callable[[float], None], patience: tuple[float, ...]) -> T | None:
    """Return what `find` finds, asking again and again before concluding that there is nothing."""
    for seconds in patience:
        sleep(seconds)
        if (found := find()) is not None:
            return found
    return None


def write_again(send: Callable[[], T], probe: Callable[[], object]) -> T:
    """Return what a repeatable write answers.

    :param probe: a read that succeeds when Cin7 is well.
    :raises RecordRejected: Cin7 fails on this record (500), and is well otherwise.
    """
    try:
        return send()
    except Unavailable as failed:
        if failed.code != FAILED:
            raise
    probe()
    try:
        return send()
    except Unavailable as failed:
        raise (_refused(failed) if failed.code == FAILED else failed) from None


def _refused(error: Unavailable) -> RecordRejected:
    return RecordRejected("Cin7 fails on this record with HTTP 500, each time", code=FAILED, detail=error.message)
