"""What `airflow mlconnector check` says about a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import CredentialsRejected, Stop
from airflow_provider_mlconnector.hooks.qad.validation import Checked

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.qad.client import QadClient


def check_lines(client: QadClient) -> list[str]:
    """Log in, check customers and accounts against the instance, and read a row of each.

    :raises MLConnectorError: where the login or the customers do not work; the accounts are only reported.
    """
    connection = client.connection
    client.log_in()
    customers = _resource(client, "customers")
    place = f"workspace {connection.workspace_id}" if connection.workspace_id else "the user's default workspace"
    lines = [f"login: {connection.auth_mode} at {connection.base_url}, {place}", customers]
    try:
        lines.append(_resource(client, "accounts"))
    except CredentialsRejected:
        raise
    except Stop as error:
        lines.append(f"accounts: not available: {error}")
    return lines


def _resource(client: QadClient, name: str) -> str:
    checked = client.resource(name)
    page = next(client.browse(checked.config.browse_id, page_size=1), None)
    state = "readable" if page else "no rows: empty, hidden from this user, or an unknown browse"
    return f"{name}: {state} ({checked.evidence}; {_changes(checked)})"


def _changes(checked: Checked) -> str:
    modified = checked.config.modified
    if modified and checked.wire(modified[0]):
        return f"changes by {checked.wire(modified[0])}"
    return "no change date in the browse, so that every run reads everything"
