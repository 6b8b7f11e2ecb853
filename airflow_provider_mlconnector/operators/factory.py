"""The four tasks of a sync as a group, and the syncs of a pair as a DAG."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TaskGroup, chain

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.alerts.notifier import of_dag
from airflow_provider_mlconnector.operators.commit import CommitOperator
from airflow_provider_mlconnector.operators.extract import ExtractOperator
from airflow_provider_mlconnector.operators.map import MapOperator
from airflow_provider_mlconnector.operators.ranges import DivideOperator, ReadRangeOperator
from airflow_provider_mlconnector.operators.upsert import UpsertBatchOperator
from airflow_provider_mlconnector.syncs import get_sync, syncs_of

START = datetime(2015, 1, 1, tzinfo=UTC)
"""Far enough back to backfill years; with catchup off nothing runs for them by itself."""
DAILY = "0 2 * * *"
RETRIES = {
    "retries": 3,
    # Longer than any target goes on with a call whose caller was killed (90 s): the retry finds it done or not begun.
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=30),
}

PARAMS: dict[str, tuple[Any, list[str], str]] = {
    "from_date": (
        None,
        ["null", "string"],
        "Read changes from this day or instant on (ISO). The watermark then stays.",
    ),
    "to_date": (None, ["null", "string"], "Read changes up to this instant, or to the end of this day (ISO)."),
    "full_refresh": (False, ["boolean"], "Read everything; what is unchanged is not sent."),
    "dry_run": (False, ["boolean"], "Say what would be done, and write nothing."),
    "limit": (None, ["null", "integer"], "Read at most so many records of each sync. The watermark then stays."),
    "syncs": (None, ["null", "array"], "Only these syncs (entities or full names); default all."),
    "field_map": ({}, ["null", "object"], "Rows added to the field map for this run; or one such object per sync."),
}


def dag_params() -> dict[str, Param]:
    """Return the params every DAG of ours has."""
    return {
        name: Param(default, type=kinds if len(kinds) > 1 else kinds[0], description=text)
        for name, (default, kinds, text) in PARAMS.items()
    }


def sync_group(
    sync: str, source_conn_id: str | None = None, target_conn_id: str | None = None, **task_kwargs: Any
) -> TaskGroup:
    """Return a group of the four tasks `<entity>.extract`, `.map`, `.upsert`, `.commit`.

    With `[mlconnector] extract_ranges` above 1, `.ranges` and `.read` come before them where the source can be divided.

    :param task_kwargs: passed to each operator, e.g. `queue` or `pool`.
    """
    common = {"sync": sync, "source_conn_id": source_conn_id, "target_conn_id": target_conn_id, **task_kwargs}
    at_most = int(config.option("extract_ranges", "1")) if get_sync(sync).divisible else 1
    with TaskGroup(get_sync(sync).entity) as group:
        # none_failed: the sync before this one may have had nothing to do.
        extract = ExtractOperator(task_id="extract", trigger_rule="none_failed", **common)
        mapped = MapOperator.partial(task_id="map", **common).expand(chunk=extract.output)
        upsert = UpsertBatchOperator.partial(task_id="upsert", max_active_tis_per_dag=1, **common).expand(
            chunk=mapped.output
        )
        extract >> mapped >> upsert >> CommitOperator(task_id="commit", **common)
        if at_most > 1:
            _read_in_ranges(common, at_most) >> extract
    return group


def _read_in_ranges(common: dict[str, Any], at_most: int) -> Any:
    rows = int(config.option("extract_range_rows", "20000"))
    divided = DivideOperator(task_id="ranges", trigger_rule="none_failed", at_most=at_most, rows=rows, **common)
    return ReadRangeOperator.partial(task_id="read", **common).expand(index=divided.output)


def sync_dag(
    dag_id: str,
    *,
    schedule: str | None = DAILY,
    source_conn_id: str | None = None,
    target_conn_id: str | None = None,
    **dag_kwargs: Any,
) -> DAG:
    """Return the DAG of a pair: its syncs, one after the other, in the order they must run.

    :param schedule: cron expression in UTC; `[mlconnector] schedule_<dag_id>` wins, `none` leaves manual runs only.
    """
    cron = config.option(f"schedule_{dag_id}", schedule or "none")
    timetable = None if cron.lower() == "none" else CronDataIntervalTimetable(cron, timezone="UTC")
    options: dict[str, Any] = {
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "params": dag_params(),
        "tags": ["mlconnector"],
        "default_args": RETRIES,
    }
    with DAG(dag_id, schedule=timetable, **of_dag(dag_id, {**options, **dag_kwargs})) as dag:
        groups = [sync_group(sync.name, source_conn_id, target_conn_id) for sync in syncs_of(dag_id)]
        if len(groups) > 1:
            chain(*groups)
    return dag
