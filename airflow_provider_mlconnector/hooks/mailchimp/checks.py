"""What the *Test* button and `mlconnector check` say about a Mailchimp Connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import PermissionDenied
from airflow_provider_mlconnector.hooks.mailchimp.errors import NotFound

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient


def lines(client: MailchimpClient) -> list[str]:
    """Return lines for a person: the login, the audience, its merge fields, the store.

    :raises MLConnectorError: for a login that is refused and an audience that is not there.
    """
    client.call("GET", "ping")
    audience = client.audience()
    tags = sorted(client.merge_fields())
    return [
        f"logged in to {client.api.base_url}{_account(client)}",
        f"audience '{audience.name}' ({audience.id}), {audience.stats.member_count} members",
        f"{len(tags)} merge fields: {', '.join(tags)}",
        _store_line(client),
    ]


def _account(client: MailchimpClient) -> str:
    try:
        name = client.call("GET", "", params={"fields": "account_name"}).value.get("account_name")
    except (PermissionDenied, NotFound):
        return ""
    return f", account '{name}'" if name else ""


def _store_line(client: MailchimpClient) -> str:
    connection = client.connection
    if not connection.store_id:
        return "no store (store_id is empty): customers are not sent"
    try:
        store = client.store()
    except PermissionDenied as denied:
        return f"store '{connection.store_id}': permission missing: {denied.message}"
    if store is not None:
        return f"store '{store.id}' ({store.name}, {store.currency_code})"
    if connection.create_missing:
        return f"store '{connection.store_id}' is not there yet; the first run creates it"
    return f"store '{connection.store_id}' is not there and create_missing is off: customers cannot be sent"
