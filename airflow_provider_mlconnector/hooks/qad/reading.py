"""Reading a browse to its end, each record once, although rows are edited while the pages go by.

Pages are numbered, so a row that comes, goes or moves shifts those behind it over the borders: some come twice, some
not at all. What comes twice is dropped; what may be missing is found by the total count, and the pages are gone
through once more for it. A row that has left hides one that was passed over, so the count is asked for before as well,
where no later run would bring that one; no count shows that one row has left and another come. A read of one short page
cannot be torn; one of none is only believed where the count agrees.
A read that was interrupted no longer knows which rows it brought, only how many; if it may lack one, it fails, so that
the next run reads the window anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, Unavailable
from airflow_provider_mlconnector.hooks.qad.answers import Page, Row
from airflow_provider_mlconnector.hooks.qad.filters import Filter
from airflow_provider_mlconnector.hooks.qad.resources import SHARED_SET
from airflow_provider_mlconnector.hooks.qad.seen import Seen
from airflow_provider_mlconnector.hooks.qad.validation import Checked
from airflow_provider_mlconnector.hooks.qad.values import Naming, field_of

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.qad.client import QadClient

log = logging.getLogger(__name__)
MAX_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a read has come: the last page dealt with, in which round, the rows so far, their last keys.

    The rows are those that were new, and those without a key or beside another of their key, which a count counts;
    `counted` is how many there were at the beginning.
    """

    page: int = 0
    round: int = 0
    rows: int = 0
    tail: tuple[str, ...] = ()
    counted: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Mark:
        """The mark of `to_json`."""
        return cls(data["page"], data["round"], data["rows"], tuple(data["tail"]), data.get("counted"))


