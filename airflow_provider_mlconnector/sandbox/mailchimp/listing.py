"""`GET /lists/{id}/members`: the filters and the order of a list of members."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import LISTING, Ask, Reply
from airflow_provider_mlconnector.sandbox.mailchimp.errors import fault, invalid_fields
from airflow_provider_mlconnector.sandbox.mailchimp.member import Member
from airflow_provider_mlconnector.sandbox.mailchimp.shapes import STATUS

QUERY = LISTING | {
    "email_type", "status", "since_timestamp_opt", "before_timestamp_opt", "since_last_changed", "before_last_changed",
    "unique_email_id", "vip_only", "interest_category_id", "interest_ids", "interest_match", "sort_field", "sort_dir",
    "since_last_campaign", "unsubscribed_since",
}  # fmt: skip
"""The parameters the schema knows. Interests and campaigns are not simulated: those filters let everyone pass."""
_CHOICES = {
    "status": (*STATUS, "archived"),
    "sort_field": ("timestamp_opt", "timestamp_signup", "last_changed"),
    "sort_dir": ("ASC", "DESC"),
}

Test = Callable[[Member], bool]


def members(account: Account, ask: Ask) -> Reply:
    """Answer a page of members, oldest first unless told otherwise."""
    account.check_list(ask.path["list_id"])
    for name, choices in _CHOICES.items():
        if ask.query.get(name, choices[0]) not in choices:
            raise invalid_fields(fault(name, f"Value must be one of: {', '.join(choices)}"))
    tests = [*_by_value(ask, archived=account.options.archived_listed), *_by_time(ask)]
    found = _sorted([each for each in account.members.values() if all(test(each) for test in tests)], ask)
    body: dict[str, Any] = {
        "members": [account.show(each) for each in ask.page(found)],
        "list_id": account.list_id,
        "total_items": len(found),
    }
    return Reply(body | account.links(f"/lists/{account.list_id}/members"))


def _by_value(ask: Ask, *, archived: bool) -> Iterator[Test]:
    if status := ask.query.get("status"):
        yield lambda member: member.status == status
    elif not archived:
        yield lambda member: member.status != "archived"
    if kind := ask.query.get("email_type"):
        yield lambda member: (member.plain.get("email_type") or "html") == kind
    if unique := ask.query.get("unique_email_id"):
        yield lambda member: member.unique_email_id == unique
    if ask.flag("vip_only"):
        yield lambda member: bool(member.plain.get("vip"))


def _by_time(ask: Ask) -> Iterator[Test]:
    if since := ask.time("since_last_changed"):
        yield lambda member: member.changed >= since.timestamp()
    if before := ask.time("before_last_changed"):
        yield lambda member: member.changed < before.timestamp()
    if opt_since := ask.time("since_timestamp_opt"):
        yield lambda member: (member.opted_in or 0) >= opt_since.timestamp()
    if opt_before := ask.time("before_timestamp_opt"):
        yield lambda member: member.opted_in is not None and member.opted_in < opt_before.timestamp()
    if unsubscribed := ask.time("unsubscribed_since"):
        if ask.query.get("status") != "unsubscribed":
            raise invalid_fields(fault("unsubscribed_since", "This filter needs status=unsubscribed."))
        yield lambda member: member.changed >= unsubscribed.timestamp()


def _sorted(found: list[Member], ask: Ask) -> list[Member]:
    keys: dict[str, Callable[[Member], float]] = {
        "timestamp_opt": lambda member: member.opted_in or 0,
        "timestamp_signup": lambda member: member.created,
        "last_changed": lambda member: member.changed,
    }
    if field := ask.query.get("sort_field"):
        return sorted(found, key=keys[field], reverse=ask.query.get("sort_dir") == "DESC")
    return found
