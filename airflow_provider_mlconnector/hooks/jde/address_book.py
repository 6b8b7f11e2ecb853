"""Customers, contacts and suppliers out of the address book's tables: what they look like now.

Every table has change dates of its own, so that a customer has changed when any of its rows has; whose did is told by
`changes`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.hooks.jde.address_parts import CONTACT, CUSTOMER, SUPPLIER, Part
from airflow_provider_mlconnector.hooks.jde.changes import CUSTOMER_MASTER, SUPPLIER_MASTER
from airflow_provider_mlconnector.hooks.jde.query import equal, greater
from airflow_provider_mlconnector.hooks.jde.records import Batch, Found, Maker, extended, fetch, has_row

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient


def read_customers(client: JdeClient, keys: Sequence[int], *, columns: Collection[str] = ()) -> Batch:
    """Return one flat record per customer among `keys`, in ascending order of AN8.

    Its columns are named after the parts of `address_parts.CUSTOMER` (`F0116.ADD1` of the address in force today in
    the server's zone, `F0115_FAX.PH1`, …), None where there is no such row; plus `record_key` and `changed_at`, the
    newest change (UTC) of the rows that make the record. Numbers without an F03012 or F0101 row are left out.

    :param columns: more columns of these parts, e.g. `F0101.AC05`.
    :raises UnknownField: for a column of another table.
    """
    return _companies(client, CUSTOMER, CUSTOMER_MASTER, keys, columns)


def read_suppliers(client: JdeClient, keys: Sequence[int], *, columns: Collection[str] = ()) -> Batch:
    """Return one flat record per supplier among `keys`: numbers with an F0401 and an F0101 row.

    As `read_customers`, with the parts of `address_parts.SUPPLIER`.
    """
    return _companies(client, SUPPLIER, SUPPLIER_MASTER, keys, columns)


def _companies(
    client: JdeClient, parts: Sequence[Part], master: str, keys: Sequence[int], columns: Collection[str]
) -> Batch:
    chosen = extended(parts, columns)
    found, read = fetch(client, chosen, keys, lines=equal)
    numbers = [number for number in sorted(set(keys)) if _is_in(master, found, number)]
    if not numbers:
        return read
    make = Maker(client, chosen, found)
    return replace(read, rows=[make.record((number, 0), str(number)) for number in numbers])


def read_contacts(client: JdeClient, keys: Sequence[int], *, columns: Collection[str] = ()) -> Batch:
    """Return one flat record per contact (Who's Who line above 0) of the customers among `keys`.

    As `read_customers`, with the parts of `address_parts.CONTACT`: the contact's own F0111, phones and e-mail, the
    company's F0101. `record_key` is `AN8-IDLN`.
    """
    parts = extended(CONTACT, columns)
    found, read = fetch(client, parts, keys, lines=greater)
    lines = [line for line in sorted(found["F0111"]) if _is_in(CUSTOMER_MASTER, found, line[0])]
    if not lines:
        return read
    make = Maker(client, parts, found, own_only=True)
    return replace(read, rows=[make.record(line, f"{line[0]}-{line[1]}") for line in lines])


def _is_in(master: str, found: Found, number: int) -> bool:
    return has_row(found, master, number) and has_row(found, "F0101", number)
