"""Rows of (target field, source field or fields, converter): the table, its checks, the user's additions."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.mapping.compile import LIST, compile_rows
from airflow_provider_mlconnector.mapping.converters import CONVERTERS, EACH, SEVERAL, WITH_ARGUMENT

SOURCE_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*\.[A-Za-z0-9_]+")
LENGTH = re.compile(r"[1-9][0-9]{0,5}")
RECORD_FIELDS = ("record_key", "changed_at")
"""Not columns: the record's own key, and when it last changed."""

GRAMMAR = (
    'a row is "TABLE.FIELD", {"source": "TABLE.FIELD" or a list of them, "convert": name, "clear": true|false}, '
    '{"value": constant} or null'
)


_canonical = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Row:
    """One target field and where its value comes from.

    :param convert: a converter's name, `name:argument` where it takes one; empty passes the value as it is.
    :param clear: send a blank as null; otherwise a blank is not sent, so that it erases nothing in the target.
    :param value: a constant, when there are no sources.
    :param optional: left out where the target has no such field (a default row, never a user's).
    :param prefix: put before the value, after the converter; a Connection's, never a user's.
    """

    target: str
    sources: tuple[str, ...] = ()
    convert: str = ""
    clear: bool = False
    value: Any = None
    optional: bool = False
    prefix: str = ""

    @property
    def origin(self) -> list[str]:
        """The sources as the audit trail shows them."""
        return list(self.sources)


def to(target: str, *sources: str, convert: str = "", optional: bool = False) -> Row:
    """Return a row of a default map."""
    return Row(target, sources, convert or ("join" if len(sources) > 1 else ""), optional=optional)


def constant(target: str, value: Any, *, optional: bool = False) -> Row:
    """Return a row with a fixed value."""
    return Row(target, value=value, optional=optional)


@dataclass(frozen=True)
class FieldMap:
    """The rows of one sync, one per target field."""

    rows: tuple[Row, ...]

    @cached_property
    def version(self) -> str:
        """A short hash of the table; changes when any row does."""
        return hashlib.sha256(_canonical(self.to_json())).hexdigest()[:12]

    @cached_property
    def function(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """The table as one function from source record to payload."""
        return compile_rows(self.rows)

    @cached_property
    def origins(self) -> dict[str, list[str]]:
        """Target field → source fields."""
        return {row.target: row.origin for row in self.rows}

    @property
    def columns(self) -> set[str]:
        """The source fields that the map reads."""
        return {source for row in self.rows for source in row.sources} - set(RECORD_FIELDS)

    def without(self, targets: Collection[str]) -> FieldMap:
        """Return the map without the rows of these target fields."""
        return FieldMap(tuple(row for row in self.rows if row.target not in targets))

    def extended(self, user: Mapping[str, Any], tables: Collection[str]) -> FieldMap:
        """Return the map with the user's rows added, replaced or removed.

        :param tables: the source tables the sync reads.
        :raises ConfigurationError: naming the row and what is wrong with it.
        """
        rows = {row.target: row for row in self.rows}
        for target, given in user.items():
            if given is None:
                rows.pop(target, None)
            else:
                rows[target] = _parse(target, given, tables)
        _check_lists(rows)
        return FieldMap(tuple(rows.values()))

    def plus(self, rows: Iterable[Row]) -> FieldMap:
        """Return the map with rows added or replaced."""
        merged = {row.target: row for row in self.rows} | {row.target: row for row in rows}
        return FieldMap(tuple(merged.values()))

    def to_json(self) -> list[dict[str, Any]]:
        """The rows as plain data."""
        return [asdict(row) for row in self.rows]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> FieldMap:
        """The map of `to_json`."""
        return cls(tuple(replace(Row(row["target"]), **{**row, "sources": tuple(row["sources"])}) for row in rows))


def _check_lists(rows: Mapping[str, Row]) -> None:
    """Refuse a row about the entries of a list that no row makes."""
    for target in rows:
        name, mark, _ = target.partition(LIST)
        if mark and (name not in rows or rows[name].convert != EACH):
            raise ConfigurationError(
                f"field map, row '{target}': there is no list '{name}'; a row such as \"{name}\": "
                f'{{"source": "TABLE.LINES", "convert": "{EACH}"}} makes one'
            )


def _parse(target: str, given: Any, tables: Collection[str]) -> Row:
    where = f"field map, row '{target}'"
    if isinstance(given, str):
        given = {"source": given}
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{where}: {GRAMMAR}")
    if not _is_of_the_grammar(given):
        raise ConfigurationError(f"{where}: {GRAMMAR}")
    if "value" in given:
        value = given["value"]
        # Exact, as the staged map has it when it is read again: the two must not differ in their version.
        return Row(target, value=Decimal(str(value)) if isinstance(value, float) else value)
    sources = (given["source"],) if isinstance(given["source"], str) else tuple(given["source"])
    for source in sources:
        _check_source(where, source, tables)
    convert = given.get("convert") or ("join" if len(sources) > 1 else "")
    _check_converter(where, convert, len(sources))
    return Row(target, sources, convert, clear=given.get("clear", False))


def _is_of_the_grammar(given: Mapping[str, Any]) -> bool:
    if "value" in given:
        return set(given) == {"value"}
    return (
        set(given) <= {"source", "convert", "clear"}
        and isinstance(given.get("source"), str | list | tuple)
        and len(given["source"]) > 0
        and isinstance(given.get("convert") or "", str)
        and isinstance(given.get("clear", False), bool)
    )


def _check_source(where: str, source: Any, tables: Collection[str]) -> None:
    if isinstance(source, str) and source in RECORD_FIELDS:
        return
    if not isinstance(source, str) or not SOURCE_FIELD.fullmatch(source):
        raise ConfigurationError(f"{where}: '{source}' is no source field; {GRAMMAR}")
    table = source.partition(".")[0]
    if table not in tables:
        raise ConfigurationError(f"{where}: table '{table}' is not read here; there are {', '.join(sorted(tables))}")


def _check_converter(where: str, convert: str, sources: int) -> None:
    if not convert:
        return
    name, colon, argument = convert.partition(":")
    if name not in CONVERTERS:
        near = difflib.get_close_matches(name, CONVERTERS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(CONVERTERS)}"
        raise ConfigurationError(f"{where}: no converter '{name}'; {hint}")
    if (name in WITH_ARGUMENT) != bool(colon) or (name == "left" and not LENGTH.fullmatch(argument)):
        needs = f"needs an argument, such as {WITH_ARGUMENT[name]}" if name in WITH_ARGUMENT else "takes no argument"
        raise ConfigurationError(f"{where}: '{name}' {needs}")
    if sources > 1 and name not in SEVERAL:
        raise ConfigurationError(f"{where}: '{name}' takes one source field; for several use {', '.join(SEVERAL)}")
