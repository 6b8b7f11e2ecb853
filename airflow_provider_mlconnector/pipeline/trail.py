"""Answers into the ledger, each with the fields that it is about and where their values came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import msgspec

from airflow_provider_mlconnector.ledger.rows import Delivery
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.pipeline.beginning import read_plan
from airflow_provider_mlconnector.pipeline.job import Job, utc_now

_encode = msgspec.json.Encoder().encode
NO_SOURCE = msgspec.Raw(b"[]")


class _Field(msgspec.Struct, gc=False):
    """One field of the trail; the sources are encoded once per run, not once per record."""

    source: msgspec.Raw
    value: Any


class Trail:
    """Writes deliveries of one run."""

    def __init__(self, job: Job, field_map: FieldMap):
        self._job = job
        self.version = field_map.version
        self._sources = {name: msgspec.Raw(_encode(sources)) for name, sources in field_map.origins.items()}

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return the trail of a run that has been planned."""
        return cls(job, FieldMap.from_json(read_plan(job).rows))

    @staticmethod
    def now() -> datetime:
        """The present instant."""
        return utc_now()

    def write(self, deliveries: Sequence[Delivery]) -> None:
        """Write these in one transaction."""
        job = self._job
        job.ledger.record(
            job.scope,
            job.run.run_id,
            deliveries,
            map_version=self.version,
            systems=job.sync.systems,
            aligned=job.sync.aligned,
        )

    def fields(self, payload: Mapping[str, Any] | None, detail: str | None = None) -> dict[str, Any]:
        """Return what the trail keeps of a payload: target field → source fields, value; the vendor's own words."""
        sources = self._sources
        found: dict[str, Any] = {
            name: _Field(sources.get(name, NO_SOURCE), value) for name, value in (payload or {}).items()
        }
        if detail:
            found["@answer"] = _Field(NO_SOURCE, detail)
        return found
