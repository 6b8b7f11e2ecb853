"""QAD as a source of the pipeline: windows become date filters, pages of the browse become batches of records.

Changes are dated by the day, so a run reads at least a day behind its window, and the pipeline drops what has not
changed by its content. Rows without a date of change are looked for in every run. Records come in the browse's order,
page by page; what a run takes up again comes first, by key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from airflow_provider_mlconnector.exceptions import ConfigurationError, Stop
from airflow_provider_mlconnector.hooks.qad import details
from airflow_provider_mlconnector.hooks.qad.answers import Row
from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.filters import Filter, at, condition, sayable
from airflow_provider_mlconnector.hooks.qad.reading import Mark, Sweep
from airflow_provider_mlconnector.hooks.qad.records import Maker, customer_of
from airflow_provider_mlconnector.hooks.qad.resources import DAY, SHARED_SET, TABLES
from airflow_provider_mlconnector.hooks.qad.validation import Checked
from airflow_provider_mlconnector.hooks.qad.values import Naming, field_of
from airflow_provider_mlconnector.pipeline.ports import Batch, ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

BOUNDED = ("params", "backfill")
"""Windows that end where someone said; the others end at the present."""
AT_ONCE = 100
"""Records taken up again per batch."""
EARLIEST, NEVER = date(1900, 1, 1), date(9000, 1, 1)
Days = tuple[date | None, date | None]
Step = Callable[[Mark | None], Iterator[Batch]]


class ResourceSource:
    """Customers, business relations, or the contacts of customers.

    :param resource: which browse to read.
    :param table: what the records' own columns stand behind.
    """

    def __init__(self, client: QadClient, resource: str, table: str):
        self._client, self._resource, self._table = client, resource, table

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield the records with a change in the window, each once; the cursor is the page last dealt with.

        :raises ConfigurationError: before anything is read: an entity or browse that the instance does not have.
        """
        checked = self._client.resource(self._resource)
        maker = Maker(self._client, checked, self._table, request.columns)
        return _Reading(self._client, checked, maker, request).batches()


def customers(client: QadClient) -> ResourceSource:
    """The source of customers; records are keyed by the customer code."""
    return ResourceSource(client, "customers", TABLES["customers"])


def accounts(client: QadClient) -> ResourceSource:
    """The source of business relations; records are keyed by their code."""
    return ResourceSource(client, "accounts", TABLES["accounts"])


def contacts(client: QadClient) -> ResourceSource:
    """The source of the contacts of customers; a change of any part of a customer brings all its contacts."""
    return ResourceSource(client, "customers", TABLES["contacts"])


def days_of(window: Window, client: QadClient) -> Days | None:
    """Return the days (first, last) in the instance's zone whose changes a window asks for; None for everything.

    A last day is only given where someone said where the window ends.
    """
    if window.start is None and window.origin not in BOUNDED:
        return None
    first = window.start.astimezone(client.zone).date() if window.start else None
    last = (window.end - timedelta(microseconds=1)).astimezone(client.zone).date()
    return first, last if window.origin in BOUNDED else None


