"""Writing what a source yields into chunks, page by page, so that a killed task goes on behind its last page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.metrics import BATCHES_READ, RECORDS_READ
from airflow_provider_mlconnector.pipeline.ports import Batch
from airflow_provider_mlconnector.pipeline.progress import Progress
from airflow_provider_mlconnector.pipeline.staging import MAX_CHUNKS, RAW, ChunkRef, Staging, chain, rows_of_chunk

log = logging.getLogger(__name__)


class Stager:
    """Writes each batch as one part, the parts as chunks, and after each part the point to resume from.

    :param point: where to go on; changed in place.
    :param save: keeps the point.
    :param stage: the folder of the chunks.
    :param share: so many tasks stage chunks of one run at the same time.
    """

    def __init__(self, job: Job, point: dict[str, Any], save: Callable[[], None], *, stage: str = RAW, share: int = 1):
        self._job, self._point, self._save, self._stage, self._share = job, point, save, stage, share
        self._progress = Progress(log, f"{job.sync.name}: read")

    def stage(self, batches: Iterator[Batch]) -> list[ChunkRef]:
        """Stage all batches and return every chunk, those of an earlier try included."""
        point, staging = self._point, self._job.staging
        staging.drop_part(staging.chunk_path(self._stage, point["chunk"]), point["part"])
        with self._progress:
            for batch in batches:
                if batch.rows:
                    self._write(batch)
                else:
                    point["cursor"] = batch.cursor
                    self._save()
        if self._point["rows"]:
            self._close()
        return [read_ref(staging, index, self._stage) for index in range(self._point["chunk"])]

    def _write(self, batch: Batch) -> None:
        point, staging = self._point, self._job.staging
        path = staging.chunk_path(self._stage, point["chunk"])
        page = {"read_at": batch.read_at, "rows": batch.rows}
        blob = staging.write_part(path, point["part"], page)
        point["digest"] = chain(point["digest"], blob)
        point["part"] += 1
        point["rows"] += len(batch.rows)
        point["read"] += len(batch.rows)
        point["cursor"] = batch.cursor
        point["read_at"] = point["read_at"] or batch.read_at.isoformat()
        # The last chunk takes all the rest: a task is mapped over at most so many.
        last = point["chunk"] >= MAX_CHUNKS // self._share - 1
        if point["rows"] >= rows_of_chunk(point["chunk"] * self._share) and not last:
            self._close()
        self._save()
        self._progress.add(len(batch.rows))
        self._job.metrics.count(BATCHES_READ)
        self._job.metrics.count(RECORDS_READ, len(batch.rows))

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
