"""Compare source, ledger and target, on a worker: for a DAG of one's own, or behind the tasks of a sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_mlconnector.operators.base import SyncOperator
from airflow_provider_mlconnector.pipeline.reconcile import Reconciliation

if TYPE_CHECKING:
    from airflow.sdk import Context

SHOWN = 50


class ReconcileOperator(SyncOperator):
    """Log what does not agree, by record key, and return the counts; writes nothing.

    ::

        ReconcileOperator(task_id="reconcile", sync="erp_to_crm.companies", fail_on_findings=True)

    :param fail_on_findings: fail the task, without a retry, when anything is missing, extra or different.
    """

    def __init__(self, *, fail_on_findings: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.fail_on_findings = fail_on_findings

    def step(self, context: Context) -> dict[str, int]:
        """Compare and return the counts."""
        hooks = [self.hook(system, context) for system in self.declared.systems]
        found = 0
        try:
            reconciliation = Reconciliation(self.job(context), *(hook.client for hook in hooks))
            for each in reconciliation.findings():
                found += 1
                if found <= SHOWN:
                    self.log.warning(
                        "%s: %s in the %s: %s (%s)", self.sync, each.finding, each.side, each.record_key, each.reason
                    )
        finally:
            for hook in hooks:
                hook.close()
        if reconciliation.not_compared:
            self.log.info("%s: the target was not compared: %s", self.sync, reconciliation.not_compared)
        if found and self.fail_on_findings:
            raise AirflowFailException(
                f"{self.sync}: {found} records do not agree; see `airflow mlconnector reconcile`"
            )
        return dict(reconciliation.counts)
