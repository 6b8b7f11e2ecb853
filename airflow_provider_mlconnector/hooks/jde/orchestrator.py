"""Running orchestrations of the site: both input formats, and all the ways in which a 200 is a failure.

POST `/jderest/v2/orchestrator/{name}`. An orchestration runs in one synchronous call, is no database transaction
and has no idempotency key: one that writes is never repeated blindly.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    OutcomeUnknown,
    RecordRejected,
)
from airflow_provider_mlconnector.hooks.jde.connection import FieldConfig, OrchestrationConfig
from airflow_provider_mlconnector.hooks.jde.dates import DayRange, to_strftime
from airflow_provider_mlconnector.hooks.jde.errors import ServerFault, Trouble, troubles
from airflow_provider_mlconnector.hooks.jde.outputs import rows_in
from airflow_provider_mlconnector.hooks.jde.values import as_any

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

ORCHESTRATOR_PATH = "/jderest/v2/orchestrator/"
DEFAULT_GRID = "GridData"
BAD_STATUS = re.compile(r"ERR|FAIL|EXCEPTION|ABORT|.*\bWITH ERROR")
"""How a `jde__status` of failure begins; only SUCCESS was seen for the others, so any other word is taken for good."""


class OrchestrationEnded(OutcomeUnknown):
    """A writing one ended with an error of its own step: what it did before that stands, and nothing more is to come.

    `detail` is the vendor's words, which may be about a person.
    """

    detail: str | None = None


def run(
    client: JdeClient,
    config: OrchestrationConfig,
    inputs: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]] | None = None,
    *,
    reading: bool = False,
) -> dict[str, Any]:
    """Run an orchestration and return its answer.

    :param inputs: our names (translated by `config.fields`) to values; None is not sent.
    :param rows: rows of its grid, same names.
    :param reading: it only reads, so that it may be repeated.
    :raises OutcomeUnknown: a writing one got no answer or failed half-way; look in the target first.
    :raises OrchestrationEnded: as that, and it is known to run no more.
    :raises RecordRejected: a writing one refused what it was given; with continue-on-error steps before the one that
        failed may have been done, so look there in this case as well.
    :raises UnexpectedAnswer: a reading one failed.
    """
    started = client.clock()
    path = ORCHESTRATOR_PATH + quote(config.name, safe="")

    def check(document: dict[str, Any]) -> None:
        _check(config.name, document, reading)

    try:
        document = client.send(path, _body(client, config, inputs, rows), check=check, repeatable=reading)
    except ServerFault as fault:
        if reading:
            raise fault.lasting() from None
        kind = OrchestrationEnded if fault.is_answer else OutcomeUnknown
        error = kind(f"orchestration {config.name} failed on the server", code=fault.code)
        if isinstance(error, OrchestrationEnded):
            error.detail = fault.words or None
        raise error from None
    log.info("jde orchestration %s: %d ms", config.name, round((client.clock() - started) * 1000))
    return document


def opportunities(client: JdeClient, days: DayRange | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of the orchestration `opportunities` as flat dicts keyed `ORCH.<field>`.

    The days go in as `from_date` and `to_date` if `fields` of its configuration has inputs for them; without, it
    reads everything each time. Our other names in `fields` are added to each row besides the orchestration's own.

    :raises ConfigurationError: none is configured, or its rows are not where `rows` says.
    """
    config = client.connection.orchestrations.opportunities
    if config is None:
        raise ConfigurationError(f"Connection '{client.connection.conn_id}' names no orchestration 'opportunities'")
    given = {"from_date": days.first, "to_date": days.last} if days else {}
    inputs = {name: value for name, value in given.items() if name in config.fields and value is not None}
    document = run(client, config, inputs, reading=True)
    names = {_field(field).name: ours for ours, field in config.fields.items()}
    for row in rows_in(config, document):
        flat = {name: as_any(cell) for name, cell in row.items() if not isinstance(cell, list)}
        flat |= {names[name]: value for name, value in flat.items() if name in names}
        yield {f"ORCH.{name}": value for name, value in flat.items()}


def _field(field: str | FieldConfig) -> FieldConfig:
    return field if isinstance(field, FieldConfig) else FieldConfig(name=field)


def _body(
    client: JdeClient, config: OrchestrationConfig, inputs: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] | None
) -> dict[str, Any]:
    flat = _translate(client, config, inputs)
    grid = [_translate(client, config, row) for row in rows or ()]
    name = config.rows or DEFAULT_GRID
    if (config.inputs or ("standard" if rows else "generic")) == "generic":
        return flat | ({name: grid} if grid else {})
    body: dict[str, Any] = {"inputs": _pairs(flat)}
    if grid:
        body["detailInputs"] = [{"name": name, "repeatingInputs": [{"inputs": _pairs(row)} for row in grid]}]
    return body


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _translate(client: JdeClient, config: OrchestrationConfig, values: Mapping[str, Any]) -> dict[str, str]:
    sent = {}
    for name, value in values.items():
        field = _field(config.fields.get(name, name))
        if value is not None:
            sent[field.name] = _text(client, field, value)
    return sent


def _text(client: JdeClient, field: FieldConfig, value: Any) -> str:
    """Write a value as an input takes it: everything as text, as in Oracle's samples."""
    if isinstance(value, date):
        if field.format == "epoch_ms":
            midnight = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
            return str(round(midnight.timestamp() * 1000))
        return value.strftime(to_strftime(field.format) if field.format else client.date_format)
    # Plain decimals: the scaling by 100 belongs to SQL, not to orchestrations.
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _check(name: str, document: dict[str, Any], reading: bool) -> None:
    found = list(_failures(document))
    if document.get("Warnings") or str(document.get("jde__status", "")).upper().startswith("WARN"):
        log.warning("jde orchestration %s ended with warnings", name)
    if not found:
        return
    code = next((trouble.code for trouble in found if trouble.code), "ORCHESTRATION")
    if reading:
        raise ServerFault(f"orchestration {name} failed", code=code)
    words = "; ".join(trouble.text for trouble in found if trouble.text)
    raise RecordRejected(f"orchestration {name} refused the record", code=code, detail=words or None)


def _failures(document: dict[str, Any]) -> Iterator[Trouble]:
    """Yield what says that an orchestration failed, also within its steps."""
    refused = document.get("status") == "ERROR" and (document.get("errorText") or document.get("message"))
    if refused or any(document.get(key) for key in ("exception", "sysErrors", "errorDetails")):
        yield from troubles(document)
    status = str(document.get("jde__status") or "SUCCESS").upper()
    if BAD_STATUS.match(status):
        yield Trouble(status, str(document.get("jde__simpleMessage") or ""))
    for key in ("continuedOnError", "Errors", "Errors/Warnings", "errors"):
        entries = document.get(key)
        found = [Trouble.of(entry) for entry in (entries if isinstance(entries, list) else [entries]) if entry]
        yield from (trouble for trouble in found if not trouble.text.lower().startswith("warning"))
    for key, step in document.items():
        if isinstance(step, dict) and key != "errorDetails":
            yield from troubles(step) if any(k.startswith("fs_") for k in step) else ()
            if key.startswith("fs_"):
                yield from troubles({key: step})
