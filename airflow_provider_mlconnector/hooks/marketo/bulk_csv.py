"""Rows out of the bytes of an export file.

Seen in files: NUL bytes, bare carriage returns, line feeds and U+2028 within quoted values, and the word `null` for a
value that is none.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.activity import Activity

log = logging.getLogger(__name__)

NOTHING = ("null", "")
LONGEST = 1 << 24
"""Characters of one value; the csv module's own limit of 131,072 is one that attributes reach."""


class _Chunks(io.RawIOBase):
    """Chunks of bytes as a stream, without NULs: in UTF-8 that byte is no part of another character."""

    def __init__(self, chunks: Iterable[bytes]):
        self._chunks, self._rest = iter(chunks), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk.replace(b"\0", b""))
        room = memoryview(buffer)
        taken = min(len(room), len(self._rest))
        room[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken


def read_rows(chunks: Iterable[bytes], *, lenient: bool = False) -> Iterator[dict[str, str | None]]:
    """Yield the rows by the names of the header; one row at a time is in memory.

    :param lenient: leave out rows that do not fit the header, and log how many.
    :raises UnexpectedAnswer: for a row that does not fit the header; its number is named, nothing of what it holds.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    odd = 0
    # No newline translation: lines end where csv says, not where str.splitlines would.
    with io.TextIOWrapper(io.BufferedReader(_Chunks(chunks)), "utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text)
        try:
            header = next(reader, [])
            for number, row in enumerate(reader, 1):
                if len(row) == len(header):
                    pairs = zip(header, row, strict=True)
                    yield {name: None if value in NOTHING else value for name, value in pairs}
                elif row and lenient:
                    odd += 1
                elif row:
                    raise UnexpectedAnswer(f"row {number} of the export file has {len(row)} values, not {len(header)}")
        except csv.Error as error:
            raise UnexpectedAnswer(f"the export file is no CSV at line {reader.line_num}: {error}") from None
    if odd:
        log.warning("marketo export: %d rows do not fit the header and are left out", odd)


def read_activity(row: dict[str, str | None]) -> Activity:
    """Return a row of an activity export as the feeds tell it.

    :raises UnexpectedAnswer: for one that cannot be read.
    """
    try:
        return Activity.model_validate(row)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise UnexpectedAnswer(f"an activity of the export file cannot be read: {place}") from None
