"""Rows of all business documents in memory, and when they were last modified."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .documents import CUSTOM_FIELDS, DOCUMENTS, Document
from .settings import Settings

Row = dict[str, Any]
Key = tuple[str, ...]


class Table:
    """Rows of one document by key."""

    def __init__(self, document: Document):
        self.document = document
        self.rows: dict[Key, Row] = {}

    def key(self, row: Mapping[str, Any]) -> Key:
        """Return the key of a row."""
        return tuple(str(row[name]) for name in self.document.keys)

    def where(self, equal: Mapping[str, Any]) -> list[Row]:
        """Return the rows whose fields equal `equal`; raises ValueError for a field the document lacks."""
        if unknown := set(equal) - set(self.document.by_name) - set(CUSTOM_FIELDS):
            raise ValueError(f"{self.document.plural} has no field {', '.join(sorted(unknown))}")
        return [row for row in self.rows.values() if all(row.get(name) == value for name, value in equal.items())]


class Store:
    """All tables. `version` changes with every change of any row."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tables = {plural: Table(document) for plural, document in DOCUMENTS.items()}
        self.version = 0

    def __getitem__(self, plural: str) -> Table:
        return self.tables[plural]

    def document(self, path: str) -> Document | None:
        """Return the document under `/api/erp/{path}`; None when there is none, or this tenant lacks it."""
        found = next((each for each in DOCUMENTS.values() if each.path == path), None)
        return None if found is None or found.plural in self.settings.lacks else found

    def documents(self) -> list[Document]:
        """Return the documents this tenant has."""
        return [each for each in DOCUMENTS.values() if each.plural not in self.settings.lacks]

    def insert(self, plural: str, rows: Iterable[Row]) -> None:
        """Add rows; raises ValueError when a key exists."""
        table = self.tables[plural]
        for row in rows:
            if (key := table.key(row)) in table.rows:
                raise ValueError(f"{plural}: {'.'.join(key)} exists")
            table.rows[key] = row
        self.version += 1

    def update(self, row: Row, values: Mapping[str, Any]) -> None:
        """Set values of a row in place."""
        row.update(values)
        self.version += 1

    def delete(self, plural: str, rows: Iterable[Row]) -> int:
        """Remove rows; returns how many."""
        table = self.tables[plural]
        gone = [table.key(row) for row in rows]
        for key in gone:
            del table.rows[key]
        self.version += 1
        return len(gone)

    def clear(self) -> None:
        """Remove every row of every table."""
        for table in self.tables.values():
            table.rows.clear()
        self.version += 1

    def visible(self, document: Document, workspace: str) -> list[Row]:
        """Return the rows a workspace sees, in key order."""
        rows = self.tables[document.plural].rows
        return [rows[key] for key in sorted(rows) if self.sees(document, workspace, rows[key])]

    def sees(self, document: Document, workspace: str, row: Mapping[str, Any]) -> bool:
        """Say whether a workspace sees a row."""
        scopes = {"sharedSetCode": self.settings.workspaces[workspace], "domainContext": workspace.partition("_")[0]}
        return not document.scope or bool(row[document.scope] == scopes[document.scope])

    def to_dicts(self) -> dict[str, list[Row]]:
        """Return all rows of all tables, in key order."""
        return {name: [table.rows[key] for key in sorted(table.rows)] for name, table in self.tables.items()}


def iso_day(moment: datetime) -> str:
    """Return the moment's day as QAD writes dates."""
    return moment.strftime("%Y-%m-%dT00:00:00.000Z")


def stamp(moment: datetime, settings: Settings, user: str) -> Row:
    """Return the lastModified fields for a moment in the server's zone."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return {
        "lastModifiedDate": iso_day(moment),
        "lastModifiedTime": seconds if settings.time_unit == "seconds" else 0,
        "lastModifiedUser": user,
    }


def concurrency_hash(row: Mapping[str, Any]) -> str:
    """Return what changes whenever anything in the row does."""
    return hashlib.sha256(repr(sorted(row.items(), key=str)).encode()).hexdigest()[:32]


def full_record(document: Document, row: Row) -> Row:
    """Return a row as a keyed read shows it: with what every record carries, and its children likewise."""
    key = ".".join(str(row[name]) for name in document.keys)
    record = {**CUSTOM_FIELDS, **row, **_boilerplate(document.view_uri, key, row)}
    if document.children is not None:
        name, _ = document.children
        uri = document.view_uri.rpartition(".")[0] + ".I" + name[:1].upper() + name[1:-1]
        record[name] = [
            {**child, **_boilerplate(uri, f"{key}.{child['contactName']}", child)} for child in row.get(name, [])
        ]
    return record


def _boilerplate(uri: str, key: str, row: Mapping[str, Any]) -> Row:
    return {
        "uri": uri,
        "instanceURI": f"{uri}:{key}",
        "concurrencyHash": concurrency_hash(row),
        "dataOperation": "",
        "changeStatus": "",
    }
