"""Makes invoices of all kinds for the suppliers and accounts that JAGGAER was sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.amounts import cents
from airflow_provider_mlconnector.sandbox.jaggaer.invoices import invoice
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, get
from airflow_provider_mlconnector.sandbox.jaggaer.resources import DEFAULTS
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Row, Tenant

CURRENCIES = ("EUR", "GBP", "CHF", "USD")


@dataclass(frozen=True)
class Maker:
    """What invoices are made of: the tenant's random numbers, its suppliers and accounts."""

    tenant: Tenant
    suppliers: list[Row]
    accounts: list[str]
    serial: int

    def base(self) -> dict[str, Any]:
        """Return an approved invoice without purchase order: one to three lines, one account each."""
        chance = self.tenant.chance
        row = chance.choice(self.suppliers)
        info = row.record["returnCompanyInfo"]
        currency = info.get("currency") or "USD"
        lines = [
            {
                "amount": self.amount(currency),
                "account": self.account(),
                "description": chance.choice(("Parts", "Freight-in")),
            }
            for _ in range(chance.randint(1, 3))
        ]
        return {
            "supplier": get(row.record, DEFAULTS["suppliers"].external),
            "currency": currency,
            "number": f"INV-{self.serial:05d}",
            "lines": lines,
        }

    def amount(self, currency: str) -> Decimal:
        """Return an amount to the currency's own cent."""
        return cents(Decimal(self.tenant.chance.randint(1_000, 999_999)) / 100, currency)

    def account(self) -> str:
        """Return one of the accounts."""
        return self.tenant.chance.choice(self.accounts)


def _split(maker: Maker) -> dict[str, Any]:
    percents = ("33.33", "33.33", "33.34")
    return _first_line(maker.base(), accounts=[{"account": maker.account(), "percent": part} for part in percents])


def _split_by_amount(maker: Maker) -> dict[str, Any]:
    spec = maker.base()
    parts = [maker.amount(spec["currency"]) for _ in range(2)]
    accounts = [{"account": maker.account(), "amount": part} for part in parts]
    return _first_line(spec, amount=sum(parts), accounts=accounts)


def _foreign(maker: Maker) -> dict[str, Any]:
    spec = maker.base()
    return spec | {"currency": next(code for code in CURRENCIES if code != spec["currency"])}


def _tax_coded(maker: Maker) -> dict[str, Any]:
    spec = maker.base()
    taxed = [{**line, "tax": cents(line["amount"] * Decimal("0.0825"), spec["currency"])} for line in spec["lines"]]
    return spec | {"lines": taxed}


def _matched(maker: Maker, match: str = "Matched") -> dict[str, Any]:
    """Return an invoice against an order of its supplier, where there is one."""
    spec = maker.base()
    orders = list(maker.tenant.tables["purchase_orders"].rows.values())
    order = maker.tenant.chance.choice(orders) if orders else None
    if order is not None:
        spec["supplier"] = get(order.record, "header.supplier.supplierNumber")
    number = get(order.record, "header.poNumber") if order else f"PO-{maker.serial:05d}"
    lines = [{**line, "po": number, "po_line": place} for place, line in enumerate(spec["lines"], start=1)]
    return spec | {"lines": lines, "match": match}


def _unbalanced(maker: Maker) -> dict[str, Any]:
    spec = maker.base()
    return spec | {"total": sum(line["amount"] for line in spec["lines"]) + Decimal("1.37")}


def _duplicate(maker: Maker) -> dict[str, Any]:
    """Return an invoice with supplier and number of the one before it, another amount."""
    spec = maker.base()
    for row in reversed(maker.tenant.tables["invoices"].rows.values()):
        header: Record = row.record["header"]
        if "supplierInvoiceNumber" in header:
            return spec | {"number": header["supplierInvoiceNumber"], "supplier": header["supplier"]["supplierNumber"]}
    return spec


def _uncoded(maker: Maker) -> dict[str, Any]:
    spec = maker.base()
    line = {name: value for name, value in spec["lines"][0].items() if name != "account"}
    return spec | {"lines": [line, *spec["lines"][1:]]}


def _first_line(spec: dict[str, Any], **values: Any) -> dict[str, Any]:
    return spec | {"lines": [{**spec["lines"][0], **values}, *spec["lines"][1:]]}


KINDS: dict[str, Callable[[Maker], dict[str, Any]]] = {
    "plain": Maker.base,
    "split": _split,
    "credit_memo": lambda maker: maker.base() | {"type": "Credit memo"},
    "tax_coded": _tax_coded,
    "unapproved": lambda maker: maker.base() | {"status": "Pending"},
    "matched": _matched,
    "foreign": _foreign,
    "freight_coded": lambda maker: maker.base() | {"shipping": "48.20", "charge_account": maker.account()},
    "unmatched": lambda maker: _matched(maker, "Unmatched"),
    "split_by_amount": _split_by_amount,
    "tax_uncoded": lambda maker: maker.base() | {"tax": "57.11"},
    "unbalanced": _unbalanced,
    "credit_memo_split": lambda maker: _split(maker) | {"type": "Credit memo"},
    "freight_uncoded": lambda maker: maker.base() | {"shipping": "19.99"},
    "duplicate": _duplicate,
    "uncoded": _uncoded,
    "unknown_account": lambda maker: _first_line(maker.base(), account="9999.9999"),
    "unnumbered": lambda maker: maker.base() | {"number": None},
    "on_hold": lambda maker: maker.base() | {"payment_status": "On Hold"},
    "discount": lambda maker: maker.base() | {"discount": "5.00"},
}
"""How invoices differ; they are made in this order, over and over."""


def make_invoices(tenant: Tenant, count: int, only: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Make invoices and return id and kind of each; raises ValueError without suppliers or accounts for them.

    :param only: the codes of the accounts to use; by default all that are active.
    """
    external = DEFAULTS["suppliers"].external
    suppliers = [row for row in tenant.tables["suppliers"].rows.values() if get(row.record, external)]
    accounts = [row.record for row in tenant.tables["gl_accounts"].rows.values()]
    active = [str(record["code"]) for record in accounts if record.get("active") != "false"]
    codes = active if only is None else [code for code in active if code in only]
    if not suppliers or not codes:
        raise ValueError("invoices need a supplier with an external number and an active GL account; send these first")
    table, kinds, made = tenant.tables["invoices"], list(KINDS), []
    for _ in range(count):
        serial = len(table.rows) + 1
        kind = kinds[(serial - 1) % len(kinds)]
        spec = KINDS[kind](Maker(tenant, suppliers, codes, serial))
        row = table.insert(invoice(tenant, spec), tenant.now(), kind)
        made.append({"id": row.id, "kind": kind})
    return made
