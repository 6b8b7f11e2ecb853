"""Changes to JD Edwards made behind the API's back, as its own users make them (POST /_sandbox/change)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ..core.vendor import ChangeError
from .columns import Value
from .store import Store, Table

if TYPE_CHECKING:
    from .server import JdeSandbox

Command = dict[str, Any]


def change(server: JdeSandbox, command: Command) -> dict[str, Any]:
    """Carry out one command, or a list of them under `commands`; raises ChangeError.

    - `{"table": T, "set": {...}, "where": {...}}`; stamps UPMJ/UPMT with now unless `"stamp": false` or `set` has them
    - `{"table": T, "insert": {...} | [...]}` and `{"table": T, "delete": {...where...} | true}`
    - `{"new_customer": {...}}`: see `_new_customer`
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


def insert(server: JdeSandbox, table: Table, values: Mapping[str, Any]) -> None:
    """Insert one row, stamped with now."""
    table.insert(table.row({**stamp(server, table), **table.held(values)}))


def stamp(server: JdeSandbox, table: Table) -> dict[str, Value]:
    """Return UPMJ and UPMT for now in the server's zone, where `table` has them."""
    now = server.clock.datetime(server.settings.zone)
    found: dict[str, Value] = {"UPMJ": now.strftime("%Y%m%d"), "UPMT": int(now.strftime("%H%M%S"))}
    return {alias: value for alias, value in found.items() if alias in table.columns}


def _new_customer(server: JdeSandbox, command: Command) -> dict[str, Any]:
    """Create a customer: F0101, F03012, F0111 IDLN 0, F0116, and on request web, phone, contacts.

    Keys (all optional): `AN8`, `name`, `CO` (one or a list), `email` and `web` (IDLN 0), `phone`,
    `contacts` (list of `{name, email, phone}`), `address` (F0116 columns); others are F0101 or F03012 columns.
    """
    given = dict(command["new_customer"])
    store = server.store
    number = int(given.pop("AN8", 0)) or _next_number(store)
    name = given.pop("name", None) or given.pop("ALPH", None) or f"New Customer {number}"
    companies = given.pop("CO", "00000")
    contacts = [
        {"name": name, **{k: given.pop(k, None) for k in ("email", "phone", "web")}},
        *given.pop("contacts", []),
    ]
    address = {"CTR": "US", "EFTB": "20200101", **given.pop("address", {})}
    master = {alias: given.pop(alias) for alias in list(given) if alias in store["F0101"].columns}
    insert(server, store["F0101"], {"AN8": number, "ALPH": name, "AT1": "C", **master})
    for company in [companies] if isinstance(companies, str) else companies:
        insert(server, store["F03012"], {"AN8": number, "CO": company, "CRCD": "USD", **given})
    insert(server, store["F0116"], {"AN8": number, **address})
    for line, contact in enumerate(contacts):
        _new_contact(server, number, line, contact)
    return {"AN8": number}


def _next_number(store: Store) -> int:
    """Return the number after the greatest in use; rows are in key order."""
    used = (store[name].rows[-1][0] for name in ("F0101", "F03012", "F0401") if store[name].rows)
    return max((int(number) for number in used), default=1000) + 1


def _new_contact(server: JdeSandbox, number: int, line: int, contact: Mapping[str, Any]) -> None:
    store, key = server.store, {"AN8": number, "IDLN": line}
    given_name, _, surname = str(contact["name"]).partition(" ")
    person = {"GNNM": given_name, "SRNM": surname} if line else {}
    insert(server, store["F0111"], {**key, "MLNM": contact["name"], "ALPH": contact["name"], **person})
    if contact.get("phone"):
        insert(server, store["F0115"], {**key, "RCK7": 1, "CNLN": 0, "PH1": contact["phone"]})
    for place, (kind, field) in enumerate((("E", "email"), ("I", "web")), start=1):
        if contact.get(field):
            insert(server, store["F01151"], {**key, "RCK7": place, "ETP": kind, "EMAL": contact[field]})


def _empty(server: JdeSandbox, _: Command) -> dict[str, Any]:
    server.store.clear()
    return {"ok": True}


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
    "set": _set,
    "insert": _insert,
    "delete": _delete,
    "new_customer": _new_customer,
    "empty": _empty,
    "unlock": _unlock,
    "password": _password,
    "settings": _settings,
}
