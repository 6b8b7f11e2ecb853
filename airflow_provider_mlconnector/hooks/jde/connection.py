"""The Airflow Connection `jde_ais`: how to reach an AIS server, as whom, and what the site calls things."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection

ROLES = {"customer_master": "F03012", "supplier_master": "F0401"}
"""Tables by what they are for. F0103, which some papers call the customer master, is in no table list of Oracle's."""


def _from_text(value: Any) -> Any:
    """Read an object that a form delivered as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return json.loads(value)
    return value


class FieldConfig(BaseModel):
    """One input of an orchestration: its exact name there (may hold spaces and dots) and how it takes dates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    format: str | None = None
    """A date pattern (`%m/%d/%Y` or `MM/dd/yyyy`) or `epoch_ms`; None: as the user's preference has it."""


class OrchestrationConfig(BaseModel):
    """An orchestration of the site.

    `inputs` is the format it was designed for; not given: `standard` when rows are passed (only that format is sure
    to iterate them), else `generic`. `fields` maps our names to its inputs. `rows` is where the rows are: in the
    answer of a reading one (a path like `Step.data.list`), the name of the grid of a writing one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    inputs: Literal["generic", "standard"] | None = None
    fields: dict[str, str | FieldConfig] = {}
    rows: str | None = None

    @classmethod
    def of(cls, given: str | dict[str, Any] | OrchestrationConfig) -> OrchestrationConfig:
        """Return the config for a name, a plain dict or a config."""
        if isinstance(given, OrchestrationConfig):
            return given
        return cls(name=given) if isinstance(given, str) else cls.model_validate(given)


def _orchestration(value: Any) -> Any:
    value = _from_text(value)
    return OrchestrationConfig.of(value) if isinstance(value, str) and value else (value or None)


Orchestration = Annotated[OrchestrationConfig | None, BeforeValidator(_orchestration)]


class Orchestrations(BaseModel):
    """Which orchestrations of the site do what; None: the sync that needs it is not configured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opportunities: Orchestration = None
    voucher_import: Orchestration = None


class VoucherConfig(BaseModel):
    """How vouchers enter the Z tables: the batch user (EDUS), the document type (DCT; None leaves it to E1).

    Without `edus` it is the Connection's user. `base_currency` is the currency the site keeps its books in, or one per
    company (`{"00001": "USD"}`); without it, it is read from F0010, else told from vouchers in F0411. `require_links`:
    a supplier's number and an account's code are those of JD Edwards only where the syncs the other way round have
    linked them; without it, they are taken as they stand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    edus: str | None = Field(None, min_length=1, max_length=10)
    document_type: str | None = Field(None, max_length=2)
    line_numbering: Literal["sequential", "thousands"] = "sequential"
    """EDLN as 1, 2, 3 … or, at some sites, as 1000, 2000, 3000 …"""
    base_currency: str | dict[str, str] | None = None
    require_links: bool = True


class PurchaseOrderConfig(BaseModel):
    """Which purchase orders are sent.

    `document_types` are those of DCTO. `include_held` sends orders on hold (HOLD), too. `first_load` says what a run
    without a first day reads (a first load, a full_refresh): the `open` orders, or `all`; later runs read every one
    that changed. A line that ended with a LTTR of `cancelled_status` counts as cancelled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_types: tuple[str, ...] = Field(("OP",), min_length=1)
    include_held: bool = False
    first_load: Literal["open", "all"] = "open"
    cancelled_status: tuple[str, ...] = ("980",)


