"""Turn the rows of a field map into one Python function.

A template engine that looks every field up while it runs costs 18 to 100 times as much; the generated function reads
like one written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.mapping.converters import CONVERTERS, EACH, SEVERAL, TEXT

if TYPE_CHECKING:
    from airflow_provider_mlconnector.mapping.fieldmap import Row

Build = Callable[[Mapping[str, Any]], dict[str, Any]]

LIST = "[]."
"""In a target, between the name of a list and a field of its entries: `lines[].quantity`."""
FILLED = "if v is not None and v != '':"
"""What is blank is no value, whether the source says so by null or by an empty text."""


def compile_rows(rows: Iterable[Row]) -> Build:
    """Return the function from a source record to a payload.

    The function raises RecordRejected (code `invalid_value`) naming the target field whose value does not convert.
    """
    rows = tuple(rows)
    names: dict[str, Any] = {}
    lines = ["def build(record):", "    get, out = record.get, {}"]
    for index, row in enumerate(row for row in rows if LIST not in row.target):
        if row.convert == EACH:
            names[f"e{index}"] = _compile_entry(row, rows)
            text = _lines(replace(row, clear=False), index, names)
            text.insert(-1, f"    v = [e{index}(one, record) for one in v]")
        else:
            text = _lines(row, index, names)
        lines += [f"    {line}" for line in text]
    lines.append("    return out")
    fast: Build = _function(lines, names)

    def build(record: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return fast(record)
        except (ValueError, TypeError, ArithmeticError):
            raise _blame(rows, record) from None

    return build


def _compile_entry(
    each: Row, rows: tuple[Row, ...]
) -> Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]:
    """Return the function from an entry of a list, and its record, to an entry of the payload's list."""
    names: dict[str, Any] = {}
    lines = ["def build(entry, record):", "    mine, get, out = entry.get, record.get, {}"]
    for index, row in enumerate(entries_of(each, rows)):
        lines += [f"    {line}" for line in _lines(row, index, names, table_of(each))]
    lines.append("    return out")
    entry: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]] = _function(lines, names)
    return entry


def entries_of(each: Row, rows: Iterable[Row]) -> list[Row]:
    """Return the rows for the entries of a list, their targets without the list's name."""
    start = f"{each.target}{LIST}"
    return [replace(row, target=row.target.removeprefix(start)) for row in rows if row.target.startswith(start)]


def table_of(each: Row) -> str:
    """Return the table whose rows a list holds: its columns are looked for in the entry, all others in the record."""
    return each.sources[0].partition(".")[0] + "."


def _function(lines: list[str], names: dict[str, Any]) -> Any:
    exec("\n".join(lines), names)  # noqa: S102 - generated from checked rows; every user text goes in by repr()
    return names["build"]


def _lines(row: Row, index: int, names: dict[str, Any], table: str = "") -> list[str]:
    target = repr(row.target)
    if not row.sources:
        names[f"k{index}"] = f"{row.prefix}{row.value}" if row.prefix else row.value
        return [f"out[{target}] = k{index}"]
    reads = ", ".join(_read(source, table) for source in row.sources)
    name = row.convert.partition(":")[0]
    if row.convert:
        names[f"c{index}"] = _converter(row.convert)
    value = f"{row.prefix!r} + str(v)" if row.prefix else "v"
    if name in SEVERAL:
        lines = [f"v = c{index}({reads})"]
    elif row.convert:
        lines = [f"v = {reads}", FILLED, f"    v = {_converted(row.convert, f'c{index}')}"]
    else:
        lines = [f"v = {reads}"]
    lines += [FILLED, f"    out[{target}] = {value}"]
    return [*lines, "else:", f"    out[{target}] = None"] if row.clear else lines


def _converted(convert: str, function: str) -> str:
    """Return the call of a converter; of `text`, which most rows have, what it makes of a text already."""
    call = f"{function}(v)"
    return f"v.strip() if type(v) is str else {call}" if convert == TEXT else call


def _read(source: str, table: str) -> str:
    if table and source.startswith(table):
        return f"mine({source.removeprefix(table)!r})"
    return f"get({source!r})"


def _converter(convert: str) -> Callable[..., Any]:
    name, colon, argument = convert.partition(":")
    function = CONVERTERS[name]
    return partial(_second, function, argument) if colon else function


def _second(function: Callable[..., Any], argument: str, value: Any) -> Any:
    return function(value, argument)


def _blame(rows: tuple[Row, ...], record: Mapping[str, Any]) -> RecordRejected:
    found = _fault((row for row in rows if LIST not in row.target), record)
    for row in rows if found is None else ():
        for number, entry in enumerate(record.get(row.sources[0]) or () if row.convert == EACH else (), 1):
            own = {f"{table_of(row)}{name}": value for name, value in entry.items()}
            found = found or _fault(entries_of(row, rows), {**record, **own}, f"{row.target} {number}, ")
    return found or RecordRejected("a value could not be converted", code="invalid_value")


def _fault(rows: Iterable[Row], record: Mapping[str, Any], where: str = "") -> RecordRejected | None:
    for row in rows:
        if not row.convert:
            continue
        values = [record.get(source) for source in row.sources]
        if len(values) == 1 and values[0] in (None, ""):
            continue
        try:
            _converter(row.convert)(*values)
        except (ValueError, TypeError, ArithmeticError) as error:
            said = (
                str(error) if isinstance(error, ValueError) and str(error).startswith(("is ", "has ")) else "is invalid"
            )
            code = "invalid_email" if row.convert == "email" else "invalid_value"
            text = f"{where}{row.target}: {'/'.join(row.sources)} {said}"
            return RecordRejected(text, code=code, detail=f"{row.target} = {values}")
    return None
