"""A peer: dlt, set up for speed. Reads in parallel, files of 3,000 rows, as many load workers as calls at once.

A file is a job, and jobs run side by side, so that one big file would be sent one batch after the other.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa

from benchmarks.byhand import BATCH, Row
from benchmarks.byrequests import Reader, Writer

FILE_ROWS = 3_000


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run, taking up what an interrupted one has left; return its counts."""
    _configure(options.get("reads", 2), options.get("writes", 5))
    counts, lock = Counter(read=0, created=0, rejected=0), threading.Lock()
    writer = Writer(url)

    @dlt.destination(batch_size=BATCH, loader_file_format="parquet", naming_convention="direct", max_table_nesting=0)
    def marketo(items: pa.RecordBatch, _table: Any) -> None:
        found = writer.send([{k: v for k, v in row.items() if v is not None} for row in items.to_pylist()])
        with lock:
            counts.update(found)

    pipeline = dlt.pipeline("bench", destination=marketo, pipelines_dir=str(folder))
    if pipeline.has_pending_data:
        pipeline.run()
        return dict(counts)
    reader = Reader(url)

    def keys() -> Iterator[list[int]]:
        yield from reader.keys(since=options.get("since", ""))

    def companies(numbers: list[int]) -> Iterator[list[Row]]:
        rows = [row for row in reader.companies(numbers) if row is not None]
        with lock:
            counts.update(read=len(numbers), rejected=len(numbers) - len(rows))
        yield rows

    source = dlt.resource(keys, name="keys", selected=False)
    pipeline.run(source | dlt.transformer(companies, name="companies", parallelized=True))
    return dict(counts)


def _configure(reads: int, writes: int) -> None:
    settings = {
        "runtime.log_level": "ERROR",
        "runtime.dlthub_telemetry": False,
        "extract.workers": reads,
        "load.workers": writes,
        "data_writer.file_max_items": FILE_ROWS,
        "normalize.data_writer.file_max_items": FILE_ROWS,
        "data_writer.buffer_max_items": FILE_ROWS,
    }
    for name, value in settings.items():
        dlt.config[name] = value
