"""Collects generated rows, and deals out change stamps."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

from .columns import Row, Value
from .store import Store

OLDEST_CHANGE = 730
RECENT = 90


class Writer:
    """Rows of one generation run. Days are counted back from `today`: 1 = yesterday, negative = the future.

    Also what the makers share: `domains` (mail domains given out), `addressed` (parties with F0116 rows),
    `mailboxes` (customers' company e-mails), `waiting` (party and address that waits for its second contact).
    """

    def __init__(self, store: Store, seed: int, today: date, stream: str = "jde"):
        # A stream of chance for each part of the company: what one part draws leaves the other's data alone.
        self.random = random.Random(f"{seed}:{stream}")
        self.today = today
        self._store = store
        self.domains: Counter[str] = Counter()
        self.addressed: set[int] = set()
        self.mailboxes: list[str] = []
        self.waiting: tuple[int, str] | None = None
        self._rows: dict[str, list[Row]] = {name: [] for name in store.tables}
        self._days = [self._compact(back) for back in range(OLDEST_CHANGE + 1)]

    def add(self, table: str, **values: Value) -> None:
        """Collect one row of `table`."""
        self._rows[table].append(self._store[table].row(values))

    def flush(self) -> None:
        """Put all rows into the store, in key order."""
        for name, rows in self._rows.items():
            self._store[name].load(rows)
            rows.clear()

    def day(self, back: int) -> str:
        """Return the day `back` days before today as YYYYMMDD."""
        return self._days[back] if 0 <= back <= OLDEST_CHANGE else self._compact(back)

    def stamp(self) -> dict[str, Any]:
        """Return USER, PID, UPMJ and UPMT of some change in the last two years; two in five in the last 90 days."""
        rnd = self.random
        back = rnd.randint(1, RECENT if rnd.random() < 0.4 else OLDEST_CHANGE)
        time = rnd.randint(0, 23) * 10_000 + rnd.randint(0, 59) * 100 + rnd.randint(0, 59)
        return {"USER": "DEMO", "PID": "EP01012", "UPMJ": self.day(back), "UPMT": time}

    def order_stamp(self) -> dict[str, Any]:
        """Return the same for a purchase order table: TDAY instead of UPMT."""
        stamp = self.stamp()
        return {"USER": "BUYER", "PID": "EP4310", "UPMJ": stamp["UPMJ"], "TDAY": stamp["UPMT"]}

    def _compact(self, back: int) -> str:
        return (self.today - timedelta(days=back)).strftime("%Y%m%d")
