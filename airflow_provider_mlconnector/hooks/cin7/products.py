"""Cin7's products by SKU: each asked for singly, or all at once where that takes fewer calls.

`Sku` finds what *contains* it (AB-1 brings AB-10, too), so what counts is compared here. A line must carry the SKU
exactly as Cin7 holds it: another spelling beside a product's id has renamed products.
"""

from __future__ import annotations

import threading
from typing import Any

from airflow_provider_mlconnector.hooks.cin7.models import Product, fold
from airflow_provider_mlconnector.hooks.cin7.reading import Call, Pages, models


class Products:
    """The active products of the account, as far as they are known to this task."""

    def __init__(self, call: Call):
        self._call = call
        self._pages = Pages(call, "product", "Products")
        self._lock = threading.Lock()
        self._exact: dict[str, Product] = {}
        self._folded: dict[str, list[str]] = {}
        self._absent: set[str] = set()
        self._asked = 0
        self._begun = False

    def by_sku(self, sku: str) -> Product | None:
        """Return the product with an SKU; in another case where only one has it so; None where there is none."""
        wanted = sku.strip()
        with self._lock:
            if (found := self._known(wanted)) or wanted in self._absent:
                return found
            self._begin()
            if self._known(wanted) is None and not self._pages.is_done:
                self._ask(wanted)
            if (found := self._known(wanted)) is None:
                self._absent.add(wanted)
            return found

    def count(self) -> int | None:
        """Return how many active products there are, if Cin7 tells."""
        with self._lock:
            self._begin()
            return self._pages.total

    def _begin(self) -> None:
        if not self._begun:
            self._keep(self._pages.read())
            self._begun = True

    def _ask(self, sku: str) -> None:
        # A question for each SKU, until the rest of the pages would have cost no more.
        if self._asked >= self._pages.pages_left:
            self._keep(list(self._pages.rest()))
            return
        self._asked += 1
        for product in models(self._call, "product", "Products", Product, {"Sku": sku}):
            self._add(product)

    def _keep(self, items: list[dict[str, Any]]) -> None:
        for item in items:
            product = Product.model_validate(item)
            if product.id and product.sku.strip():
                self._add(product)

    def _add(self, product: Product) -> None:
        # They are hidden unless asked for, but a parameter that is left out is only a default.
        if product.is_deprecated:
            return
        if product.sku not in self._exact:
            self._folded.setdefault(fold(product.sku), []).append(product.sku)
        self._exact[product.sku] = product

    def _known(self, sku: str) -> Product | None:
        if sku in self._exact:
            return self._exact[sku]
        alike = self._folded.get(fold(sku), [])
        return self._exact[alike[0]] if len(alike) == 1 else None
