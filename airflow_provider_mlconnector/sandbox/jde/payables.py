"""Generates past vouchers: F0411 and F0911, and for a few of them the Z rows they were made from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .accounts import Account
from .columns import Value
from .currencies import COMPANIES, rate, rounded
from .store import Store
from .writer import Writer

FIRST_VOUCHER = 300_001
FIRST_BATCH = 7001
EDI_USER = "EDIBATCH"
"""Another interface of this site, which fills the same Z tables."""


def vouchers(writer: Writer, store: Store, accounts: list[Account], count: int) -> None:
    """Write `count` vouchers of the suppliers of F0401; each eighth void, each third paid, each ninth a credit memo."""
    suppliers = store["F0401"].to_dicts()
    postable = [account for account in accounts if account.postable]
    if not suppliers or not postable:
        return
    for number in range(count):
        supplier, account = writer.random.choice(suppliers), writer.random.choice(postable)
        voucher = _voucher(writer, number, supplier, account)
        writer.add("F0411", **voucher)
        writer.add("F0911", **_ledger_line(voucher, account))
        if number % 20 == 1:
            _z_rows(writer, number, voucher, account)


def _voucher(writer: Writer, number: int, supplier: dict[str, Value], account: Account) -> dict[str, Any]:
    rnd = writer.random
    day = rnd.randint(5, 700)
    void, paid = number % 8 == 7, number % 3 == 0
    amounts = _amounts(writer, str(supplier["CRRP"]), account.company, credit=number % 9 == 4)
    if paid or void:
        amounts |= {"AAP": Decimal(0), "FAP": Decimal(0)}
    return {
        "KCO": account.company, "DOC": FIRST_VOUCHER + number, "DCT": "PV", "SFX": "001", "SFXE": 0,
        "CO": account.company, "AN8": supplier["AN8"], "PYE": supplier["AN8"], "DIVJ": writer.day(day),
        "DSVJ": writer.day(day), "DDJ": writer.day(day - 30), "DDNJ": writer.day(day - 30), "DGJ": writer.day(day),
        "ICU": FIRST_BATCH + number // 5, "ICUT": "V", "POST": "D", "PST": "P" if paid else "A", **amounts,
        "GLC": supplier["APC"], "MCU": account.unit, "PTC": supplier["TRAP"], "VINV": _invoice_number(number),
        "VOD": "V" if void else "", **writer.stamp(),
    }  # fmt: skip


def _invoice_number(number: int) -> str:
    """Return an invoice number as suppliers write them: with leading zeros, slashes, blanks."""
    return (f"INV-{number + 1:04d}", f"{number + 1:08d}", f"{number + 1}/2025", f"RE {number + 1}")[number % 4]


def _amounts(writer: Writer, currency: str, company: str, *, credit: bool) -> dict[str, Any]:
    books = COMPANIES[company][1]
    gross = rounded(Decimal(writer.random.randint(1_000, 900_000)) / 100, currency) * (-1 if credit else 1)
    if currency == books:
        return {"AG": gross, "AAP": gross, "ATXN": gross, "CRRM": "D", "CRCD": currency, "CRR": Decimal(0)}
    domestic = rounded(gross * rate(currency, books), books)
    foreign = {"CRRM": "F", "CRCD": currency, "CRR": rate(currency, books), "ACR": gross, "FAP": gross, "CTXN": gross}
    return {"AG": domestic, "AAP": domestic, "ATXN": domestic, **foreign}


def _ledger_line(voucher: dict[str, Any], account: Account) -> dict[str, Any]:
    shared = {name: voucher[name] for name in ("KCO", "DCT", "DOC", "DGJ", "AN8", "POST", "ICU", "ICUT", "CRCD")}
    return {
        **shared, "JELN": Decimal(1), "LT": "AA", "AID": account.aid, "ANI": account.number, "MCU": account.unit,
        "OBJ": account.object, "SUB": account.subsidiary, "CO": account.company, "AA": voucher["AG"],
        "UPMJ": voucher["UPMJ"], "UPMT": voucher["UPMT"],
    }  # fmt: skip


def _z_rows(writer: Writer, number: int, voucher: dict[str, Any], account: Account) -> None:
    key: dict[str, Any] = {"EDUS": EDI_USER, "EDBT": f"EDI{number:06d}", "EDTN": str(900_000 + number), "EDLN": 1}
    state = {"EDSP": "1", "EDTC": "A", "EDTR": "V"}
    shared = {name: voucher[name] for name in ("CO", "DGJ", "CRRM", "CRCD", "UPMJ", "UPMT")}
    own = {name: voucher[name] for name in ("AN8", "DIVJ", "VINV", "PST")}
    foreign = voucher["CRRM"] == "F"
    gross, line = ({"ACR": voucher["ACR"]},) * 2 if foreign else ({"AG": voucher["AG"]}, {"AA": voucher["AG"]})
    writer.add("F0411Z1", **key, **state, **shared, **own, **gross)
    writer.add("F0911Z1", **key, **state, **shared, AM="2", ANI=account.number, LT="AA", **line)
