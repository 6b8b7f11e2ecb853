"""`/batches`: many calls in one, done later.

Source: https://mailchimp.com/developer/marketing/api/batch-operations/
"""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import Ask, Reply
from airflow_provider_mlconnector.sandbox.mailchimp.errors import fault, invalid_fields, not_found
from airflow_provider_mlconnector.sandbox.mailchimp.member import stamp
from airflow_provider_mlconnector.sandbox.mailchimp.queue import FINISHED, Batch


def submit(account: Account, ask: Ask) -> Reply:
    """Take in a batch."""
    operations = ask.body["operations"]
    if not operations:
        raise invalid_fields(fault("operations", "This collection should contain 1 element or more."))
    if wrong := [each["path"] for each in operations if not each["path"].startswith("/")]:
        raise invalid_fields(fault("operations", f"A path must begin with a slash: {wrong[0]}"))
    return Reply(_shown(account, account.queue.add(operations), ask))


def read(account: Account, ask: Ask) -> Reply:
    """Answer how far a batch is; each such call may move the running one on."""
    batch = _batch(account, ask)
    account.queue.looked_at()
    return Reply(_shown(account, batch, ask))


def read_all(account: Account, ask: Ask) -> Reply:
    """Answer a page of batches."""
    account.queue.looked_at()
    held = list(account.queue.batches.values())
    body = {"batches": [_shown(account, each, ask) for each in ask.page(held)], "total_items": len(held)}
    return Reply(body | account.links("/batches"))


def stop(account: Account, ask: Ask) -> Reply:
    """Stop a batch and lose its results."""
    account.queue.remove(_batch(account, ask))
    return Reply(None, 204)


def _batch(account: Account, ask: Ask) -> Batch:
    batch = account.queue.batches.get(ask.path["batch_id"])
    if batch is None:
        raise not_found()
    return batch


def _shown(account: Account, batch: Batch, ask: Ask) -> dict[str, Any]:
    ready = batch.state == FINISHED and not account.faults.hit("finished_without_url")
    body = {
        "id": batch.id,
        "status": batch.status,
        **batch.counts(),
        "submitted_at": stamp(batch.submitted),
        "completed_at": "" if batch.completed is None else stamp(batch.completed),
        "response_body_url": account.storage.sign(batch, ask.origin) if ready else "",
    }
    return body | account.links(f"/batches/{batch.id}")
