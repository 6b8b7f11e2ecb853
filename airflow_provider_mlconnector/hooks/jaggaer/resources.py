"""The business objects: where each is, how its records are wrapped and keyed, and what may be written.

JAGGAER publishes none of it. Paths of suppliers, contracts and single invoices are seen in public clients; the invoice
list's path and all of purchase orders, accounts, cost centres and catalogue items are guesses (vendor facts, section
4), to be compared with the tenant's own documents and set under `resources` in the Connection's extra.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from airflow_provider_mlconnector.hooks.jaggaer.settings import Settings, from_text, refuse_unknown

NAME = re.compile(r"[a-z][a-z0-9_]*")


class Resource(Settings):
    """One business object.

    Paths stand behind the API prefix; `{id}` is the record's key. `items`, `key`, `external` and `modified`
    are dotted names inside an answer or a record.

    :param detail: the path of one record; None where the list gives whole records.
    :param create, update: where records are written: POST to `create` (default: `path`), PUT to `update`; without
        `update` a change is posted like a new record.
    :param items: where the records are in a list's answer; None: the only list there.
    :param key: the vendor's own id of a record; `key_filter` its name in filters.
    :param external: the record's number in the source system; `external_filter` its name in filters.
    :param modified: the record's last change; `modified_filter` its name in filters, None: no such filter.
    :param params: parameters of every list call.
    :param body: where in a written body the record stands; None: it is the body.
    :param operation: where in a written body CREATE or UPDATE is said; None: nowhere.
    :param account_field, cost_center_field: internal names of the splittable custom fields that hold the GL account and
        the cost centre of a line.
    :param statuses: what JAGGAER calls `open`, `closed` and `cancelled`.
    :param create_missing: of accounts and cost centres: create what has no partner, instead of reporting it.
    :param confirmed: the paths are the tenant's own, so that writing is allowed where paths are strict.
    """

    path: str
    detail: str | None = None
    create: str | None = None
    update: str | None = None
    items: str | None = None
    key: str = "id"
    key_filter: str | None = None
    external: str | None = None
    external_filter: str | None = None
    modified: str | None = None
    modified_filter: str | None = None
    params: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    operation: str | None = None
    account_field: str = "Account"
    cost_center_field: str = "CostCenter"
    statuses: dict[str, str] = Field(default_factory=dict)
    create_missing: bool = False
    confirmed: bool = False

    @field_validator("path", "detail", "create", "update")
    @classmethod
    def _is_path(cls, value: str | None) -> str | None:
        if value is not None and (not value.strip("/ ") or "://" in value):
            raise ValueError("is not a path behind the API prefix, such as ji/v1/invoices")
        return value

    @field_validator("detail", "update")
    @classmethod
    def _names_the_record(cls, value: str | None) -> str | None:
        if value is not None and "{id}" not in value:
            raise ValueError("needs {id} for the record's key, as in ji/v1/invoices/{id}")
        return value

    @property
    def external_name(self) -> str | None:
        """The name of the external number in payloads, and in filters where nothing else is said."""
        return self.external.rpartition(".")[2] if self.external else None


DEFAULTS: dict[str, dict[str, Any]] = {
    "suppliers": {
        "path": "ja/v1/companyprofiles",
        "items": "returnCompanyData",
        "key": "returnCompanyInfo.bravoId",
        "key_filter": "BRAVOID",
        "external": "returnCompanyInfo.extCode",
        "modified": "returnCompanyInfo.lastModTime",
        "modified_filter": "LASTMODTIME",
        "params": {"comp": ""},
        "body": "company.companyInfo",
        "operation": "company.operationCode",
    },
    "invoices": {
        "path": "ji/v1/invoices",
        "detail": "ji/v1/invoices/{id}",
        "create": "ji/v1/invoices/ocr",
        "items": "jiinvoiceList.jiinvoice",
        "key": "header.invoiceId",
        "modified": "header.lastUpdate",
    },
    "purchase_orders": {
        "path": "ji/v1/purchaseorders",
        "detail": "ji/v1/purchaseorders/{id}",
        "key": "header.purchaseOrderId",
        "external": "header.poNumber",
        "body": "purchaseOrder",
        "operation": "purchaseOrder.operationCode",
        "statuses": {"open": "Open", "closed": "Closed", "cancelled": "Cancelled"},
    },
    "gl_accounts": {
        "path": "ji/v1/glaccounts",
        "key": "glAccountId",
        "external": "code",
        "body": "glAccount",
        "operation": "glAccount.operationCode",
    },
    "cost_centers": {
        "path": "ji/v1/costcenters",
        "key": "costCenterId",
        "external": "code",
        "body": "costCenter",
        "operation": "costCenter.operationCode",
    },
    "contracts": {"path": "ja/v1/contracts", "items": "contractList.item"},
    "catalog_items": {"path": "ji/v1/catalogitems"},
}
"""The starting configuration; `resources` of the Connection is merged into it, key by key.

Bodies that nobody has seen follow the one that is known, of suppliers: `{object: {operationCode, …}}` by POST.
"""

DOCUMENTS = frozenset({"invoices", "purchase_orders"})
"""What exists once per business event: never sent twice without asking first."""


def merged(given: Any) -> dict[str, Resource]:
    """Return every resource: the defaults with the Connection's settings merged in, key by key.

    :raises ValueError: for an unknown key, or a name that is probably a misspelt one.
    """
    given = from_text(given) or {}
    if not isinstance(given, Mapping):
        raise ValueError(  # noqa: TRY004 - pydantic reports this one
            'is not an object such as {"suppliers": {"path": "ja/v1/companyprofiles"}}'
        )
    found: dict[str, Any] = dict(DEFAULTS)
    for name, own in given.items():
        _check_name(name)
        if isinstance(own, Resource):
            found[name] = own.model_dump()
            continue
        own = {"path": own} if isinstance(own, str) and "{" not in own else from_text(own)  # noqa: PLW2901
        if not isinstance(own, Mapping):
            raise ValueError(f"'{name}' is not an object with a path, a key and so on")  # noqa: TRY004
        refuse_unknown(own, Resource.model_fields, name)
        found[name] = _deep(DEFAULTS.get(name, {}), own)
    return {name: Resource.model_validate(value) for name, value in found.items()}


def _check_name(name: str) -> None:
    if name in DEFAULTS:
        return
    near = difflib.get_close_matches(name, DEFAULTS, n=1, cutoff=0.8)
    if near:
        raise ValueError(f"unknown resource '{name}'; did you mean '{near[0]}'?")
    if not NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name of a resource, such as {', '.join(DEFAULTS)}")


def _deep(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _deep(below[key], value) if _nested(below.get(key), value) else value for key, value in above.items()}
    return {**below, **both}


def _nested(below: Any, above: Any) -> bool:
    return isinstance(below, Mapping) and isinstance(above, Mapping)
