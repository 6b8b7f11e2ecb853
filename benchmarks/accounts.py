"""This package again: customers of QAD to Marketo's companies, then to its named accounts, in one process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.connection import MarketoConnection, limits
from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection
from airflow_provider_mlconnector.syncs import get_sync
from airflow_provider_mlconnector.transport.limits import AccountLimiter
from benchmarks.measure import OUTCOMES
from benchmarks.ours import job_of, transfer
from benchmarks.qad import ROOT

SYNCS = ("qad_to_marketo.companies", "qad_to_marketo.named_accounts")
"""In the DAG's order. Leads are left out: each customer's contacts are a document, and so a call, of its own."""


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run of each sync with so many `writes` at once; return the sums of their counts."""
    bench = SecretStr("bench")
    source = QadConnection(
        conn_id="bench_qad", host=url + ROOT.rstrip("/"), login="bench", password=bench, client_id="bench"
    )
    target = MarketoConnection(
        conn_id="bench_marketo", host=url, login="bench", password=bench, max_concurrency=options["writes"]
    )
    job, counts = job_of(SYNCS[0], folder, options, source, target), Counter[str]()
    limiter = AccountLimiter(target.quota_id, limits(target), job.ledger.slots)
    with QadClient(source) as reader, MarketoClient(target, limiter=limiter) as client:
        for name in SYNCS:
            found = transfer(replace(job, sync=get_sync(name)), reader, client)
            counts.update({outcome: found[outcome] for outcome in OUTCOMES})
    return dict(counts)
