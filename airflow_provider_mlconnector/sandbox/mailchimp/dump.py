"""What an account holds, for tests to look at."""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.member import Member, stamp
from airflow_provider_mlconnector.sandbox.mailchimp.queue import Batch


def dump(account: Account) -> dict[str, Any]:
    """Return members, forgotten addresses, fields, stores, customers and batches, JSON-able.

    `lifted`: addresses whose unsubscription, bounce or archiving a caller of the API took back. `unknown_fields`: what
    callers sent that the vendor does not know and ignores.
    """
    members = [_member(each) for each in account.members.values()]
    return {
        "list_id": account.list_id,
        "members": members,
        "lifted": sorted(each.email for each in account.members.values() if each.lifted()),
        "forgotten": sorted(account.forgotten.values()),
        "merge_fields": [each.as_json() for each in account.fields],
        "stores": list(account.stores.values()),
        "customers": {key: list(held.values()) for key, held in account.customers.items()},
        "batches": [_batch(each) for each in account.queue.batches.values()],
        "unknown_fields": sorted(account.unknown_fields),
    }


def _member(member: Member) -> dict[str, Any]:
    return {
        "email_address": member.email,
        "id": member.id,
        "contact_id": member.contact_id,
        "status": member.status,
        "merge_fields": dict(member.merge),
        "tags": list(member.tags),
        "source": member.source,
        "last_changed": stamp(member.changed),
        "history": list(member.history),
        **member.plain,
    }


def _batch(batch: Batch) -> dict[str, Any]:
    return {"id": batch.id, "status": batch.status, **batch.counts()}
