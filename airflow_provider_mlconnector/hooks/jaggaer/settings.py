"""What differs from tenant to tenant: envelope, paging, filter and retry settings of the Connection.

J1P's reference is not public; every default here is what public clients use (vendor facts, sections 3, 5 and 9) and
can be set in the Connection's extra. Objects may be given as JSON text, as a form delivers them.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


def from_text(value: Any) -> Any:
    """Read an object that a form delivered as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return json.loads(value)
    return value


def refuse_unknown(given: Collection[str], known: Collection[str], what: str) -> None:
    """Refuse a key that is not known, naming the nearest: a typing error must not fall back on a default in silence.

    :raises ValueError: for the first such key.
    """
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(sorted(known))}"
            raise ValueError(f"unknown key '{key}' in {what}; {hint}")


class Settings(BaseModel):
    """A part of the extra."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _are_known(cls, given: Any) -> Any:
        if isinstance(given, dict):
            refuse_unknown(given, cls.model_fields, cls.__name__.lower())
        return given


class Envelope(Settings):
    """Where an answer says whether it is one, and how many records there are.

    `ok` are the return codes of success; ji answers the number 0, ja the text "0".
    """

    code: str = "returnCode"
    ok: tuple[str | int, ...] = ("0", 0)
    message: str = "returnMessage"
    total: str = "totRecords"
    returned: str = "returnedRecords"


class Paging(Settings):
    """How to ask for the next page; `first` is the number of the first record (`offset1`) or page (`page`).

    `size` records are asked for where `size_param` names a parameter; by default the server chooses.
    `cursor` is where an answer holds the next page's cursor (style `cursor`).
    """

    style: Literal["offset1", "page", "cursor", "none"] = "offset1"
    param: str = "start"
    first: int = Field(1, ge=0)
    size_param: str | None = None
    size: int | None = Field(None, ge=1)
    max_pages: int = Field(10_000, ge=1)
    cursor: str | None = None

    @model_validator(mode="after")
    def _has_its_cursor(self) -> Paging:
        if self.style == "cursor" and not self.cursor:
            raise ValueError("style 'cursor' needs 'cursor', the path of the next cursor in an answer")
        return self


class Filter(Settings):
    """How a condition is written; `{f}` stands for the field, `{v}` for the value."""

    param: str = "flt"
    join: str = ";"
    ge: str = "{f}>={v}"
    eq: str = "{f}=={v}"
    time_format: str = "%Y%m%d%H%M%S"

    @field_validator("ge", "eq")
    @classmethod
    def _is_template(cls, value: str) -> str:
        if "{f}" not in value or "{v}" not in value:
            raise ValueError("a condition needs {f} for the field and {v} for the value, as in {f}=={v}")
        return value


class Retry(Settings):
    """How often a call is tried in all (`max`), and how long is waited: `base` seconds, doubled up to `cap`."""

    max: int = Field(6, ge=1)
    base: float = Field(1.0, gt=0, allow_inf_nan=False)
    factor: float = 2.0
    cap: float = Field(60.0, gt=0, allow_inf_nan=False)
    statuses: tuple[int, ...] = (429, 502, 503, 504)

    @field_validator("factor")
    @classmethod
    def _doubles(cls, value: float) -> float:
        if value != 2.0:
            raise ValueError("waits are doubled; there is no other factor than 2")
        return value
