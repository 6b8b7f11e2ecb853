"""The file of an export job: fetched in parts where the connection breaks, checked, and read row by row.

Facts: Adobe's page `bulk-extract` and public clients' issues. The file may be missing for a while after its job has
completed (404), is kept for at least 7 days, and is never compressed.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from airflow_provider_mlconnector.exceptions import CursorExpired, Stop, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.bulk_csv import read_rows

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.bulk_job import ExportJob
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

log = logging.getLogger(__name__)

PART = 1 << 16
"""Bytes taken at once; what a broken connection brought of a part is fetched again."""
KEPT = timedelta(days=7)
WAIT = 60.0
PATIENCE = 1800.0
"""Seconds to wait for a file whose job has completed."""
MISSING = ("404", "610")
MAX_BREAKS = 5
"""Broken connections in a row that brought nothing."""
CONTENT_RANGE = re.compile(r"bytes\s+(\d+)-", re.IGNORECASE)


class BulkFile:
    """One file; makes no call when the job says that it has no records."""

    def __init__(self, client: MarketoClient, path: str, job: ExportJob):
        self._client, self._path, self._job = client, path, job

    def rows(self, *, lenient: bool = False) -> Iterator[dict[str, str | None]]:
        """Yield the rows without keeping the file, a value that is `null` or blank as None.

        The file is checked when its last row has been taken: only then are the rows before it good.

        :param lenient: leave out rows that do not fit the header, and log how many.
        :raises Unavailable: when it is not there in time, breaks off for good, or is not what the job says.
        :raises CursorExpired: when the vendor has removed it; make a new job.
        :raises UnexpectedAnswer: for a row that does not fit the header.
        """
        return read_rows(self.chunks(), lenient=lenient)

    def download(self, target: Path) -> None:
        """Write the file to a path; what an earlier try has left there is gone on with. Raises as `rows`."""
        size = target.stat().st_size if target.exists() else 0
        if size and (self._job.file_size is None or size <= self._job.file_size):
            try:
                self._append(target, size)
            except Unavailable as broken:
                if broken.code != "checksum":
                    raise
                log.warning("marketo export: the file left by an earlier try is not this one; fetching it anew")
            else:
                return
        target.write_bytes(b"")
        self._append(target, 0)

    def chunks(self, start: int = 0, digest: hashlib._Hash | None = None) -> Iterator[bytes]:
        """Yield the bytes of the file from an offset on, and check the whole at the end.

        :param digest: of the bytes before the offset.
        """
        if self._job.number_of_records == 0:
            return
        digest, offset, breaks = digest or hashlib.sha256(), start, 0
        while not self._is_whole(offset):
            before = offset
            try:
                for chunk in self._read(offset):
                    digest.update(chunk)
                    offset += len(chunk)
                    yield chunk
                if self._job.file_size is None or offset >= self._job.file_size:
                    break
            except (requests.RequestException, OSError) as error:
                log.warning("marketo export: the file broke off at byte %d: %s", offset, type(error).__name__)
            breaks = breaks + 1 if offset == before else 0
            if breaks > MAX_BREAKS:
                raise Unavailable(f"the export file breaks off at byte {offset}, again and again")
            self._client.sleep(2.0**breaks)
        self._check(offset, digest)

    def _is_whole(self, offset: int) -> bool:
        return self._job.file_size is not None and offset >= self._job.file_size > 0

    def _append(self, target: Path, size: int) -> None:
        digest = hashlib.sha256()
        if size:
            with target.open("rb") as file:
                while part := file.read(PART):
                    digest.update(part)
        with target.open("ab") as file:
            for chunk in self.chunks(size, digest):
                file.write(chunk)

    def _check(self, size: int, digest: hashlib._Hash) -> None:
        wanted = self._job.sha256
        if (wanted and wanted != digest.hexdigest()) or size != (self._job.file_size or size):
            # Most likely damaged on the way, so that another try helps.
            raise Unavailable(f"the export file of {size} bytes is not the one that the job tells of", code="checksum")
        log.info("marketo export: file of %d bytes fetched%s", size, ", checksum right" if wanted else "")

    def _read(self, offset: int) -> Iterator[bytes]:
        with closing(self._open(offset)) as response:
            skip = offset - _first_byte(response)
            if skip < 0:
                raise UnexpectedAnswer("Marketo sent another part of the file than the one asked for")
            for chunk in response.iter_content(PART):
                # A server that ignores the range sends the file from its beginning.
                rest, skip = chunk[skip:], max(0, skip - len(chunk))
                if rest:
                    yield rest

    def _open(self, offset: int) -> requests.Response:
        headers = {"Accept-Encoding": "identity"}
        if offset:
            last = self._job.file_size - 1 if self._job.file_size else ""
            headers["Range"] = f"bytes={offset}-{last}"
        waited = 0.0
        while True:
            try:
                return self._client.api.request("GET", self._path, headers=headers, stream=True)
            except Stop as refusal:
                if refusal.code not in MISSING:
                    raise
                self._give_up(waited)
            self._client.sleep(WAIT)
            waited += WAIT

    def _give_up(self, waited: float) -> None:
        """Raise when a missing file is not to be waited for any longer."""
        finished = self._job.finished_at
        if finished and finished + KEPT < self._client.now():
            raise CursorExpired(f"the file of export job {self._job.export_id} is no longer kept", code="404")
        if waited >= PATIENCE:
            raise Unavailable(f"the file of export job {self._job.export_id} is not there yet", code="404")


def _first_byte(response: requests.Response) -> int:
    if response.status_code != requests.codes.partial:
        return 0
    found = CONTENT_RANGE.match(response.headers.get("Content-Range", "").strip())
    if not found:
        raise UnexpectedAnswer("Marketo sent a part of the file without saying which", code="206")
    return int(found[1])
