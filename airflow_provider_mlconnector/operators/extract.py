"""Read everything the run's window holds into staging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.operators.base import CONNECTION_IDS, SyncOperator
from airflow_provider_mlconnector.pipeline.extract import extract

if TYPE_CHECKING:
    from airflow.sdk import Context


class ExtractOperator(SyncOperator):
    """Stage every page before anything is sent; returns `[{"uri", "rows", "sha256", "index"}]`, never records.

    ::

        ExtractOperator(task_id="extract", sync="erp_to_crm.companies", source_conn_id="erp_default")
    """

    def step(self, context: Context) -> list[dict[str, Any]]:
        """Decide window and field map, then read; goes on where an interrupted try left off."""
        with self.first(context) as (job, source, target):
            context["ti"].xcom_push(key=CONNECTION_IDS, value=self._conn_ids(context))
            refs = extract(job, source, target, cleared=self.is_cleared(context))
            self.note_lineage(context, job)
            return [ref.as_dict() for ref in refs]
