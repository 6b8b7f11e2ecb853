"""Vouchers for these tests: what a careful client sends, and small ways to spoil it."""

from __future__ import annotations

from typing import Any

import requests

from tests.sandbox.jde.client import Ais

PATH = "/jderest/v3/orchestrator/ORCH_VOUCHER_IMPORT"
KEY = {"EDUS": "MLCONN", "EDBT": "MLC20261121", "EDTN": "A1B2C3D4E5F6"}
STATE = {"EDSP": "0", "EDTC": "A", "EDTR": "V"}
ACCOUNT, SECOND = "1110.6110", "1110.6120.0010"
Values = dict[str, Any]


def header(**changes: Any) -> Values:
    """Return a domestic invoice of 1200.00 that passes every edit of a fresh server; None takes an input away."""
    made = {
        **KEY, **STATE, "CO": "00001", "AN8": "9001", "DIVJ": "2026-11-02", "DGJ": "20/11/2026", "VINV": "RE 4711",
        "AG": "1200.00", "CRRM": "D", "CRCD": "USD",
    }  # fmt: skip
    return _without_none({**made, **changes})


def line(number: int = 1, amount: str = "1200.00", account: str = ACCOUNT, **changes: Any) -> Values:
    """Return a G/L line."""
    made = {**STATE, "EDLN": str(number), "AM": "2", "ANI": account, "AA": amount}
    return _without_none({**made, **changes})


def standard(head: Values, lines: list[Values], grid: str = "GridData") -> Values:
    """Return the JDE Standard body."""
    rows = [{"inputs": _pairs(row)} for row in lines]
    return {"inputs": _pairs(head), "detailInputs": [{"name": grid, "repeatingInputs": rows}]}


def send(ais: Ais, head: Values | None = None, lines: list[Values] | None = None) -> requests.Response:
    """Send one voucher."""
    return ais.post(PATH, standard(head or header(), [line()] if lines is None else lines))


def add_supplier(ais: Ais) -> None:
    """Create the supplier that `header` names."""
    ais.server.change({"new_supplier": {"AN8": 9001, "name": "Foundry Ltd", "CRRP": "USD"}})


def process(ais: Ais, mode: str = "final") -> Values:
    """Run R04110ZA."""
    report: Values = ais.post("/_sandbox/change", {"run_r04110za": mode}).json()
    return report


def held(ais: Ais, table: str, **equal: Any) -> list[Values]:
    """Return rows of a table as the server holds them."""
    rows = ais.server.state()["tables"][table]
    return [row for row in rows if all(row[name] == value for name, value in equal.items())]


def violations(ais: Ais) -> dict[str, int]:
    """Return how often each rule was broken, without those that were not."""
    return {rule: len(keys) for rule, keys in ais.server.state()["violations"].items() if keys}


def _pairs(values: Values) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _without_none(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}
