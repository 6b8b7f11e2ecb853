"""What `airflow mlconnector check` says about an AIS server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    MLConnectorError,
    RetryLater,
    Stop,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.jde.connection import ROLES
from airflow_provider_mlconnector.hooks.jde.dataservice import Browse
from airflow_provider_mlconnector.hooks.jde.models import ServerConfig
from airflow_provider_mlconnector.transport import decode_json

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

CONFIG_PATH = "/jderest/defaultconfig"
CUSTOMERS, SUPPLIERS = ROLES["customer_master"], ROLES["supplier_master"]


def check_lines(client: JdeClient) -> list[str]:
    """Ask the server what it is, log in, find out whether dates work, and read a row of the main tables.

    :raises MLConnectorError: at the first that does not work, saying what to change.
    """
    lines = [_server(client), _login(client)]
    lines.append(_dates(client))
    lines += [_table(client, table) for table in ("F0101", CUSTOMERS)]
    try:
        lines.append(_table(client, SUPPLIERS))
    except Stop as refusal:
        # A site without payables has customers all the same.
        lines.append(f"{client.dataservice.wire_name(SUPPLIERS)}: not readable, so no sync of vendors ({refusal})")
    return lines


def _table(client: JdeClient, table: str) -> str:
    grid = client.dataservice.browse(Browse(table, (f"{table}.AN8",), size=1))
    state = "readable" if grid.rowset else "no rows: empty, or hidden from this user by row security"
    return f"{client.dataservice.wire_name(table)}: {state}"


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
