"""The `marketo` Connection: a LaunchPoint service of one Marketo instance, and the limits of that instance.

Facts: Adobe's developer pages `authentication`, `base-url` and `marketo-integration-best-practices`. An instance
allows 100 calls in any 20 s and 10 at once, shared by everything that talks to it, and usually 50,000 calls a day.
"""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from pydantic import Field

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.transport.limits import Limits
from airflow_provider_mlconnector.transport.session import HttpOptions

MUNCHKIN = re.compile(r"\d{3}-[A-Za-z]{3}-\d{3}")
DAY_ZONE = "America/Chicago"
"""The daily quota is whole again at midnight US Central."""
TIMEOUT = (15.0, 120.0)
"""Connect and read, in seconds: Sync Leads may take 90 s at the server, so we wait longer than that."""


class MarketoConnection(VendorConnection):
    """One Marketo instance and the LaunchPoint service (client id and secret) that may use it."""

    conn_type: ClassVar[str] = "marketo"
    default_conn_id: ClassVar[str] = "marketo_default"
    hook_class_name: ClassVar[str] = "airflow_provider_mlconnector.hooks.marketo.hook.MarketoHook"
    hook_name: ClassVar[str] = "Marketo Engage"
    system: ClassVar[str] = "marketo"
    labels: ClassVar[dict[str, str]] = {
        "host": "REST endpoint (optional)",
        "login": "Client id",
        "password": "Client secret",
    }
    placeholders: ClassVar[dict[str, str]] = {
        "host": "https://123-ABC-456.mktorest.com/rest",
        "login": "client id of the LaunchPoint service",
        "password": "client secret of the LaunchPoint service",
    }
    api_base_paths: ClassVar[tuple[str, ...]] = (
        "/rest/asset/v1",
        "/rest/v1",
        "/rest",
        "/identity/oauth/token",
        "/identity",
        "/bulk/v1",
        "/bulk",
    )

    munchkin_id: str | None = Field(
        None,
        title="Munchkin id",
        description="The instance, as 123-ABC-456 (Admin > Munchkin). The host is made from it when none is given.",
    )
    calls_per_window: float = Field(
        100,
        gt=0,
        allow_inf_nan=False,
        title="Calls per window",
        description="Calls allowed in any window; shared by all integrations of the instance.",
    )
    window_seconds: float = Field(
        20, gt=0, allow_inf_nan=False, title="Window (seconds)", description="Length of that window."
    )
    max_concurrency: float = Field(
        5,
        gt=0,
        allow_inf_nan=False,
        title="Calls at once",
        description="Calls in flight at the same time; the instance takes 10 from all integrations.",
    )
    daily_calls: float = Field(
        50_000,
        gt=0,
        allow_inf_nan=False,
        title="Calls per day",
        description="The daily quota (Admin > Web Services); the day ends at midnight US Central.",
    )
    crm_sync: Literal["detect", "read_only", "writable"] = Field(
        "detect",
        title="Native CRM sync",
        description="read_only: companies and opportunities belong to the CRM and stay unwritten; detect: ask Marketo.",
    )
    external_id_prefix: str = Field(
        "",
        title="Prefix of external ids",
        description="Put before each external id, so that equal ids of two source systems stay apart.",
    )
    source_id_field: str | None = Field(
        None, title="Source id field", description="Custom field for the source system's id; not sent when empty."
    )
    source_modified_field: str | None = Field(
        None,
        title="Source change field",
        description="Custom field for the source system's last change; not sent when empty.",
    )
    item_object: str | None = Field(
        None, title="Item object", description="API name of the custom object that takes items; none when empty."
    )
    opportunity_company_field: str | None = Field(
        None,
        title="Company field of opportunities",
        description="Searchable custom field of opportunities that holds the external company id; not used when empty.",
    )

    @property
    def base_url(self) -> str:
        """The host as given, else the one of the Munchkin id; without any API path."""
        if self.host:
            return super().base_url
        return f"https://{self.munchkin_id}.mktorest.com"

    def check(self) -> None:
        """Refuse a Connection without an instance or without credentials.

        :raises ConfigurationError: naming what is missing.
        """
        if not self.host and not self.munchkin_id:
            raise ConfigurationError(f"Connection '{self.conn_id}': give the host, or 'munchkin_id' in extra.")
        if not self.host and not MUNCHKIN.fullmatch(self.munchkin_id or ""):
            raise ConfigurationError(
                f"Connection '{self.conn_id}': munchkin_id '{self.munchkin_id}' is not of the form 123-ABC-456."
            )
        super().check()
        if not self.login or not self.password.get_secret_value():
            raise ConfigurationError(
                f"Connection '{self.conn_id}': login is the client id and password the client secret of the "
                "LaunchPoint service (Admin > LaunchPoint > View Details); both are needed."
            )

    def options(self) -> HttpOptions:
        """Return the transport's options with this vendor's time-outs."""
        return self.http_options(timeout=TIMEOUT)


def limits(connection: MarketoConnection) -> Limits:
    """Return what the instance allows, for the limiter shared by all tasks and workers."""
    return Limits(
        calls=connection.calls_per_window,
        window=connection.window_seconds,
        concurrency=connection.max_concurrency,
        daily=connection.daily_calls,
        day_zone=DAY_ZONE,
    )
