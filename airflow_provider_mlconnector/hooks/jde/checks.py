"""What `airflow mlconnector check` says about an AIS server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import ValidationError

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    MLConnectorError,
    RetryLater,
    Stop,
    Unavailable,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.jde.connection import ROLES
from airflow_provider_mlconnector.hooks.jde.dataservice import Browse
from airflow_provider_mlconnector.hooks.jde.models import ServerConfig
from airflow_provider_mlconnector.hooks.jde.probe import may_be_the_columns
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import edus_of
from airflow_provider_mlconnector.transport import decode_json

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

CONFIG_PATH = "/jderest/defaultconfig"
DISCOVER_PATH = "/jderest/discover/"
CUSTOMERS, SUPPLIERS = ROLES["customer_master"], ROLES["supplier_master"]
OPTIONAL = {
    SUPPLIERS: ("AN8", "vendors"),
    "F4301": ("DOCO", "purchase orders"),
    "F4311": ("DOCO", "purchase orders"),
    "F0901": ("AID", "GL accounts"),
    "F0006": ("MCU", "cost centres"),
}
VOUCHERS = {"F0411Z1": "EDTN", "F0911Z1": "EDTN", "F0411": "DOC"}
"""Tables, a column of their keys, and the records that need them; a site without one has the other syncs."""


def check_lines(client: JdeClient) -> list[str]:
    """Ask the server what it is, log in, find out whether dates work, and read a row of the main tables.

    :raises MLConnectorError: at the first that does not work, saying what to change.
    """
    lines = [_server(client), _login(client)]
    lines.append(_dates(client))
    lines += [_table(client, table, "AN8") for table in ("F0101", CUSTOMERS)]
    lines += [_optional(client, table, key, records) for table, (key, records) in OPTIONAL.items()]
    return lines + _vouchers(client)


def _table(client: JdeClient, table: str, key: str) -> str:
    grid = client.dataservice.browse(Browse(table, (f"{table}.{key}",), size=1))
    state = "readable" if grid.rowset else "no rows: empty, or hidden from this user by row security"
    return f"{client.dataservice.wire_name(table)}: {state}"


def _optional(client: JdeClient, table: str, key: str, records: str) -> str:
    try:
        return _table(client, table, key)
    except CredentialsRejected:
        raise
    except (Stop, Unavailable) as refusal:
        # An outage fails the check; a fault that came twice may be the server's way of saying that there is no such.
        if isinstance(refusal, Unavailable) and not may_be_the_columns(refusal):
            raise
        return f"{client.dataservice.wire_name(table)}: not readable, so no sync of {records} ({refusal})"


def _vouchers(client: JdeClient) -> list[str]:
    """What invoices need: nothing is looked at where the Connection names no orchestration for them."""
    config = client.connection.orchestrations.voucher_import
    if config is None:
        return ["vouchers: no sync of invoices, orchestrations names no voucher_import"]
    lines = [_optional(client, table, key, "invoices") for table, key in VOUCHERS.items()]
    try:
        client.api.request("GET", DISCOVER_PATH + quote(config.name, safe=""))
    except CredentialsRejected:
        raise
    except (Stop, RetryLater) as refusal:
        # Not every release lists its orchestrations; only a run shows whether this one takes a voucher.
        return [*lines, f"orchestration {config.name}: not listed by the server (code {refusal.code or 'none'})"]
    return [*lines, f"orchestration {config.name}: known to the server; vouchers go in as {edus_of(client.connection)}"]


def _server(client: JdeClient) -> str:
    wanted = {"requiredCapabilities": "dataservice"}
    try:
        response = client.api.request("GET", CONFIG_PATH, params=wanted, authenticated=False)
        config = ServerConfig.model_validate(decode_json(response))
    except (Stop, RetryLater, ValidationError) as error:
        # Only tells more about the server; whether it works, the login and the reads find out.
        reason = error.message if isinstance(error, MLConnectorError) else "an answer of another form"
        return f"server: {CONFIG_PATH} is not available ({reason})"
    if config.required_capability_missing:
        raise ConfigurationError("this AIS server has no data service; it needs Tools 9.2 or newer")
    return f"server: AIS {config.ais_version or 'of unknown version'}, data service available"


def _dates(client: JdeClient) -> str:
    dates = client.dataservice.dates
    for column in (f"{CUSTOMERS}.UPMJ", "F0101.UPMJ"):
        try:
            dates(column)
        except UnknownField:
            continue
        return f"dates: filters written as {dates.format} are understood; zone {client.zone}"
    return f"dates: not tried, neither {CUSTOMERS} nor F0101 has UPMJ; zone {client.zone}"


def _login(client: JdeClient) -> str:
    connection, user = client.connection, client.user
    if connection.auth == "basic":
        return f"login: user {connection.login} on each call (basic)"
    return (
        f"login: user {connection.login}, environment {connection.environment or 'default'}, dates {user.date_pattern}"
    )
