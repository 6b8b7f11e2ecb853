"""Answers into the ledger, each with the values that it is about and the version of the map that made them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from airflow_provider_mlconnector.ledger.rows import Delivery
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.pipeline.beginning import read_plan
from airflow_provider_mlconnector.pipeline.job import Job, utc_now


class Trail:
    """Writes deliveries of one run."""

    def __init__(self, job: Job, field_map: FieldMap):
        self._job = job
        self.version = field_map.version

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
