"""Try records again, on a worker: the DAG `mlconnector_replay`, triggered from the page, the UI or the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param

from airflow_provider_mlconnector.exceptions import ConfigurationError, MLConnectorError
from airflow_provider_mlconnector.jobs import hook_of, job_between
from airflow_provider_mlconnector.operators.base import SyncOperator, run_info
from airflow_provider_mlconnector.operators.deployment import check_deployment
from airflow_provider_mlconnector.operators.factory import RETRIES, START
from airflow_provider_mlconnector.operators.stats import AirflowStats
from airflow_provider_mlconnector.pipeline.job import Job, Replay
from airflow_provider_mlconnector.pipeline.replay import DAG_ID, replay
from airflow_provider_mlconnector.syncs import all_syncs

if TYPE_CHECKING:
    from airflow.sdk import Context

SOURCE, TRAIL = "source", "trail"


def wanted_of(params: Mapping[str, Any]) -> Replay:
    """Return what a run's params ask to be tried again.

    :raises ConfigurationError: for `from` that is neither source nor trail, or keys that are no list.
    """
    origin, keys = params.get("from") or SOURCE, params.get("keys") or []
    if origin not in (SOURCE, TRAIL):
        raise ConfigurationError(f"param from: '{origin}' is neither '{SOURCE}' nor '{TRAIL}'")
    if not isinstance(keys, list | tuple):
        raise ConfigurationError('param keys: give a list, such as ["1001"]')
    return Replay(
        keys=tuple(str(key) for key in keys),
        run_id=params.get("run") or None,
        outcome=params.get("outcome") or "rejected",
        reason=params.get("reason") or None,
        from_trail=origin == TRAIL,
    )


class ReplayOperator(SyncOperator):
    """Try records again, as the run's params say: `sync`, and `keys` or `run`, `outcome`, `reason`; `from`.

    One task from choosing to the account, so that a retry goes on with what the first try chose.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(sync="", **kwargs)

    def _perform(self, context: Context) -> Any:
        params = dict(context.get("params") or {})
        self.sync = str(params.get("sync") or "")
        self.source_conn_id = params.get("source_conn_id") or self.source_conn_id
        self.target_conn_id = params.get("target_conn_id") or self.target_conn_id
        return super()._perform(context)

    def job(self, context: Context) -> Job:
        """Return the job of this replay; see SyncOperator."""
        source, target = (hook_of(*given).connection for given in self._systems())
        run, wanted = run_info(context), wanted_of(context["params"])
        job = job_between(self.declared, run, {"syncs": [self.sync]}, source, target, wanted)
        if (instance := context["params"].get("instance")) and instance != job.instance:
            raise ConfigurationError(
                f"these records of {self.sync} went between other systems than the Connections lead to now; name "
                "those in source_conn_id and target_conn_id"
            )
        return replace(job, sink=AirflowStats())

    def step(self, context: Context) -> dict[str, Any]:
        """Replay and return the run's counts."""
        job = self.job(context)
        check_deployment(job.ledger, job.root)
        hooks = [hook_of(*given) for given in self._systems()]
        try:
            return replay(job, *(hook.client for hook in hooks), cleared=self._is_cleared(context))
        finally:
            for hook in hooks:
                hook.close()

    def _systems(self) -> list[tuple[str, str | None]]:
        return list(zip(self.declared.systems, (self.source_conn_id, self.target_conn_id), strict=True))

    def _is_cleared(self, context: Context) -> bool:
        tries: Any = getattr(context["ti"], "max_tries", None)
        return isinstance(tries, int) and tries > (self.retries or 0)

    def _note_failure(self, context: Context, error: MLConnectorError) -> None:
        # One that could not begin has no run: it would look like a run of Connections that nothing was sent between.
        try:
            job = self.job(context)
            begun = job.ledger.runs.window(job.scope, job.run.run_id) is not None
        except Exception as again:  # the failure itself matters more than its note
            self.log.debug("could not look for the run in the ledger: %s", type(again).__name__)
            return
        if begun:
            super()._note_failure(context, error)


def replay_params() -> dict[str, Param]:
    """Return the params of the DAG that replays."""
    text, names = ["null", "string"], list(all_syncs())
    return {
        "sync": Param(type="string", description="The sync's full name; must be given.", examples=names),
        "keys": Param(
            None, type=["null", "array"], description="These records, by the source's keys, whatever became of them."
        ),
        "run": Param(
            None, type=text, description="Without keys: only those to which it happened in this run (its id)."
        ),
        "outcome": Param("rejected", type="string", description="Without keys: the records that are this now."),
        "reason": Param(None, type=text, description="Without keys: only those with this reason code."),
        "from": Param(
            SOURCE, type="string", enum=[SOURCE, TRAIL], description="Read them again, or send what was last tried."
        ),
        "instance": Param(
            None, type=text, description="Between which systems (mlc_record.instance); with others it refuses to begin."
        ),
        "source_conn_id": Param(None, type=text, description="The source's Connection, where it is not the default."),
        "target_conn_id": Param(None, type=text, description="The target's Connection, where it is not the default."),
    }


def replay_dag(dag_id: str = DAG_ID, **dag_kwargs: Any) -> DAG:
    """Return the DAG that replays, for whichever sync its run names; it has no schedule."""
    options: dict[str, Any] = {
        "start_date": START,
        "catchup": False,
        "params": replay_params(),
        "tags": ["mlconnector"],
        "default_args": RETRIES,
        # Without a schedule nothing starts it but somebody who wants it.
        "is_paused_upon_creation": False,
    }
    with DAG(dag_id, schedule=None, **{**options, **dag_kwargs}) as dag:
        ReplayOperator(task_id="replay")
    return dag
