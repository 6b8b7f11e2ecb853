"""What the page shows, as CSV: streamed a page at a time, safe to open in a spreadsheet."""

# No `from __future__ import annotations`: FastAPI resolves annotations of its endpoints at run time.
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, status
from fastapi.responses import StreamingResponse

from airflow_provider_mlconnector.cells import cell
from airflow_provider_mlconnector.exceptions import MLConnectorError
from airflow_provider_mlconnector.ledger import Ledger, Scope
from airflow_provider_mlconnector.ledger.browse import every
from airflow_provider_mlconnector.plugin.access import AccessDep, LedgerDep, Number
from airflow_provider_mlconnector.plugin.preview import COLUMNS
from airflow_provider_mlconnector.plugin.preview import lines as lines_of

PAGE = 1000
REJECTS = ("record_key", "at", "target_key", "request_id", "reason_code", "reason")
RECORDS = (
    "record_key", "target_key", "status", "reason_code", "reason", "attempts", "changed_at", "first_seen_at",
    "last_seen_at", "last_sent_at", "last_run_id",
)  # fmt: skip
OpenStatus = Literal["rejected", "pending", "skipped"]

router = APIRouter()


def lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """Yield a CSV file in pieces."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        writer.writerow([cell(row[name]) for name in columns])
        if number % PAGE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _file(name: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> StreamingResponse:
    safe = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII)
    headers = {"Content-Disposition": f'attachment; filename="{safe}.csv"'}
    return StreamingResponse(lines(rows, columns), media_type="text/csv; charset=utf-8", headers=headers)


def _rejects(ledger: Ledger, run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    browse = ledger.browse
    for code, _ in browse.reject_codes(run):
        first = browse.rejects(run, code, limit=PAGE)
        yield from every(first, lambda last: browse.rejects(run, last["reason_code"], after=last["id"], limit=PAGE))


@router.get("/rejects.csv")
def rejects(run: Number, access: AccessDep, ledger: LedgerDep) -> StreamingResponse:
    """Return a run's rejects, by reason."""
    sync, row = access.run(ledger, run)
    return _file(f"{sync.name}-{row['run_id']}-rejects", _rejects(ledger, row), REJECTS)


@router.get("/planned.csv")
def planned(run: Number, access: AccessDep, ledger: LedgerDep) -> StreamingResponse:
    """Return what a dry run would do, a row per changed field."""
    sync, row = access.run(ledger, run)
    try:
        rows = lines_of(row)
    except MLConnectorError as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, error.message) from None
    return _file(f"{sync.name}-{row['run_id']}-preview", rows, COLUMNS)


@router.get("/records.csv")
def records(
    sync: str, instance: str, access: AccessDep, ledger: LedgerDep, status: OpenStatus | None = None
) -> StreamingResponse:
    """Return the present state of a sync's records, of all or of those in one state."""
    scope, browse = Scope(instance, access.sync(sync).name), ledger.browse
    first = browse.records(scope, status=status, limit=PAGE)
    rows = every(first, lambda last: browse.records(scope, status=status, after=last["record_key"], limit=PAGE))
    return _file(f"{sync}-{status or 'records'}", rows, RECORDS)
