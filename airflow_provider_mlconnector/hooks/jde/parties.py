"""Parties: customers and vendors alike, each with the person its e-mail belongs to.

A party's e-mail is the first (RCK7) of type E on line 0 of the Who's Who, the company itself; else of the lowest line
that has one. The person of the record is who stands on that line.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.hooks.jde.address_parts import PARTY, Part, Row, e_mail
from airflow_provider_mlconnector.hooks.jde.changes import CUSTOMER_MASTER, CUSTOMERS, SUPPLIER_MASTER, Tables
from airflow_provider_mlconnector.hooks.jde.records import Batch, Found, Maker, extended, fetch, has_row

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

TYPES = {(True, False): "Customer", (False, True): "Vendor", (True, True): "Customer and vendor"}
"""(is a customer, is a vendor) → `PARTY.TYPE`."""
NOBODY = -1
"""The own line of a party without an e-mail: there is no such line."""


def read_parties(client: JdeClient, keys: Sequence[int], *, columns: Collection[str] = ()) -> Batch:
    """Return one flat record per customer or vendor among `keys`, in ascending order of AN8.

    Its columns are named after the parts of `address_parts.PARTY`, None where there is no such row: F03012 of a pure
    vendor, F0401 of a pure customer, F0111 and F01151 of a party without e-mail. F0111 is the line of the e-mail;
    F0115 the company's, else that line's. `PARTY.TYPE` is `Customer`, `Vendor` or `Customer and vendor`,
    `PARTY.CUSTOMER` and `PARTY.VENDOR` are booleans. `record_key` is AN8; `changed_at` as in `read_customers`.

    :param columns: as in `read_customers`.
    :raises UnknownField: for a column of another table, or a table that the site does not have.
    :raises PermissionDenied: the user may not read a table; the message names it.
    """
    return _read(client, PARTY, keys, columns, of=(CUSTOMER_MASTER, SUPPLIER_MASTER))


def read_party_customers(client: JdeClient, keys: Sequence[int], *, columns: Collection[str] = ()) -> Batch:
    """Return the records of `read_parties` for customers alone.

    F0401 is only read if columns tell of vendors, so that a site without payables has its customers.
    """
    parts = [replace(part, needed=part.needed and part.name != SUPPLIER_MASTER) for part in PARTY]
    if tells_of_vendors(columns):
        parts = list(PARTY)
    return _read(client, parts, keys, columns, of=(CUSTOMER_MASTER,))


PARTIES = Tables((CUSTOMER_MASTER, SUPPLIER_MASTER), (*CUSTOMERS.stamped, SUPPLIER_MASTER))


def tables_of_customers(columns: Collection[str]) -> Tables:
    """Return where customers are looked for; a change in F0401 counts where the records tell of vendors."""
    return Tables(CUSTOMERS.masters, PARTIES.stamped) if tells_of_vendors(columns) else CUSTOMERS


def tells_of_vendors(columns: Collection[str]) -> bool:
    """Whether records of these columns (empty: the usual ones) depend on the supplier master."""
    told = {"PARTY.TYPE", "PARTY.VENDOR"}
    return not columns or any(column in told or column.startswith(f"{SUPPLIER_MASTER}.") for column in columns)


def _read(
    client: JdeClient, parts: Sequence[Part], keys: Sequence[int], columns: Collection[str], *, of: Sequence[str]
) -> Batch:
    chosen = extended(parts, columns)
    found, read = fetch(client, chosen, keys, lines=None)
    numbers = [
        number
        for number in sorted(set(keys))
        if has_row(found, "F0101", number) and any(has_row(found, master, number) for master in of)
    ]
    if not numbers:
        return read
    found["PARTY"] = {(number, 0): [_roles(found, number)] for number in numbers}
    make, lines = Maker(client, chosen, found), _lines_of_e_mail(found)
    return replace(read, rows=[make.record((number, lines.get(number, NOBODY)), str(number)) for number in numbers])


def _roles(found: Found, number: int) -> Row:
    roles = has_row(found, CUSTOMER_MASTER, number), has_row(found, SUPPLIER_MASTER, number)
    # No time of change: the rows of the masters carry theirs.
    return {"PARTY.TYPE": TYPES[roles], "PARTY.CUSTOMER": roles[0], "PARTY.VENDOR": roles[1], "PARTY.UPMJ": None}


def _lines_of_e_mail(found: Found) -> dict[int, int]:
    """Return the lowest line with an e-mail of each address number that has one."""
    lines = sorted(found["F01151"].items(), reverse=True, key=lambda line: line[0])
    return {number: line for (number, line), rows in lines if e_mail(rows, date.min)}
