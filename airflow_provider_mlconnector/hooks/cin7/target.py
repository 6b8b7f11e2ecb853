"""Cin7 as a target of the pipeline: what a field map may name and what the Connection must give, before any read."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnknownField
from airflow_provider_mlconnector.hooks.cin7.accounts import ACCOUNT, ACCOUNT_FIELDS, SOURCE_KEY
from airflow_provider_mlconnector.hooks.cin7.books import Book
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.filling import check_defaults, check_maps
from airflow_provider_mlconnector.hooks.cin7.order_fields import PURCHASE_FIELDS
from airflow_provider_mlconnector.hooks.cin7.order_lines import LINE_FIELDS, LINES
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import SUPPLIER_FIELDS, check_supplier
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.mapping.compile import LIST
from airflow_provider_mlconnector.pipeline.ports import Plan, Validator

FIELDS: dict[str, tuple[str, ...]] = {
    "suppliers": SUPPLIER_FIELDS,
    "purchases": (*PURCHASE_FIELDS, *(f"{LINES}{LIST}{name}" for name in LINE_FIELDS)),
    "accounts": ACCOUNT_FIELDS,
}
"""Object → the fields that a row of its field map may have as its target."""


def plan_suppliers(_source: Any, client: Cin7Client, field_map: FieldMap) -> Plan:
    """Check a field map for suppliers, and the defaults against the reference books.

    :raises UnknownField: for a row whose target no supplier has.
    :raises ConfigurationError: for a default that is missing, or that Cin7 does not know.
    """
    check_targets("suppliers", field_map, needed=(SOURCE_KEY, "Name"))
    check_defaults(client, frozenset(field_map.origins))
    check_maps(client)
    return Plan(field_map.to_json())


def plan_purchases(_source: Any, client: Cin7Client, field_map: FieldMap) -> Plan:
    """Check a field map for purchases, and the defaults and the account map against the reference books.

    :raises UnknownField, ConfigurationError: as `plan_suppliers`.
    """
    check_targets("purchases", field_map, needed=(SOURCE_KEY, "SupplierID", LINES))
    given, books = client.connection.defaults, client.books
    if given.location:
        _check_default(client, "location", given.location, books.locations)
    if given.tax_rule:
        _check_default(client, "tax_rule", given.tax_rule, books.taxes)
    check_maps(client)
    _check_account_map(client)
    return Plan(field_map.to_json())


def plan_accounts(_source: Any, client: Cin7Client, field_map: FieldMap) -> Plan:
    """Check a field map for accounts, and the account map against Cin7's chart.

    :raises UnknownField, ConfigurationError: as `plan_suppliers`.
    """
    check_targets("accounts", field_map, needed=(SOURCE_KEY, ACCOUNT))
    _check_account_map(client)
    return Plan(field_map.to_json())


def validate_suppliers(_plan: Plan) -> Validator:
    """Return the check of one supplier's payload, without any call."""
    return check_supplier


def validate_nothing(_plan: Plan) -> Validator:
    """Return no check: purchases and accounts are checked against the reference books, all reasons at once."""
    return _anything


def _anything(_payload: Mapping[str, Any]) -> None:
    """Accept it."""


def has_supplier_field(_client: Cin7Client, field: str) -> bool:
    """Whether a row of this target is about suppliers."""
    return field in FIELDS["suppliers"]


def has_purchase_field(_client: Cin7Client, field: str) -> bool:
    """Whether a row of this target is about purchases."""
    return field in FIELDS["purchases"]


def has_account_field(_client: Cin7Client, field: str) -> bool:
    """Whether a row of this target is about accounts."""
    return field in FIELDS["accounts"]


def check_targets(obj: str, field_map: FieldMap, *, needed: Sequence[str]) -> None:
    """Refuse rows whose target the object does not have, and a map without what it needs.

    :raises UnknownField: naming the nearest field.
    :raises ConfigurationError: naming the row that is missing.
    """
    known, one = FIELDS[obj], obj.removesuffix("s")
    for target in field_map.origins:
        if target not in known:
            near = difflib.get_close_matches(target, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
            raise UnknownField(f"a Cin7 {one} has no field '{target}'; {hint}")
    for target in needed:
        if target not in field_map.origins:
            raise ConfigurationError(f"the field map of {obj} has no row for '{target}', which a Cin7 {one} needs")


def _check_default(client: Cin7Client, setting: str, value: str, book: Book[Any]) -> None:
    if value not in book:
        raise ConfigurationError(f"Connection '{client.connection.conn_id}': defaults.{setting}: {book.unknown(value)}")


def _check_account_map(client: Cin7Client) -> None:
    if unknown := client.books.chart.unknown_in_map:
        raise ConfigurationError(
            f"Connection '{client.connection.conn_id}': account_map names codes that Cin7's chart of accounts does "
            f"not have: {', '.join(unknown)}"
        )
