"""Writing what a source yields into chunks, page by page, so that a killed task goes on behind its last page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from airflow_provider_mlconnector.pipeline.bundle import chain
from airflow_provider_mlconnector.pipeline.doubt import strike
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.metrics import BATCHES_READ, RECORDS_READ
from airflow_provider_mlconnector.pipeline.ports import Batch
from airflow_provider_mlconnector.pipeline.progress import Progress
from airflow_provider_mlconnector.pipeline.staging import MAX_CHUNKS, RAW, ChunkRef, Staging, rows_of_chunk

log = logging.getLogger(__name__)

KEPT_EVERY = 20
"""Parts, after which the point to resume from is kept anew."""


class _Row(msgspec.Struct):
    record_key: str


class _Part(msgspec.Struct):
    read_at: str
    cursor: Any
    rows: list[_Row]


_parts = msgspec.json.Decoder(_Part)


class Stager:
    """Writes each batch as one part, the parts as chunks.

    A page that is written is read no more, whatever happens: its part says where to go on behind it. So the point to
    resume from, which costs Airflow a call each time, is kept only now and then, and `adopt` brings it up to date.

    :param point: where to go on; changed in place.
    :param stage: the folder of the chunks, and the part of the run whose point is kept; the whole run's by default.
    :param share: so many tasks stage chunks of one run at the same time.
    """

    def __init__(self, job: Job, point: dict[str, Any], *, stage: str = RAW, share: int = 1):
        self._job, self._point, self._stage, self._share = job, point, stage, share
        self._progress = Progress(log, f"{job.sync.name}: read")
        self._unsaved = 0
        self._folder: tuple[int, Any] = (-1, None)

    @property
    def _path(self) -> Any:
        index = self._point["chunk"]
        if self._folder[0] != index:
            self._folder = index, self._job.staging.chunk_path(self._stage, index)
        return self._folder[1]

    def adopt(self) -> None:
        """Count the parts that an earlier try has written since it kept the point; what it left unfinished goes."""
        point, staging = self._point, self._job.staging
        while part := staging.read_part(self._path, point["part"]):
            packed, text = part
            page = _parts.decode(text)
            strike(point, [row.record_key for row in page.rows])
            self._count(packed, len(page.rows), page.cursor, page.read_at)
        staging.drop_parts(self._path, point["part"])
        # Behind a part that is not whole nothing is: what comes there is read again.
        staging.drop_chunks(self._stage, point["chunk"] + 1)
        if point["read"]:
            where = f"{self._job.sync.name}: {self._stage}"
            log.info("%s: going on after %d records of an interrupted try", where, point["read"])

    def stage(self, batches: Iterator[Batch]) -> list[ChunkRef]:
        """Stage all batches and return every chunk, those of an earlier try included."""
        point, staging = self._point, self._job.staging
        with self._progress:
            for batch in batches:
                if batch.rows:
                    self._write(batch)
                else:
                    point["cursor"] = batch.cursor
                    self._keep()
        if self._point["rows"]:
            self._close()
        return [read_ref(staging, index, self._stage) for index in range(self._point["chunk"])]

    def _write(self, batch: Batch) -> None:
        page = {"read_at": batch.read_at, "cursor": batch.cursor, "rows": batch.rows}
        packed = self._job.staging.write_part(self._path, self._point["part"], page)
        self._count(packed, len(batch.rows), batch.cursor, batch.read_at.isoformat())
        self._unsaved += 1
        if self._unsaved >= KEPT_EVERY:
            self._keep()
        self._progress.add(len(batch.rows))
        self._job.metrics.count(BATCHES_READ)
        self._job.metrics.count(RECORDS_READ, len(batch.rows))

    def _count(self, packed: bytes, rows: int, cursor: Any, read_at: str) -> None:
        """Move the point behind a part."""
        point = self._point
        point["digest"] = chain(point["digest"], packed)
        point["part"] += 1
        point["rows"] += rows
        point["read"] += rows
        point["cursor"] = cursor
        point["read_at"] = point["read_at"] or read_at
        # The last chunk takes all the rest: a task is mapped over at most so many.
        last = point["chunk"] >= MAX_CHUNKS // self._share - 1
        if point["rows"] >= rows_of_chunk(point["chunk"] * self._share) and not last:
            self._close()

    def _keep(self) -> None:
        part = "" if self._stage == RAW else self._stage
        self._job.state.save_resume(self._job.run.run_id, self._point, part)
        self._unsaved = 0

    def _close(self) -> None:
        point, staging = self._point, self._job.staging
        index = point["chunk"]
        ref = ChunkRef(str(staging.chunk_path(self._stage, index)), point["rows"], point["digest"], index)
        write_ref(staging, ref, self._stage)
        point.update(chunk=index + 1, part=0, rows=0, digest="")


def write_ref(staging: Staging, ref: ChunkRef, stage: str = RAW) -> None:
    """Remember a chunk that is whole."""
    staging.write_json(f"{stage}-{ref.index:05d}.json", ref.as_dict())


def read_ref(staging: Staging, index: int, stage: str = RAW) -> ChunkRef:
    """Return a chunk that is whole."""
    return ChunkRef(**staging.read_json(f"{stage}-{index:05d}.json"))
