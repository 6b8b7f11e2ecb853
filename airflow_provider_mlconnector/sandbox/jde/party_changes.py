"""New customers, suppliers and accounts, with all the rows that JD Edwards' own programs write for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .stamps import insert
from .store import Store

if TYPE_CHECKING:
    from .server import JdeSandbox

Command = dict[str, Any]


def new_customer(server: JdeSandbox, command: Command) -> dict[str, Any]:
    """Create a customer: F0101, F03012, F0111 IDLN 0, F0116, and on request web, phone, contacts.

    Keys (all optional): `AN8`, `name`, `CO` (one or a list), `email` and `web` (IDLN 0), `phone`,
    `contacts` (list of `{name, email, phone}`), `address` (F0116 columns); others are F0101 or F03012 columns.
    """
    given = dict(command["new_customer"])
    companies = given.pop("CO", "00000")
    number, rest = _new_party(server, given, "C", "Customer")
    for company in [companies] if isinstance(companies, str) else companies:
        insert(server, server.store["F03012"], {"AN8": number, "CO": company, "CRCD": "USD", **rest})
    return {"AN8": number}


def new_supplier(server: JdeSandbox, command: Command) -> dict[str, Any]:
    """Create a supplier: as a customer, with an F0401 row; other keys are F0101 or F0401 columns.

    An `AN8` that is in the address book gets only the F0401 row.
    """
    given = dict(command["new_supplier"])
    number = int(given.get("AN8", 0))
    if server.store["F0101"].where({"AN8": number}):
        rest = {name: value for name, value in given.items() if name != "AN8"}
    else:
        number, rest = _new_party(server, given, "V", "Supplier")
    insert(server, server.store["F0401"], {"AN8": number, "APC": "TRAD", "CRRP": "USD", "TRAP": "N30", **rest})
    return {"AN8": number}


def new_account(server: JdeSandbox, command: Command) -> dict[str, Any]:
    """Create an account of F0901; `AID` defaults to the next one, `CO` to that of the business unit."""
    given = dict(command["new_account"])
    accounts, unit = server.store["F0901"], server.store["F0006"].where({"MCU": str(given.get("MCU", "")).strip()})
    if not unit:
        raise ValueError(f"business unit {given.get('MCU')!r} is not in F0006")
    used = [int(str(row[0])) for row in accounts.rows if str(row[0]).isdecimal()]
    found = {"AID": f"{max(used, default=10_000) + 1:08d}", "CO": unit[0][server.store["F0006"].position["CO"]]}
    found |= {"LDA": "6", **given}
    insert(server, accounts, found)
    return {"AID": found["AID"]}


def _new_party(server: JdeSandbox, given: Command, kind: str, word: str) -> tuple[int, Command]:
    """Write the address book's rows; returns the number and what is left of `given`."""
    store = server.store
    number = int(given.pop("AN8", 0)) or _next_number(store)
    name = given.pop("name", None) or given.pop("ALPH", None) or f"New {word} {number}"
    contacts = [
        {"name": name, **{k: given.pop(k, None) for k in ("email", "phone", "web")}},
        *given.pop("contacts", []),
    ]
    address = {"CTR": "US", "EFTB": "20200101", **given.pop("address", {})}
    master = {alias: given.pop(alias) for alias in list(given) if alias in store["F0101"].columns}
    insert(server, store["F0101"], {"AN8": number, "ALPH": name, "AT1": kind, **master})
    insert(server, store["F0116"], {"AN8": number, **address})
    for line, contact in enumerate(contacts):
        _new_contact(server, number, line, contact)
    return number, given


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
