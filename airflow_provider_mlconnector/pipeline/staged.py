"""Every run's staged records at once: what is old goes, a forgotten record goes, an old key goes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import zstandard

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger.forgetting import FORGOTTEN, NAMED_IN, replacer
from airflow_provider_mlconnector.pipeline.bundle import framed, frames
from airflow_provider_mlconnector.pipeline.staging import COMMITTED, DRAFT, Staging, put, safe
from airflow_provider_mlconnector.pipeline.state import StatePort, SyncState

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
"""The one file of a run that is not sealed; it holds no record."""
STATUSES = ("ready", "skipped", "rejected", "kept")
"""What stands behind the key of a record that was mapped."""

_encode = msgspec.json.Encoder(decimal_format="number").encode
# The digits of a number stay what they are.
_decode = msgspec.json.Decoder(float_hook=msgspec.Raw).decode


class Staged:
    """The staging root of an installation.

    :param state: where resume points are kept; one of a run whose records are gone leads nowhere.
    """

    def __init__(self, root: Any, keyring: Keyring, state: StatePort):
        self._root, self._keyring, self._state = root, keyring, state

    def prune(self, before: datetime) -> int:
        """Remove the records of runs that nothing was written to since, finished or not; return how many runs."""
        old = [run for run in self._runs() if (at := _last_touched(run)) and at < before]
        for run in old:
            self._remove(run)
        return len(old)

    def forget(self, sync: str, key: str) -> int:
        """Take one record out of all that is staged of a sync; return how many files or unfinished runs it was in.

        A run that is not finished loses everything it has staged, and says so when it goes on: its account would not
        add up without the record.

        :raises ConfigurationError: when a file was sealed with a key that is not there: nobody can look into it.
        """
        found = 0
        for run in self._runs(safe(sync)):
            self._drop_torn(run)
            files = [(file, kept) for file in _files(run.folder) if (kept := self._without(file, key)) is not None]
            if files and run.read_json(COMMITTED) is None:
                self._remove(run)
                found += 1
                continue
            for file, kept in files:
                put(file, kept)
            found += len(files)
        return found

    def reseal(self) -> int:
        """Encrypt with the newest key; return how many files were not yet."""
        stale = 0
        for run in self._runs():
            self._drop_torn(run)
            for file in _files(run.folder):
                blobs = _blobs(file)
                if not all(map(self._keyring.is_current, blobs)):
                    put(file, _joined(file, [self._keyring.seal(self._keyring.open(blob)) for blob in blobs]))
                    stale += 1
        return stale

    def _runs(self, sync: str = "") -> Iterator[Staging]:
        """Yield the runs' folders, `<root>/<sync>/<instance>/<run>`."""
        for syncs in _folders(self._root):
            if sync in ("", syncs.name):
                for instance in _folders(syncs):
                    yield from (Staging(folder, self._keyring) for folder in _folders(instance))

    def _remove(self, run: Staging) -> None:
        state, name = SyncState(self._state, run.folder.parent.parent.name), run.folder.name
        for part in ("", *run.ranges()):
            state.drop_resume(name, part)
        run.remove()

    def _drop_torn(self, run: Staging) -> None:
        """Remove what a task that died has not written to its end: its next try would not take it for a part either."""
        if run.read_json(COMMITTED) is not None:
            return
        for file in _files(run.folder):
            blobs = _blobs(file) if _is_part(file) else []
            torn = _is_part(file) and not (blobs and all(map(self._keyring.is_whole, blobs)))
            if torn or file.name.startswith(DRAFT):
                file.unlink()

    def _without(self, file: Any, key: str) -> bytes | None:
        """Return a file's content without a record, sealed; None when the record is not in it."""
        blobs = _blobs(file)
        kept = [self._blob_without(blob, key, packed=_is_part(file)) for blob in blobs]
        if all(blob is None for blob in kept):
            return None
        return _joined(file, [old if new is None else new for old, new in zip(blobs, kept, strict=True)])

    def _blob_without(self, blob: bytes, key: str, *, packed: bool) -> bytes | None:
        plain = self._keyring.open(blob)
        text = zstandard.ZstdDecompressor().decompress(plain) if packed else plain
        try:
            data = _decode(text)
        except msgspec.DecodeError:
            # A table for people: it goes as a whole.
            return self._keyring.seal(b"") if key.encode() in text else None
        kept = _strip(data, key)
        if kept is data:
            return None
        text = _encode(kept)
        return self._keyring.seal(zstandard.ZstdCompressor(level=1).compress(text) if packed else text)


def _strip(data: Any, key: str) -> Any:
    """Return data without what is about a record; the very same object when nothing is."""
    if isinstance(data, dict):
        kept: Any = {name: _strip(value, key) for name, value in data.items() if name != key}
        if kept.get("code") in NAMED_IN and key in str(kept.get("reason")):
            # Of a rehearsal: a rival that lost to it, or won.
            kept["reason"] = replacer(key, FORGOTTEN.strip("-"))(kept["reason"])
        if "cursor" in kept and kept.get("rows") is not data.get("rows"):
            # Of a page that was read: where the reading went on, most likely behind this record.
            kept["cursor"] = None
        same = len(kept) == len(data) and all(kept[name] is value for name, value in data.items())
    elif _is_mapped(data):
        kept = list(data)
        if len(kept) > 8 and kept[7] in NAMED_IN and key in str(kept[8]):
            kept[8] = replacer(key, FORGOTTEN.strip("-"))(kept[8])
        same = kept == data
    elif isinstance(data, list):
        kept = [_strip(value, key) for value in data if not _is_about(value, key)]
        same = len(kept) == len(data) and all(one is other for one, other in zip(kept, data, strict=True))
    else:
        return data
    return data if same else kept


def _is_about(value: Any, key: str) -> bool:
    """Whether an entry of a list is a record as it was read, mapped or rehearsed, or its key alone."""
    if isinstance(value, dict):
        return bool(value.get("record_key") == key)
    if isinstance(value, list):
        return _is_mapped(value) and value[0] == key
    return bool(value == key)


def _is_mapped(value: Any) -> bool:
    """Whether a list is a mapped record, whose places mean something."""
    return isinstance(value, list) and len(value) > 1 and value[1] in STATUSES


def _folders(path: Any) -> list[Any]:
    return [entry for entry in path.iterdir() if entry.is_dir()] if path.exists() else []


def _files(folder: Any) -> Iterator[Any]:
    """Yield the sealed files below a run's folder."""
    for entry in list(folder.iterdir()):
        if entry.is_dir():
            yield from _files(entry)
        elif entry.name != MANIFEST:
            yield entry


def _is_part(file: Any) -> bool:
    return bool(file.name.endswith(".part"))


def _blobs(file: Any) -> list[bytes]:
    """Return what is sealed in a file: the parts of a chunk, or one text."""
    content = file.read_bytes()
    return list(frames(content)) if _is_part(file) else [content]


def _joined(file: Any, blobs: list[bytes]) -> bytes:
    """Return a file's content of what is sealed in it."""
    return b"".join(map(framed, blobs)) if _is_part(file) else b"".join(blobs)


def _last_touched(run: Staging) -> datetime | None:
    """Return when something was last written to a run's folder; None where the store does not say."""
    try:
        times = [file.stat().st_mtime for file in (*_files(run.folder), run.folder / MANIFEST) if file.exists()]
        newest = max(times, default=0) or run.folder.stat().st_mtime
    except (OSError, AttributeError, TypeError) as error:
        log.warning("%s: how old it is cannot be told (%s); left as it is", run.folder, type(error).__name__)
        return None
    return datetime.fromtimestamp(newest, UTC) if newest else None
