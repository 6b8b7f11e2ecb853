"""Jobs and hooks from Airflow's Connections: the same for tasks, the command line and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_mlconnector.pipeline.job import Job, Replay, instance_of
from airflow_provider_mlconnector.pipeline.staging import root_path, staging_url
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.syncs import Sync

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.base import VendorHook
    from airflow_provider_mlconnector.hooks.connection import VendorConnection


def hook_of(system: str, conn_id: str | None = None) -> VendorHook:
    """Return a system's hook, on the vendor's own Connection unless another is named."""
    from airflow_provider_mlconnector.hooks.registry import by_system, import_object

    model = by_system(system)
    hook_class = cast("Callable[..., VendorHook]", import_object(model.hook_class_name))
    return hook_class(http_conn_id=conn_id or model.default_conn_id)


def job_between(
    sync: Sync,
    run: RunInfo,
    params: Mapping[str, Any],
    source: VendorConnection,
    target: VendorConnection,
    replay: Replay | None = None,
) -> Job:
    """Return the job of a run between two Connections; makes no call to a vendor."""
    from airflow_provider_mlconnector.crypto import default_keyring
    from airflow_provider_mlconnector.hooks.connection import short_hash
    from airflow_provider_mlconnector.state import AirflowVariables, open_airflow_ledger

    account = target.account_of(sync.object)
    return Job(
        sync=sync,
        run=run,
        params=params,
        instance=instance_of(source.account, account),
        account=short_hash(account),
        ledger=open_airflow_ledger(),
        keyring=default_keyring(),
        state_port=AirflowVariables(),
        root=root_path(staging_url()),
        mirror=instance_of(target.account, source.account),
        replay=replay,
    )


@dataclass(frozen=True)
class Opened:
    """A job and the clients of its two systems."""

    job: Job
    source: Any
    target: Any


@contextmanager
def opened(
    sync: Sync,
    run: RunInfo,
    *,
    source_conn_id: str | None = None,
    target_conn_id: str | None = None,
    replay: Replay | None = None,
) -> Iterator[Opened]:
    """Open both systems of a sync for a job outside of its DAG, and log out at the end."""
    hooks = [
        hook_of(system, conn_id) for system, conn_id in zip(sync.systems, (source_conn_id, target_conn_id), strict=True)
    ]
    source, target = hooks
    # The sync alone: what else its DAG does is no part of this.
    job = job_between(sync, run, {"syncs": [sync.name]}, source.connection, target.connection, replay)
    try:
        yield Opened(job, source.client, target.client)
    finally:
        for hook in hooks:
            hook.close()


def manual_run(dag_id: str, kind: str) -> RunInfo:
    """Return what is known of a run that the command line makes, now."""
    now = datetime.now(UTC)
    return RunInfo(dag_id, f"{kind}__{now.isoformat()}", "manual", now)
