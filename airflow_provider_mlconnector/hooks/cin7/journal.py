"""What is remembered of each record beyond one run: its id in Cin7, and whether a try was left unfinished.

Cin7 has neither a key of the caller's nor a search for one, so this memory is what keeps a purchase from being made
twice. The pipeline's ledger is to stand behind it; the one here lasts as long as the process.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that was sent.

    :param guid: Cin7's id; None while it is not known.
    :param begun: when the try began that is not finished yet; None when the record was delivered whole.
    """

    guid: str | None
    begun: datetime | None


class Journal(Protocol):
    """The memory of one object type of one account. Each change is durable when the call returns."""

    def entry(self, key: str) -> Entry | None:
        """Return what is known of a record; None when it was never sent."""
        ...

    def owner(self, guid: str) -> str | None:
        """Return the record that has this id of Cin7's."""
        ...

    def begin(self, key: str, at: datetime) -> None:
        """Note that a record is about to be sent; an unfinished try that began earlier keeps its time."""
        ...

    def created(self, key: str, guid: str) -> None:
        """Note the id at once when it is known; the record is not delivered whole by that."""
        ...

    def finished(self, key: str, guid: str) -> None:
        """Note that the record is delivered whole; the pipeline's record of the answer may stand for this."""
        ...

    def drop(self, key: str) -> None:
        """Forget a record of which nothing is left in Cin7, or nothing was made."""
        ...


class MemoryJournal:
    """A journal of this process."""

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

    def begin(self, key: str, at: datetime) -> None:
        """See Journal."""
        with self._lock:
            before = self._entries.get(key)
            self._entries[key] = Entry(before.guid if before else None, (before.begun if before else None) or at)

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
