"""The file of a chunk's parts: each sealed by itself, its length before it, one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

BUNDLE_BYTES = 1 << 19
"""So many bytes, about, make a file of several parts."""
LENGTH = 4
"""Bytes of a part's length."""


def chain(digest: str, part: bytes) -> str:
    """Return the digest of a chunk after one more part; can be carried on after a crash."""
    return hashlib.sha256(digest.encode() + hashlib.sha256(part).digest()).hexdigest()


def framed(blob: bytes) -> bytes:
    """Return a sealed part as it stands in a file."""
    return len(blob).to_bytes(LENGTH) + blob


def frames(content: bytes) -> Iterator[bytes]:
    """Yield the sealed parts of a file; one that was cut short does not open."""
    at = 0
    while at < len(content):
        end = at + LENGTH + int.from_bytes(content[at : at + LENGTH])
        yield content[at + LENGTH : end]
        at = end


class Bundle:
    """Parts on their way into files, several to each.

    :param pack: rows → a part before it is sealed.
    :param write: puts the content of the file of a number where it belongs.
    """

    def __init__(
        self, pack: Callable[[Any], bytes], seal: Callable[[bytes], bytes], write: Callable[[int, bytes], None]
    ):
        self._pack, self._seal, self._write = pack, seal, write
        self._waiting, self._number = bytearray(), 0
        self.digest = ""

    def add(self, rows: Any) -> None:
        """Add a part."""
        packed = self._pack(rows)
        self.digest = chain(self.digest, packed)
        self._waiting += framed(self._seal(packed))
        if len(self._waiting) >= BUNDLE_BYTES:
            self._put()

    def close(self) -> int:
        """Write what waits, and return how many files there are."""
        if self._waiting:
            self._put()
        return self._number

    def _put(self) -> None:
        self._write(self._number, bytes(self._waiting))
        self._waiting.clear()
        self._number += 1
