"""This package again: JD Edwards' suppliers, accounts and orders to Cin7, under its quota, in one process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.connection import Cin7Connection, Defaults, limits
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection
from airflow_provider_mlconnector.syncs import get_sync, syncs_of
from airflow_provider_mlconnector.transport.limits import AccountLimiter
from benchmarks.ours import job_of, transfer

DAG = "jde_to_cin7"


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run of each sync; return the counts of each by its entity."""
    source = JdeConnection(conn_id="bench_jde", host=url, login="MLCONN", password=SecretStr("sandbox-jde"))
    cin7 = options["cin7"]
    target = Cin7Connection(
        conn_id="bench_cin7",
        host=cin7["host"],
        login=cin7["login"],
        password=SecretStr(cin7["password"]),
        defaults=Defaults(**cin7["extra"]["defaults"]),
        calls_per_minute=options["calls"],
        window_seconds=options["minute"],
    )
    counts = {}
    for sync in syncs_of(DAG):
        job = replace(job_of(sync.name, folder, options, source, target), sync=get_sync(sync.name))
        limiter = AccountLimiter(target.quota_id, limits(target), job.ledger.slots)
        # A task has a client of its own, with what that has to find out again.
        with JdeClient(source) as reader, Cin7Client(target, limiter=limiter) as client:
            counts[sync.entity] = transfer(job, reader, client)
    return counts
