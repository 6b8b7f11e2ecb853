"""The account context as a source of the pipeline: one record per account about which there is anything new."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_mlconnector.exceptions import ObjectReadOnly, PermissionDenied
from airflow_provider_mlconnector.hooks.marketo.activity import OpportunityKeys
from airflow_provider_mlconnector.hooks.marketo.context.accounts import Accounts, Mirror
from airflow_provider_mlconnector.hooks.marketo.context.counting import Days, Figures
from airflow_provider_mlconnector.hooks.marketo.context.deciding import Reading, decide
from airflow_provider_mlconnector.hooks.marketo.context.opportunities import Opportunities
from airflow_provider_mlconnector.hooks.marketo.context.parts import Parts
from airflow_provider_mlconnector.hooks.marketo.context.people import People
from airflow_provider_mlconnector.hooks.marketo.context.reading import Activities
from airflow_provider_mlconnector.hooks.marketo.context.rows import RowMaker, counted_of, leads_of
from airflow_provider_mlconnector.hooks.marketo.lookup import check_searchable
from airflow_provider_mlconnector.ledger.account_columns import check_columns, row_of
from airflow_provider_mlconnector.ledger.account_context import AccountContexts
from airflow_provider_mlconnector.pipeline.ports import Batch, Plan, ReadRequest, Record

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
    from airflow_provider_mlconnector.mapping import FieldMap
    from airflow_provider_mlconnector.pipeline.job import Job
    from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

PAGE = 300
"""Accounts looked at together: one call of each kind."""
KEPT = 2_000
READING = "reading.json"
Packed = list[tuple[str, Days, list[OpportunityKeys]]]
Cursor = Mapping[str, Any]


def plan_of(client: MarketoClient, _target: Any, field_map: FieldMap) -> Plan:
    """Check a field map and the Connection's searchable field, before anything is read.

    :raises UnknownField: for a row whose column is not there, or a field that cannot be searched.
    """
    check_columns(list(field_map.origins))
    if field := client.connection.opportunity_company_field:
        try:
            check_searchable(client, "opportunities", field)
        except (ObjectReadOnly, PermissionDenied) as refusal:
            log.warning("marketo opportunities cannot be searched by %s: %s", field, refusal)
    return Plan(field_map.to_json())


class AccountSource:
    """Reads what Marketo knows of the accounts that the syncs the other way round have brought there."""

    def __init__(self, client: MarketoClient, job: Job):
        self._client, self._job = client, job
        self._rows = AccountContexts(job.ledger.database, job.instance)

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield the accounts whose context has changed, or on a full read all of them; see Source."""
        source, target = self._job.sync.systems
        accounts = Accounts.load(Mirror(self._job.ledger.database, self._job.mirror, (target, source)))
        if not accounts.keys:
            log.warning("%s: nothing to do: %s_to_%s has delivered nothing yet", self._job.sync.name, target, source)
            return
        after: Cursor = request.after or {}
        reading = self._reading(request.window, accounts, resumed=bool(after))
        figures, opportunities = Figures(accounts), Opportunities(self._client, accounts)
        if after.get("step") == "accounts":
            for part in Parts(self._job.staging, "figures", after).read(Packed):
                figures.unpack(part)
        else:
            activities = Activities(self._client, self._job.staging, accounts, reading)
            for cursor in activities.read(after):
                yield Batch((), reading.made_at, {"step": "activities", **cursor})
            figures = activities.figures
            self._take_named(figures, accounts)
            opportunities.settle(figures.opportunities)
            after = {"step": "accounts", "key": None, **self._keep(figures)}
            yield Batch((), reading.made_at, after)
        maker = RowMaker(accounts, reading, figures, opportunities, People(self._client, accounts))
        yield from self._pages(maker, request, after)

    def _reading(self, window: Window, accounts: Accounts, *, resumed: bool) -> Reading:
        """What is read: decided at the first try, kept for the others."""
        if resumed:
            return msgspec.convert(self._job.staging.read_known(READING), Reading)
        marks = {key: accounts.mark(number) for number, key in enumerate(accounts.keys)}
        stale, grown = self._stale(accounts, marks)
        reading = decide(window, self._client.now(), marks, stale, grown)
        self._job.staging.write_json(READING, reading)
        log.info(
            "%s: %d accounts; activities of %s to %s, and the days before of %d leads",
            self._job.sync.name, len(marks), reading.start, reading.end, len(reading.catch_up),
        )  # fmt: skip
        return reading

    def _stale(self, accounts: Accounts, marks: Mapping[str, str]) -> tuple[list[int], set[str]]:
        """Leads whose past is not in their accounts' rows, and the accounts to which leads have come and none gone."""
        rest, leads, grown = set(marks), list[int](), set[str]()
        for page in self._rows.pages(("account_key", "activity_days")):
            for row in page:
                key, old = row["account_key"], leads_of(row)
                if old.leads == marks.get(key):
                    rest.discard(key)
                elif key in rest and old.ids and (come := _come(old.ids, accounts.leads_of(key))):
                    rest.discard(key)
                    grown.add(key)
                    leads += come
        return leads + [lead for key in rest for lead in accounts.leads_of(key)], grown

    def _take_named(self, figures: Figures, accounts: Accounts) -> None:
        """Add the opportunities that were named while they could not be read."""
        for page in self._rows.pages(("account_key", "activity_days")):
            for row in page:
                number = accounts.number_of(row["account_key"])
                if number is not None and (named := counted_of(row).named):
                    figures.opportunities.setdefault(number, set()).update(named)

    def _keep(self, figures: Figures) -> dict[str, Any]:
        parts, packed = Parts(self._job.staging, "figures"), figures.packed()
        while part := list(islice(packed, KEPT)):
            parts.add(part)
        return parts.point

    def _pages(self, maker: RowMaker, request: ReadRequest, after: Cursor) -> Iterator[Batch]:
        """Yield a page of accounts at a time, of each what differs from its row."""
        reading, wanted = maker.reading, frozenset(request.also)
        every = request.window.start is None and not reading.dated
        numbers = maker.accounts.sorted_numbers(after=after["key"])
        for at in range(0, len(numbers), PAGE):
            keys = [maker.accounts.keys[number] for number in numbers[at : at + PAGE]]
            stored = self._rows.get(keys)
            made = maker.rows(numbers[at : at + PAGE], stored)
            changed = (key for key in made if every or key in wanted or row_of(made[key]) != stored.get(key))
            records = [_record(key, made[key]) for key in changed]
            yield Batch(records, reading.made_at, {**after, "key": keys[-1]})


def _come(before: Collection[int], now: Collection[int]) -> set[int]:
    """Return the leads that have come; none where any has gone."""
    return set(now) - set(before) if set(before) <= set(now) else set()


def _record(key: str, row: Mapping[str, Any]) -> Record:
    columns = {f"CONTEXT.{name}": value for name, value in row.items()}
    return {**columns, "record_key": key, "changed_at": row["last_activity_at"]}
