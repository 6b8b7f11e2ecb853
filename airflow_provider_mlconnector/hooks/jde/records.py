"""Rows of several tables, read next to each other by address numbers, and put together to flat records.

The reads of one batch run next to each other, by address numbers (LIST), so a record is as of a few calls' time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, overload

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.access import reading_of
from airflow_provider_mlconnector.hooks.jde.address_parts import LINES, Part, Row, first, stamp_columns, table_columns
from airflow_provider_mlconnector.hooks.jde.dates import to_instant
from airflow_provider_mlconnector.hooks.jde.models import Page
from airflow_provider_mlconnector.hooks.jde.numbered import rows_of
from airflow_provider_mlconnector.hooks.jde.query import Query
from airflow_provider_mlconnector.outcomes import UNREADABLE

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

Line = tuple[int, int]
Found = dict[str, dict[Line, list[Row]]]
"""Table → (AN8, IDLN; 0 for the company) → its rows."""
Lines = Callable[[str, int], Query]
"""`equal` for the company's own lines (IDLN 0), `greater` for its contacts' (IDLN > 0)."""


@dataclass(frozen=True)
class Batch(Sequence[dict[str, Any]]):
    """Flat records; `read_at` is when the first of the `pages` calls was sent (UTC), `ms` what they took together."""

    rows: list[dict[str, Any]]
    read_at: datetime
    ms: int
    pages: int

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)


def extended(parts: Sequence[Part], columns: Collection[str]) -> list[Part]:
    """Return the parts to read: those with columns asked for, and those that tell who has a record at all.

    Only what a field map reads is asked of the server: a site's table may lack a column of the standard one. Without
    any column asked for, the parts' own columns are read.

    :raises UnknownField: for a column of no part, or one that a derived part does not have.
    """
    asked: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        name, _, alias = column.partition(".")
        asked[name].append(alias)
    names = {part.name for part in parts}
    if unknown := sorted(set(asked) - names):
        raise UnknownField(f"no rows of {', '.join(unknown)} here; there are: {', '.join(sorted(names))}")
    for part in parts:
        if part.derived and (missing := sorted(set(asked.get(part.name, ())) - set(part.columns))):
            raise UnknownField(f"{part.name} has no {', '.join(missing)}; there are: {', '.join(part.columns)}")
    if not asked:
        return [part for part in parts if part.wanted]
    return [
        replace(part, columns=tuple(asked.get(part.name, ()))) for part in parts if part.name in asked or part.needed
    ]


def fetch(client: JdeClient, parts: Sequence[Part], keys: Sequence[int], *, lines: Lines | None) -> tuple[Found, Batch]:
    """Read the rows of all parts' tables, tables next to each other.

    :param lines: which lines to read of the tables that have them; None for all.
    """
    ordered, started = sorted(set(keys)), client.now()
    tables = list(dict.fromkeys(part.table for part in parts if not part.derived))

    def read(table: str) -> list[Page]:
        where = lines(f"{table}.IDLN", 0) if lines and table in LINES else None
        columns, stamps = table_columns(parts, table), stamp_columns(parts, table)
        with reading_of(client, table):
            return list(
                rows_of(
                    client, table, columns=columns, number=f"{table}.AN8", keys=ordered, where=where, optional=stamps
                )
            )

    pages = client.at_once([lambda table=table: read(table) for table in tables])  # type: ignore[misc]
    flat = [page for of_table in pages for page in of_table]
    found = {table: _by_line(table, of_table) for table, of_table in zip(tables, pages, strict=True)}
    read_at = min((page.read_at for page in flat), default=started)
    return found, Batch([], read_at, sum(page.ms for page in flat), len(flat))


def _by_line(table: str, pages: Sequence[Page]) -> dict[Line, list[Row]]:
    grouped: dict[Line, list[Row]] = defaultdict(list)
    number, line = f"{table}.AN8", f"{table}.IDLN"
    for page in pages:
        if table in LINES:
            for row in page.rows:
                grouped[row[number], row[line] or 0].append(row)
        else:
            for row in page.rows:
                grouped[row[number], 0].append(row)
    return dict(grouped)


def has_row(found: Found, table: str, number: int) -> bool:
    """Whether an address number has a row in a table; in one that was not read it has none."""
    return (number, 0) in found.get(table, ())


class Maker:
    """Puts the rows of one batch together to records.

    :param own_only: only the rows of the own line tell when a record changed. A contact is as new as its own rows: a
        change of its company does not make it newer than its namesake.
    """

    def __init__(self, client: JdeClient, parts: Sequence[Part], found: Found, *, own_only: bool = False):
        self._found = [found[part.table] for part in parts]
        self._today = client.now().astimezone(client.zone).date()
        self._instant = partial(to_instant, zone=client.zone)
        self._make = _maker(tuple(parts), own_only)
        # Of all rows: which of them the record is made of may hang on what could not be read.
        self._unread = {
            line: row[UNREADABLE]
            for table in found.values()
            for line, rows in table.items()
            for row in rows
            if UNREADABLE in row
        }

    def record(self, line: Line, key: str) -> dict[str, Any]:
        """Return the flat record of a line, `changed_at` the newest change of the rows it is made of."""
        made = self._make(self._found, self._today, self._instant, line, key)
        if self._unread and (problem := self._unread.get(line) or self._unread.get((line[0], 0))):
            made[UNREADABLE] = problem
        return made


@lru_cache(maxsize=128)
def _maker(parts: tuple[Part, ...], own_only: bool) -> Callable[..., dict[str, Any]]:
    """Return the function from the rows of each part, a line and its key to one flat record.

    Generated, since this runs for every record that is read, and going through the parts each time costs half again.
    """
    found = ", ".join(f"f{at}" for at in range(len(parts)))
    names: dict[str, Any] = {"never": date.min}
    code = ["def make(found, today, instant, line, key):", f"  ({found},) = found"]
    code.append("  company, newest, latest = (line[0], 0), never, 0")
    for at, part in enumerate(parts):
        names[f"pick{at}"] = part.pick
        names[f"blank{at}"] = dict.fromkeys(f"{part.table}.{alias}" for alias in part.columns)
        code += _choice(at, part)
        # Without a row of its own a part has changed never.
        code += [f"  if r{at} is None: r{at} = blank{at}"]
        code += _newest(at, part) if part.own_line or not own_only else []
    cells = "".join(
        f"{f'{part.name}.{alias}'!r}: r{at}[{f'{part.table}.{alias}'!r}], "
        for at, part in enumerate(parts)
        for alias in part.columns
    )
    changed_at = "instant(newest, latest) if newest is not never else None"
    code.append(f"  return {{{cells}'record_key': key, 'changed_at': {changed_at}}}")
    exec("\n".join(code), names)  # noqa: S102 - names go in by repr()
    make: Callable[..., dict[str, Any]] = names["make"]
    return make


def _choice(at: int, part: Part) -> list[str]:
    """Return the code that chooses a part's row."""
    picked = "rows[0]" if part.pick is first else f"pick{at}(rows, today)"
    code = [f"  r{at} = {picked} if (rows := f{at}.get({'line' if part.own_line else 'company'})) else None"]
    if part.or_own_line:
        code.append(f"  if r{at} is None and (rows := f{at}.get(line)): r{at} = {picked}")
    return code


def _newest(at: int, part: Part) -> list[str]:
    """Return the code that looks whether a part's row has changed later than those before."""
    return [
        f"  elif (day := r{at}['{part.table}.UPMJ']) is not None and day >= newest:",
        f"    time = r{at}.get('{part.table}.UPMT') or 0",
        "    latest, newest = time if day > newest else max(time, latest), day",
    ]
