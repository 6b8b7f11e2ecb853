"""ORCH_VOUCHER_IMPORT: writes one voucher into the batch files F0411Z1 and F0911Z1 (jde.md §6).

Inputs are the F0411Z1 column aliases; the repeating input `GridData` has the F0911Z1 aliases, a row per G/L line.
Columns are checked as the review program P0411Z1 checks them (key, type, length); accounts, amounts and the supplier
are the batch processor's business. Header and lines are not one transaction: a refused line leaves the header and the
lines before it behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .columns import DATE, DECIMAL, INTEGER, TEXT, Column, Value
from .currencies import rounded
from .errors import AisError, orchestration_failed
from .inputs import Inputs, Values, read_day
from .settings import Settings
from .stamps import stamp
from .tables import TABLES

if TYPE_CHECKING:
    from .server import JdeSandbox

HEADER, LINE, GRID = "F0411Z1", "F0911Z1", "GridData"
KEY = ("EDUS", "EDBT", "EDTN")
FIXED = {"EDSP": "0", "EDTC": "A", "EDTR": "V"}
"""Not processed, add, voucher: documented as required in both files."""
MCU_LENGTH, MAX_WHOLE = 12, 99_999_999
INPUTS, LINE_INPUTS = (
    tuple(column.alias for column in TABLES[name].columns if column.alias not in ("UPMJ", "UPMT"))
    for name in (HEADER, LINE)
)


def import_voucher(server: JdeSandbox, inputs: Inputs) -> dict[str, Any]:
    """Write the header, then the lines; returns the key and the numbers of rows written.

    Raises the 500 of the failed step when the header is refused, or a line and the site's designer said "abort".
    """
    lines = inputs.grids.get(GRID) or []
    if not lines:
        raise orchestration_failed(f"the repeating input {GRID} has no rows", GRID)
    header = _read(HEADER, inputs.values, server.settings)
    _add_header(server, header)
    errors: list[AisError] = []
    for line in lines:
        try:
            _add_line(server, header, line)
        except AisError as error:
            if server.settings.voucher_line_error == "abort":
                raise
            errors.append(error)
    answer = {**{name: header[name] for name in (*KEY, "EDLN")}, "F0411Z1_Rows": 1}
    return {**answer, "F0911Z1_Rows": len(lines) - len(errors), **_continued(errors)}


def _continued(errors: list[AisError]) -> dict[str, Any]:
    """Return what continue-on-error adds to a 200."""
    if not errors:
        return {}
    details = [detail for error in errors for detail in (error.body or {})["errorDetails"]["errors"]]
    steps = [{"step": "Add G/L lines", "message": error.message} for error in errors]
    return {"continuedOnError": steps, "Errors/Warnings": details}


def _add_header(server: JdeSandbox, header: dict[str, Value]) -> None:
    twin = _same_invoice(server, header)
    _insert(server, HEADER, header, str(header["CRCD"]))
    if twin:
        server.violations.note("invoice_twice", f"{_spelt(header)} is {twin}")


def _add_line(server: JdeSandbox, header: Mapping[str, Value], given: Values) -> None:
    shared = {name: str(header[name]) for name in KEY}
    line = _read(LINE, {**shared, **given}, server.settings)
    if line["EDLN"] == 0:
        raise orchestration_failed("EDLN must be a line number from 1", "EDLN")
    if server.faults.hit("gl_line_refused"):
        raise orchestration_failed(f"line {line['EDLN']} could not be added to {LINE}", "EDLN")
    _insert(server, LINE, line, str(line["CRCD"] or header["CRCD"]))
    if any(line[name] != header[name] for name in KEY):
        server.violations.note("stray_line", _spelt(line))


def _insert(server: JdeSandbox, name: str, row: Mapping[str, Value], currency: str) -> None:
    """Write one row, amounts rounded; raises the 500 of a key that exists."""
    table = server.store[name]
    held = dict(row)
    for alias in (column.alias for column in table.definition.columns if column.kind == DECIMAL and column.length == 2):
        amount = Decimal(held[alias])
        held[alias] = rounded(amount, currency)
        if held[alias] != amount:
            server.violations.note("not_cents", f"{_spelt(row)} {name}.{alias} = {amount}")
    try:
        table.insert(table.row({**held, **stamp(server, table)}))
    except ValueError:
        server.violations.note("z_key_twice", f"{name} {_spelt(row)}")
        raise orchestration_failed(f"{name}: a record with key {_spelt(row)} exists", "EDTN") from None


def _same_invoice(server: JdeSandbox, header: Mapping[str, Value]) -> str:
    """Return where else this invoice is: in F0411Z1 under another key, or in F0411; "" for nowhere."""
    batch, ledger = server.store[HEADER], server.store["F0411"]
    same = {"AN8": header["AN8"], "VINV": header["VINV"]}
    likely = [*batch.where({"EDUS": header["EDUS"], "EDTN": header["EDTN"]})]
    likely += batch.where(same) if header["VINV"] else []
    for row in (dict(zip(batch.columns, found, strict=True)) for found in likely):
        if any(row[name] != header[name] for name in KEY):
            return f"F0411Z1 {_spelt(row)}"
    found = ledger.where({**same, "VOD": ""}) if header["VINV"] else []
    return f"F0411 {'-'.join(str(part) for part in found[0][:3])}" if found else ""


def _spelt(row: Mapping[str, Value]) -> str:
    return "-".join(str(row[name]) for name in (*KEY, "EDLN"))


def _read(name: str, given: Values, settings: Settings) -> dict[str, Value]:
    """Return a row of Z table `name`; raises the 500 of a missing, wrong or over-long value."""
    columns = {column.alias: column for column in TABLES[name].columns}
    row = {alias: column.blank for alias, column in columns.items()}
    row |= {alias: _value(columns[alias], text, settings) for alias, text in given.items() if text.strip()}
    for alias in KEY:
        if not row[alias]:
            raise orchestration_failed(f"{name}.{alias} is required", alias)
    for alias, wanted in FIXED.items():
        if row[alias] != wanted:
            raise orchestration_failed(f"{name}.{alias} must be {wanted}, not {row[alias]!r}", alias)
    return row


def _value(column: Column, text: str, settings: Settings) -> Value:
    if column.kind == DATE:
        return read_day(text, settings, column.alias)
    if column.kind == TEXT:
        limit = column.length or MCU_LENGTH
        if len(text.strip()) > limit:
            raise orchestration_failed(f"{column.alias} {text!r} is longer than {limit} characters", column.alias)
        return text.strip()
    number = _number(column, text.strip(), settings)
    if column.kind == INTEGER:
        if number != number.to_integral_value() or not 0 <= number <= MAX_WHOLE:
            raise orchestration_failed(f"{column.alias} {text!r} is not a whole number of 8 digits", column.alias)
        return int(number)
    return number


def _number(column: Column, text: str, settings: Settings) -> Decimal:
    """Return a number in the user's decimal format, without thousands separators."""
    if not re.fullmatch(rf"[+-]?\d{{1,15}}({re.escape(settings.decimal_format)}\d+)?", text):
        raise orchestration_failed(f"{column.alias} {text!r} is not numeric", column.alias)
    return Decimal(text.replace(settings.decimal_format, "."))
