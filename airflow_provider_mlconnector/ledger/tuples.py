"""A delivery as the rows it becomes, each a tuple in the order of its table's columns.

Tuples, because a batch is written in the time between two answers of the target: dicts cost as much as the database.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.rows import DUPLICATE, GIVEN_UP, Delivery, Scope
from airflow_provider_mlconnector.outcomes import Outcome

DELIVERED = (Outcome.CREATED, Outcome.UPDATED)

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Rows:
    """Makes the rows of one batch."""

    def __init__(
        self, database: Database, scope: Scope, run_id: str, map_version: str, systems: tuple[str, str]
    ) -> None:
        self._seal = database.keyring.seal
        self._moment = database.moment
        self._scope, self._run_id, self._map_version, self._systems = scope, run_id, map_version, systems
        self._moments: dict[int, tuple[datetime, Any]] = {}

    def _shared(self, value: datetime | None) -> Any:
        # A batch has one time of answer and one of reading.
        known = self._moments.get(id(value))
        if known is not None:
            return known[1]
        if value is None:
            return None
        # The value is kept with it, so that its id stays its own.
        self._moments[id(value)] = value, self._moment(value)
        return self._moments[id(value)][1]

    def event(self, one: Delivery) -> tuple[Any, ...]:
        """Return the row of mlc_event, without its id."""
        return (
            self._scope.instance,
            self._scope.sync,
            one.record_key,
            self._run_id,
            self._shared(one.at),
            one.outcome._value_,
            one.target_key,
            one.request_id,
            one.reason_code,
            one.reason,
            None if one.fields is None else self._seal(_encode(one.fields)),
        )

    def record(self, one: Delivery) -> tuple[Any, ...]:
        """Return the row of mlc_record."""
        delivered = one.outcome in DELIVERED
        # What the target says it has already, or will not take any other way, need not be judged anew each time.
        in_force = delivered or one.outcome is Outcome.UNCHANGED
        at = self._shared(one.at)
        return (
            self._scope.instance,
            self._scope.sync,
            one.record_key,
            one.target_key,
            one.content_hash if in_force else GIVEN_UP if one.reason_code == DUPLICATE else None,
            one.outcome._value_,
            one.reason_code,
            one.reason,
            1,  # attempts
            self._shared(one.changed_at),
            self._run_id,
            at if delivered else self._shared(one.sent_at),  # last_sent_at
            at,  # last_seen_at
            at,  # first_seen_at
            self._shared(one.read_at) if in_force else None,
            one.content_hash,  # tried_hash
            self._map_version,
            one.waits_for,
        )

    def link(self, one: Delivery) -> tuple[Any, ...]:
        """Return the row of mlc_link."""
        system_a, system_b = self._systems
        scope = self._scope
        return one.record_key, scope.entity, scope.instance, system_a, system_b, one.link, self._shared(one.at)
