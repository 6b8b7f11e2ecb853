"""What the *Test* button and `mlconnector check` say about a Cin7 Connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    RecordRejected,
    Stop,
)

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client


def lines(client: Cin7Client) -> list[str]:
    """Return lines for a person: the account, its reference books, what the Connection's defaults are worth.

    :raises MLConnectorError: for a login that is refused.
    """
    me = client.me
    zone = f", {me.time_zone}" if me.time_zone else ""
    parts: tuple[tuple[str, Callable[[Cin7Client], str]], ...] = (
        ("chart of accounts", _chart),
        ("reference books", _books),
        ("products", _products),
        ("suppliers", _suppliers),
        ("account_map", _account_map),
    )
    return [
        f"logged in to {client.api.base_url}, account '{me.company}' ({me.currency}{zone})",
        *(_line(client, name, part) for name, part in parts),
    ]


def _line(client: Cin7Client, name: str, part: Callable[[Cin7Client], str]) -> str:
    try:
        return part(client)
    except CredentialsRejected:
        raise
    except PermissionDenied as denied:
        return f"{name}: permission missing: {denied.message}"
    except (ConfigurationError, RecordRejected, Stop) as problem:
        return f"{name}: {problem.message}"


def _chart(client: Cin7Client) -> str:
    chart = client.books.chart
    payables = ", ".join(each.code for each in chart.payables) or "none: suppliers cannot be created"
    return f"chart of accounts: {len(chart.accounts)} accounts; payable: {payables}"


def _books(client: Cin7Client) -> str:
    books = client.books
    return (
        f"{len(books.taxes)} tax rules for purchases, {len(books.terms)} payment terms, "
        f"{len(books.locations)} locations"
    )


def _products(client: Cin7Client) -> str:
    count = client.books.products.count()
    return "products: can be read" if count is None else f"{count} products"


def _suppliers(client: Cin7Client) -> str:
    from airflow_provider_mlconnector.hooks.cin7.filling import CODES, check_defaults, check_maps

    check_defaults(client, frozenset(CODES.values()))  # as the delivered field map has them
    check_maps(client)
    return "suppliers: the defaults are complete and known to Cin7"


def _account_map(client: Cin7Client) -> str:
    given = client.connection.account_map
    unknown = client.books.chart.unknown_in_map
    known = f"account_map: {len(given)} accounts named"
    return f"{known}; not in Cin7's chart: {', '.join(unknown)}" if unknown else known
