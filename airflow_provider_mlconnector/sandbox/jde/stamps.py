"""Writes rows as JD Edwards' own programs do: with the user, day and time of the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .columns import Value
from .store import Table

if TYPE_CHECKING:
    from .server import JdeSandbox


def insert(server: JdeSandbox, table: Table, values: Mapping[str, Any]) -> None:
    """Insert one row, stamped with now; raises KeyError (unknown column), ValueError (bad value, key exists)."""
    table.insert(table.row({**stamp(server, table), **table.held(values)}))


def stamp(server: JdeSandbox, table: Table) -> dict[str, Value]:
    """Return UPMJ and UPMT (TDAY) for now in the server's zone, where `table` has them."""
    now = server.clock.datetime(server.settings.zone)
    time = int(now.strftime("%H%M%S"))
    found: dict[str, Value] = {"UPMJ": now.strftime("%Y%m%d"), "UPMT": time, "TDAY": time}
    return {alias: value for alias, value in found.items() if alias in table.columns}
