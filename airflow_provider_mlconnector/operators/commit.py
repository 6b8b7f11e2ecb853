"""Account for every record, then move the watermark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.operators.base import SyncOperator
from airflow_provider_mlconnector.pipeline.commit import commit

if TYPE_CHECKING:
    from airflow.sdk import Context


class CommitOperator(SyncOperator):
    """Check the run's account, move the watermark as the last act, print counts and rejects by reason.

    Runs also when nothing was read or the sync was not selected (`none_failed`).
    """

    def __init__(self, *, trigger_rule: str = "none_failed", max_active_tis_per_dag: int | None = 1, **kwargs: Any):
        super().__init__(trigger_rule=trigger_rule, max_active_tis_per_dag=max_active_tis_per_dag, **kwargs)

    def step(self, context: Context) -> dict[str, Any]:
        """Commit the run and return its counts."""
        return commit(self.job(context))
