"""The account's records: one table per kind, and how they are looked up by name."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from airflow_provider_mlconnector.sandbox.cin7.ask import Row
from airflow_provider_mlconnector.sandbox.cin7.options import Options
from airflow_provider_mlconnector.sandbox.core import Clock, Faults

CURRENCY = "USD"
"""The company's own currency."""
PAYABLE = "CREDITORS"
"""The system account a supplier's payable account must be."""


class Company:
    """All tables of one account.

    By ID: `suppliers`, `purchases`, `products`, `taxes`, `terms`, `locations`, `units`, `brands`, `categories`; by
    code: `accounts`. `ignored`: the members and parameters that callers sent in vain. `renamed`: products whose SKU an
    order changed, as `{"ID", "from", "to"}`.
    """

    def __init__(self, options: Options, clock: Clock, faults: Faults, seed: int) -> None:
        self.options = options
        self.clock = clock
        self.faults = faults
        self.accounts: dict[str, Row] = {}
        self.suppliers: dict[str, Row] = {}
        self.purchases: dict[str, Row] = {}
        self.products: dict[str, Row] = {}
        self.taxes: dict[str, Row] = {}
        self.terms: dict[str, Row] = {}
        self.locations: dict[str, Row] = {}
        self.units: dict[str, Row] = {}
        self.brands: dict[str, Row] = {}
        self.categories: dict[str, Row] = {}
        self.ignored: set[str] = set()
        self.renamed: list[Row] = []
        self._random = random.Random(f"{seed}:cin7")
        self._orders = 0

    def next_id(self) -> str:
        """Return a new GUID."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def next_order_number(self) -> str:
        """Return the number of the next purchase."""
        self._orders += 1
        return f"PO-{self._orders:05d}"

    def now(self) -> str:
        """Return the present moment as the vendor writes it."""
        return self.clock.datetime().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def today(self) -> str:
        """Return the present day as the vendor writes it: midnight without a zone."""
        return self.clock.datetime().strftime("%Y-%m-%dT00:00:00")

    def supplier_named(self, name: str) -> Row | None:
        """Return the supplier of this name, in any case."""
        return next((each for each in self.suppliers.values() if each["Name"].lower() == name.lower()), None)

    def product_of(self, sku: str) -> Row | None:
        """Return the product with this SKU."""
        return next((each for each in self.products.values() if each["SKU"] == sku), None)

    def location_named(self, name: str) -> Row | None:
        """Return the location of this name that is in use."""
        return named(self.locations, name, IsDeprecated=False)

    def wrong_references(self, given: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the names of other records in a supplier or purchase."""
        for name in [given[each] for each in ("PaymentTerm", "Terms") if each in given]:
            if named(self.terms, name, IsActive=True) is None:
                yield f"Active payment term with name {name} was not found in Payment Terms reference book"
        if "TaxRule" in given:
            yield from self.wrong_tax(given["TaxRule"])
        if "Location" in given and self.location_named(given["Location"]) is None:
            yield f"Location '{given['Location']}' was not found in Locations reference book"
        if "AccountPayable" in given:
            yield from self._wrong_payable(given["AccountPayable"])

    def wrong_tax(self, name: str) -> Iterator[str]:
        """Yield what is wrong with a tax rule on a purchase."""
        if named(self.taxes, name, IsActive=True, IsTaxForPurchase=True) is None:
            yield f"Active purchase tax rule with name {name} was not found in Tax Rules reference book"

    def _wrong_payable(self, code: str) -> Iterator[str]:
        account = self.accounts.get(code)
        if account is None or account["Status"] != "ACTIVE":
            yield f"Active account with code {code} was not found in Chart of Accounts"
        elif account["SystemAccount"] != PAYABLE:
            yield f"Account {code} is not an Accounts Payable account"


def named(table: Mapping[str, Row], name: str, **wanted: Any) -> Row | None:
    """Return the first record of this name, exactly, whose other members are as wanted."""
    return next(
        (row for row in table.values() if row["Name"] == name and all(row[key] == wanted[key] for key in wanted)), None
    )


def changed_since(rows: Iterable[Row], moment: datetime | None, member: str = "LastModifiedOn") -> list[Row]:
    """Return the records changed at or after a moment."""
    return [row for row in rows if moment is None or datetime.fromisoformat(row[member]).astimezone(UTC) >= moment]
