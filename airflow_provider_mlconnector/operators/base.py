"""What the four operators share: from Airflow's context to a job, from our errors to Airflow's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    MLConnectorError,
    QuotaExhausted,
    RetryLater,
    Stop,
)
from airflow_provider_mlconnector.jobs import hook_of, job_between
from airflow_provider_mlconnector.ledger.runs import RunStart
from airflow_provider_mlconnector.operators import lineage
from airflow_provider_mlconnector.operators.deployment import check_deployment
from airflow_provider_mlconnector.operators.stats import AirflowStats, timed
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.syncs import Sync, get_sync

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mlconnector.hooks.base import VendorHook

CONNECTION_IDS = "connection_ids"
"""XCom key under which extract leaves the Connections that its run is about."""


class SyncOperator(BaseOperator):
    """Base of the operators; its constructor only remembers.

    :param sync: full name, `<dag>.<entity>`.
    :param source_conn_id, target_conn_id: by default each vendor's own (`erp_default`, …); map, upsert and commit take
        over what extract was given.
    """

    template_fields: Sequence[str] = ("source_conn_id", "target_conn_id")

    def __init__(
        self, *, sync: str, source_conn_id: str | None = None, target_conn_id: str | None = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.sync = sync
        self.source_conn_id = source_conn_id
        self.target_conn_id = target_conn_id
        self.moved: lineage.Moved | None = None

    @cached_property
    def declared(self) -> Sync:
        """The sync's declaration."""
        return get_sync(self.sync)

    def execute(self, context: Context) -> Any:
        """Do this operator's step; errors become what Airflow must do about them."""
        return self._perform(context)

    def _perform(self, context: Context) -> Any:
        self._hooks.clear()
        with timed(self), self.translated(context):
            return self.step(context)

    def step(self, context: Context) -> Any:
        """The step itself."""
        raise NotImplementedError

    def go_on(self, context: Context, event: Any = None) -> Any:
        """Continue after a deferral: the quota is whole again."""
        return self._perform(context)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return what the OpenLineage provider tells of this task; None where there is nothing to tell."""
        return lineage.facets(self.moved)

    def note_lineage(self, context: Context, job: Job) -> None:
        """Remember what the run reads, for whoever asks when the task has ended."""
        self.moved = lineage.moved(job, *(self.hook(system, context).connection for system in self.declared.systems))

    @contextmanager
    def translated(self, context: Context) -> Iterator[None]:
        """Fail at once where no retry helps, release the worker where only time helps, else let Airflow retry."""
        try:
            yield
        except QuotaExhausted as spent:
            self._wait_for(spent)
        except Stop as error:
            self._note_failure(context, error)
            raise AirflowFailException(f"{self.sync}: {error}") from error
        except RetryLater as error:
            if _is_last_try(context):
                self._note_failure(context, error)
            raise

    def _wait_for(self, spent: QuotaExhausted) -> None:
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        self.log.warning("%s; the worker is released until then", spent)
        self.defer(trigger=DateTimeTrigger(moment=spent.reset_at), method_name="go_on")

    def _note_failure(self, context: Context, error: MLConnectorError) -> None:
        try:
            job = self.job(context)
            start = RunStart(job.run.dag_id, job.run.run_id, job.run.run_type, None, None, "")
            job.ledger.runs.fail(job.scope, start, error.message)
        except Exception as again:  # the failure itself matters more than its note
            self.log.debug("could not note the failure in the ledger: %s", type(again).__name__)

    def is_cleared(self, context: Context) -> bool:
        """Whether somebody has cleared the task, which gives it more tries than it was declared with."""
        tries: Any = getattr(context["ti"], "max_tries", None)
        return isinstance(tries, int) and tries > (self.retries or 0)

    @contextmanager
    def first(self, context: Context) -> Iterator[tuple[Job, Any, Any]]:
        """Yield the job and the clients of source and target, for a task that may be a run's first.

        :raises AirflowSkipException: when the sync is not among the run's.
        :raises ConfigurationError: when the workers cannot see each other's files.
        """
        if not self.declared.is_selected(params_of(context, self.declared)):
            raise AirflowSkipException(f"{self.sync} is not among the run's syncs")
        job = self.job(context)
        check_deployment(job.ledger, job.root)
        source, target = (self.hook(system, context) for system in self.declared.systems)
        try:
            yield job, source.client, target.client
        finally:
            source.close()
            target.close()

    def job(self, context: Context) -> Job:
        """Return the job of this run; reads both Connections, makes no call to a vendor."""
        source, target = (self.hook(system, context).connection for system in self.declared.systems)
        run, params = run_info(context), params_of(context, self.declared)
        return replace(job_between(self.declared, run, params, source, target), sink=AirflowStats())

    def hook(self, system: str, context: Context) -> VendorHook:
        """Return the hook of the source or target system, the same throughout a try: each Connection is read once."""
        if system not in self._hooks:
            conn_ids = self._conn_ids(context)
            self._hooks.update({name: hook_of(name, conn_ids.get(name)) for name in self.declared.systems})
        return self._hooks[system]

    @cached_property
    def _hooks(self) -> dict[str, VendorHook]:
        return {}

    def _conn_ids(self, context: Context) -> dict[str, str]:
        source, target = self.declared.systems
        own = {source: self.source_conn_id, target: self.target_conn_id}
        found = {system: conn_id for system, conn_id in own.items() if conn_id}
        return {**self._conn_ids_of_siblings(context), **self._conn_ids_of_extract(context), **found}

    def _conn_ids_of_siblings(self, context: Context) -> dict[str, str]:
        """The Connections that the sync's other tasks were given: each may have been given its own side only."""
        systems = self.declared.systems
        found: dict[str, str] = {}
        dag: Any = context.get("dag")
        for task in dag.tasks if dag else ():
            given = {**vars(task), **(getattr(task, "partial_kwargs", None) or {})}
            if given.get("sync") == self.sync:
                names = zip(systems, (given.get("source_conn_id"), given.get("target_conn_id")), strict=True)
                found |= {system: conn_id for system, conn_id in names if isinstance(conn_id, str)}
        return found

    def _conn_ids_of_extract(self, context: Context) -> dict[str, str]:
        prefix = self.task_id.rpartition(".")[0]
        extract = f"{prefix}.extract" if prefix else "extract"
        if self.task_id == extract:
            return {}
        given: Any = context["ti"].xcom_pull(task_ids=extract, key=CONNECTION_IDS)
        return dict(given) if isinstance(given, Mapping) else {}


