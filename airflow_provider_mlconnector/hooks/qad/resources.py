"""What is read from an instance, and under which names there: packaged defaults, overridden in the Connection.

The names are not guessable by rule, and those of the customer and account browses are inferred; hence they are checked
against the instance before the first read (validation.py).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.qad import filters

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
DAY = timedelta(days=1)
SHARED_SET, DOMAINS = "sharedSetCode", ("domainContext", "domainCode", "domain")
"""Key fields that say where a record lives rather than which it is."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "customers": {
        "browse_id": "urn:browse:bebrowse:com.qad.erp.base.customerV2s",
        "detail_path": "/api/erp/customerV2s",
        "view_uri": "urn:be:com.qad.base.customer.ICustomerV2",
        "key": ["sharedSetCode", "customerCode"],
        "prefix": "customerV2",
        "contacts": "customerContactV2s",
    },
    "accounts": {
        "browse_id": "urn:browse:bebrowse:com.qad.erp.base.businessRelationV2s",
        "detail_path": "/api/erp/businessRelationV2s",
        "view_uri": "urn:be:com.qad.base.address.IBusinessRelationV2",
        "key": ["businessRelationCode"],
        "prefix": "businessRelationV2",
    },
}
TABLES = {"customers": "CUSTOMER", "accounts": "ACCOUNT", "contacts": "CONTACT"}
"""The table that a field map reads a resource's fields from."""


class ResourceConfig(BaseModel):
    """One resource: its browse, its business document, its key and its change columns.

    `modified` is the date and, where there is one, the time of the last change; empty: the browse has none.
    `contacts` is the child list of the document that holds contacts, `contact_key` what may identify one of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    browse_id: Name
    detail_path: Name | None = None
    view_uri: Name | None = None
    key: tuple[Name, ...] = Field(min_length=1)
    prefix: Name
    modified: tuple[Name, ...] = Field(("lastModifiedDate", "lastModifiedTime"), max_length=2)
    overlap: timedelta = DAY
    extra_filters: tuple[str, ...] = ()
    contacts: Name | None = None
    contact_key: tuple[Name, ...] = (
        "contactCode",
        "customerContactCode",
        "contactId",
        "contactNumber",
        "contactSequence",
    )

    @property
    def record_field(self) -> str:
        """The key field that is the record's key: the last one."""
        return self.key[-1]

    @property
    def plural(self) -> str:
        """The name under which a document comes, such as `customerV2s`."""
        return (self.detail_path or "").rstrip("/").rpartition("/")[2]

    @field_validator("detail_path")
    @classmethod
    def _rooted(cls, value: str | None) -> str | None:
        return f"/{value.strip('/')}" if value else value

    @field_validator("overlap")
    @classmethod
    def _at_least_a_day(cls, value: timedelta) -> timedelta:
        if value < DAY:
            raise ValueError("changes are dated by the day, so the overlap is at least P1D")
        return value

    @field_validator("extra_filters")
    @classmethod
    def _of_the_grammar(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(filters.parse(text)) for text in value)
        except ConfigurationError as error:
            raise ValueError(error.message) from None


def merged(given: Mapping[str, Any]) -> dict[str, ResourceConfig]:
    """Return every resource: the packaged ones, each with what the user gives in place of a default, and new ones.

    :raises ValueError: naming the resource and the key that is wrong.
    """
    for name in given:
        near = difflib.get_close_matches(name, DEFAULTS, n=1, cutoff=0.7)
        if name not in DEFAULTS and near and not _is_whole(given[name]):
            raise ValueError(f"there is no resource '{name}'; did you mean '{near[0]}'?")
    return {name: _config(name, DEFAULTS.get(name, {}), given.get(name) or {}) for name in {**DEFAULTS, **given}}


def _is_whole(given: Any) -> bool:
    return isinstance(given, Mapping) and {"browse_id", "key", "prefix"} <= set(given)


def _config(name: str, default: Mapping[str, Any], given: Any) -> ResourceConfig:
    if not isinstance(given, Mapping):
        raise ValueError(f"'{name}' is not an object")  # noqa: TRY004 - pydantic reports ValueError alone
    for key in given:
        if key not in ResourceConfig.model_fields:
            near = difflib.get_close_matches(key, ResourceConfig.model_fields, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(ResourceConfig.model_fields)}"
            raise ValueError(f"'{name}' has an unknown key '{key}'; {hint}")
    try:
        return ResourceConfig.model_validate({**default, **given})
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise ValueError(f"'{name}.{where}': {problem['msg'].removeprefix('Value error, ')}") from None
