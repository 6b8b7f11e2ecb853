"""The Airflow Connection `qad`: which tenant, as whom, in which workspace, and what the instance calls things."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.hooks.qad.resources import TABLES, ResourceConfig, merged
from airflow_provider_mlconnector.transport import RetryPolicy

SWAGGER_PATHS = (
    "/api/swagger.json",
    "/swagger.json",
    "/v2/api-docs",
    "/v3/api-docs",
    "/api/erp/swagger.json",
    "/api/qracore/swagger.json",
)
"""Guesses: no public source says where an instance serves its description."""
PLACEMENT = re.compile(r"bearer|(?:cookie|header):[A-Za-z0-9_-]+")
AuthMode = Literal["oauth_password", "session", "basic", "bearer", "client_credentials"]


def _from_text(value: Any) -> Any:
    """Read an object that a form delivered as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return json.loads(value)
    return value


class Backoff(BaseModel):
    """How long to wait before a call is repeated, in seconds: `base`, doubled each time, never above `cap`.

    The factor is 2 and the jitter is on; they are named so that nobody takes them for something else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: float = Field(1.0, gt=0)
    factor: Literal[2] = 2
    cap: float = Field(60.0, gt=0)
    jitter: Literal[True] = True

    @property
    def policy(self) -> RetryPolicy:
        """As the transport takes it."""
        return RetryPolicy(base=self.base, cap=self.cap)


class QadConnection(VendorConnection):
    """A tenant with its context root, a user in it, and the instance's own names."""

    conn_type: ClassVar[str] = "qad"
    default_conn_id: ClassVar[str] = "qad_default"
    hook_class_name: ClassVar[str] = "airflow_provider_mlconnector.hooks.qad.hook.QadHook"
    hook_name: ClassVar[str] = "QAD Adaptive ERP"
    system: ClassVar[str] = "qad"
    labels: ClassVar[dict[str, str]] = {"host": "Tenant URL", "login": "User", "password": "Password"}
    placeholders: ClassVar[dict[str, str]] = {
        "host": "https://acme.adaptive.qad.com/clouderp",
        "login": "svc.airflow@example.com",
    }
    # The context root (/clouderp, /qad-central) belongs to the tenant's address and stays.
    api_base_paths: ClassVar[tuple[str, ...]] = (
        "/api",
        "/api/erp",
        "/api/qracore",
        "/api/qracore/browses",
        "/api/login",
        "/oauth",
        "/oauth/token",
    )

    auth_mode: AuthMode = Field(
        "oauth_password",
        title="Authentication",
        description="oauth_password, session, basic, bearer (the password is the bearer) or client_credentials.",
    )
    client_id: str | None = Field(
        None, title="Client id", description="Of the OAuth login; asked from the instance when empty."
    )
    client_secret: SecretStr | None = Field(
        None, title="Client secret", description="For client_credentials; the password login has none."
    )
    oauth_path: str = Field("/oauth/token", title="OAuth path", description="Under the tenant URL.")
    credentials_in: Literal["body", "query"] = Field(
        "body", title="Credentials in", description="body; query only where the tenant insists: proxies log it."
    )
    oauth_reply_key: str = Field(
        "access_token", min_length=1, title="OAuth reply field", description="Which field of the reply to use."
    )
    refresh: bool = Field(True, title="Refresh", description="Renew by the refresh grant where the tenant offers it.")
    login_path: str = Field("/api/login", title="Session login path", description="For the session mode.")
    session_key: str = Field(
        "sessionId",
        min_length=1,
        title="Session reply field",
        description="Which field of the login's reply is the session (or JWT); dots lead into objects.",
    )
    session_placement: str = Field(
        "cookie:JSESSIONID", title="Session placement", description="cookie:NAME, header:NAME or bearer."
    )
    workspace_id: str | None = Field(
        None, title="Workspace", description="{domain}_{entity}, e.g. 10USA_10USACO; empty: the user's default."
    )
    workspace_header: str = Field(
        "x-qad-workspace-id", min_length=1, title="Workspace header", description="The header that carries it."
    )
    domain: str | None = Field(None, title="Domain", description="Where a record's key needs one, e.g. 10USA.")
    shared_set: str | None = Field(
        None, title="Shared set", description="Only customers of this shared set code; part of a customer's key."
    )
    swagger_paths: Annotated[tuple[str, ...], BeforeValidator(_from_text)] = Field(
        SWAGGER_PATHS, title="Swagger paths", description="Where the instance may serve its Swagger, tried in order."
    )
    swagger_file: str | None = Field(
        None, title="Swagger file", description="A local copy (JSON) of the instance's Swagger; used first."
    )
    validate_entities: Literal["strict", "warn", "off"] = Field(
        "strict", title="Validate", description="Check names against the instance before the first read."
    )
    browse_path: str = Field("/api/qracore/browses", title="Browse path", description="Under the tenant URL.")
    page_size: int = Field(200, ge=1, title="Page size", description="Rows asked for per call.")
    next_page_action: str = Field(
        "next", min_length=1, title="Next page action", description="The pageAction of every page after the first."
    )
    max_pages: int = Field(10_000, ge=1, title="Page limit", description="A read of more pages is an error.")
    send_call_id: bool = Field(True, title="Send call id", description="Mark the pages of one read by a callId.")
    max_concurrency: int = Field(4, ge=1, title="Reads at once", description="How many records are read in parallel.")
    timezone: str = Field(
        "UTC", min_length=1, title="Time zone", description="In which the instance stamps changes, e.g. Europe/Berlin."
    )
    resources: Annotated[dict[str, Any], BeforeValidator(_from_text)] = Field(
        {}, title="Resources", description='What differs from the defaults, e.g. {"customers": {"browse_id": "…"}}.'
    )
    field_map: Annotated[dict[str, Any], BeforeValidator(_from_text)] = Field(
        {}, title="Field map", description='Per resource, e.g. {"customers": {"company": "businessRelationName"}}.'
    )
    backoff: Annotated[Backoff, BeforeValidator(_from_text)] = Field(
        Backoff(), title="Backoff", description='Waits between tries in seconds: {"base": 1, "cap": 60}.'
    )

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (KeyError, ValueError, OSError):
            raise ValueError("not a time zone of the IANA list, such as America/Chicago") from None

    @field_validator("session_placement")
    @classmethod
    def _is_placement(cls, value: str) -> str:
        if not PLACEMENT.fullmatch(value):
            raise ValueError("write cookie:NAME, header:NAME or bearer")
        return value

    @field_validator("oauth_path", "login_path", "browse_path")
    @classmethod
    def _rooted(cls, value: str) -> str:
        if "://" in value or not value.strip("/ "):
            raise ValueError("a path under the tenant URL, such as /oauth/token")
        return f"/{value.strip().strip('/')}"

    @field_validator("resources")
    @classmethod
    def _are_resources(cls, value: dict[str, Any]) -> dict[str, Any]:
        merged(value)
        return value

    @field_validator("field_map")
    @classmethod
    def _are_maps(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, rows in value.items():
            if name not in TABLES or not isinstance(rows, dict):
                raise ValueError(f"'{name}' is not one of {', '.join(TABLES)} with an object of rows")
        return value

    def check(self) -> None:
        """Refuse what cannot work, before any call."""
        if not self.host:
            raise ConfigurationError(
                f"Connection '{self.conn_id}': host is missing; enter the tenant's full URL with its context root, "
                "such as https://acme.adaptive.qad.com/clouderp."
            )
        super().check()
        has_password = bool(self.password.get_secret_value())
        has_client = bool(self.client_id and self.client_secret)
        if self.auth_mode == "client_credentials" and not has_client and not (self.login and has_password):
            raise ConfigurationError(
                f"Connection '{self.conn_id}': client_credentials needs client_id and client_secret in extra."
            )
        if self.auth_mode == "bearer" and not has_password:
            raise ConfigurationError(f"Connection '{self.conn_id}': password is missing; enter the bearer there.")
        if self.auth_mode in ("oauth_password", "session", "basic") and not (self.login and has_password):
            raise ConfigurationError(f"Connection '{self.conn_id}': login and password are the QAD user's; enter both.")

    @property
    def account(self) -> str:
        """Tenant, the workspace or domain in it, and the shared set, if one is named: each holds other records."""
        place = f"{super().account}|{(self.workspace_id or self.domain or '').upper()}"
        return f"{place}|{self.shared_set}" if self.shared_set else place

    @cached_property
    def resource_configs(self) -> dict[str, ResourceConfig]:
        """Every resource under its name."""
        return merged(self.resources)

    def map_rows(self, resource: str, *, table: str | None = None) -> dict[str, Any]:
        """Return the rows of `field_map` for `customers`, `accounts` or `contacts`, as a user's rows of a sync.

        :param table: what a field without a table is one of, in place of the resource's own.
        """
        table = table or TABLES[resource]
        return {target: _with_table(row, table) for target, row in self.field_map.get(resource, {}).items()}


def _with_table(row: Any, table: str) -> Any:
    if isinstance(row, str):
        return row if "." in row else f"{table}.{row}"
    if isinstance(row, list):
        return [_with_table(each, table) for each in row]
    return {**row, "source": _with_table(row["source"], table)} if isinstance(row, dict) and "source" in row else row
