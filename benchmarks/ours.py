"""This package: extract → map → deliver → commit in one process, with staging, encryption, diff and ledger on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from pydantic import SecretStr

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.connection import MarketoConnection, limits
from airflow_provider_mlconnector.ledger.connect import open_ledger
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.deliver import deliver_chunk
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job, instance_of
from airflow_provider_mlconnector.pipeline.mapper import map_chunk
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.pipeline.state import StatePort
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.syncs import get_sync
from airflow_provider_mlconnector.transport.limits import NO_LIMIT, AccountLimiter


@dataclass(frozen=True)
class Files:
    """Small JSON files in a folder: the state that Airflow keeps as Variables, and which tasks have succeeded."""

    folder: Path

    def get(self, key: str) -> str | None:
        """Return the text or None."""
        file = self.folder / key
        return file.read_text() if file.exists() else None

    def set(self, key: str, value: str) -> None:
        """Keep the text, whole or not at all."""
        fresh = self.folder / f"{key}.new"
        fresh.write_text(value)
        fresh.rename(self.folder / key)

    def delete(self, key: str) -> None:
        """Forget it."""
        (self.folder / key).unlink(missing_ok=True)


class Tasks:
    """Results of steps that have succeeded, as Airflow would remember them across a crash."""

    def __init__(self, files: StatePort, key: str):
        self._files, self._key = files, f"tasks-{key}"

    def once(self, name: str, step: Any) -> Any:
        """Run a step unless it has succeeded before; return its result."""
        done = msgspec.json.decode(self._files.get(self._key) or "{}")
        if name not in done:
            done[name] = step()
            self._files.set(self._key, msgspec.json.encode(done).decode())
        return done[name]


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run to companies, taking up what an interrupted one of the same `run_id` has left; return its counts."""
    target = MarketoConnection(
        conn_id="bench_marketo",
        host=url,
        login="bench",
        password=SecretStr("bench"),
        max_concurrency=options.get("writes", 5),
    )
    with prepared("jde_to_marketo.companies", url, folder, options, target) as (job, source):
        limiter = AccountLimiter(target.quota_id, limits(target), job.ledger.slots)
        with MarketoClient(target, limiter=limiter if options.get("quota") else NO_LIMIT) as client:
            return transfer(job, source, client)


@contextmanager
def prepared(
    sync: str, url: str, folder: Path, options: Mapping[str, Any], target: VendorConnection
) -> Iterator[tuple[Job, JdeClient]]:
    """Return the job of a sync and the client of its source."""
    jde = JdeConnection(
        conn_id="bench_jde",
        host=url,
        login="BENCH",
        password=SecretStr("bench"),
        max_concurrency=options.get("reads", 2),
    )
    with JdeClient(jde) as source:
        yield job_of(sync, folder, options, jde, target), source


def job_of(
    sync: str, folder: Path, options: Mapping[str, Any], source: VendorConnection, target: VendorConnection
) -> Job:
    """Return the job of a sync, with ledger, staging and state in the folder."""
    keyring = Keyring(["benchmark"])
    return Job(
        sync=get_sync(sync),
        run=RunInfo(sync.partition(".")[0], options.get("run_id", "first"), "manual", datetime.now(UTC)),
        params=options.get("params", {}),
        instance=instance_of(source.account, target.account),
        account=target.account_id,
        ledger=open_ledger(f"sqlite:///{folder / 'ledger.db'}", keyring),
        keyring=keyring,
        state_port=Files(folder),
        root=folder / "staging",
    )


def transfer(job: Job, source: Any, client: Any) -> dict[str, Any]:
    """Make the run's steps that have not been made, and return its counts."""
    tasks = Tasks(job.state_port, f"{job.sync.entity}-{job.run.run_id}")
    given = tasks.once("extract", lambda: [ref.as_dict() for ref in extract(job, source, client)])
    mapped = [
        ChunkRef(**tasks.once(f"map-{ref['index']}", lambda ref=ref: map_chunk(job, ChunkRef(**ref)).as_dict()))
        for ref in given
    ]
    target = job.sync.open_target(client, job)
    for ref in mapped:
        tasks.once(f"upsert-{ref.index}", lambda ref=ref: dict(deliver_chunk(job, ref, target)))
    return commit(job)
