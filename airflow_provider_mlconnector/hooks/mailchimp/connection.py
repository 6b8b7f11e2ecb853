"""The `mailchimp` Connection: an API key, the audience and the store it is to write, and the account's limit.

Facts: Mailchimp's developer page `fundamentals`. The key ends in its data centre (`…-us21`), which makes the host.
An account takes 10 connections at once from everything that talks to it; there is no quota a minute or a day.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StringConstraints

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection, short_hash
from airflow_provider_mlconnector.transport.limits import Limits
from airflow_provider_mlconnector.transport.session import HttpOptions

VERSION = "3.0"
"""The API version, which is the first part of every path."""
DATA_CENTRE = re.compile(r"[a-z]{2,4}\d{1,4}")
VENDOR_HOST = re.compile(r"([a-z0-9]+)\.api\.mailchimp\.com")
TIMEOUT = (15.0, 130.0)
"""Connect and read, in seconds: Mailchimp's CDN cuts a call after 120 s, so we wait longer than that."""
MAX_CONNECTIONS = 10
"""Calls at once that an account takes; not raisable."""
WHERE = "Mailchimp shows it under Account & billing > Extras > API keys"


def _whole_calls(value: Any) -> Any:
    """Calls are whole: 2.5 at once are 2; fewer than one is one. What is no positive number is left to be refused."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    return max(1, math.floor(number)) if number > 0 and math.isfinite(number) else value


Id = Annotated[str, StringConstraints(strip_whitespace=True)] | None
Calls = Annotated[int, BeforeValidator(_whole_calls)]


class MailchimpConnection(VendorConnection):
    """One API key, and the audience and store that are written with it."""

    conn_type: ClassVar[str] = "mailchimp"
    default_conn_id: ClassVar[str] = "mailchimp_default"
    hook_class_name: ClassVar[str] = "airflow_provider_mlconnector.hooks.mailchimp.hook.MailchimpHook"
    hook_name: ClassVar[str] = "Mailchimp Marketing"
    system: ClassVar[str] = "mailchimp"
    labels: ClassVar[dict[str, str]] = {"host": "API root (optional)", "password": "API key"}
    placeholders: ClassVar[dict[str, str]] = {
        "host": "https://us21.api.mailchimp.com",
        "password": "API key with its data centre, …-us21",
    }
    hidden_fields: ClassVar[tuple[str, ...]] = ("port", "schema", "login")
    api_base_paths: ClassVar[tuple[str, ...]] = (f"/{VERSION}",)

    list_id: Id = Field(
        None,
        title="Audience id",
        description="The audience that takes the members (Audience > Settings > Audience name and defaults).",
    )
    store_id: Id = Field(
        None,
        title="Store id",
        description="The e-commerce store that takes the customers, an id of your choice; none when empty.",
    )
    store_name: str = Field(
        "JD Edwards", title="Store name", description="The name of the store where it has to be created."
    )
    store_currency: str = Field(
        "USD",
        pattern="^[A-Z]{3}$",
        title="Store currency",
        description="The currency of the store where it has to be created: three capitals, as in ISO 4217.",
    )
    max_concurrency: Calls = Field(
        4,
        gt=0,
        title="Calls at once",
        description="Calls in flight at the same time; the account takes 10 from all integrations.",
    )
    write_mode: Literal["auto", "member", "batch"] = Field(
        "auto",
        title="Write mode",
        description="member: a call for each member; batch: jobs of 500; auto: jobs from 100 changes on.",
    )
    create_missing: bool = Field(
        True, title="Create what is missing", description="Create merge fields and the store where they are absent."
    )

    @property
    def api_key(self) -> str:
        """The key without blanks around it. A secret."""
        return self.password.get_secret_value().strip()

    @property
    def data_centre(self) -> str | None:
        """The part of the key behind its last hyphen, such as `us21`; None where that is no data centre."""
        suffix = self.api_key.rpartition("-")[2].lower() if "-" in self.api_key else ""
        return suffix if DATA_CENTRE.fullmatch(suffix) else None

    @property
    def base_url(self) -> str:
        """The host as given, else the one of the key's data centre; without the API version."""
        return super().base_url if self.host else f"https://{self.data_centre}.api.mailchimp.com"

    @property
    def account(self) -> str:
        """The audience at this host; another audience starts afresh, another key does not."""
        return f"{super().account}|{self.list_id or ''}"

    def account_of(self, obj: str) -> str:
        """The audience, for customers the store in it: members do not start afresh because a store is named."""
        return f"{self.account}|{self.store_id or ''}" if obj == "customers" else self.account

    @property
    def quota_id(self) -> str:
        """Connections with one key share its limit, whatever audience they write."""
        return short_hash(f"{super().account}|{self.api_key}")

    def check(self) -> None:
        """Refuse a key that cannot be one.

        :raises ConfigurationError: naming what is missing.
        """
        key = self.api_key
        if not key or not key.isascii() or re.search(r"\s", key):
            raise ConfigurationError(f"Connection '{self.conn_id}': the password is the API key; {WHERE}.")
        if not self.host and self.data_centre is None:
            raise ConfigurationError(
                f"Connection '{self.conn_id}': the API key does not end in its data centre (as in …-us21), so the host "
                f"is not known. Enter the whole key as password ({WHERE}), or give the host."
            )
        super().check()
        named = VENDOR_HOST.fullmatch((urlsplit(self.base_url).hostname or "").lower())
        if named and self.data_centre not in (None, named[1]):
            raise ConfigurationError(
                f"Connection '{self.conn_id}': the API key is of data centre {self.data_centre}, the host of "
                f"{named[1]}; leave the host empty, it is made from the key."
            )

    def options(self) -> HttpOptions:
        """Return the transport's options with this vendor's time-outs."""
        return self.http_options(timeout=TIMEOUT)


def limits(connection: MailchimpConnection) -> Limits:
    """Return what the account allows, for the limiter shared by all tasks and workers."""
    return Limits(concurrency=min(connection.max_concurrency, MAX_CONNECTIONS))
