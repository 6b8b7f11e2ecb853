"""Deliveries as the rows they become, each a tuple in the order of its table's columns.

Tuples, because a batch is written in the time between two answers of the target: dicts cost as much as the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.details import Details, place_of
from airflow_provider_mlconnector.ledger.rows import DUPLICATE, GIVEN_UP, Delivery, Scope
from airflow_provider_mlconnector.outcomes import DELIVERED, Outcome

IN_FORCE = (*DELIVERED, Outcome.UNCHANGED)
"""What the target says it has already, or will not take any other way, need not be judged anew each time."""


class Rows:
    """Makes the rows of one batch."""

    def __init__(
        self,
        database: Database,
        details: Details,
        scope: Scope,
        run_id: str,
        map_version: str,
        systems: tuple[str, str],
    ) -> None:
        self._seal = details.seal
        self._moment = database.moment
        self._scope, self._run_id, self._map_version, self._systems = scope, run_id, map_version, systems
        self._moments: dict[int, tuple[datetime, Any]] = {}

    def _shared(self, value: datetime | None) -> Any:
        if value is None:
            return None
        # A batch has one time of answer and one of reading.
        known = self._moments.get(id(value))
        if known is None:
            # The value is kept with it, so that its id stays its own.
            known = self._moments[id(value)] = value, self._moment(value)
        return known[1]

    def events(self, deliveries: Sequence[Delivery]) -> list[tuple[Any, ...]]:
        """Return the rows of mlc_event, without their ids."""
        instance, sync, run_id, version = self._scope.instance, self._scope.sync, self._run_id, self._map_version
        rows = []
        for one in deliveries:
            outcome = one.outcome._value_
            place = place_of(instance, sync, one.record_key, run_id, outcome)
            rows.append((
                instance,
                sync,
                one.record_key,
                run_id,
                self._shared(one.at),
                outcome,
                one.target_key,
                one.request_id,
                one.reason_code,
                one.reason,
                None if one.values is None else self._seal(place, one.values, version, one.answer),
            ))  # fmt: skip
        return rows

    def records(self, deliveries: Sequence[Delivery]) -> list[tuple[Any, ...]]:
        """Return the rows of mlc_record."""
        instance, sync, run_id, version = self._scope.instance, self._scope.sync, self._run_id, self._map_version
        rows = []
        for one in deliveries:
            outcome, at = one.outcome, self._shared(one.at)
            in_force = outcome in IN_FORCE
            rows.append((
                instance,
                sync,
                one.record_key,
                one.target_key,
                one.content_hash if in_force else GIVEN_UP if one.reason_code == DUPLICATE else None,
                outcome._value_,
                one.reason_code,
                one.reason,
                1,  # attempts
                self._moment(one.changed_at),
                run_id,
                at if outcome in DELIVERED else self._shared(one.sent_at),  # last_sent_at
                at,  # last_seen_at
                at,  # first_seen_at
                self._shared(one.read_at) if in_force else None,
                one.content_hash,  # tried_hash
                version,
                one.waits_for,
            ))  # fmt: skip
        return rows

    def links(self, deliveries: Sequence[Delivery]) -> list[tuple[Any, ...]]:
        """Return the rows of mlc_link, of those that have one."""
        system_a, system_b = self._systems
        entity, instance = self._scope.entity, self._scope.instance
        return [
            (one.record_key, entity, instance, system_a, system_b, one.link, self._shared(one.at))
            for one in deliveries
            if one.link is not None
        ]
