"""What the AIS server answers about itself and its users; unknown keys are ignored, vendors add fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.alias_generators import to_camel

from airflow_provider_mlconnector.hooks.jde.dates import date_part, offset_of_number, preference_pattern

FALLBACK_DATE_FORMAT = "%Y%m%d"
"""Used where the user's preference is unknown (Basic auth has no login reply); the probe finds out if it works."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class UserInfo(_Answer):
    """The session and the user's preferences, from `userInfo` of the login's reply."""

    token: SecretStr = SecretStr("")
    simple_date_format: str = ""
    date_format: str = ""
    date_separator: str = Field("", alias="dateSeperator")  # misspelt in the real API
    decimal_format: str = "."
    time_zone_offset: str = ""

    @field_validator("*", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return "" if value is None else value

    @field_validator("time_zone_offset", mode="before")
    @classmethod
    def _offset_as_text(cls, value: Any) -> Any:
        return offset_of_number(value) if isinstance(value, int | float | Decimal) else value

    @field_validator("simple_date_format", "date_format", "date_separator", "decimal_format", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float | Decimal) else value

    @property
    def date_pattern(self) -> str:
        """The pattern in which this user writes dates; of Java, or of strftime as a last resort."""
        return (
            date_part(self.simple_date_format)
            or preference_pattern(self.date_format, self.date_separator)
            or FALLBACK_DATE_FORMAT
        )


class LoginReply(_Answer):
    """The answer to `tokenrequest`."""

    environment: str | None = None
    role: str | None = None
    user_info: UserInfo


class Capability(_Answer):
    """One thing the server can do."""

    name: str = ""


class ServerConfig(_Answer):
    """The answer of `defaultconfig`, which needs no login."""

    ais_version: str | None = None
    default_environment: str | None = None
    default_role: str | None = None
    capability_list: list[Capability] | None = None
    required_capability_missing: bool | None = None


@dataclass(frozen=True)
class Page:
    """Rows of one answer, keyed `F0101.AN8`; `read_at` is when the request was sent (UTC), `ms` how long it took."""

    rows: list[dict[str, Any]]
    read_at: datetime
    ms: int


@dataclass(frozen=True)
class Grid:
    """The grid of one answer as the server sent it: its rows, whether it has more, and where."""

    rowset: list[dict[str, Any]]
    more: bool
    next_href: str | None
    read_at: datetime
    ms: int
