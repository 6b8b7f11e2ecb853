"""Account for every record, then move the watermark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset

from airflow_provider_mlconnector.operators.base import SyncOperator
from airflow_provider_mlconnector.operators.lineage import with_counts
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.follow import follow_up

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mlconnector.pipeline.job import Job


def asset_of(sync: str) -> Asset:
    """Return the Asset that a sync brings up to date: `Asset("erp_to_crm.companies")` for whoever waits for it."""
    return Asset(sync)


class CommitOperator(SyncOperator):
    """Check the run's account, move the watermark as the last act, print counts and rejects by reason.

    Runs also when nothing was read or the sync was not selected (`none_failed`). What it returns, and the run's window,
    are in the event of the sync's Asset.
    """

    def __init__(
        self,
        *,
        sync: str,
        trigger_rule: str = "none_failed",
        max_active_tis_per_dag: int | None = 1,
        outlets: Sequence[Any] | Any = (),
        **kwargs: Any,
    ):
        own = outlets if isinstance(outlets, Sequence) else (outlets,)
        super().__init__(
            sync=sync,
            trigger_rule=trigger_rule,
            max_active_tis_per_dag=max_active_tis_per_dag,
            outlets=[asset_of(sync), *own],
            **kwargs,
        )

    def step(self, context: Context) -> dict[str, Any]:
        """Commit the run and return its counts."""
        job = self.job(context)
        self._follow(context, job)
        # Before: what was staged may be gone when the run is committed.
        self.note_lineage(context, job)
        done = commit(job)
        self.moved = with_counts(self.moved, done)
        self._announce(context, job, done)
        return done

    def _follow(self, context: Context, job: Job) -> None:
        """Ask the target what it has made of records that it took in earlier runs, where there are any."""
        if job.dry_run or job.staging.manifest() is None:
            return
        if not job.ledger.reading.awaiting(job.scope, job.run.run_id):
            return
        job.require_run()
        hook = self.hook(self.declared.target, context)
        try:
            follow_up(job, self.declared.open_target(hook.client, job))
        finally:
            hook.close()

    def _announce(self, context: Context, job: Job, done: dict[str, Any]) -> None:
        events: Any = context.get("outlet_events")
        if events is None:
            return
        window = job.ledger.runs.window(job.scope, job.run.run_id) or (None, None)
        start, end = (instant.isoformat() if instant else None for instant in window)
        extra = {"run_id": job.run.run_id, "window": {"from": start, "to": end}, **done}
        events[asset_of(self.sync)].extra = extra | ({"dry_run": True} if job.dry_run else {})
