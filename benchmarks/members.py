"""This package again: customers to members of an audience, under the account's limit of calls at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.connection import MailchimpConnection, limits
from airflow_provider_mlconnector.transport.limits import AccountLimiter
from benchmarks.ours import prepared, transfer

AUDIENCE = "bench"


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run in the write mode `options["mode"]` with so many `writes` at once; return its counts."""
    target = MailchimpConnection(
        conn_id="bench_mailchimp",
        host=url,
        password=SecretStr("bench-us21"),
        list_id=AUDIENCE,
        write_mode=options["mode"],
        max_concurrency=options["writes"],
    )
    with prepared("jde_to_mailchimp.members", url, folder, options, target) as (job, source):
        limiter = AccountLimiter(target.quota_id, limits(target), job.ledger.slots)
        with MailchimpClient(target, limiter=limiter) as client:
            return transfer(job, source, client)
