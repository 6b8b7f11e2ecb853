"""`POST /lists/{id}`: many members in one call, each with its own outcome inside an HTTP 200.

Source: https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/
"""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import Ask, Reply
from airflow_provider_mlconnector.sandbox.mailchimp.consent import is_locked
from airflow_provider_mlconnector.sandbox.mailchimp.emails import subscriber_hash
from airflow_provider_mlconnector.sandbox.mailchimp.errors import Problem, fault, invalid, invalid_fields
from airflow_provider_mlconnector.sandbox.mailchimp.member import Member
from airflow_provider_mlconnector.sandbox.mailchimp.members import add, change

MOST = 500
EXISTS = "%s is already a list member, do you want to update? please provide update_existing:true in the request body"
BY = "batch subscribe"

Row = dict[str, Any]


def subscribe(account: Account, ask: Ask) -> Reply:
    """Add, and with `update_existing` change, up to 500 members; a `status` then changes those that exist too."""
    account.check_list(ask.path["list_id"])
    rows: list[Row] = ask.body["members"]
    if not 1 <= len(rows) <= MOST:
        raise invalid_fields(fault("members", f"This collection should contain from 1 to {MOST} elements."))
    made: dict[str, list[Row]] = {"new_members": [], "updated_members": []}
    errors: list[Row] = []
    for row in _unique(rows, skip=ask.flag("skip_duplicate_check")):
        known = account.members.get(subscriber_hash(row.get("email_address", "")))
        try:
            member = _one(account, ask, row, known)
        except Problem as problem:
            errors.append(_error(row, problem))
        else:
            made["updated_members" if known else "new_members"].append(account.show(member))
    created, updated = (len(each) for each in made.values())
    counts = {"total_created": created, "total_updated": updated, "error_count": len(errors)}
    return Reply(
        {**made, "errors": errors, **counts} | account.links(f"/lists/{account.list_id}"), 200, created + updated
    )


def _one(account: Account, ask: Ask, row: Row, known: Member | None) -> Member:
    skip = ask.flag("skip_merge_validation")
    if known is None:
        return _new(account, row, skip)
    if not ask.body.get("update_existing"):
        raise Problem(400, "ERROR_CONTACT_EXISTS", EXISTS % row["email_address"])
    held = _obeying(account, row, known)
    member = change(account, known, held, skip, BY)
    if ask.body.get("sync_tags") and isinstance(row.get("tags"), list):
        member.tags = []
        for name in row["tags"]:
            account.tag(member, str(name))
    return member


def _new(account: Account, row: Row, skip: bool) -> Member:
    if not row.get("email_address"):
        raise invalid("Please provide a valid email address.")
    if "status" not in row:
        raise invalid_fields(fault("status", "This value should not be blank."))
    return add(account, row, row["status"], skip, BY)


def _obeying(account: Account, row: Row, member: Member) -> Row:
    """Return the row to write on a member, by what the account does to those who unsubscribed or bounced."""
    mode = account.options.batch_resubscribe
    if row.get("status") != "subscribed" or not is_locked(member, account.options) or mode == "error":
        return row
    if mode == "apply":
        member.turn("subscribed", BY, account.clock.now())
    return {name: value for name, value in row.items() if name != "status"}


def _unique(rows: list[Row], *, skip: bool) -> list[Row]:
    """Return the rows, of each address the first; raises `Problem` for several unless told to skip them."""
    found: dict[str, Row] = {}
    twice = []
    for place, row in enumerate(rows):
        key = row.get("email_address", "").lower() or f"row {place}"
        if key in found:
            twice.append(key)
        found.setdefault(key, row)
    if twice and not skip:
        raise invalid(f"Duplicate items found for the following email addresses: {', '.join(sorted(set(twice)))}")
    return list(found.values())


def _error(row: Row, problem: Problem) -> Row:
    first = problem.errors[0] if problem.errors else {"field": "", "message": ""}
    exists = problem.title == "ERROR_CONTACT_EXISTS"
    return {
        "email_address": row.get("email_address", ""),
        "error": problem.detail,
        "error_code": "ERROR_CONTACT_EXISTS" if exists else "ERROR_GENERIC",
        "field": first["field"],
        "field_message": first["message"],
    }
