"""Server-side result sets: open for a minute after each page, forward only (jde.md §2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ..core.clock import Clock
from .columns import Row
from .errors import results_expired
from .selection import View
from .sessions import Session
from .settings import Settings


@dataclass
class Cursor:
    """An open result set: the rows not yet sent, in pages of the size the first call fixed."""

    rid: str
    stack_id: int
    view: View
    rows: Sequence[Row]
    size: int
    token: str
    used_at: float
    place: int = 0

    def page(self) -> Sequence[Row]:
        """Return the next page and move on: what was sent once never comes again."""
        page = self.rows[self.place : self.place + self.size]
        self.place += len(page)
        return page

    @property
    def more(self) -> bool:
        """Whether rows are left."""
        return self.place < len(self.rows)


class Cursors:
    """All open result sets."""

    def __init__(self, settings: Settings, clock: Clock):
        self._settings = settings
        self._clock = clock
        self._open: dict[str, Cursor] = {}
        self._count = 0

    def clear(self) -> None:
        """Forget all, as a restart does."""
        self._open.clear()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, view: View, rows: Sequence[Row], size: int, session: Session) -> Cursor:
        """Open a result set over `rows`."""
        self._count += 1
        rid = f"{0x48E401E5950224D + self._count * 7919:x}"
        cursor = Cursor(rid, self._count, view, rows, size, session.token, self._clock.now())
        self._open[rid] = cursor
        return cursor

    def resume(self, rid: str, stack_id: str, token: str) -> Cursor:
        """Return the result set a next link names; raises JAS_MSG347 when it is gone or too old."""
        cursor = self._open.get(rid)
        now = self._clock.now()
        if cursor is None or str(cursor.stack_id) != stack_id or cursor.token != token:
            raise results_expired()
        if now - cursor.used_at > self._settings.cursor_life:
            del self._open[rid]
            raise results_expired()
        cursor.used_at = now
        return cursor

    def close(self, cursor: Cursor) -> None:
        """Drop a result set."""
        self._open.pop(cursor.rid, None)

    def drop_old(self) -> None:
        """Drop the result sets nobody fetched from in time."""
        oldest = self._clock.now() - self._settings.cursor_life
        self._open = {rid: cursor for rid, cursor in self._open.items() if cursor.used_at >= oldest}

    def link(self, cursor: Cursor) -> dict[str, str]:
        """Return the entry of `links`: the server's internal address, the token inside, no device name."""
        ids = cursor.view.control_ids()
        parameters = urlencode(
            {
                "stackId": cursor.stack_id,
                "stateId": 1,
                "rid": cursor.rid,
                "fullGridId": "54",
                "formOID": f"V{cursor.view.table.name[1:]}",
                "token": cursor.token,
                "outputType": "GRID_DATA",
            }
        )
        path = "/jderest/v2/dataservice/next"
        return {"rel": "next", "href": f"{self._settings.internal_url}{path}?{parameters}&returnControlIDs={ids}"}
