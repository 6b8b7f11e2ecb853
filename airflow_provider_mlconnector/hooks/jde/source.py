"""JD Edwards as a source of the pipeline: windows become days, changed keys become records, batch by batch."""

from __future__ import annotations

import hashlib
import heapq
import math
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby, islice
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde import address_book, records
from airflow_provider_mlconnector.hooks.jde import parties as party_book
from airflow_provider_mlconnector.hooks.jde.ahead import ahead
from airflow_provider_mlconnector.hooks.jde.changes import CUSTOMERS, SUPPLIERS, Tables, changed_keys, dated
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.orchestrator import opportunities
from airflow_provider_mlconnector.hooks.jde.query import within
from airflow_provider_mlconnector.hooks.jde.ranges import Column, is_within, ranges_of
from airflow_provider_mlconnector.pipeline.ports import Batch, Range, ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window

KEYS_AT_ONCE = 500
"""Customers per composite read; their rows come by a LIST of address numbers, and databases limit such lists."""

TABLES = 5
"""About so many calls make a composite read."""

BOUNDED = ("params", "backfill")
"""Windows that end where someone said; the others end at the present."""

ReadKeys = Callable[..., records.Batch]
"""(client, numbers, columns=) → the records among them."""
TablesOf = Callable[[Collection[str]], Tables]
"""Columns that are read → where the records and their changes are looked for."""


def days_of(window: Window, client: JdeClient) -> DayRange | None:
    """Return the days in the server's zone that a window touches; None for everything."""
    if window.start is None and window.origin != "params":
        return None
    first = window.start.astimezone(client.zone).date() if window.start else None
    return DayRange(first, (window.end - timedelta(microseconds=1)).astimezone(client.zone).date())


def change_days_of(window: Window, client: JdeClient) -> DayRange | None:
    """Return the days of changes to look for; without a last one where the window goes up to the present.

    Rows are stamped in the zone of whoever wrote them, which may be a day ahead of the server's.
    """
    days = days_of(window, client)
    return replace(days, last=None) if days and window.origin not in BOUNDED else days


class AddressBookSource:
    """Records of the address book with a change in the window."""

    def __init__(self, client: JdeClient, read: ReadKeys, tables: TablesOf):
        self._client, self._read, self._tables = client, read, tables

    @property
    def _depth(self) -> int:
        """How many batches to read ahead of the one that is being staged: enough to keep all calls allowed busy."""
        allowed = self._client.connection.max_concurrency
        return math.ceil(allowed / TABLES) + 1 if allowed > 1 else 1

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield records in ascending order of AN8; the cursor is the last AN8 dealt with."""
        also = sorted({number for key in request.also if is_within(number := number_of(key), request)})
        changed = () if request.alone else self._changed(request)
        keys = (number for number, _ in groupby(heapq.merge(changed, also)))
        chunks = iter(lambda: list(islice(keys, KEYS_AT_ONCE)), [])
        read = partial(self._read, self._client, columns=request.columns)
        for numbers, found in ahead(read, chunks, depth=self._depth):
            yield Batch(found.rows, found.read_at, numbers[-1])

    def _changed(self, request: ReadRequest) -> Iterator[int]:
        days, tables = change_days_of(request.window, self._client), self._tables(request.columns)
        return changed_keys(self._client, days, tables, after=request.after, upto=request.upto)

    def ranges(self, request: ReadRequest, *, at_most: int, rows: int) -> list[Range]:
        """Divide the records by AN8; rows are those of the table that has most of them."""
        days, tables = change_days_of(request.window, self._client), self._tables(request.columns)
        masters: list[Column] = [(f"{master}.AN8", None) for master in tables.masters]
        if not dated(days):
            return ranges_of(self._client, masters, at_most=at_most, rows=rows)
        # Most rows of a change may be others': of suppliers, the customers'.
        changed: list[Column] = [(f"{table}.AN8", within(f"{table}.UPMJ", days)) for table in tables.stamped]
        return ranges_of(self._client, changed, at_most=at_most, rows=rows, along=masters)


def number_of(record_key: str) -> int:
    """Return the AN8 of a record key, `1001` or `1001-2`."""
    return int(record_key.partition("-")[0])


def customers(client: JdeClient) -> AddressBookSource:
    """The source of customers."""
    return AddressBookSource(client, address_book.read_customers, lambda _columns: CUSTOMERS)


def contacts(client: JdeClient) -> AddressBookSource:
    """The source of customers' contacts."""
    return AddressBookSource(client, address_book.read_contacts, lambda _columns: CUSTOMERS)