def _is_last_try(context: Context) -> bool:
    ti = context["ti"]
    return bool(ti.try_number > (ti.max_tries or 0))


def run_info(context: Context) -> RunInfo:
    """Return what Airflow knows of the run."""
    run = context["dag_run"]
    started: datetime | None = run.start_date or run.run_after
    return RunInfo(
        dag_id=run.dag_id,
        run_id=run.run_id,
        run_type=str(getattr(run.run_type, "value", run.run_type)),
        started=started.astimezone(UTC) if started else datetime.now(UTC),
        interval_start=run.data_interval_start,
        interval_end=run.data_interval_end,
    )


def params_of(context: Context, sync: Sync) -> dict[str, Any]:
    """Return the run's params, those of `field_map` that are given per sync narrowed to this one.

    :raises ConfigurationError: for a `syncs` entry that names no sync of the DAG.
    """
    from airflow_provider_mlconnector.syncs import syncs_of

    params = dict(context.get("params") or {})
    siblings = syncs_of(sync.dag_id) or [sync]
    names = {name: other.name for other in siblings for name in (other.entity, other.name)}
    for wanted in params.get("syncs") or []:
        if wanted not in names:
            raise ConfigurationError(f"param syncs: no '{wanted}' in {sync.dag_id}; there are {', '.join(names)}")
    rows = params.get("field_map") or {}
    if rows and set(rows) <= set(names):
        for name, own in rows.items():
            if not isinstance(own, Mapping):
                raise ConfigurationError(f"param field_map: '{name}' is a sync here and needs an object of rows")
        params["field_map"] = {key: row for name in (sync.entity, sync.name) for key, row in rows.get(name, {}).items()}
        params["field_map_is_own"] = True
    return params
