"""Changes to QAD made behind the API's back, as its own users make them (POST /_sandbox/change)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.vendor import ChangeError
from .documents import CONTACT, CUSTOM_FIELDS, CUSTOMER, MODIFIED, RELATION, Document
from .generate import FIRST, INHERITED, mfg_customer
from .store import Row, stamp

if TYPE_CHECKING:
    from .server import QadSandbox

Command = dict[str, Any]
USER = "mfg"
CONTACTS = "customerContactV2s"
CONTACT_FIELDS = {each.name for each in (*CONTACT, *MODIFIED)}
BLANK_CONTACT = {each.name: False if each.kind == "logical" else "" for each in CONTACT}


def change(server: QadSandbox, command: Command) -> dict[str, Any]:
    """Carry out one command, or a list of them under `commands`; raises ChangeError.

    Unless `"touch": false`, what is changed gets lastModified of now; `set` may hold those values itself.

    - `{"table": T, "where": {...}, "set": {...}}`, `{"table": T, "insert": {...}}`, `{"table": T, "delete": {...}}`
    - `{"rename": businessRelationCode, "name": N}`: also in its customers; `"touch": "relation"` stamps it alone
    - `{"duplicate_name": businessRelationCode, "of": businessRelationCode}`: the first gets the name of the second
    - `{"new_customer": {...}}`: see `_new_customer`; `{"deactivate": customerCode}`
    - `{"contact": customerCode, "name": contactName, "set": {...}}`, or `"delete": true`; a new name is a new contact;
      `"touch": "contact"` stamps only the contact
    - `{"empty": true}`, `{"end_sessions": true}`, `{"password": {user: password}}`, `{"settings": {name: value}}`
    """
    try:
        if "commands" in command:
            return {"results": [change(server, item) for item in command["commands"]]}
        action = next((_ACTIONS[key] for key in _ACTIONS if key in command), None)
        if action is None:
            raise ChangeError(f"unknown command; known: commands, {', '.join(_ACTIONS)}")
        return action(server, command)
    except KeyError as error:
        raise ChangeError(f"unknown or missing {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ChangeError(str(error)) from error


def stamped(server: QadSandbox) -> Row:
    """Return lastModified of now."""
    return stamp(server.clock.datetime(server.settings.zone), server.settings, USER)


def _checked(document: Document, values: Mapping[str, Any]) -> Row:
    known = set(document.by_name) | set(CUSTOM_FIELDS) | ({document.children[0]} if document.children else set())
    if unknown := set(values) - known:
        raise ChangeError(f"{document.plural} has no field {', '.join(sorted(unknown))}")
    return dict(values)


def _set(server: QadSandbox, command: Command) -> dict[str, Any]:
    table = server.store[command["table"]]
    values = _checked(table.document, command["set"])
    if keys := set(values) & set(table.document.keys):
        raise ChangeError(f"{', '.join(sorted(keys))} is a key and cannot change")
    return _write(server, table.where(command.get("where", {})), values, touch=bool(command.get("touch", True)))


def _write(server: QadSandbox, rows: Sequence[Row], values: Row, *, touch: bool) -> dict[str, Any]:
    marks = stamped(server) if touch else {}
    for row in rows:
        server.store.update(row, {**marks, **values})
    return {"changed": len(rows)}


def _insert(server: QadSandbox, command: Command) -> dict[str, Any]:
    document = server.store[command["table"]].document
    server.store.insert(document.plural, [{**stamped(server), **_checked(document, command["insert"])}])
    return {"inserted": 1}


def _delete(server: QadSandbox, command: Command) -> dict[str, Any]:
    table = server.store[command["table"]]
    return {"deleted": server.store.delete(command["table"], table.where(command["delete"]))}


def _rename(server: QadSandbox, command: Command) -> dict[str, Any]:
    where = {"businessRelationCode": command["rename"]}
    touch = command.get("touch", True)
    name = {"businessRelationName": str(command["name"])}
    relations = server.store[RELATION.plural].where(where)
    if not relations:
        raise ChangeError(f"no business relation {command['rename']}")
    _write(server, relations, name, touch=bool(touch))
    return _write(server, server.store[CUSTOMER.plural].where(where), name, touch=touch is True)


def _duplicate_name(server: QadSandbox, command: Command) -> dict[str, Any]:
    name = server.store[RELATION.plural].rows[(command["of"],)]["businessRelationName"]
    return _rename(server, {"rename": command["duplicate_name"], "name": name, "touch": command.get("touch", True)})


def _customers(server: QadSandbox, code: str) -> list[Row]:
    if found := server.store[CUSTOMER.plural].where({"customerCode": code}):
        return found
    raise ChangeError(f"no customer {code}")


def _deactivate(server: QadSandbox, command: Command) -> dict[str, Any]:
    rows = _customers(server, command["deactivate"])
    return _write(server, rows, {"isActive": False}, touch=bool(command.get("touch", True)))


def _contact(server: QadSandbox, command: Command) -> dict[str, Any]:
    touch = command.get("touch", True)
    values = _contact_values({"contactName": command["name"], **command.get("set", {})})
    marks = stamped(server) if touch else {}
    rows = _customers(server, command["contact"])
    for row in rows:
        kept = {each["contactName"]: each for each in row.get(CONTACTS, [])}
        old = kept.pop(command["name"], {**BLANK_CONTACT, **stamped(server)})
        if not command.get("delete"):
            kept[command["name"]] = {**old, **marks, **values}
        server.store.update(row, {CONTACTS: list(kept.values()), **(marks if touch is True else {})})
    return {"changed": len(rows)}


def _contact_values(given: Mapping[str, Any]) -> Row:
    if unknown := set(given) - CONTACT_FIELDS:
        raise ChangeError(f"a contact has no field {', '.join(sorted(unknown))}")
    return {"contactName": given["contactName"], **given}


def _new_customer(server: QadSandbox, command: Command) -> dict[str, Any]:
    """Create a customer in the first workspace, with its business relation unless an existing one is named.

    Keys (all optional): `customerCode`, `name`, `businessRelationCode`, `contacts` (list of contact fields), and any
    other field of the customer.
    """
    given = _checked(CUSTOMER, {k: v for k, v in command["new_customer"].items() if k not in ("name", "contacts")})
    contacts = [_contact_values(each) for each in command["new_customer"].get("contacts", [])]
    store, workspaces, marks = server.store, server.settings.workspaces, stamped(server)
    number = FIRST + 10_000 + store.version
    code = given.setdefault("customerCode", f"10C{number}")
    name = command["new_customer"].get("name") or f"New Customer {number}"
    relation_code = given.setdefault("businessRelationCode", f"BR{number}")
    relation = store[RELATION.plural].rows.get((relation_code,))
    if relation is None:
        blank = {each.name: "" for each in RELATION.fields}
        own = {each: given[each] for each in INHERITED if each in given}
        relation = {**blank, "businessRelationName": name, "isActive": True, "countryCode": "US", **own, **marks}
        store.insert(RELATION.plural, [relation])
    row = {each.name: "" for each in CUSTOMER.fields} | {each: relation[each] for each in INHERITED}
    row |= {"sharedSetCode": next(iter(workspaces.values())), "isActive": True, "currencyCode": "USD", "creditLimit": 0}
    row |= {**marks, **given, CONTACTS: [{**BLANK_CONTACT, **marks, **each} for each in contacts]}
    store.insert(CUSTOMER.plural, [row])
    store.insert("mfgCustomers", [mfg_customer(row, next(iter(workspaces)).partition("_")[0])])
    return {"customerCode": code, "businessRelationCode": relation_code}


def _empty(server: QadSandbox, _: Command) -> dict[str, Any]:
    server.store.clear()
    return {"ok": True}


def _end_sessions(server: QadSandbox, _: Command) -> dict[str, Any]:
    server.access.end_all()
    return {"ok": True}


def _password(server: QadSandbox, command: Command) -> dict[str, Any]:
    server.settings.users.update(command["password"])
    return {"ok": True}


def _settings(server: QadSandbox, command: Command) -> dict[str, Any]:
    server.settings.replace(command["settings"])
    return {"ok": True}


_ACTIONS: dict[str, Callable[[QadSandbox, Command], dict[str, Any]]] = {
    "rename": _rename,
    "duplicate_name": _duplicate_name,
    "new_customer": _new_customer,
    "deactivate": _deactivate,
    "contact": _contact,
    "insert": _insert,
    "table": lambda server, command: (_delete if "delete" in command else _set)(server, command),
    "empty": _empty,
    "end_sessions": _end_sessions,
    "password": _password,
    "settings": _settings,
}
