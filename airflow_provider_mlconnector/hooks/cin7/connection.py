"""The `cin7_core` Connection: one Cin7 Core account, a key of it, and what its reference books are to be used for.

Facts: Cin7's API blueprint (`dearinventory.docs.apiary.io`). An account takes 60 calls in any 60 s, from everything
that talks to it; the base URL still bears the product's old name, DEAR.
"""

from __future__ import annotations

import difflib
import json
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.transport.limits import Limits
from airflow_provider_mlconnector.transport.session import HttpOptions

BASE = "https://inventory.dearsystems.com"
API = "ExternalApi/v2"
"""The first part of every path."""
TIMEOUT = (15.0, 120.0)
"""Connect and read, in seconds."""
MINUTE = 60.0
ACCOUNT_TYPES = {
    "1": "CURRENT", "2": "CURRLIAB", "3": "LIABILITY", "4": "EQUITY", "5": "REVENUE",
    **dict.fromkeys("6789", "EXPENSE"),
}  # fmt: skip
"""Object accounts of JD Edwards' delivered chart, by their first digit."""
WHERE = "Cin7 Core shows both under Integrations & API > API v2"


def _from_text(value: Any) -> Any:
    """Read an object that a form delivered as JSON text."""
    if isinstance(value, str):
        return json.loads(value) if value.lstrip().startswith("{") else (value or {})
    return value


def _word(value: Any) -> Any:
    """Codes may be given as numbers; null is not given."""
    if value is None:
        return ""
    return str(value).strip() if isinstance(value, str | int) else value


Name = Annotated[str, BeforeValidator(_word)]


class Defaults(BaseModel):
    """What Cin7 asks for and a record may leave open; names and codes as Cin7's reference books have them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    currency: Name = Field("", pattern="^([A-Za-z]{3})?$")
    payment_term: Name = ""
    tax_rule: Name = ""
    account_payable: Name = ""
    location: Name = ""

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, given: Any) -> Any:
        for key in given if isinstance(given, dict) else ():
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1, cutoff=0.5)
                hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(cls.model_fields)}."
                raise ValueError(f"unknown key '{key}'; {hint}")
        return given


class Cin7Connection(VendorConnection):
    """One Cin7 Core account, as seen by one of its API applications."""

    conn_type: ClassVar[str] = "cin7_core"
    default_conn_id: ClassVar[str] = "cin7_default"
    hook_class_name: ClassVar[str] = "airflow_provider_mlconnector.hooks.cin7.hook.Cin7Hook"
    hook_name: ClassVar[str] = "Cin7 Core"
    system: ClassVar[str] = "cin7"
    labels: ClassVar[dict[str, str]] = {
        "host": "API root (optional)",
        "login": "Account id",
        "password": "Application key",
    }
    placeholders: ClassVar[dict[str, str]] = {
        "host": BASE,
        "login": "704ef231-cd93-49c9-a201-…",
        "password": "key of the API application",
    }
    api_base_paths: ClassVar[tuple[str, ...]] = (f"/{API}", "/ExternalApi")

    calls_per_minute: float = Field(
        55,
        gt=0,
        allow_inf_nan=False,
        title="Calls per window",
        description="Calls allowed in any window; the account takes 60 a minute from all integrations.",
    )
    window_seconds: float = Field(
        MINUTE, gt=0, allow_inf_nan=False, title="Window (seconds)", description="Length of that window."
    )
    defaults: Annotated[Defaults, BeforeValidator(_from_text)] = Field(
        Defaults(),
        title="Defaults",
        description='Used where a record has none: {"currency", "payment_term", "tax_rule", "account_payable", '
        '"location"}, as Cin7 names them.',
    )
    create_missing_accounts: bool = Field(
        False,
        title="Create missing accounts",
        description="Create accounts that Cin7's chart lacks; never while it is tied to Xero or QuickBooks.",
    )
    authorise_purchases: bool = Field(
        False, title="Authorise purchases", description="Authorise orders once they are complete; else they stay DRAFT."
    )
    account_map: Annotated[dict[str, Name], BeforeValidator(_from_text)] = Field(
        {},
        title="Account map",
        description="The source's accounts (OBJ, MCU.OBJ or MCU.OBJ.SUB) to Cin7's codes where they differ: "
        '{"5010": "310"}.',
    )
    account_types: Annotated[dict[str, Name], BeforeValidator(_from_text)] = Field(
        ACCOUNT_TYPES,
        title="Account types",
        description="Type of created accounts by how their object account begins, the longest beginning first; as in "
        'JD Edwards\' delivered chart: {"1": "CURRENT", "2": "CURRLIAB", "3": "LIABILITY", "4": "EQUITY", '
        '"5": "REVENUE", "6": "EXPENSE", …}.',
    )
    payment_term_map: Annotated[dict[str, Name], BeforeValidator(_from_text)] = Field(
        {},
        title="Payment term map",
        description='The source\'s payment terms to Cin7\'s: {"N30": "30 days"}. Without it the defaults hold; with '
        "it, each code that occurs must be in it.",
    )
    tax_rule_map: Annotated[dict[str, Name], BeforeValidator(_from_text)] = Field(
        {},
        title="Tax rule map",
        description='The source\'s tax areas to Cin7\'s tax rules: {"VAT": "VAT on Purchases"}; as the map above.',
    )
    max_redirects: int = Field(
        0, ge=0, le=0, title="Redirects", description="Always 0: Cin7 redirects a wrong path in a circle."
    )

    @field_validator("account_map", "account_types", "payment_term_map", "tax_rule_map")
    @classmethod
    def _has_both(cls, value: dict[str, str]) -> dict[str, str]:
        for code, name in value.items():
            if not code.strip() or not name:
                raise ValueError(f"'{code}': give the source's code and what Cin7 has for it")
        return value

    @property
    def base_url(self) -> str:
        """The host as given, else the vendor's; without any API path."""
        return super().base_url if self.host else BASE

    @property
    def account(self) -> str:
        """The account at this host; another key of it does not start afresh."""
        return f"{super().account}|{self.login.lower()}"

    @property
    def application_key(self) -> str:
        """The key without blanks around it. A secret."""
        return self.password.get_secret_value().strip()

    def check(self) -> None:
        """Refuse a Connection without its two keys.

        :raises ConfigurationError: naming what is missing.
        """
        super().check()
        for name, what, value in (
            ("login", "account id", self.login),
            ("password", "application key", self.application_key),
        ):
            if not value or not value.isascii() or any(each.isspace() for each in value):
                raise ConfigurationError(f"Connection '{self.conn_id}': the {name} is the {what}; {WHERE}.")

    def options(self) -> HttpOptions:
        """Return the transport's options with this vendor's time-outs; redirects are never followed."""
        return self.http_options(timeout=TIMEOUT)


def limits(connection: Cin7Connection) -> Limits:
    """Return what the account allows, for the limiter shared by all tasks and workers."""
    return Limits(calls=connection.calls_per_minute, window=connection.window_seconds)
