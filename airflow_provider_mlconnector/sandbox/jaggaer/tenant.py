"""What the tenant holds: one table per resource."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, copied, get, merged, put
from airflow_provider_mlconnector.sandbox.jaggaer.resources import DEFAULTS, Resource, tenant
from airflow_provider_mlconnector.sandbox.jaggaer.settings import Settings

FIRST_IDS = {
    "suppliers": 50_001,
    "gl_accounts": 1,
    "cost_centers": 1,
    "purchase_orders": 300_001,
    "invoices": 2_400_001,
}


@dataclass
class Row:
    """One record, in the default shape, and the second at which it last changed.

    `kind`: how an invoice was made; `shown_from`: the second from which on it can be read.
    """

    id: int
    record: Record
    modified: float
    kind: str = ""
    shown_from: float = 0.0


class Table:
    """The records of one resource by id, found by any field that stands in objects (not in lists)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[int, Row] = {}
        self._next = FIRST_IDS[name]
        self._indexes: dict[str, dict[str, list[Row]]] = {}

    def insert(self, record: Record, now: float, kind: str = "") -> Row:
        """Add a record under the next id."""
        row = Row(self._next, record, now, kind)
        self._next += 1
        self.rows[row.id] = row
        # The public client reads a company's id as text, an invoice's as a number.
        put(record, DEFAULTS[self.name].key, str(row.id) if self.name == "suppliers" else row.id)
        self._indexes.clear()
        return row

    def update(self, row: Row, changes: Record, now: float) -> None:
        """Change a record, object by object; lists are replaced."""
        row.record, row.modified = merged(row.record, changes), now
        self._indexes.clear()

    def delete(self, row: Row) -> None:
        """Remove a record."""
        del self.rows[row.id]
        self._indexes.clear()

    def by(self, path: str, value: object) -> list[Row]:
        """Return the records in which `value` stands at `path`, oldest first."""
        index = self._indexes.get(path)
        if index is None:
            index = self._indexes[path] = {}
            for row in self.rows.values():
                if (found := get(row.record, path)) is not None:
                    index.setdefault(str(found), []).append(row)
        return index.get(str(value), [])

    def where(self, conditions: Mapping[str, Any]) -> list[Row]:
        """Return the records in which each path has its value."""
        wanted = {path: str(value) for path, value in conditions.items()}
        return [row for row in self.rows.values() if all(str(get(row.record, path)) == wanted[path] for path in wanted)]


class Tenant:
    """Settings, resources and tables of one tenant."""

    def __init__(
        self, settings: Settings, clock: Clock, seed: int, resources: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.chance = random.Random(f"{seed}:invoices")
        self.resources = tenant(resources or {})
        self.tables = {name: Table(name) for name in DEFAULTS}

    def now(self) -> float:
        """Return epoch seconds, whole milliseconds: no time is more exact."""
        return int(self.clock.now() * 1000) / 1000

    def clear(self) -> None:
        """Forget all records; ids go on."""
        for table in self.tables.values():
            for row in list(table.rows.values()):
                table.delete(row)

    def supplier(self, number: object) -> Row | None:
        """Return the first supplier with this external number."""
        table = self.tables["suppliers"]
        for path in (DEFAULTS["suppliers"].external, "returnCompanyInfo.extUniqueCode"):
            if found := table.by(path, number):
                return found[0]
        return None

    def active(self, name: str, code: object) -> bool:
        """Say whether a GL account or cost center exists and may be used."""
        found = self.tables[name].by("code", code)
        return any(row.record.get("active") != "false" for row in found)

    def readable(self, name: str) -> list[Row]:
        """Return the records of a resource that can be read by now."""
        return [row for row in self.tables[name].rows.values() if row.shown_from <= self.now()]

    def shown(self, resource: Resource, row: Row) -> Record:
        """Return a record as this tenant writes it."""
        record = copied(row.record)
        put(record, DEFAULTS[resource.name].modified, time_text(row.modified, resource.time_format))
        return resource.shown(record)

    def dump(self) -> dict[str, list[Record]]:
        """Return all records, resource by resource."""
        return {
            name: [self.shown(resource, row) for row in self.tables[name].rows.values()]
            for name, resource in self.resources.items()
        }

    def duplicates(self) -> dict[str, dict[str, int]]:
        """Return, for orders and invoices, the references that more than one document has, and how many have it."""
        orders = (get(row.record, "header.poNumber") for row in self.tables["purchase_orders"].rows.values())
        invoices = (invoice_reference(row.record) for row in self.tables["invoices"].rows.values())
        return {"purchase_orders": _repeated(orders), "invoices": _repeated(invoices)}


def invoice_reference(record: Record) -> str:
    """Return supplier and invoice number of an invoice."""
    number = get(record, "header.supplierInvoiceNumber")
    return "" if number is None else f"{get(record, 'header.supplier.supplierNumber')}|{number}"


def _repeated(references: Iterable[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in _present(references):
        counts[each] = counts.get(each, 0) + 1
    return {reference: count for reference, count in counts.items() if count > 1}


def _present(references: Iterable[Any]) -> Iterator[str]:
    return (str(each) for each in references if each)


def time_text(seconds: float, pattern: str) -> str:
    """Return a time, UTC; a pattern that ends in `%f` means milliseconds and `Z`."""
    text = datetime.fromtimestamp(seconds, UTC).strftime(pattern)
    return text[:-3] + "Z" if pattern.endswith("%f") else text
