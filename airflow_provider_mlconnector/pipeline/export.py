"""A sync's rows as a CSV file, which is there whole or as it was before; each run replaces it."""

from __future__ import annotations

import csv
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.cells import cell
from airflow_provider_mlconnector.ledger.account_columns import EXPORTED
from airflow_provider_mlconnector.ledger.account_context import AccountContexts, window_of
from airflow_provider_mlconnector.pipeline.staging import root_path, safe

if TYPE_CHECKING:
    from airflow_provider_mlconnector.pipeline.job import Job

log = logging.getLogger(__name__)

Row = Mapping[str, Any]


def export_url() -> str:
    """Return `[mlconnector] export_path`, by default a folder under `$AIRFLOW_HOME`."""
    return config.option("export_path") or str(config.home() / "exports")


def export_account_context(job: Job) -> dict[str, Any]:
    """Date the rows of `mlc_account_context`, write them to `<export_path>/<sync>/<instance>/account_context.csv`.

    :return: the file's `uri` and its number of `rows`.
    """
    contexts, window = AccountContexts(job.ledger.database, job.instance), window_of(job)
    if window.moves_watermark:
        contexts.confirm(job.sync.name, window.end)
    folder = root_path(export_url()) / safe(job.sync.name) / job.instance
    rows = (row for page in contexts.pages(EXPORTED) for row in page)
    uri, count = write_csv(folder / f"{job.sync.entity}.csv", EXPORTED, rows)
    log.info("%s: %d rows exported to %s", job.sync.name, count, uri)
    return {"uri": uri, "rows": count}


def write_csv(path: Any, columns: Sequence[str], rows: Iterable[Row]) -> tuple[str, int]:
    """Write rows under a header in UTF-8 and return the file's URI and how many there were; NULL is an empty value.

    :param path: a local path, or Airflow's ObjectStoragePath.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(path, Path):
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as file:
            count = _write(file, columns, rows)
        os.replace(part, path)  # noqa: PTH105 - says that it replaces
        return path.as_uri(), count
    # An object appears when it is closed, also when it was cut short: it is made here first.
    with tempfile.TemporaryFile() as made:
        count = _write(made, columns, rows)
        made.seek(0)
        with path.open("wb") as remote:
            shutil.copyfileobj(made, remote)
    return str(path), count


def _write(file: IO[bytes], columns: Sequence[str], rows: Iterable[Row]) -> int:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    count = 0
    for cells in _cells(columns, rows):
        writer.writerow(cells)
        count += 1
    text.flush()
    text.detach()
    return count


def _cells(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[list[Any]]:
    for row in rows:
        yield [_cell(row[name]) for name in columns]


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return cell(value) if isinstance(value, str) else value
