"""Purchase orders as buyers enter, change, hold, receive and cancel them (POST /_sandbox/change)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .columns import Row, Value
from .currencies import COMPANIES
from .orders import CANCELLED, FIRST_ORDER, OPEN, RECEIVED, Money, open_columns
from .stamps import insert, stamp
from .store import Table

if TYPE_CHECKING:
    from .server import JdeSandbox

Command = dict[str, Any]
KEY = ("DOCO", "DCTO", "KCOO", "SFXO")
PRICED = frozenset({"UORG", "PRRC", "FRRC"})
ACTIONS = ("set", "cancel", "close", "hold", "add_line", "delete")


def new_order(server: JdeSandbox, command: Command) -> dict[str, Any]:
    """Enter an order; returns its key.

    F4301 columns and `lines`, a list of F4311 columns; all optional. AN8 defaults to the first supplier, CRCD to the
    supplier's currency, DOCO to the next number. A line has `ITM` (or LITM), or an account (`AID`, or `ANI` as
    MCU.OBJ.SUB), or neither; UORG defaults to 1, PRRC is the unit cost in the order's currency, AEXP alone is a lump
    sum. Extended amounts, foreign amounts, open quantities and the total are worked out.
    """
    given = dict(command["new_order"])
    lines = given.pop("lines", [{}])
    store, held = server.store, server.store["F4301"].held(given)
    number = max((int(row[0]) for row in store["F4301"].rows), default=FIRST_ORDER - 1) + 1
    header: dict[str, Any] = {"DOCO": number, "DCTO": "OP", "KCOO": "00001", "SFXO": "000", **held}
    supplier = _supplier(server, header)
    today = stamp(server, store["F4301"])["UPMJ"]
    defaults = {"AN8": supplier["AN8"], "CRCD": supplier["CRRP"], "PTC": supplier["TRAP"], "MCU": "1130"}
    defaults |= dict.fromkeys(("TRDJ", "DRQJ", "PDDJ"), today)
    header = {**defaults, **header}
    header |= _money(header).columns()
    made = [_new_line(server, header, {"LNID": place, **line}) for place, line in enumerate(lines, start=1)]
    header["OTOT"] = sum((line["AEXP"] for line in made), Decimal(0))
    header["FAP"] = sum((line["FEA"] for line in made), Decimal(0))
    insert(server, store["F4301"], header)
    for line in made:
        insert(server, store["F4311"], line)
    return {name: header[name] for name in KEY}


def change_order(server: JdeSandbox, command: Command) -> dict[str, Any]:
    """Change one order; returns how many rows. `order` is its key: KCOO-DCTO-DOCO-SFXO, a mapping, or DOCO alone.

    - with `line` (LNID): `set` columns, `cancel`, `close` (received in full); only the line is changed and stamped,
      the header keeps its total and its date. A new UORG or PRRC (in the order's currency) makes new amounts
    - without: `set` or `hold` the header; `cancel`, `close` header and all lines; `add_line` {...}; `delete` (purged)
    - `"stamp": false`: as SQL does it, dates stay
    """
    header = _find(server, command["order"])
    action = next((name for name in ACTIONS if name in command), None)
    if action is None:
        raise ValueError(f"an order needs one of {', '.join(ACTIONS)}")
    if action == "add_line":
        line = _new_line(server, header, {"LNID": _next_line(server, header), **command["add_line"]})
        insert(server, server.store["F4311"], line)
        return {"changed": 1, "LNID": line["LNID"]}
    if action == "delete":
        where = {name: header[name] for name in KEY}
        tables = [server.store["F4301"], server.store["F4311"]]
        return {"deleted": sum(table.delete(table.where(where)) for table in tables)}
    if action in ("set", "hold") and "line" not in command:
        values = {"HOLD": command["hold"]} if action == "hold" else command["set"]
        return {"changed": _update(server, server.store["F4301"], _row(server, header), values, command)}
    return {"changed": _change_lines(server, header, action, command)}


def _change_lines(server: JdeSandbox, header: Command, action: str, command: Command) -> int:
    lines = server.store["F4311"]
    where = {name: header[name] for name in KEY}
    if "line" in command:
        where["LNID"] = Decimal(str(command["line"]))
    rows = lines.where(where)
    if not rows:
        raise ValueError(f"order {_spelt(header)} has no line {command.get('line')}")
    today = stamp(server, lines)["UPMJ"]
    changed = 0
    for row in rows:
        line = dict(zip(lines.columns, row, strict=True))
        values = _priced(header, line, lines.held(command["set"])) if action == "set" else _ended(line, action, today)
        changed += _update(server, lines, row, values, command)
    if action == "cancel" and "line" not in command:
        changed += _update(server, server.store["F4301"], _row(server, header), {"CNDJ": today}, command)
    return changed


def _ended(line: Command, action: str, today: Value) -> dict[str, Value]:
    if action == "cancel":
        return {**open_columns(line, CANCELLED), "UREC": line["UREC"], "CNDJ": today}
    return open_columns(line, RECEIVED)


def _update(server: JdeSandbox, table: Table, row: Row, values: Mapping[str, Any], command: Command) -> int:
    held = table.held(values)
    table.update(row, {**stamp(server, table), **held} if command.get("stamp", True) else held)
    return 1


def _find(server: JdeSandbox, key: Any) -> Command:
    """Return the header `key` names; raises ValueError unless it is exactly one."""
    table = server.store["F4301"]
    if isinstance(key, str) and "-" in key:
        company, kind, number, suffix = key.split("-")
        key = {"KCOO": company, "DCTO": kind, "DOCO": number, "SFXO": suffix}
    rows = table.where(table.held(key if isinstance(key, Mapping) else {"DOCO": key}))
    found = [dict(zip(table.columns, row, strict=True)) for row in rows]
    if len(found) != 1:
        raise ValueError(f"{key!r} names {len(found)} orders: {', '.join(_spelt(order) for order in found)}")
    return found[0]


def _row(server: JdeSandbox, header: Command) -> Row:
    return server.store["F4301"].where({name: header[name] for name in KEY})[0]


def _spelt(header: Command) -> str:
    return f"{header['KCOO']}-{header['DCTO']}-{header['DOCO']}-{header['SFXO']}"


def _supplier(server: JdeSandbox, header: Command) -> Command:
    table = server.store["F0401"]
    rows = table.where({"AN8": header["AN8"]}) if "AN8" in header else table.rows
    if not rows and "AN8" not in header:
        raise ValueError("there is no supplier in F0401: give AN8")
    # An order of a supplier whose master record is gone is something a client must be able to meet.
    held = dict(zip(table.columns, rows[0], strict=True)) if rows else {"AN8": header["AN8"], "TRAP": ""}
    return {**held, "CRRP": held.get("CRRP") or "USD"}


def _money(header: Command) -> Money:
    currency = str(header["CRCD"])
    return Money(currency, COMPANIES.get(str(header["KCOO"]), ("", currency))[1])


def _next_line(server: JdeSandbox, header: Command) -> Decimal:
    table = server.store["F4311"]
    lines = [row[table.position["LNID"]] for row in table.where({name: header[name] for name in KEY})]
    return Decimal(int(max(lines, default=Decimal(0))) + 1)


def _new_line(server: JdeSandbox, header: Command, given: Command) -> Command:
    table = server.store["F4311"]
    held = table.held(given)
    shared = {name: header[name] for name in (*KEY, "AN8", "MCU", "TRDJ", "PDDJ", "CRRM", "CRCD", "CRR")}
    lump = "AEXP" in held and "PRRC" not in held
    made: Command = {**shared, "UORG": Decimal(0 if lump else 1), "PRRC": Decimal(0), "UOM": "EA", "UREC": Decimal(0)}
    made |= {**_item(server, held), **_account(server, held), **held}
    money = _money(header)
    amounts = money.lump_sum(made["AEXP"]) if lump else money.extended(made["UORG"], made["PRRC"])
    return {**made, **amounts, **open_columns({**made, **amounts}, OPEN), **_statuses(held)}


def _statuses(held: Mapping[str, Value]) -> dict[str, Value]:
    return {name: held[name] for name in ("LTTR", "NXTR", "UOPN", "AOPN") if name in held}


def _item(server: JdeSandbox, held: Mapping[str, Value]) -> dict[str, Value]:
    table = server.store["F4101"]
    wanted = {name: held[name] for name in ("ITM", "LITM") if held.get(name)}
    rows = table.where(wanted) if wanted else []
    if not rows:
        return {"LNTY": "S" if wanted else "J"}
    item = dict(zip(table.columns, rows[0], strict=True))
    found = {name: item[name] for name in ("ITM", "LITM", "DSC1", "DSC2")}
    return {**found, "LNTY": "S", "UOM": item["UOM1"], "GLC": item["GLPT"]}


def _account(server: JdeSandbox, held: Mapping[str, Value]) -> dict[str, Value]:
    """Return the account columns of a line that names one by AID or ANI; an unknown one stays as it is given."""
    table = server.store["F0901"]
    accounts = (
        [dict(zip(table.columns, row, strict=True)) for row in table.rows] if "AID" in held or "ANI" in held else []
    )
    for account in accounts:
        number = ".".join(str(account[name]) for name in ("MCU", "OBJ", "SUB") if account[name])
        if account["AID"] == held.get("AID") or number == held.get("ANI"):
            return {"AID": account["AID"], "ANI": number, "OBJ": account["OBJ"], "SUB": account["SUB"], "UOM": ""}
    return {}


def _priced(header: Command, line: Command, values: dict[str, Value]) -> dict[str, Any]:
    """Return `values` with the amounts that follow from a new quantity or unit cost (in the order's currency)."""
    if "AEXP" in values or not PRICED & set(values):
        return values
    money = _money(header)
    price = values.get("FRRC", values.get("PRRC", line["FRRC"] if money.foreign else line["PRRC"]))
    quantity = values.get("UORG", line["UORG"])
    amounts = money.extended(Decimal(str(quantity)), Decimal(str(price)))
    still_open = str(line["NXTR"]) < "999"
    left = {"UOPN": Decimal(str(quantity)) - line["UREC"], "AOPN": amounts["AEXP"]} if still_open else {}
    return {**left, **values, **amounts}