class _Reading:
    """One run's reading of one resource."""

    def __init__(self, client: QadClient, checked: Checked, maker: Maker, request: ReadRequest):
        self._client, self._checked, self._maker = client, checked, maker
        config = checked.config
        keys = {customer_of(key) if maker.of_contacts else key for key in request.also}
        self._also, self._after, self._alone = sorted(keys), request.after, request.alone
        self._taken_up = frozenset(keys)
        self._days = days_of(request.window, client)
        self._date = checked.wire(config.modified[0]) if config.modified else None
        self._scope: list[Filter | str] = list(config.extra_filters)
        shared = checked.wire(SHARED_SET) if checked.fields else None
        if client.connection.shared_set and shared:
            self._scope.append(condition(shared, "eq", client.connection.shared_set))
        self._must_scan = True
        self._rows = 0

    def batches(self) -> Iterator[Batch]:
        """Yield what each step reads, from the step on that was interrupted."""
        after, steps = self._after, self._steps()
        begun = list(steps).index(after["step"]) if after else 0
        for name, step in list(steps.items())[begun:]:
            yield from step(Mark.from_json(after) if after and name == after["step"] else None)
        self._maker.finish()
        if not after and not self._alone and not self._rows and not self._checked.proven:
            self._refuse_silence()

    def _steps(self) -> dict[str, Step]:
        if self._alone:
            return {"also": self._read_again}
        if self._days is None or self._date is None:
            if self._days is not None:
                log.info("qad %s: the browse has no date of change; everything is read", self._checked.name)
            return {"also": self._read_again, "all": self._everything}
        return {"also": self._read_again, "dated": self._dated, "undated": self._undated, "scan": self._scanned}

    def _read_again(self, mark: Mark | None) -> Iterator[Batch]:
        begun = mark.page if mark else 0
        for page, at_key in enumerate(range(begun * AT_ONCE, len(self._also), AT_ONCE), start=begun + 1):
            read_at = self._client.now()
            found = self._client.at_once(self._looked_up, self._also[at_key : at_key + AT_ONCE])
            rows = [row for row in found if row is not None]
            yield Batch(self._maker.records(rows), read_at, {"step": "also", **Mark(page).to_json()})

    def _looked_up(self, code: str) -> Row | None:
        config = self._checked.config
        if not sayable(code):
            return self._document_of(code)
        wire = self._checked.wire(config.record_field) or config.record_field
        naming, found = Naming(self._checked.prefix), []
        for page in self._client.browse(config.browse_id, [*self._scope, condition(wire, "eq", code)]):
            rows = [naming.plain_row(row) for row in page.rows]
            same = [row for row in rows if str(field_of(row, config.record_field)) == code]
            found += [row for row in same if self._is_ours(row)]
            if len(same) == len(rows) < self._client.connection.page_size:
                break  # the condition is heeded, and one key's rows need no second page
        sets = {field_of(row, SHARED_SET) for row in found}
        if len(sets) > 1:
            raise ConfigurationError(
                f"Connection '{self._client.connection.conn_id}': {self._checked.name} has the key {code} twice, in "
                f"different {SHARED_SET}s; set shared_set in extra to the one to read"
            )
        return found[0] if found else None

    def _document_of(self, code: str) -> Row | None:
        """Read a record whose key has no place in a filter by its document, where that alone shows that it is ours."""
        config, found = self._checked.config, None
        try:
            if config.detail_path and not config.extra_filters:
                found = details.read(self._client, config, details.key_of(self._client, config, {config.key[-1]: code}))
        except ConfigurationError as error:
            log.info("qad %s: %s", self._checked.name, error.message)
        row = Naming("").plain_row(found) if found else {}
        if str(field_of(row, config.record_field)) == code and self._is_ours(row):
            return row
        log.warning("qad %s: %s is not found: its comma has no place in a filter", self._checked.name, code)
        return None

    def _everything(self, mark: Mark | None) -> Iterator[Batch]:
        return self._swept("all", [], lambda _row: True, mark)

    def _dated(self, mark: Mark | None) -> Iterator[Batch]:
        first, last = self._days or (None, None)
        # Whoever stamped a row may have been in another zone, so that the days around are asked for, too.
        conditions = [condition(self._date or "", "ge", at(first - self._checked.config.overlap))] if first else []
        if last:
            conditions.append(condition(self._date or "", "lt", at(last + 2 * DAY)))
        return self._swept("dated", conditions, self._is_in_window, mark)

    def _undated(self, mark: Mark | None) -> Iterator[Batch]:
        """Ask for rows with an empty date; no public source shows whether a tenant understands that."""
        before, answered = self._rows, mark is not None
        try:
            yield from self._swept("undated", [condition(self._date or "", "eq", "")], self._is_undated, mark)
        except Stop as error:
            if answered or self._rows > before:
                raise
            log.info("qad %s: an empty date cannot be asked for (%s)", self._checked.name, error.code)
        self._must_scan = not answered and self._rows == before and not self._all_are_dated()

    def _scanned(self, mark: Mark | None) -> Iterator[Batch]:
        if self._must_scan:
            log.info("qad %s: reading everything for rows without a date of change", self._checked.name)
            yield from self._swept("scan", [], self._is_undated, mark)

    def _all_are_dated(self) -> bool:
        """Whether the total counts prove that no row lacks its date; a tenant may not heed filters there."""

        def dated_since(day: date) -> int | None:
            return self._client.count(browse, [*self._scope, condition(self._date or "", "ge", at(day))])

        browse = self._checked.config.browse_id
        total = self._client.count(browse, self._scope)
        if total is None or dated_since(NEVER) != 0:
            return False
        return dated_since(EARLIEST) == total

    def _swept(
        self, step: str, conditions: list[Filter], keep: Callable[[Row], bool], mark: Mark | None
    ) -> Iterator[Batch]:
        # Rows without a date are looked for in each run anyway.
        once = step in ("all", "dated")
        sweep = Sweep(self._client, self._checked, [*self._scope, *conditions], after=mark, once=once)
        for page, fresh, reached in sweep.pages():
            self._rows += len(page.rows)
            rows = [row for row in fresh if self._is_ours(row) and not self._is_taken_up(row) and keep(row)]
            yield Batch(self._maker.records(rows), page.read_at, {"step": step, **reached.to_json()})

    def _is_taken_up(self, row: Row) -> bool:
        return str(field_of(row, self._checked.config.record_field)) in self._taken_up

    def _is_ours(self, row: Row) -> bool:
        wanted, shown = self._client.connection.shared_set, field_of(row, SHARED_SET)
        return not wanted or shown is None or str(shown) == wanted

    def _is_undated(self, row: Row) -> bool:
        return self._maker.changed(row) is None

    def _is_in_window(self, row: Row) -> bool:
        moment = self._maker.changed(row)
        if moment is None:
            return False  # found as a row without a date
        first, last = self._days or (None, None)
        if last is None:
            return True
        day = moment.astimezone(self._client.zone).date()
        return day <= last and (first is None or day >= first)

    def _refuse_silence(self) -> None:
        """An unknown browse answers as an empty one does; where nothing has proven it, silence is no answer."""
        browse = self._checked.config.browse_id
        if next(self._client.browse(browse, page_size=1), None) is None:
            raise ConfigurationError(
                f"Connection '{self._client.connection.conn_id}': the browse {browse} shows no row at all, as one does "
                f"that the instance does not have; set browse_id in extra resources.{self._checked.name}"
            )
