"""The tasks of one run, as Airflow would run them one after the other, in a process that may be killed at any moment.

Each task's result is kept in a file when it has ended, as an XCom is; a task without one is run again. Chunks, pages
and batches are small, so that there are many moments between them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jde import orders as jde_orders
from airflow_provider_mlconnector.hooks.jde import source as jde_source
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.mailchimp import batches, members
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.registry import by_system
from airflow_provider_mlconnector.ledger.connect import open_ledger
from airflow_provider_mlconnector.pipeline import staging
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.deliver import deliver_chunk
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job, instance_of
from airflow_provider_mlconnector.pipeline.mapper import map_chunk
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.syncs import get_sync

BATCH, CONCURRENCY, CUSTOMERS_AT_ONCE, CHUNK = 4, 3, 10, 20
CLIENTS: dict[str, Any] = {
    "jde": JdeClient, "marketo": MarketoClient, "mailchimp": MailchimpClient, "jaggaer": JaggaerClient,
    "cin7": Cin7Client,
}  # fmt: skip


@dataclass(frozen=True)
class FileState:
    """Airflow's Variables, as files."""

    folder: Path

    def get(self, key: str) -> str | None:
        path = self.folder / key
        return path.read_text() if path.exists() else None

    def set(self, key: str, value: str) -> None:
        fresh = self.folder / f"{key}.new"
        fresh.write_text(value)
        fresh.replace(self.folder / key)

    def delete(self, key: str) -> None:
        (self.folder / key).unlink(missing_ok=True)


class Tasks:
    """The tasks of one sync; what has ended is not run again."""

    def __init__(self, folder: Path, sync: str, source: Any, target: Any):
        declared = get_sync(sync)
        run = RunInfo(declared.dag_id, "manual__1", "manual", datetime(2026, 11, 20, tzinfo=UTC))
        keyring = Keyring(["a test's own key"])
        self._source, self._target, self._state = source, target, FileState(folder / "state")
        self._job = Job(
            sync=declared,
            run=run,
            params={},
            instance=instance_of(source.connection.account, target.connection.account),
            account=target.connection.account_id,
            ledger=open_ledger(f"sqlite:///{folder / 'ledger.db'}", keyring),
            keyring=keyring,
            state_port=self._state,
            root=folder / "staging",
        )

    def run(self) -> None:
        """Run what has not ended."""
        job = self._job
        chunks = self._once("extract", lambda: [ref.as_dict() for ref in extract(job, self._source, self._target)])
        for chunk in chunks:
            index = chunk["index"]
            mapped = self._once(f"map.{index}", partial(self._map, chunk))
            self._once(f"upsert.{index}", partial(self._upsert, mapped))
        self._once("commit", lambda: commit(job))

    def _map(self, chunk: dict[str, Any]) -> dict[str, Any]:
        return map_chunk(self._job, ChunkRef(**chunk)).as_dict()

    def _upsert(self, chunk: dict[str, Any]) -> dict[str, int]:
        target = self._job.sync.open_target(self._target, self._job)
        target.max_batch = min(target.max_batch, BATCH)
        return dict(deliver_chunk(self._job, ChunkRef(**chunk), target))

    def _once(self, task: str, work: Callable[[], Any]) -> Any:
        key = f"xcom.{self._job.sync.entity}.{task}"
        if (text := self._state.get(key)) is None:
            text = json.dumps(work())
            self._state.set(key, text)
        return json.loads(text)


def client(system: str, conn: dict[str, Any], **extra: Any) -> Any:
    """Return a system's client for a Connection's JSON form."""
    extras = {**conn["extra"], **extra}
    fields = {"conn_id": "c", "schema": None, "port": None, **conn, "extra": json.dumps(extras), "extra_dejson": extras}
    return CLIENTS[system](by_system(system).from_airflow(SimpleNamespace(**fields)))


def main(folder: Path, syncs: list[str], source: dict[str, Any], target: dict[str, Any]) -> None:
    """Run the syncs of one DAG to their end."""
    # The vendor may be at a call for a moment after its caller is gone.
    os.environ["AIRFLOW__MLCONNECTOR__SETTLE_SECONDS"] = "0.3"
    jde_source.KEYS_AT_ONCE = CUSTOMERS_AT_ONCE
    jde_orders.ORDERS_AT_ONCE = CUSTOMERS_AT_ONCE
    members.BATCH = BATCH
    batches.FIRST_PAUSE = 0.002
    staging.CHUNK_ROWS = CHUNK
    (folder / "state").mkdir(exist_ok=True)
    systems = get_sync(syncs[0]).systems
    # Cin7 knows no such extra: it writes four records at once.
    at_once = {} if systems[1] == "cin7" else {"max_concurrency": CONCURRENCY}
    clients = client(systems[0], source, max_concurrency=1), client(systems[1], target, **at_once)
    for sync in syncs:
        Tasks(folder, sync, *clients).run()
    for each in clients:
        each.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(json.loads(argument) for argument in sys.argv[2:]))
