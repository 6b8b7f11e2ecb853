"""Chunks of records between tasks: compressed, encrypted, checked; a folder per run, its manifest written last.

A chunk is a folder of files, each of one part or several. Object stores cannot append, and a page that has been read
must survive a crash, so each page is a file of its own. What can be made again, as what was mapped, is written several
parts to a file: making a file costs more than what is in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.pipeline.bundle import Bundle, chain, framed, frames
from airflow_provider_mlconnector.transport.body import loads

CHUNK_ROWS = 50_000
"""Rows of a chunk: a second of mapping or two, which is what a task costs of its own."""
MAX_CHUNKS = 1_000
RAW, MAPPED = "raw", "mapped"
"""The stages of a chunk: as read, as mapped."""
COMMITTED, RANGES = "committed.json", "ranges.json"
DRAFT = ".new-"
"""Before the name of a file that is being written."""
LONGEST = 120
"""Characters of a name, before the hash that keeps it apart."""
GROWTH = 100
"""Chunks double in size every so many, so that 1,000 of them hold any source."""


class ChunkRef(msgspec.Struct, frozen=True):
    """What an XCom carries of a chunk."""

    uri: str
    rows: int
    sha256: str
    index: int

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return msgspec.structs.asdict(self)


def rows_of_chunk(index: int) -> int:
    """Return how many rows the chunk of this index should hold."""
    return CHUNK_ROWS << index // GROWTH


def safe(name: str) -> str:
    """Return a name that is one path component everywhere.

    Where it had to be changed, a short hash of the name keeps it apart from others that look the same then.
    """
    plain = re.sub(r"[^A-Za-z0-9_.=-]", "_", name)
    if plain == name and len(name) <= LONGEST and name.strip("."):
        return name
    return f"{plain[:LONGEST].lstrip('.')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def range_name(index: int) -> str:
    """Return under which name a range of a run's records is staged, and where its reading goes on."""
    return f"range-{index:03d}"


def root_path(url: str) -> Any:
    """Return the staging root: a local path, or Airflow's ObjectStoragePath for any other store."""
    if "://" not in url:
        return Path(url).expanduser().absolute()
    if url.startswith("file://"):
        return Path(url.removeprefix("file://"))
    from airflow.sdk import ObjectStoragePath

    return ObjectStoragePath(url)


def put(file: Any, content: bytes) -> None:
    """Write a file as a whole or not at all: a task may be reading it, and another may die in the midst of this."""
    if not isinstance(file, Path):
        file.write_bytes(content)
        return
    draft = file.with_name(DRAFT + file.name)
    draft.write_bytes(content)
    draft.replace(file)


def staging_url() -> str:
    """Return `[mlconnector] staging_path`, by default a folder under `$AIRFLOW_HOME`."""
    return config.option("staging_path") or str(config.home() / "staging")


