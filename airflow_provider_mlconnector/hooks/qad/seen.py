"""Which keys a read has met. On disk, in a file that has no name and goes away by itself: memory does not grow."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Self

TAIL = 50
"""So many of the last keys go with the resume point: rows that moved over the border of two pages come again."""


class Seen:
    """The keys of one read, as hashes.

    :param tail: the last keys of the read that this one goes on with.
    """

    def __init__(self, tail: Iterable[str] = ()):
        # SQLite's own temporary database: kept in a small cache, spilled to an unlinked file.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("create table seen (record blob primary key, whole blob) without rowid")
        self._db.execute("begin")
        self._tail: deque[str] = deque(tail, maxlen=TAIL)
        self._before = set(self._tail)
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._db.close()

    @property
    def tail(self) -> list[str]:
        """The last keys, to go on with."""
        return list(self._tail)

    def add(self, record: str, whole: Sequence[object]) -> bool | None:
        """Note a record's key; True when it is new, False when it has come, None when another whole key has it."""
        mark, rest = _hash(record), _hash("\x1f".join(map(str, whole)))
        if mark.hex()[:12] in self._before:
            return False
        found = self._db.execute("insert or ignore into seen values (?, ?)", (mark, rest)).rowcount
        if found:
            self.count += 1
            self._tail.append(mark.hex()[:12])
            return True
        (known,) = self._db.execute("select whole from seen where record = ?", (mark,)).fetchone()
        return False if known == rest else None


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
