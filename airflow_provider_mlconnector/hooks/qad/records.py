"""Records of the pipeline out of browse rows and, where those are leaner than the field map, the documents' fields.

A record is flat: `CUSTOMER.customerCode`, `ACCOUNT.businessRelationCode`, `CONTACT.EMail`, plus `record_key` and
`changed_at`. A contact is an entry of its customer's document. No public source says what identifies it: the first
of `contact_key` that it has (hashed where it is an address), else its own URI, its name or its e-mail address, hashed
with the customer's code. So a contact keeps its key when
its address changes and when one before it goes; where two share a name, the address tells them apart, and only what
has nothing of this is known by its position.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnknownField
from airflow_provider_mlconnector.hooks.qad import details
from airflow_provider_mlconnector.hooks.qad.answers import Row, is_false, listed
from airflow_provider_mlconnector.hooks.qad.swagger import near_matches
from airflow_provider_mlconnector.hooks.qad.validation import Checked
from airflow_provider_mlconnector.hooks.qad.values import Naming, changed_at, field_of

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.qad.client import QadClient

log = logging.getLogger(__name__)
Record = dict[str, Any]
ALWAYS = ("isActive",)
"""Carried whether or not a map asks for it: a sync may leave deactivated records out."""
NAMES = ("contactName", "name", "firstName", "lastName")
ADDRESSES = ("EMail", "emailAddress")
IDENTITY = (("instanceURI",), ("contactName",), ("name",), ("firstName", "lastName"), ADDRESSES)
MISSING = 2
"""So many records at once without a document, and none with one: the name of the document is wrong."""


@dataclass
class Maker:
    """Makes the records of one resource.

    :param table: what the resource's own fields stand behind.
    :param columns: what the field map reads; nothing given is everything.
    """

    client: QadClient
    checked: Checked
    table: str
    columns: Collection[str] = ()
    _shown: set[str] = field(default_factory=set)
    _found: bool = False
    _warned: bool = False
    _read: int = 0
    _lists: set[str] = field(default_factory=set)
    _has_contacts: bool = False

    def __post_init__(self) -> None:
        tables = {self.table} | ({"CUSTOMER"} if self.of_contacts else set())
        for column in self.columns:
            if column.partition(".")[0] not in tables:
                raise UnknownField(f"'{column}' is not read here; there are the tables {', '.join(sorted(tables))}")
        naming = Naming(self.checked.prefix)
        self._shown |= {name.casefold() for name in naming.plain_row(dict.fromkeys(self.checked.fields))}

    @property
    def of_contacts(self) -> bool:
        """Whether a record is a contact of the row rather than the row."""
        return self.table == "CONTACT"

    def records(self, rows: Sequence[Row]) -> list[Record]:
        """Return the records of rows under plain names; documents are read side by side."""
        if not self._needs_documents(rows):
            return [self._record(row, self.table) for row in rows]
        documents = self.client.at_once(self._document, rows)
        self._judge(documents)
        merged = [self._merged(row, document) for row, document in zip(rows, documents, strict=True)]
        if not self.of_contacts:
            self._warn_of_unknown(merged)
            return [self._record(row, self.table) for row in merged]
        self._look_for_contacts(documents)
        pairs = zip(merged, documents, strict=True)
        return [record for row, document in pairs for record in self._contacts(row, document or {})]

    def changed(self, row: Row) -> datetime | None:
        """Return when a row was changed last (UTC)."""
        return changed_at(row, self.checked.config.modified, self.client.zone)

    def _needs_documents(self, rows: Sequence[Row]) -> bool:
        if not rows:
            return False
        if self.of_contacts:
            return True
        if not self.checked.config.detail_path:
            return False
        shown = self._shown | {name.casefold() for row in rows for name in row}
        return any(name.casefold() not in shown for name in self._asked(self.table))

    def _asked(self, table: str) -> list[str]:
        return sorted(name for owner, _, name in (each.partition(".") for each in self.columns) if owner == table)

    def _document(self, row: Row) -> Row | None:
        config = self.checked.config
        known = {name: field_of(row, name) for name in config.key}
        return details.read(self.client, config, details.key_of(self.client, config, known))

    def _judge(self, documents: Sequence[Row | None]) -> None:
        config, name = self.checked.config, self.checked.name
        missing = sum(document is None for document in documents)
        self._found = self._found or missing < len(documents)
        if missing >= MISSING and not self._found:
            raise ConfigurationError(
                f"Connection '{self.client.connection.conn_id}': the browse shows {name} and none of them is found "
                f"under {config.detail_path}; check detail_path, view_uri and key in extra resources.{name}, and "
                "workspace_id"
            )
        if missing:
            log.warning("qad %s: %d records are in the browse and have no document", name, missing)

    def _merged(self, row: Row, document: Row | None) -> Row:
        # The document was read later than the row.
        return {**row, **Naming("").plain_row(document)} if document else row

    def _warn_of_unknown(self, rows: Sequence[Row]) -> None:
        shown = {name for row in rows for name in row}
        folded = self._shown | {name.casefold() for name in shown}
        unknown = [name for name in self._asked(self.table) if name.casefold() not in folded]
        if unknown and not self._warned:
            self._warned = True
            near = sorted({match for name in unknown for match in near_matches(name, shown)})
            log.warning(
                "qad %s: neither browse nor document shows %s; near: %s",
                self.checked.name, ", ".join(unknown), ", ".join(near) or "nothing",
            )  # fmt: skip

    def _look_for_contacts(self, documents: Sequence[Row | None]) -> None:
        wanted = (self.checked.config.contacts or "").casefold()
        for document in filter(None, documents):
            self._read += 1
            self._lists |= {name for name, value in document.items() if isinstance(value, list)}
            self._has_contacts = self._has_contacts or wanted in map(str.casefold, document)

    def finish(self) -> None:
        """Judge what can only be judged at the end.

        :raises ConfigurationError: several documents with child lists, and in none the one of the contacts.
        """
        if not self.of_contacts or self._has_contacts or self._read < MISSING:
            return
        config, name = self.checked.config, self.checked.name
        text = (
            f"Connection '{self.client.connection.conn_id}': none of {self._read} documents of {config.plural} has "
            f"'{config.contacts}'; set contacts in extra resources.{name} to the list that holds them. Lists: "
            f"{', '.join(sorted(self._lists)) or 'none'}"
        )
        if self._lists:
            raise ConfigurationError(text)
        # An instance may leave out what is empty, and these customers may have no contact.
        log.warning("%s", text)

    def _record(self, row: Row, table: str) -> Record:
        key = str(field_of(row, self.checked.config.record_field))
        return {**self._columns(row, table), "record_key": key, "changed_at": self.changed(row)}

    def _columns(self, row: Row, table: str) -> Record:
        asked = self._asked(table)
        if not self.columns:
            return {f"{table}.{name}": _flag(name, value) for name, value in row.items()}
        names = dict.fromkeys([*asked, *(ALWAYS if table != "CONTACT" else ()), *self._own_key(table)])
        return {f"{table}.{name}": _flag(name, field_of(row, name)) for name in names}

    def _own_key(self, table: str) -> tuple[str, ...]:
        return () if table == "CONTACT" else (self.checked.config.record_field,)

    def _contacts(self, customer: Row, document: Row) -> Iterator[Record]:
        code = str(field_of(customer, self.checked.config.record_field))
        entries = field_of(document, self.checked.config.contacts or "")
        found = [Naming("").plain_row(each) for each in listed(entries) if isinstance(each, dict)]
        for contact, mark in zip(found, contact_marks(found, self.checked.config.contact_key, code), strict=True):
            moments = [moment for moment in (self.changed(contact), self.changed(customer)) if moment]
            yield {
                **self._columns(customer, "CUSTOMER"),
                **self._columns(contact, "CONTACT"),
                "record_key": f"{code}-{mark}",
                "changed_at": max(moments, default=None),
            }


def contact_marks(contacts: Sequence[Row], candidates: Sequence[str], code: str) -> list[str]:
    """Return what tells each contact of a customer from the others; without a hyphen.

    What holds an `@`, and every name, address or URI, stands there as a 64-bit hash of itself and the customer's code.
    The hash has no secret: it keeps an address from being read, not from being tried by who knows code and address.

    :param code: the customer's code.
    """
    marks: list[str] = []
    first = [_mark(contact, candidates, code) for contact in contacts]
    for position, (contact, mark) in enumerate(zip(contacts, first, strict=True), start=1):
        own = mark if first.count(mark) == 1 else _hash([mark, *_values(contact, (*NAMES, *ADDRESSES))], code)
        marks.append(own if own and own not in marks else f"{own or ''}.{position}".lstrip("."))
    return marks


def _mark(contact: Row, candidates: Sequence[str], code: str) -> str:
    for name in candidates:
        if (value := field_of(contact, name)) is not None:
            text = str(value)
            return _hash([text.casefold()], code) if "@" in text else text.replace("-", "_")
    return next((_hash(values, code) for names in IDENTITY if (values := _values(contact, names))), "")


def _values(contact: Row, names: Sequence[str]) -> list[str]:
    return [str(value).casefold() for name in names if (value := field_of(contact, name)) is not None]


def _hash(values: Sequence[str], code: str) -> str:
    text = "\x1f".join([code, *values])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if any(values) else ""


def _flag(name: str, value: Any) -> Any:
    # A browse may show a flag as text, of which "false" would count as true.
    return value if name not in ALWAYS or value is None else not is_false(value)


def customer_of(record_key: str) -> str:
    """Return the customer code of a contact's record key, `C1-7` → `C1`; codes may hold hyphens themselves."""
    return record_key.rpartition("-")[0]
