"""What works, in lines for a person: the *Test* button and `airflow mlconnector check`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    ObjectReadOnly,
    PermissionDenied,
    QuotaExhausted,
)
from airflow_provider_mlconnector.hooks.marketo.schema import ObjectSchema

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

OBJECTS = ("companies", "opportunities", "opportunity_roles", "sales_persons", "named_accounts")


def check_lines(client: MarketoClient) -> list[str]:
    """Return a line on the login, on each object, on the day's errors and calls.

    :raises MLConnectorError: for the login and for leads alone.
    """
    client.auth.current()
    lines = [f"logged in to {client.api.base_url}", object_line("leads", client.describe, required=True)]
    items = client.connection.item_object
    lines += [object_line(obj, client.describe) for obj in (*OBJECTS, *([items] if items else []))]
    return [*lines, errors_line(client.errors), usage_line(client.usage, client.connection.daily_calls)]


def object_line(obj: str, ask: Callable[[str], ObjectSchema], *, required: bool = False) -> str:
    """Return one line on an object: how many fields can be written, or why none.

    :param required: whether the object must be there, so that an unexpected refusal is raised and no line.
    """
    try:
        schema = ask(obj)
    except ObjectReadOnly as refusal:
        if refusal.code == "1018":
            return f"{obj}: read-only, a native CRM sync owns them; they will be skipped"
        return f"{obj}: not there, they will be skipped: {refusal.message}"
    except PermissionDenied as denied:
        return f"{obj}: permission missing: {denied.message}"
    except MLConnectorError as error:
        if required or isinstance(error, CredentialsRejected):
            raise
        return f"{obj}: not available: {error}"
    managed = sum(bool(field.crm_managed) for field in schema.fields.values())
    hint = f", {managed} of them managed by a CRM" if managed else ""
    return f"{obj}: {len(schema.writable)} of {len(schema.fields)} fields can be written{hint}"


def errors_line(ask: Callable[[], dict[str, int]]) -> str:
    """Return one line on the errors that the instance answered today, to any integration."""
    try:
        counts = ask()
    except MLConnectorError as error:
        return f"errors today: not available: {error}"
    return "errors today: " + (", ".join(f"{code} × {count}" for code, count in sorted(counts.items())) or "none")


def usage_line(ask: Callable[[], int], daily: float) -> str:
    """Return one line on the day's calls; an instance without that page can be written all the same."""
    try:
        return f"{ask()} of {daily:.0f} calls used today"
    except QuotaExhausted as spent:
        return f"all calls of today are used: {spent.message}"
    except MLConnectorError as error:
        return f"calls used today: not available: {error}"
