"""What is remembered of each record whose write must not be repeated: its id in the target, and an unfinished try.

Some targets know neither a key of the caller's nor a repeatable write. So a try is noted before it is made (`pending`
in the trail), and after a crash or a lost answer the target is asked for the record before anything is sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.pipeline.ports import Ready

T = TypeVar("T")

LONGEST_PAUSE = 15.0
LONGEST_TRY = timedelta(minutes=30)
"""No try goes on for longer: it waits for its turn, for the vendor's limit, for an answer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that was sent.

    :param guid: the target's id; None while it is not known.
    :param begun: when the latest try began, if none is finished yet; None when the record was delivered whole.
    """

    guid: str | None
    begun: datetime | None


class Journal(Protocol):
    """The memory of one object type of one account. Each change is durable when the call returns."""

    @property
    def instance(self) -> str:
        """Which source and which target this is about, in short; "" where there is only one."""
        ...

    def entry(self, key: str) -> Entry | None:
        """Return what is known of a record; None when it was never sent."""
        ...

    def owner(self, guid: str) -> str | None:
        """Return the record that has this id of the target's."""
        ...

    def begin(self, ready: Ready, at: datetime) -> None:
        """Note that a record is about to be sent; the latest try is the one that is waited for."""
        ...

    def created(self, key: str, guid: str) -> None:
        """Note the id at once when it is known; the record is not delivered whole by that."""
        ...

    def finished(self, key: str, guid: str) -> None:
        """Note that the record is delivered whole; the pipeline's record of the answer may stand for this."""
        ...

    def drop(self, key: str) -> None:
        """Forget a record of which nothing is left in the target, or nothing was made."""
        ...


class MemoryJournal:
    """A journal of this process."""

    instance = ""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._owners: dict[str, str] = {}

    def entry(self, key: str) -> Entry | None:
        """See Journal."""
        with self._lock:
            return self._entries.get(key)

    def owner(self, guid: str) -> str | None:
        """See Journal."""
        with self._lock:
            return self._owners.get(guid.lower())

    def begin(self, ready: Ready, at: datetime) -> None:
        """See Journal."""
        with self._lock:
            before = self._entries.get(ready.record_key)
            self._entries[ready.record_key] = Entry(before.guid if before else None, at)

    def created(self, key: str, guid: str) -> None:
        """See Journal."""
        with self._lock:
            before = self._entries.get(key)
            self._entries[key] = Entry(guid, before.begun if before else None)
            self._owners[guid.lower()] = key

    def finished(self, key: str, guid: str) -> None:
        """See Journal."""
        self.created(key, guid)
        with self._lock:
            self._entries[key] = replace(self._entries[key], begun=None)

    def drop(self, key: str) -> None:
        """See Journal."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry and entry.guid:
                self._owners.pop(entry.guid.lower(), None)


def settle_seconds() -> float:
    """Return `[mlconnector] settle_seconds`: how long a target may go on with a call whose answer was lost."""
    return float(config.option("settle_seconds", "60"))


def in_doubt_since(begun: datetime, opened: datetime) -> datetime:
    """Return from when on the target is waited for that had a try begun then.

    Nobody knows when the call was made and when its process ended, but that it had by the time this one opened.
    """
    return max(begun, opened) if opened - begun < LONGEST_TRY else begun


def look(
    find: Callable[[], T | None],
    since: datetime,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    seconds: float | None = None,
) -> T | None:
    """Return what `find` finds of a try that is in doubt since then, asking until the target cannot be at it any more.

    :param seconds: how long it can be, by default `settle_seconds`.
    """
    left = (settle_seconds() if seconds is None else seconds) - (now() - since).total_seconds()
    pause = 1.0
    while True:
        found = find()
        if found is not None or left <= 0:
            return found
        step = min(pause, left)
        sleep(step)
        left, pause = left - step, min(2 * pause, LONGEST_PAUSE)