def suppliers(client: JdeClient) -> AddressBookSource:
    """The source of suppliers."""
    return AddressBookSource(client, address_book.read_suppliers, lambda _columns: SUPPLIERS)


def parties(client: JdeClient) -> AddressBookSource:
    """The source of customers and vendors, each with the person its e-mail belongs to."""
    return AddressBookSource(client, party_book.read_parties, lambda _columns: party_book.PARTIES)


def party_customers(client: JdeClient) -> AddressBookSource:
    """The source of the same records, of customers alone."""
    return AddressBookSource(client, party_book.read_party_customers, party_book.tables_of_customers)


OPPORTUNITY_FIELDS = {
    "id": ("id", "opportunityid", "opportunitynumber", "externalopportunityid"),
    "name": ("name", "opportunityname"),
    "customer": ("customer", "customernumber", "customerid", "addressnumber", "an8", "externalcompanyid"),
    "stage": ("stage", "salesstage"),
    "amount": ("amount", "potentialamount", "opportunityamount"),
    "close_date": ("closedate", "expectedclosedate"),
    "description": ("description",),
    "created": ("created", "createdat", "datecreated", "externalcreateddate"),
    "modified": ("modified", "lastmodified", "updated", "lastupdated", "updatedat", "datemodified"),
}
"""Our names and the output fields they are found under, without punctuation, where `fields` does not say."""

NEVER = datetime.min.replace(tzinfo=UTC)


class OpportunitySource:
    """Sales opportunities from the orchestration that the Connection names.

    Its configuration's `fields` map our names (`id`, `modified`, `customer`, …) to its output fields; a name that is
    not mapped there is looked for under the usual spellings.
    """

    def __init__(self, client: JdeClient):
        self._client = client

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield all rows of the orchestration, which answers in one piece; it is not resumed but asked again."""
        if request.after is not None:
            return
        read_at = self._client.now()
        days = None if request.also else days_of(request.window, self._client)
        answered = list(opportunities(self._client, days))
        fields = sorted(answered[0]) if answered else []
        found = [self._record(row) for row in answered]
        if found and all(row["ORCH.id"] is None for row in found):
            raise ConfigurationError(
                f"Connection '{self._client.connection.conn_id}': the rows of the orchestration 'opportunities' have "
                f"no id; name its field in orchestrations.opportunities.fields.id. Fields: {', '.join(fields)}"
            )
        # Of equal ids the newest change counts, and of equal changes the last row.
        found.sort(key=lambda row: row["changed_at"] or NEVER)
        rows = {row["record_key"]: row for row in found}
        yield Batch(list(rows.values()), read_at, "end")

    def _record(self, row: dict[str, Any]) -> dict[str, Any]:
        plain = {_plain(field): value for field, value in row.items()}
        for name, spellings in OPPORTUNITY_FIELDS.items():
            if row.get(f"ORCH.{name}") is None:
                found = next((plain[text] for text in spellings if plain.get(text) is not None), None)
                row[f"ORCH.{name}"] = found
        # A row without an id is one record's fault, told by its content: it is rejected, and the others go.
        key = str(_without_fraction(row["ORCH.id"])) if row["ORCH.id"] is not None else f"no-id-{_digest(row)}"
        row |= self._typed(row)
        modified = row["ORCH.modified"]
        changed = None
        with suppress(OverflowError):  # a day at either end of time
            changed = modified.astimezone(UTC) if isinstance(modified, datetime) else None
        return {**row, "record_key": key, "changed_at": changed}

    def _typed(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return what is a number or a date in whatever form the designer mapped it.

        What is neither stays as it came: that is one record's fault, and the field map says so.
        """
        values = self._client.values
        typed: dict[str, Any] = {f"ORCH.{name}": _without_fraction(row[f"ORCH.{name}"]) for name in ("id", "customer")}
        moment = partial(values.moment, zone=self._client.zone)
        readers: dict[str, Callable[[Any], Any]] = {
            "amount": values.number,
            "created": moment,
            "modified": moment,
            "close_date": moment,
        }
        for name, read in readers.items():
            with suppress(UnexpectedAnswer):
                found = read(row[f"ORCH.{name}"])
                typed[f"ORCH.{name}"] = found.date() if found and name == "close_date" else found
        return typed


def _without_fraction(value: Any) -> Any:
    """Return a number's digits as they are written elsewhere: 1001.0 is the customer 1001."""
    whole = isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
    return int(value) if whole else value


def _digest(row: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()[:12]


def _plain(field: str) -> str:
    return re.sub(r"[^a-z0-9]", "", field.removeprefix("ORCH.").lower())
