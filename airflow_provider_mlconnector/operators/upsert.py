"""Deliver one mapped chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.operators.base import SyncOperator
from airflow_provider_mlconnector.pipeline.deliver import deliver_chunk
from airflow_provider_mlconnector.pipeline.rehearsal import rehearse_chunk
from airflow_provider_mlconnector.pipeline.staging import ChunkRef

if TYPE_CHECKING:
    from airflow.sdk import Context


class UpsertBatchOperator(SyncOperator):
    """Drop what is unchanged, send the rest in batches, write each answer to the ledger before the next batch.

    One at a time per DAG (`max_active_tis_per_dag=1`), also across backfills.

    ::

        UpsertBatchOperator.partial(task_id="upsert", sync="erp_to_crm.companies").expand(chunk=mapped.output)
    """

    def __init__(self, *, chunk: dict[str, Any], max_active_tis_per_dag: int | None = 1, **kwargs: Any):
        super().__init__(max_active_tis_per_dag=max_active_tis_per_dag, **kwargs)
        self.chunk = chunk

    template_fields: Sequence[str] = (*SyncOperator.template_fields, "chunk")

    def step(self, context: Context) -> dict[str, int] | None:
        """Deliver the chunk; a retry sends only what has no answer yet."""
        job, ref = self.job(context), ChunkRef(**self.chunk)
        if job.dry_run:
            rehearse_chunk(job, ref)
            return None
        hook = self.hook(self.declared.target, context)
        try:
            return dict(deliver_chunk(job, ref, self.declared.open_target(hook.client, job)))
        finally:
            hook.close()