class Staging:
    """The folder of one run of one sync: `<root>/<sync>/<instance>/<run>/`."""

    def __init__(self, folder: Any, keyring: Keyring):
        self.folder = folder
        self._keyring = keyring
        self._compressor = zstandard.ZstdCompressor(level=1)
        self._decompressor = zstandard.ZstdDecompressor()
        self._encoder = msgspec.json.Encoder(decimal_format="number")

    @classmethod
    def of_run(cls, root: Any, sync: str, instance: str, run_id: str, keyring: Keyring) -> Staging:
        """Open a run's folder."""
        return cls(root / safe(sync) / instance / safe(run_id), keyring)

    def chunk_path(self, stage: str, index: int) -> Any:
        """Return the folder of one chunk, made when absent."""
        path = self.folder / stage / f"{index:05d}"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def pack(self, rows: Any) -> bytes:
        """Return rows as the bytes of a part before they are sealed."""
        return self._compressor.compress(self._encoder.encode(rows))

    def write_part(self, path: Any, number: int, rows: Any) -> bytes:
        """Write one part and return its bytes before they were sealed (for `chain`): a new key changes no digest."""
        packed = self.pack(rows)
        self.write_sealed(path, number, framed(self._keyring.seal(packed)))
        return packed

    def write_sealed(self, path: Any, number: int, content: bytes) -> None:
        """Write a file of sealed parts, each `framed`."""
        (path / f"{number:05d}.part").write_bytes(content)

    @contextmanager
    def bundle(self, path: Any) -> Iterator[Bundle]:
        """Write what is added to a chunk, several parts to a file; nothing else is left in its folder."""
        bundle = Bundle(self.pack, self._keyring.seal, partial(self.write_sealed, path))
        yield bundle
        self.drop_parts(path, bundle.close())

    def read_part(self, path: Any, number: int) -> tuple[bytes, bytes] | None:
        """Return a part that stands in a file alone: as `write_part` has returned it, and its JSON.

        None when it is not there, or was not written to its end: a task that dies may leave that.
        """
        file = path / f"{number:05d}.part"
        try:
            (packed,) = map(self._keyring.open, frames(file.read_bytes()))
            return packed, self._decompressor.decompress(packed)
        except (FileNotFoundError, ValueError, ConfigurationError, zstandard.ZstdError):
            return None

    def drop_parts(self, path: Any, number: int) -> None:
        """Remove the files of a chunk from this one on."""
        while (file := path / f"{number:05d}.part").exists():
            file.unlink()
            number += 1

    def parts(self, ref: ChunkRef) -> Iterator[bytes]:
        """Yield the decrypted JSON of each part of a chunk.

        :raises UnexpectedAnswer: when the chunk is not what was written.
        """
        digest = ""
        path = root_path(ref.uri)
        number = 0
        while (file := path / f"{number:05d}.part").exists():
            for packed in map(self._keyring.open, frames(file.read_bytes())):
                digest = chain(digest, packed)
                yield self._decompressor.decompress(packed)
            number += 1
        if digest != ref.sha256:
            raise UnexpectedAnswer(f"staged chunk {ref.uri} is incomplete or was changed; clear the extract task")

    def drop_chunks(self, stage: str, index: int) -> None:
        """Remove the chunks of a stage from this one on."""
        while (folder := self.folder / stage / f"{index:05d}").exists():
            _remove_tree(folder)
            index += 1

    def loose_parts(self, stage: str, index: int) -> Iterator[bytes]:
        """Yield the decrypted JSON of each part of a chunk that no task depends on, as far as they are there."""
        path, number = self.folder / stage / f"{index:05d}", 0
        while (file := path / f"{number:05d}.part").exists():
            yield from map(self._decompressor.decompress, map(self._keyring.open, frames(file.read_bytes())))
            number += 1

    def write_json(self, name: str, data: Any) -> None:
        """Write a small JSON file of the run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        put(self.folder / name, self._keyring.seal(self._encoder.encode(data)))

    def read_json(self, name: str) -> Any:
        """Read a small JSON file of the run; None when there is none."""
        file = self.folder / name
        return loads(self._keyring.open(file.read_bytes())) if file.exists() else None

    def read_known(self, name: str) -> Any:
        """Read a small JSON file that an earlier task has written.

        :raises UnexpectedAnswer: when it is gone, for instance after the staged records were swept.
        """
        data = self.read_json(name)
        if data is None:
            raise UnexpectedAnswer(f"the run's staged records are gone ({self.folder}/{name}); clear the extract task")
        return data

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write `manifest.json`: window, read times, versions; no record."""
        self.folder.mkdir(parents=True, exist_ok=True)
        put(self.folder / "manifest.json", msgspec.json.format(self._encoder.encode(manifest)))

    def manifest(self) -> dict[str, Any] | None:
        """Read the manifest; None when the extract has not ended."""
        file = self.folder / "manifest.json"
        return msgspec.json.decode(file.read_bytes()) if file.exists() else None

    def ranges(self) -> list[str]:
        """Return the names of the ranges whose reading has begun."""
        prefix = range_name(0)[:-3]
        entries = self.folder.iterdir() if self.folder.exists() else ()
        return [entry.name for entry in entries if entry.name.startswith(prefix) and entry.is_dir()]

    def remove(self, stage: str = "") -> None:
        """Delete the run's folder with all its files, or one stage of it."""
        folder = self.folder / stage if stage else self.folder
        if folder.exists():
            _remove_tree(folder)


def _remove_tree(path: Any) -> None:
    for entry in path.iterdir():
        if entry.is_dir():
            _remove_tree(entry)
        else:
            entry.unlink()
    # In an object store a folder goes with its last object.
    if path.exists():
        path.rmdir()
