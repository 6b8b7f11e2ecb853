"""What the tenant's own people do behind the API's back: `/_sandbox/change`.

- `{"suppliers": [{...}], "gl_accounts": [{...}], "cost_centers": [{...}]}`: add records, each the fields a write has
- `{"invoices": n}`: make n invoices of all kinds for the suppliers and accounts there are; `{"invoices": {"count": n,
  "accounts": [code, …]}}` for these accounts
- `{"invoice": {...}}`: add one (see `invoices.invoice`); `{"approve": id | [ids] | "all"}`
- `{"set": {"resource", "where": {path: value}, "values": {path: value}}}`, `{"delete": {"resource", "where"}}`
- `{"settings": {...}}`, `{"resources": {name: {...}}}`, `{"revoke": true}` (all tokens), `{"clear": true}` (or `empty`)

Names are those of the default shape. Several commands in one are carried out in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.sandbox.jaggaer.generate import make_invoices
from airflow_provider_mlconnector.sandbox.jaggaer.invoices import invoice
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, put, within
from airflow_provider_mlconnector.sandbox.jaggaer.resources import DEFAULTS, tenant
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Row
from airflow_provider_mlconnector.sandbox.jaggaer.writes import CHECKS

if TYPE_CHECKING:
    from airflow_provider_mlconnector.sandbox.jaggaer.vendor import JaggaerSandbox


def apply_change(sandbox: JaggaerSandbox, command: Mapping[str, Any]) -> dict[str, Any]:
    """Do the one or more things a command names; raises ValueError for one it does not know."""
    if unknown := set(command) - set(_CHANGES):
        raise ValueError(f"unknown change {sorted(unknown)}; known: {', '.join(_CHANGES)}")
    return {name: _CHANGES[name](sandbox, argument) for name, argument in command.items()}


def _adder(name: str) -> Callable[[JaggaerSandbox, Any], list[int]]:
    def add(sandbox: JaggaerSandbox, records: list[Record]) -> list[int]:
        return [_added(sandbox, name, record) for record in records]

    return add


def _added(sandbox: JaggaerSandbox, name: str, fields: Record) -> int:
    own, default = sandbox.tenant, DEFAULTS[name]
    record = CHECKS[name](own, within(default.root if default.inner else "", dict(fields)), None)
    return own.tables[name].insert(record, own.now()).id


def _invoices(sandbox: JaggaerSandbox, given: Any) -> list[dict[str, Any]]:
    wanted = given if isinstance(given, Mapping) else {"count": given}
    return make_invoices(sandbox.tenant, int(wanted["count"]), wanted.get("accounts"))


def _invoice(sandbox: JaggaerSandbox, spec: Record) -> int:
    own = sandbox.tenant
    return own.tables["invoices"].insert(invoice(own, spec), own.now(), str(spec.get("kind", "given"))).id


def _approve(sandbox: JaggaerSandbox, which: Any) -> list[int]:
    own, table = sandbox.tenant, sandbox.tenant.tables["invoices"]
    if which == "all":
        rows = [row for row in table.rows.values() if row.record["header"]["workflowStatus"] != "Completed"]
    else:
        rows = [table.rows[int(each)] for each in (which if isinstance(which, list) else [which])]
    for row in rows:
        table.update(row, {"header": {"workflowStatus": "Completed"}}, own.now())
    return [row.id for row in rows]


def _set(sandbox: JaggaerSandbox, argument: Record) -> int:
    changes: Record = {}
    for path, value in argument["values"].items():
        put(changes, path, value)
    rows = _found(sandbox, argument)
    for row in rows:
        sandbox.tenant.tables[argument["resource"]].update(row, changes, sandbox.tenant.now())
    return len(rows)


def _delete(sandbox: JaggaerSandbox, argument: Record) -> int:
    rows = _found(sandbox, argument)
    for row in rows:
        sandbox.tenant.tables[argument["resource"]].delete(row)
    return len(rows)


def _found(sandbox: JaggaerSandbox, argument: Record) -> list[Row]:
    return sandbox.tenant.tables[argument["resource"]].where(argument.get("where", {}))


def _settings(sandbox: JaggaerSandbox, values: Record) -> list[str]:
    sandbox.tenant.settings.set(values)
    return sorted(values)


def _resources(sandbox: JaggaerSandbox, changes: Record) -> list[str]:
    sandbox.tenant.resources = tenant(changes, sandbox.tenant.resources)
    return sorted(changes)


def _revoke(sandbox: JaggaerSandbox, _: Any) -> bool:
    sandbox.identity.revoke()
    return True


def _clear(sandbox: JaggaerSandbox, _: Any) -> bool:
    sandbox.tenant.clear()
    return True


_CHANGES: dict[str, Callable[[JaggaerSandbox, Any], Any]] = {
    "clear": _clear,
    "empty": _clear,
    "settings": _settings,
    "resources": _resources,
    "suppliers": _adder("suppliers"),
    "gl_accounts": _adder("gl_accounts"),
    "cost_centers": _adder("cost_centers"),
    "invoices": _invoices,
    "invoice": _invoice,
    "approve": _approve,
    "set": _set,
    "delete": _delete,
    "revoke": _revoke,
}
