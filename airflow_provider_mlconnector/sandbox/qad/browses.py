"""Browses: the list and search surface, with flat dotted rows (qad.md §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.faults import Faults
from .ask import Ask
from .documents import (
    CUSTOMER,
    CUSTOMER_BROWSE,
    CUSTOMER_BROWSE_CODE,
    FIELD_CATALOGUE,
    LEGACY,
    MODIFIED_NAMES,
    Document,
    Field,
)
from .filters import read_filter
from .settings import Settings
from .store import Row, Store

PAGE_SIZE = 100
KEPT = 16
"""How many searches are remembered."""
CATALOGUE_COLUMNS = {name: Field(name) for name in ("fieldLabel", "field", "fieldDataType", "browseURI")}


@dataclass(frozen=True)
class Browse:
    """A browse over a document; `columns` by their dotted names."""

    document: Document
    columns: Mapping[str, Field]


class Browses:
    """Answers browse calls; remembers what searches found while no row changes."""

    def __init__(self, store: Store, settings: Settings, faults: Faults):
        self._store = store
        self._settings = settings
        self._faults = faults
        self._found: dict[tuple[str, tuple[str, ...], str], list[Row]] = {}
        self._version = -1

    def find(self, browse_id: str) -> Browse | None:
        """Return a browse by any form of its id; None when this tenant has none."""
        settings = self._settings
        if browse_id in settings.lacks:
            return None
        for document in (each for each in self._store.documents() if each.browsable):
            if browse_id in (document.browse_id, "urn:browse:be:" + document.view_uri.removeprefix("urn:be:")):
                return Browse(document, self._columns(document))
        code = browse_id.removeprefix(LEGACY).removeprefix("mfg:")
        if code == CUSTOMER_BROWSE_CODE and code != browse_id and CUSTOMER.plural not in settings.lacks:
            return Browse(CUSTOMER, {column: CUSTOMER.by_name[name] for column, name in CUSTOMER_BROWSE.items()})
        return None

    def _columns(self, document: Document) -> dict[str, Field]:
        settings = self._settings
        return {
            f"{document.singular}.{each.name}": each
            for each in document.fields
            if (each.lean or not settings.lean_browse) and (settings.browse_modified or each.name not in MODIFIED_NAMES)
        }

    def page(self, ask: Ask) -> dict[str, Any]:
        """Answer one page; raises QadError 400 for what it does not understand."""
        browse_id, filters = ask.needed("browseId"), ask.many("filter")
        size, page = ask.number("pageSize", PAGE_SIZE), ask.number("page", 1)
        ask.call.page = True
        columns = self._known_columns(browse_id)
        if columns is None or not self._asked_properly(ask):
            return self._answer([], more=False)
        rows = self._rows(browse_id, filters, ask.workspace, columns)
        first = 0 if ask.one("pageAction") == "first" else (page - 1) * size
        return self._faulty_page(rows, columns, first, size)

    def total(self, ask: Ask) -> dict[str, Any]:
        """Answer the number of rows; 0 for an unknown browse."""
        browse_id = ask.needed("browseId")
        columns = self._known_columns(browse_id)
        rows = [] if columns is None else self._rows(browse_id, ask.many("filter"), ask.workspace, columns)
        return {"data": {"totalCount": len(rows)}}

    def _known_columns(self, browse_id: str) -> Mapping[str, Field] | None:
        if browse_id == FIELD_CATALOGUE:
            return None if browse_id in self._settings.lacks else CATALOGUE_COLUMNS
        browse = self.find(browse_id)
        return None if browse is None else browse.columns

    def _asked_properly(self, ask: Ask) -> bool:
        action = ask.one("pageAction")
        if action and action not in ("first", *self._settings.later_page_actions):
            return False
        return not self._settings.strict_paging or bool(ask.one("page") and action)

    def _rows(
        self, browse_id: str, filters: tuple[str, ...], workspace: str, columns: Mapping[str, Field]
    ) -> Sequence[Row]:
        conditions = [read_filter(raw, columns, self._settings) for raw in filters]
        if browse_id == FIELD_CATALOGUE:
            return self._catalogue(filters)
        if self._version != self._store.version:
            self._found.clear()
            self._version = self._store.version
        search = (browse_id, filters, workspace)
        if search not in self._found:
            browse = self.find(browse_id)
            visible = [] if browse is None else self._store.visible(browse.document, workspace)
            if len(self._found) >= KEPT:
                self._found.clear()
            self._found[search] = [row for row in visible if all(each.holds(row) for each in conditions)]
        return self._found[search]

    def _catalogue(self, filters: tuple[str, ...]) -> list[Row]:
        """List the columns of the one browse that a filter `browseURI,eq,…` names."""
        named = [parts[2] for parts in (raw.split(",") for raw in filters) if parts[:2] == ["browseURI", "eq"]]
        browse = self.find(named[0]) if len(set(named)) == 1 else None
        found = [
            {"fieldLabel": each.label, "field": column, "fieldDataType": each.kind, "browseURI": named[0]}
            for column, each in (browse.columns if browse else {}).items()
        ]
        conditions = [read_filter(raw, CATALOGUE_COLUMNS, self._settings) for raw in filters]
        return [row for row in found if all(each.holds(row) for each in conditions)]

    def _faulty_page(self, rows: Sequence[Row], columns: Mapping[str, Field], first: int, size: int) -> dict[str, Any]:
        """Cut a page, unless a fault cuts another."""
        if first == 0 and self._faults.hit("empty_first_page"):
            return self._answer([], more=False)
        if first and self._faults.hit("repeated_page"):
            return self._answer([self._render(row, columns) for row in rows[:size]], more=True)
        if first and self._faults.hit("shifted_page"):
            first -= 1
        cut = [self._render(row, columns) for row in rows[first : first + size]]
        return self._answer(cut, more=first + size < len(rows))

    def _answer(self, rows: list[Row], *, more: bool) -> dict[str, Any]:
        return {"data": rows, "auxillaryData": {"HasMoreParams": _flag(more, as_text=self._settings.string_flags)}}

    def _render(self, row: Row, columns: Mapping[str, Field]) -> Row:
        shown = {}
        for column, each in columns.items():
            value = row.get(each.name)
            if each.kind == "date" and value is None:
                if self._settings.no_date == "absent":
                    continue
                value = "" if self._settings.no_date == "empty" else None
            elif each.kind == "logical" and self._settings.string_booleans:
                value = _flag(value, as_text=True)
            shown[column] = value
        return shown


def _flag(value: Any, *, as_text: bool) -> Any:
    return ("true" if value else "false") if as_text else bool(value)
