"""A JAGGAER with JD Edwards' suppliers and accounts in it, linked as `jde_to_jaggaer` links them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow_provider_mlconnector.hooks.registry import by_system
from airflow_provider_mlconnector.pipeline.job import instance_of
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from tests.flows.conftest import Flow

COMPANY = "00001"


class Books:
    """What JD Edwards has of suppliers and accounts, and what became of vouchers."""

    def __init__(self, server: SandboxServer):
        self._jde = server.vendor("jde")

    @property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = self._jde.state()["tables"]
        return found

    @property
    def suppliers(self) -> list[dict[str, Any]]:
        names = {row["AN8"]: row["ALPH"] for row in self.tables["F0101"]}
        return [{**row, "NAME": names[row["AN8"]]} for row in self.tables["F0401"] if row["AN8"] in names]

    def accounts(self, company: str = COMPANY) -> dict[str, str]:
        """Account string → AID of what can be posted to without more ado."""
        closed = {row["MCU"] for row in self.tables["F0006"] if row["PECC"]}
        return {
            ".".join(part for part in (row["MCU"], row["OBJ"], row["SUB"]) if part): row["AID"]
            for row in self.tables["F0901"]
            if not row["PEC"] and row["CO"] == company and row["MCU"] not in closed
        }

    def sent(self) -> list[dict[str, Any]]:
        """The rows of F0411Z1 that are ours."""
        return [row for row in self.tables["F0411Z1"] if row["EDUS"] == "MLCONN"]

    def lines(self) -> list[dict[str, Any]]:
        """The rows of F0911Z1 that are ours."""
        return [row for row in self.tables["F0911Z1"] if row["EDUS"] == "MLCONN"]


def stocked(server: SandboxServer, suppliers: int = 5) -> tuple[list[str], dict[str, str]]:
    """Put suppliers and accounts into JAGGAER; return the suppliers' numbers and the accounts."""
    books, jaggaer = Books(server), server.vendor("jaggaer")
    chosen = books.suppliers[:suppliers]
    accounts = dict(list(books.accounts().items())[:6])
    jaggaer.change({
        "suppliers": [
            {"extCode": str(row["AN8"]), "companyName": row["NAME"], "type": "SELLER", "currency": row["CRRP"] or "USD"}
            for row in chosen
        ],
        "gl_accounts": [{"code": code} for code in accounts],
    })  # fmt: skip
    return [str(row["AN8"]) for row in chosen], accounts


def linked_flow(new_flow: Callable[..., Flow], **given: Any) -> Flow:
    """A flow of invoices whose suppliers and accounts are linked; `flow.suppliers` are their numbers."""
    flow = new_flow("jaggaer_to_jde", scale=0.1, **given)
    flow.suppliers, accounts = stocked(flow.server)
    link(flow, flow.suppliers, accounts)
    return flow


def link(flow: Flow, suppliers: list[str], accounts: dict[str, str]) -> None:
    """Link them, as the syncs the other way round do."""
    jde, jaggaer = (_account(system) for system in ("jde", "jaggaer"))
    now, instance, ledger = datetime.now(UTC), instance_of(jde, jaggaer), flow.ledger
    for number in suppliers:
        ledger.links(instance, ("jde", "jaggaer"), "suppliers").put(number, number, now)
    for code, aid in accounts.items():
        ledger.links(instance, ("jde", "jaggaer"), "gl_accounts").put(aid, code, now)


def _account(system: str) -> str:
    conn = json.loads(os.environ[f"AIRFLOW_CONN_{system.upper()}_DEFAULT"])
    extra = conn["extra"]
    given = {"conn_id": system, "schema": None, "port": None, **conn, "extra": json.dumps(extra)}
    return by_system(system).from_airflow(SimpleNamespace(**given, extra_dejson=extra)).account
