"""Cin7's suppliers, by id and by name: each asked for singly, or all at once where that takes fewer calls.

`Name` finds what *starts with* it and unknown parameters are ignored without a word, so that a first row may be any
supplier: what counts is compared here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mlconnector.hooks.cin7.documents import Supplier
from airflow_provider_mlconnector.hooks.cin7.errors import NotFound
from airflow_provider_mlconnector.hooks.cin7.models import fold
from airflow_provider_mlconnector.hooks.cin7.reading import Call, Pages, models

ALL = {"IncludeDeprecated": "true"}
"""Deprecated suppliers are hidden unless asked for, and hold their names all the same."""
FEW = 3
"""So many questions are asked before it is looked how many suppliers there are."""


class Directory:
    """The suppliers of the account, as far as they are known to this task."""

    def __init__(self, call: Call):
        self._call = call
        self._lock = threading.RLock()
        self._by_id: dict[str, Supplier] = {}
        self._names: dict[str, set[str]] = {}
        self._pages = Pages(call, "supplier", "SupplierList", ALL)
        self._asked = 0

    def known(self, guid: str) -> Supplier | None:
        """Return the supplier with an id as it was when it was seen last, asking only where it never was."""
        with self._lock:
            return self._by_id.get(guid.lower()) or self.by_id(guid)

    def by_id(self, guid: str, *, fresh: bool = False) -> Supplier | None:
        """Return the supplier with an id, or None.

        :param fresh: ask, although all suppliers were read before.
        """
        key = guid.lower()
        with self._lock:
            if not fresh and self._has_all():
                return self._by_id.get(key)
        try:
            found = self._search(lambda each: each.id.lower() == key, {"ID": guid})
        except NotFound:
            return None
        return found[0] if found else None

    def named(self, name: str, *, fresh: bool = False) -> list[Supplier]:
        """Return the suppliers that have exactly this name, in any case; `fresh` as of `by_id`."""
        wanted = fold(name)
        with self._lock:
            if not fresh and self._has_all():
                return [self._by_id[guid] for guid in sorted(self._names.get(wanted, ()))]
        return self._search(lambda each: fold(each.name) == wanted, {"Name": name.strip()})

    def ids(self) -> Iterator[str]:
        """Yield the id of every supplier, asking for them."""
        return (each.id for each in models(self._call, "supplier", "SupplierList", Supplier, ALL))

    def changed_since(self, since: datetime) -> list[Supplier]:
        """Return the suppliers that were made or changed since an instant, asking for them."""
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000")
        return self._search(lambda _each: True, {"ModifiedSince": moment})

    def _has_all(self) -> bool:
        """Whether all suppliers are known; reads them once as many questions were asked as that takes calls."""
        if self._pages.is_done:
            return True
        self._asked += 1
        if self._asked > FEW:
            if self._pages.total is None:
                self._note(self._pages.read())
            if self._asked > self._pages.pages_left:
                self._note(list(self._pages.rest()))
        return self._pages.is_done

    def put(self, supplier: Supplier) -> None:
        """Note a supplier as an answer to a write shows it."""
        with self._lock:
            self._keep(supplier)

    def _search(self, is_wanted: Callable[[Supplier], bool], params: dict[str, str]) -> list[Supplier]:
        found = [
            each
            for each in models(self._call, "supplier", "SupplierList", Supplier, {**params, **ALL})
            if is_wanted(each)
        ]
        with self._lock:
            for supplier in found:
                self._keep(supplier)
        return found

    def _note(self, items: list[dict[str, Any]]) -> None:
        for item in items:
            supplier = Supplier.model_validate({**item, "@raw": item})
            if supplier.id:
                self._keep(supplier)

    def _keep(self, supplier: Supplier) -> None:
        key = supplier.id.lower()
        before = self._by_id.get(key)
        if before is not None:
            self._names.get(fold(before.name), set()).discard(key)
        self._by_id[key] = supplier
        self._names.setdefault(fold(supplier.name), set()).add(key)
