"""Creating something once, although Cin7 has no idempotency key and the answer of a first try may be lost.

A POST without an answer is never repeated before it has been looked for, as long as Cin7 may still be at it; what has
just been made may not be visible at first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordRejected, Unavailable
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.pipeline import journal
from airflow_provider_mlconnector.pipeline.ports import Ready

T = TypeVar("T")

TRIES = 2
FAILED = "500"
"""What Cin7 answers when it fails, and to a body that it cannot parse."""
ANSWERED = (FAILED, "503")
"""Codes of an answer after which nothing is under way any more."""


def look(client: Cin7Client, find: Callable[[datetime], T | None], begun: datetime) -> T | None:
    """Return what `find` finds of a try that began then; see `pipeline.journal`.

    Nobody knows how long it waited for its turn before it was sent, so one of late is looked for from now on.
    """
    since = journal.in_doubt_since(begun, client.now())
    return journal.look(partial(find, begun), since, now=client.now, sleep=client.pause)


def noting(notes: journal.Journal, ready: Ready) -> Callable[[datetime], None]:
    """Return what notes that a try with a record begins, and that of all before it nothing is left."""

    def begin(at: datetime) -> None:
        notes.drop(ready.record_key)
        notes.begin(ready, at)

    return begin


class Once:
    """Creates each record once. One whose answer was lost is sent again by the next task at the earliest."""

    def __init__(self, client: Cin7Client, notes: journal.Journal):
        self._client, self._notes = client, notes
        self._doubtful: dict[str, OutcomeUnknown] = {}

    def create(self, ready: Ready, send: Callable[[], T], find: Callable[[datetime], T | None]) -> T:
        """Return what was created for a record; see `create_once`."""
        if lost := self._doubtful.get(ready.record_key):
            raise OutcomeUnknown(lost.message, code=lost.code)
        try:
            return create_once(self._client, send, find, noting(self._notes, ready))
        except OutcomeUnknown as lost:
            if lost.code not in ANSWERED:
                self._doubtful[ready.record_key] = lost
            raise


def create_once(
    client: Cin7Client,
    send: Callable[[], T],
    find: Callable[[datetime], T | None],
    begin: Callable[[datetime], None] = lambda _at: None,
) -> T:
    """Return what `send` created, or what `find` finds of a try whose answer was lost.

    :param find: looks for what was made since an instant.
    :param begin: told when each try begins; see `noting`.
    :raises OutcomeUnknown: nobody answered, and nothing is to be found. It is sent once more only where Cin7 did
        answer, if with a failure: what was cut off may still be done, however late.
    :raises RecordRejected: the record is refused, or Cin7 failed on just this one each time (500), as it does on a body
        it cannot parse; what an earlier try might have made was looked for.
    """
    codes = set[str | None]()
    for left in reversed(range(TRIES)):
        at = client.now()
        begin(at)
        try:
            return send()
        except OutcomeUnknown as lost:
            if (found := look(client, find, at)) is not None:
                return found
            codes.add(lost.code)
            if not left or lost.code not in ANSWERED:
                raise (_refused(lost) if codes == {FAILED} else lost) from None
    raise AssertionError  # the last try returns or raises


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
