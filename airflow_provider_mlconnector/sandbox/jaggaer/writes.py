"""Creating and changing suppliers, GL accounts, cost centers and purchase orders."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.errors import Refused
from airflow_provider_mlconnector.sandbox.jaggaer.orders import checked_order
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, copied, get, take, within
from airflow_provider_mlconnector.sandbox.jaggaer.resources import DEFAULTS, Resource
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Row, Tenant

COMPANY_FIELDS = frozenset({
    "bravoId", "extCode", "extUniqueCode", "dAndBCode", "companyName", "fiscalCode", "euVat", "bizEmail", "bizPhone",
    "bizFax", "webSite", "address", "zip", "city", "province", "isoCountry", "currency", "status", "type",
    "registrationDate", "lastModTime", "userAlias", "userName", "userSurName", "userEmail", "userPhone", "userFax",
    "userMobPhone", "userExtCode", "userBusinessUnitCode",
})  # fmt: skip
CODE_FIELDS = frozenset({"glAccountId", "costCenterId", "code", "description", "extCode", "active", "lastUpdate"})
"""The fields of a GL account or cost center."""

Checked = Callable[[Tenant, Record, Row | None], Record]


def write(tenant: Tenant, resource: Resource, body: Any, row_id: str | None = None, *, late: bool = False) -> Record:
    """Create or change one record and return what the answer says of it; raises `Refused`.

    :param row_id: the id of a REST write, None for one that carries an operationCode.
    :param late: a record that is made can be read only a while later.
    """
    content, update = _content(resource, body)
    record = copied(resource.canonical(within(resource.root if resource.inner else "", content)))
    given = take(record, DEFAULTS[resource.name].key)
    take(record, DEFAULTS[resource.name].modified)
    row = None
    if update or row_id is not None:
        row = _existing(tenant, resource, row_id if row_id is not None else given)
    record = CHECKS[resource.name](tenant, record, row)
    table = tenant.tables[resource.name]
    if row is None:
        row = table.insert(record, tenant.now())
        row.shown_from = tenant.now() + tenant.settings.late_seconds if late else 0.0
    else:
        table.update(row, record, tenant.now())
    return _answer(resource, row)


def _content(resource: Resource, body: Any) -> tuple[Record, bool]:
    """Return the fields of a written record and whether it changes one that exists."""
    if not isinstance(body, dict):
        raise Refused("body", "not an object")
    if resource.write == "rest":
        return body, False
    if set(body) != {resource.wrap} or not isinstance(body[resource.wrap], dict):
        raise Refused("missing", resource.wrap)
    wrapped = dict(body[resource.wrap])
    code = wrapped.pop("operationCode", None)
    if code not in ("CREATE", "UPDATE"):
        raise Refused("value", f"operationCode: {code!r}")
    content = wrapped.get(resource.inner) if resource.inner else wrapped
    if not isinstance(content, dict):
        raise Refused("missing", resource.inner)
    return content, code == "UPDATE"


def _existing(tenant: Tenant, resource: Resource, given: Any) -> Row:
    leaf = resource.key.rpartition(".")[2]
    if given in (None, ""):
        raise Refused("missing", leaf)
    row = tenant.tables[resource.name].rows.get(int(given)) if str(given).isdecimal() else None
    if row is None:
        raise Refused("not_found", f"{leaf} {given}")
    return row


def _answer(resource: Resource, row: Row) -> Record:
    answer: Record = {resource.key.rpartition(".")[2]: row.id}
    if resource.name == "purchase_orders":
        answer |= {"poNumber": get(row.record, "header.poNumber"), "revision": get(row.record, "header.revision")}
    return answer


def checked_supplier(tenant: Tenant, record: Record, row: Row | None) -> Record:
    """Return a company fit to be stored. `extUniqueCode` is unique, `extCode` is not; raises `Refused`."""
    info = record.get("returnCompanyInfo") or {}
    _check_texts(info)
    if row is None:
        info = {"type": "SELLER", "status": "ACTIVE"} | info
        if not (info.get("companyName") or "").strip():
            raise Refused("missing", "companyName")
    unique = info.get("extUniqueCode")
    others = tenant.tables["suppliers"].by("returnCompanyInfo.extUniqueCode", unique) if unique else []
    if any(other is not row for other in others):
        raise Refused("duplicate", f"extUniqueCode {unique}")
    return {"returnCompanyInfo": info}


def _check_texts(info: Record) -> None:
    if unknown := set(info) - COMPANY_FIELDS:
        raise Refused("body", f"unknown fields {', '.join(sorted(unknown))}")
    for name, value in info.items():
        if value is not None and not isinstance(value, str):
            raise Refused("value", f"{name}: {value!r} is not text")
    for name, pattern in (("type", "SELLER|BUYER"), ("isoCountry", "[A-Z]{2}"), ("currency", "[A-Z]{3}")):
        if info.get(name) and not re.fullmatch(pattern, info[name]):
            raise Refused("value", f"{name}: {info[name]!r}")


def _checked_code(name: str) -> Checked:
    """Return the check of GL accounts or cost centers: their code is unique."""

    def check(tenant: Tenant, record: Record, row: Row | None) -> Record:
        if unknown := set(record) - CODE_FIELDS:
            raise Refused("body", f"unknown fields {', '.join(sorted(unknown))}")
        code = record.get("code") or (row.record["code"] if row else None)
        if not isinstance(code, str) or not code.strip():
            raise Refused("missing", "code")
        if any(other is not row for other in tenant.tables[name].by("code", code)):
            raise Refused("duplicate", f"code {code}")
        active = record.get("active", row.record["active"] if row else "true")
        if str(active).lower() not in ("true", "false"):
            raise Refused("value", f"active: {active!r}")
        return {**record, "code": code, "active": str(active).lower()}

    return check


CHECKS: dict[str, Checked] = {
    "suppliers": checked_supplier,
    "gl_accounts": _checked_code("gl_accounts"),
    "cost_centers": _checked_code("cost_centers"),
    "purchase_orders": checked_order,
}