class JdeConnection(VendorConnection):
    """An AIS server, a user on it, and the site's own names."""

    conn_type: ClassVar[str] = "jde_ais"
    default_conn_id: ClassVar[str] = "jde_default"
    hook_class_name: ClassVar[str] = "airflow_provider_mlconnector.hooks.jde.hook.JdeHook"
    hook_name: ClassVar[str] = "JD Edwards EnterpriseOne (AIS)"
    system: ClassVar[str] = "jde"
    labels: ClassVar[dict[str, str]] = {"host": "AIS server URL", "login": "User", "password": "Password"}
    placeholders: ClassVar[dict[str, str]] = {"host": "https://ais.example.com:9300", "login": "SVC_AIRFLOW"}
    api_base_paths: ClassVar[tuple[str, ...]] = ("/jderest", "/jderest/v2", "/jderest/v3")

    environment: str = Field("", title="Environment", description="E.g. JPD920; empty: the AIS server's default.")
    role: str = Field("", title="Role", description="E.g. *ALL; empty: the AIS server's default.")
    device_name: str = Field(
        "mlconnector", min_length=1, title="Device name", description="Stays the same on every call of a session."
    )
    auth: Literal["session", "basic"] = Field(
        "session", title="Authentication", description="session: log in once for many calls; basic: on each call."
    )
    session_ttl_minutes: float = Field(
        25.0, gt=0, title="Session life (minutes)", description="Log in again after so long, before AIS ends it."
    )
    page_mode: Literal["keyset", "next_link"] = Field(
        "keyset", title="Paging", description="keyset: no state on the server; next_link: a server-side cursor (60 s)."
    )
    page_size: int = Field(1000, ge=1, title="Page size", description="Rows asked for per call.")
    max_concurrency: int = Field(2, ge=1, title="Reads at once", description="How many reads run at the same time.")
    timezone: str = Field(
        "",
        title="Time zone",
        description="The server's zone, e.g. America/Chicago; empty: the offset of the login's reply, all year.",
    )
    filter_date_format: str = Field(
        "", title="Date format in filters", description="E.g. %Y%m%d or dd/MM/yyyy; empty: the user's preference."
    )
    tables: Annotated[dict[str, str], BeforeValidator(_from_text)] = Field(
        {}, title="Tables", description='The site\'s own tables, e.g. {"customer_master": "F03012"}.'
    )
    orchestrations: Annotated[Orchestrations, BeforeValidator(_from_text)] = Field(
        Orchestrations(), title="Orchestrations", description='E.g. {"opportunities": "NAME", "voucher_import": null}.'
    )
    voucher: Annotated[VoucherConfig, BeforeValidator(_from_text)] = Field(
        VoucherConfig(),
        title="Vouchers",
        description='{"edus", "document_type", "line_numbering", "base_currency", "require_links"}.',
    )
    purchase_orders: Annotated[PurchaseOrderConfig, BeforeValidator(_from_text)] = Field(
        PurchaseOrderConfig(),
        title="Purchase orders",
        description='Which are sent: {"document_types": ["OP"], "include_held": false, "first_load": "open"}.',
    )

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key if value else value
        except (KeyError, ValueError, OSError):
            raise ValueError("not a time zone of the IANA list, such as America/Chicago") from None

    @field_validator("tables")
    @classmethod
    def _are_tables(cls, value: dict[str, str]) -> dict[str, str]:
        for role, table in value.items():
            if role not in ROLES and not re.fullmatch(r"[FV]\w+", role):
                raise ValueError(f"'{role}' is neither one of {', '.join(ROLES)} nor a table")
            if not re.fullmatch(r"[A-Z][A-Z0-9]{2,}", table):
                raise ValueError(f"'{table}' is not the name of a table, such as F03012")
        return value

    def check(self) -> None:
        """Refuse what cannot work, before any call."""
        needed = {"host": "the URL of the AIS server", "login": "the JDE user", "password": "its password"}
        for name, what in needed.items():
            value = self.password.get_secret_value() if name == "password" else getattr(self, name)
            if not value:
                raise ConfigurationError(f"Connection '{self.conn_id}': {name} is missing; enter {what}.")
        super().check()
        if self.auth == "basic" and self.page_mode == "next_link":
            raise ConfigurationError(
                f"Connection '{self.conn_id}': page_mode 'next_link' needs a session, which auth 'basic' ends after "
                "each call. Set auth to 'session' or page_mode to 'keyset'."
            )

    @property
    def account(self) -> str:
        """Host and environment: the test environment of a server is not its production."""
        return f"{super().account}|{self.environment.upper()}"

    @cached_property
    def wire_tables(self) -> dict[str, str]:
        """The standard table's name → the one to ask the server for, where they differ."""
        return {ROLES.get(role, role): table for role, table in self.tables.items() if ROLES.get(role, role) != table}
