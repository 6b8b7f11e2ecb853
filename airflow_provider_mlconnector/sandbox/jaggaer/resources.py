"""Which resources the tenant serves, where, and in which shape. Tenants differ, so everything here can be overridden.

Paths and shapes of suppliers and invoices are as public clients use them. Those of purchase orders, GL accounts and
cost centers are not public: they follow the shape of the supplier's write, `{object: {operationCode, ...}}`, and of
the invoice's read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, copied, get, merged, put, take, within

ACCESS = ("open", "missing", "forbidden", "read_only")
WRITES = ("operation", "rest")
CONNECTION_KEYS = ("path", "detail", "create", "items", "key", "external", "modified", "modified_filter", "params")


@dataclass(frozen=True)
class Resource:
    """One resource.

    `path`, `detail` (with `{id}`) and `create` lie under the API prefix; None = there is no such call. `items` is where
    a list stands in the envelope; `key`, `external` and `modified` where a record has its id, the buyer's own number
    and its time of change. `filters` are the fields a filter may name, without regard to case, beside `modified_filter`
    and the leaves of key and external number. `code` is how success is written in `returnCode`. `wrap`: the object
    around a written record, `inner`: the object in it that holds the fields. `write`: `operation` = POST with an
    operationCode, `rest` = POST and PUT of the bare record. `access`: `missing` answers 404, `forbidden` 403,
    `read_only` 403 to writes.
    """

    name: str
    path: str
    items: str
    key: str
    external: str
    modified: str
    detail: str | None = None
    create: str | None = None
    modified_filter: str | None = None
    filters: tuple[str, ...] = ()
    params: Mapping[str, str] | None = None
    code: int | str = 0
    time_format: str = "%Y-%m-%dT%H:%M:%S.%f"
    wrap: str = ""
    inner: str = ""
    write: str = "operation"
    access: str = "open"

    @property
    def root(self) -> str:
        """The object in which a record has its fields."""
        return self.key.rpartition(".")[0]

    def shown(self, record: Record) -> Record:
        """Return a record with key, external number and time where this tenant has them."""
        return _moved(record, DEFAULTS[self.name], self)

    def canonical(self, record: Record) -> Record:
        """Return a record of this tenant with key, external number and time where the defaults have them."""
        return _moved(record, self, DEFAULTS[self.name])

    def extra(self) -> dict[str, Any]:
        """Return what the Connection says of this resource."""
        own = {name: getattr(self, name) for name in CONNECTION_KEYS}
        return {name: value for name, value in own.items() if value is not None} | {"confirmed": True}


def _moved(record: Record, source: Resource, target: Resource) -> Record:
    """Return a record in which root object, key, external number and time have moved from one tenant's place."""
    names = ("key", "external", "modified")
    if all(getattr(source, name) == getattr(target, name) for name in names):
        return record
    rest: Record = copied(record)
    content = take(rest, source.root) or {} if source.root else rest
    rest = rest if source.root else {}
    for name in names:
        old, new = _inside(source, name), _inside(target, name)
        if old != new and get(content, old) is not None:
            put(content, new, take(content, old))
    return merged(rest, within(target.root, content))


def _inside(resource: Resource, name: str) -> str:
    path: str = getattr(resource, name)
    return path.removeprefix(f"{resource.root}.") if resource.root else path


SUPPLIERS = Resource(
    "suppliers", path="ja/v1/companyprofiles", create="ja/v1/companyprofiles", items="returnCompanyData",
    key="returnCompanyInfo.bravoId", external="returnCompanyInfo.extCode", modified="returnCompanyInfo.lastModTime",
    modified_filter="LASTMODTIME", params={"comp": ""}, code="0", time_format="%Y%m%d%H%M%S",
    filters=("bravoId", "extCode", "extUniqueCode", "type", "status", "fiscalCode", "euVat", "companyName"),
    wrap="company", inner="companyInfo",
)  # fmt: skip
GL_ACCOUNTS = Resource(
    "gl_accounts", path="ji/v1/glaccounts", create="ji/v1/glaccounts", items="glAccountList.glAccount",
    key="glAccountId", external="code", modified="lastUpdate", modified_filter="lastUpdate",
    filters=("glAccountId", "code", "extCode", "active"), wrap="glAccount",
)  # fmt: skip
COST_CENTERS = Resource(
    "cost_centers", path="ji/v1/costcenters", create="ji/v1/costcenters", items="costCenterList.costCenter",
    key="costCenterId", external="code", modified="lastUpdate", modified_filter="lastUpdate",
    filters=("costCenterId", "code", "extCode", "active"), wrap="costCenter",
)  # fmt: skip
PURCHASE_ORDERS = Resource(
    "purchase_orders", path="ji/v1/purchaseorders", detail="ji/v1/purchaseorders/{id}", create="ji/v1/purchaseorders",
    items="jipurchaseorderList.jipurchaseorder", key="header.purchaseOrderId", external="header.poNumber",
    modified="header.lastUpdate", modified_filter="lastUpdate",
    filters=("purchaseOrderId", "poNumber", "extCode", "status", "supplierNumber"), wrap="purchaseOrder",
)  # fmt: skip
INVOICES = Resource(
    "invoices", path="ji/v1/invoices", detail="ji/v1/invoices/{id}", create="ji/v1/invoices/ocr",
    items="jiinvoiceList.jiinvoice", key="header.invoiceId", external="header.supplierInvoiceNumber",
    modified="header.lastUpdate",
    filters=("invoiceId", "invoiceNumber", "supplierInvoiceNumber", "supplierNumber", "invoiceType", "workflowStatus",
             "paymentStatus", "matchStatus"),
)  # fmt: skip

DEFAULTS: dict[str, Resource] = {
    each.name: each for each in (SUPPLIERS, GL_ACCOUNTS, COST_CENTERS, PURCHASE_ORDERS, INVOICES)
}
"""Resource name → how a tenant has it unless told otherwise."""

_KNOWN = {each.name for each in fields(Resource)} - {"name"}


def overridden(resource: Resource, changes: Mapping[str, Any]) -> Resource:
    """Return `resource` with single values replaced; raises ValueError for one that does not exist."""
    if unknown := set(changes) - _KNOWN:
        raise ValueError(f"unknown settings of {resource.name}: {sorted(unknown)}; known: {', '.join(sorted(_KNOWN))}")
    for name, choices in (("access", ACCESS), ("write", WRITES)):
        if changes.get(name, choices[0]) not in choices:
            raise ValueError(f"{name} must be one of {', '.join(choices)}, not {changes[name]!r}")
    return replace(resource, **changes)


def tenant(changes: Mapping[str, Mapping[str, Any]], base: Mapping[str, Resource] | None = None) -> dict[str, Resource]:
    """Return all resources, each with its overrides; raises ValueError."""
    base = DEFAULTS if base is None else base
    if unknown := set(changes) - set(base):
        raise ValueError(f"unknown resources {sorted(unknown)}; known: {', '.join(base)}")
    return {name: overridden(resource, changes.get(name, {})) for name, resource in base.items()}
