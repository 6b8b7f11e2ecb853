"""Changes to JD Edwards made behind the API's back, as its own users make them (POST /_sandbox/change)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ..core.vendor import ChangeError
from . import order_changes, party_changes, r04110za
from .stamps import insert, stamp

if TYPE_CHECKING:
    from .server import JdeSandbox

Command = dict[str, Any]


def change(server: JdeSandbox, command: Command) -> dict[str, Any]:
    """Carry out one command, or a list of them under `commands`; raises ChangeError.

    - `{"table": T, "set": {...}, "where": {...}}`; stamps UPMJ/UPMT with now unless `"stamp": false` or `set` has them
    - `{"table": T, "insert": {...} | [...]}` and `{"table": T, "delete": {...where...} | true}`
    - `{"new_customer": {...}}`, `{"new_supplier": {...}}`, `{"new_account": {...}}`: see `party_changes`
    - `{"new_order": {...}}`, `{"order": key, ...}`: see `order_changes`
    - `{"run_r04110za": "proof" | "final"}`: runs the batch voucher processor; returns its report
    - `{"empty": true}`, `{"unlock": user}`, `{"password": {user: password}}`, `{"settings": {name: value}}`
    """
    try:
        if "commands" in command:
            return {"results": [change(server, item) for item in command["commands"]]}
        action = next((_ACTIONS[key] for key in _ACTIONS if key in command), None)
        if action is None:
            raise ChangeError(f"unknown command; known: commands, {', '.join(_ACTIONS)}")
        return action(server, command)
    except KeyError as error:
        raise ChangeError(f"unknown table or column {error}") from error
    except ValueError as error:
        raise ChangeError(str(error)) from error


def _set(server: JdeSandbox, command: Command) -> dict[str, Any]:
    table = server.store[command["table"]]
    values = table.held(command["set"])
    if command.get("stamp", True):
        values = {**stamp(server, table), **values}
    rows = table.where(table.held(command.get("where", {})))
    for row in rows:
        table.update(row, values)
    return {"changed": len(rows)}


def _insert(server: JdeSandbox, command: Command) -> dict[str, Any]:
    table = server.store[command["table"]]
    given = command["insert"] if isinstance(command["insert"], list) else [command["insert"]]
    for values in given:
        insert(server, table, values)
    return {"inserted": len(given)}


def _delete(server: JdeSandbox, command: Command) -> dict[str, Any]:
    table = server.store[command["table"]]
    where = command["delete"] if isinstance(command["delete"], dict) else {}
    return {"deleted": table.delete(table.where(table.held(where)))}


def _empty(server: JdeSandbox, _: Command) -> dict[str, Any]:
    server.store.clear()
    return {"ok": True}


def _run_batch(server: JdeSandbox, command: Command) -> dict[str, Any]:
    return r04110za.run(server, command["run_r04110za"])


def _unlock(server: JdeSandbox, command: Command) -> dict[str, Any]:
    return {"wrong_passwords": server.sessions.wrong_passwords.pop(command["unlock"], 0)}


def _password(server: JdeSandbox, command: Command) -> dict[str, Any]:
    server.settings.users.update(command["password"])
    return {"ok": True}


def _settings(server: JdeSandbox, command: Command) -> dict[str, Any]:
    known = {item.name for item in fields(server.settings)}
    if unknown := set(command["settings"]) - known:
        raise ChangeError(f"unknown settings {sorted(unknown)}; known: {', '.join(sorted(known))}")
    for name, value in command["settings"].items():
        setattr(server.settings, name, tuple(value) if isinstance(value, list) else value)
    return {"ok": True}


_ACTIONS: dict[str, Callable[[JdeSandbox, Command], dict[str, Any]]] = {
    "order": order_changes.change_order,
    "set": _set,
    "insert": _insert,
    "delete": _delete,
    "new_customer": party_changes.new_customer,
    "new_supplier": party_changes.new_supplier,
    "new_account": party_changes.new_account,
    "new_order": order_changes.new_order,
    "run_r04110za": _run_batch,
    "empty": _empty,
    "unlock": _unlock,
    "password": _password,
    "settings": _settings,
}