class Sweep:
    """One read of a resource's browse under some conditions.

    :param after: where an interrupted read goes on.
    :param once: no later run reads these rows again unless they change.
    """

    def __init__(
        self,
        client: QadClient,
        checked: Checked,
        filters: Sequence[Filter | str],
        *,
        after: Mark | None = None,
        once: bool = False,
    ):
        self._client, self._checked, self._filters = client, checked, list(filters)
        self._after = after or Mark()
        self._naming = Naming(checked.prefix)
        self._blank = self._twins = 0
        self._whole = False
        self._once = once
        self._before, self._shrunk = self._after.counted, False

    def pages(self) -> Iterator[tuple[Page, list[Row], Mark]]:
        """Yield each page, its rows that are new under plain names, and the mark to go on from.

        :raises ConfigurationError: rows without the key, or two records with one key.
        :raises Unavailable: rows that are counted and never shown, or an interrupted read that lacks some.
        """
        if self._after.round:
            self._prove(self._after.rows)
            return
        with Seen(self._after.tail) as seen:
            for round_ in range(MAX_ROUNDS):
                before = seen.count
                yield from self._round(round_, seen)
                if self._whole:
                    break
                if round_ and not seen.count:
                    raise Unavailable(
                        f"{self._checked.config.browse_id}: the tenant counts rows and shows none; asked {round_ + 1} "
                        "times"
                    )
                if self._after.page:
                    self._prove(self._received(seen))
                    break
                if round_ == MAX_ROUNDS - 1 or (round_ and seen.count == before):
                    self._warn("is incomplete by the tenant's total count")
                    break
                log.info("qad %s: rows have moved while they were read; going through again", self._checked.name)
        if self._blank:
            log.warning("qad %s: %d rows without a key are left out", self._checked.name, self._blank)

    def _round(self, round_: int, seen: Seen) -> Iterator[tuple[Page, list[Row], Mark]]:
        start = 0 if round_ else self._after.page
        if self._once and not (round_ or start):
            self._before = self._client.count(self._checked.config.browse_id, self._filters)
        before, pages, rows, more = seen.count, 0, 0, None
        self._blank = self._twins = 0
        for page in self._browse(start):
            fresh = self._fresh(page.rows, seen)
            pages, rows, more = pages + 1, rows + len(page.rows), page.more
            yield page, fresh, Mark(page.number, round_, self._received(seen), tuple(seen.tail), self._before)
        # One short page that says it is the last is whole; no page at all may answer a question not understood.
        alone = start == 0 and pages == 1 and not more and rows < self._client.connection.page_size
        again = round_ > 0 and rows > 0 and seen.count == before  # the same rows as before: nothing has moved
        torn = not again and rows > seen.count - before + self._blank + self._twins
        self._whole = alone or self._is_whole(rows if again else self._received(seen), torn=torn)

    def _received(self, seen: Seen) -> int:
        return self._after.rows + seen.count + self._blank + self._twins

    def _prove(self, brought: int) -> None:
        """Count what is there without bringing it: a row that comes twice would be accounted for twice."""
        if self._shrunk:
            # Behind a row that has left, one may have been passed over that was never brought.
            raise Unavailable(
                f"{self._checked.config.browse_id}: rows have left since the read that was interrupted began, and may "
                "hide others; a new run reads the window again"
            )
        with Seen() as seen:
            self._blank = self._twins = 0
            for page in self._browse(0):
                self._fresh(page.rows, seen)
            there = seen.count + self._blank + self._twins
        if there > brought:
            raise Unavailable(
                f"{self._checked.config.browse_id}: rows have moved while they were read, the read was interrupted, "
                f"and {there - brought} of {there} rows are missing; a new run reads the window again"
            )
        self._warn("was interrupted")

    def _warn(self, what: str) -> None:
        log.warning(
            "qad %s: rows have moved while they were read, and the read %s; a full_refresh finds what may be missing",
            self._checked.name,
            what,
        )

    def _browse(self, start: int) -> Iterator[Page]:
        config = self._checked.config
        key = [name for name in (self._checked.wire(field) for field in config.key) if name]
        return self._client.browse(config.browse_id, self._filters, key=key, start=start + 1)

    def _fresh(self, rows: Sequence[Row], seen: Seen) -> list[Row]:
        config, fresh = self._checked.config, []
        plain = [self._naming.plain_row(row) for row in rows]
        keys = [field_of(row, config.record_field) for row in plain]
        if all(key is None for key in keys) and not (seen.count or self._after.rows):
            raise ConfigurationError(no_key(self._client, self._checked, rows[0]))
        shown = [key for key in keys if key is not None]
        # Beside each other they are a join's; on two pages, a row that has moved.
        self._twins += len(shown) - len(set(map(str, shown)))
        for row, key in zip(plain, keys, strict=True):
            if key is None:
                self._blank += 1
                continue
            new = seen.add(str(key), [field_of(row, name) for name in config.key])
            if new is None:
                raise ConfigurationError(
                    f"Connection '{self._client.connection.conn_id}': {self._checked.name} has the key {key} twice, in "
                    f"different {SHARED_SET}s; set shared_set in extra to the one to read"
                )
            if new:
                fresh.append(row)
        return fresh

    def _is_whole(self, rows: int, *, torn: bool) -> bool:
        browse = self._checked.config.browse_id
        total = self._client.count(browse, self._filters)
        before, self._before = self._before, total
        self._shrunk = before is not None and total is not None and total < before
        if self._shrunk:
            return False
        if total is None or rows >= total:
            return total is not None or not torn
        # Where a count is the same without the conditions, the tenant may not heed them there.
        if self._filters and total == self._client.count(browse):
            return not torn
        return False


def no_key(client: QadClient, checked: Checked, row: Row) -> str:
    """The message for rows that do not show their key."""
    config = checked.config
    return (
        f"Connection '{client.connection.conn_id}': the rows of {config.browse_id} have no "
        f"'{config.prefix}.{config.record_field}'; set prefix and key in extra resources.{checked.name}. Columns: "
        f"{', '.join(sorted(row)[:40])}"
    )
