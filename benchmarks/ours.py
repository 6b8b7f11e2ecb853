"""This package: extract → map → deliver → commit in one process, with staging, encryption, diff and ledger on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from pydantic import SecretStr

from airflow_provider_mlconnector.crypto import Keyring
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

    def __init__(self, files: Files, run_id: str):
        self._files, self._key = files, f"tasks-{run_id}"

    def once(self, name: str, step: Any) -> Any:
        """Run a step unless it has succeeded before; return its result."""
        done = msgspec.json.decode(self._files.get(self._key) or "{}")
        if name not in done:
            done[name] = step()
            self._files.set(self._key, msgspec.json.encode(done).decode())
        return done[name]


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run, taking up what an interrupted one of the same `run_id` has left; return its counts."""
    files = Files(folder)
    jde = JdeConnection(
        conn_id="bench_jde",
        host=url,
        login="BENCH",
        password=SecretStr("bench"),
        max_concurrency=options.get("reads", 2),
    )
    target = MarketoConnection(
        conn_id="bench_marketo",
        host=url,
        login="bench",
        password=SecretStr("bench"),
        max_concurrency=options.get("writes", 5),
    )
    keyring = Keyring(["benchmark"])
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}", keyring)
    job = Job(
        sync=get_sync("jde_to_marketo.companies"),
        run=RunInfo("jde_to_marketo", options.get("run_id", "first"), "manual", datetime.now(UTC)),
        params=options.get("params", {}),
        instance=instance_of(jde.account, target.account),
        account=target.account_id,
        ledger=ledger,
        keyring=keyring,
        state_port=files,
        root=folder / "staging",
    )
    limiter = AccountLimiter(target.account_id, limits(target), ledger.slots) if options.get("quota") else NO_LIMIT
    with JdeClient(jde) as source, MarketoClient(target, limiter=limiter) as marketo:
        return _run(job, source, marketo, Tasks(files, job.run.run_id))


def _run(job: Job, source: JdeClient, marketo: MarketoClient, tasks: Tasks) -> dict[str, Any]:
    given = tasks.once("extract", lambda: [ref.as_dict() for ref in extract(job, source, marketo)])
    mapped = [
        ChunkRef(**tasks.once(f"map-{ref['index']}", lambda ref=ref: map_chunk(job, ChunkRef(**ref)).as_dict()))
        for ref in given
    ]
    target = job.sync.open_target(marketo)
    for ref in mapped:
        tasks.once(f"upsert-{ref.index}", lambda ref=ref: dict(deliver_chunk(job, ref, target)))
    return commit(job)
