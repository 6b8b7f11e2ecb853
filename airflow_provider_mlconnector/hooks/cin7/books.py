"""Cin7's reference books: what a supplier or a purchase names must be in them, as nothing is created on the way.

Each is loaded once, when it is first needed. Facts: the API blueprint's pages under `ref`.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from airflow_provider_mlconnector.hooks.cin7.chart import Chart
from airflow_provider_mlconnector.hooks.cin7.models import (
    Account,
    Location,
    PaymentTerm,
    ReadModel,
    TaxRule,
    fold,
)
from airflow_provider_mlconnector.hooks.cin7.products import Products
from airflow_provider_mlconnector.hooks.cin7.reading import Call, models

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=ReadModel)
Entry = TypeVar("Entry", TaxRule, PaymentTerm, Location)


class Book(Mapping[str, Entry]):
    """Entries by name, in any case; `what` is what they are called in messages."""

    def __init__(self, what: str, entries: Iterable[Entry]):
        self.what = what
        self._entries: dict[str, Entry] = {fold(entry.name): entry for entry in entries}

    def __getitem__(self, name: str) -> Entry:
        return self._entries[fold(name)]

    def __iter__(self) -> Any:
        return (entry.name for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def unknown(self, name: str) -> str:
        """Return what to say about a name that is not there, with the nearest ones that are."""
        near = difflib.get_close_matches(fold(name), self._entries, n=1, cutoff=0.5)
        names = sorted(entry.name for entry in self._entries.values())
        known = ", ".join(f"'{each}'" for each in names[:10]) + (", …" if len(names) > 10 else "")
        hint = f"did you mean '{self._entries[near[0]].name}'?" if near else f"there are {known or 'none'}"
        return f"Cin7 has no {self.what} '{name}'; {hint}"


class Books:
    """All reference books of the account.

    :param account_map: see Chart.
    """

    def __init__(self, call: Call, account_map: Mapping[str, str]):
        self._call, self._account_map = call, account_map
        self._lock = threading.RLock()
        self._loaded: dict[str, Any] = {}
        self.products = Products(call)

    @property
    def chart(self) -> Chart:
        """The chart of accounts."""
        return self._once("chart", lambda: Chart(self._read("ref/account", "AccountsList", Account), self._account_map))

    @property
    def taxes(self) -> Book[TaxRule]:
        """The active tax rules for purchases."""
        return self._once("taxes", self._taxes)

    @property
    def terms(self) -> Book[PaymentTerm]:
        """The active payment terms."""
        return self._once("terms", self._terms)

    @property
    def locations(self) -> Book[Location]:
        """The locations in use."""
        return self._once("locations", self._locations)

    def forget_chart(self) -> None:
        """Load the chart anew when it is needed next."""
        with self._lock:
            self._loaded.pop("chart", None)

    def use_chart(self, chart: Chart) -> None:
        """Take over a chart that has grown."""
        with self._lock:
            self._loaded["chart"] = chart

    def _taxes(self) -> Book[TaxRule]:
        found = self._read("ref/tax", "TaxRuleList", TaxRule)
        return Book("tax rule for purchases", (each for each in found if each.is_active and each.is_tax_for_purchase))

    def _terms(self) -> Book[PaymentTerm]:
        found = self._read("ref/paymentterm", "PaymentTermList", PaymentTerm)
        return Book("active payment term", (each for each in found if each.is_active))

    def _locations(self) -> Book[Location]:
        found = self._read("ref/location", "LocationList", Location)
        return Book("location", (each for each in found if not each.is_deprecated))

    def _read(self, path: str, name: str, model: type[ModelT]) -> Iterable[ModelT]:
        return models(self._call, path, name, model)

    def _once(self, name: str, load: Callable[[], T]) -> T:
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = load()
            found: T = self._loaded[name]
            return found
