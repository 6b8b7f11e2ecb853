"""`/lists/{id}/members/…`: reading, writing, archiving, deleting and tagging one member.

Source: https://mailchimp.com/developer/marketing/api/list-members/
"""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import Ask, Reply
from airflow_provider_mlconnector.sandbox.mailchimp.consent import check_new, check_rename, check_status
from airflow_provider_mlconnector.sandbox.mailchimp.emails import subscriber_hash
from airflow_provider_mlconnector.sandbox.mailchimp.errors import (
    UNARCHIVABLE,
    Problem,
    fault,
    invalid_fields,
    member_exists,
    not_found,
)
from airflow_provider_mlconnector.sandbox.mailchimp.member import Member
from airflow_provider_mlconnector.sandbox.mailchimp.merge import merge_values

PLAIN = (
    "email_type", "interests", "language", "vip", "location", "marketing_permissions", "ip_signup", "timestamp_signup",
    "ip_opt", "timestamp_opt",
)  # fmt: skip
"""Members of a body that are stored as they come."""
EMAIL_TYPES = ("", "html", "text")


def read(account: Account, ask: Ask) -> Reply:
    """Answer one member."""
    account.check_list(ask.path["list_id"])
    return Reply(account.show(account.member(ask.path["subscriber_hash"])))


def create(account: Account, ask: Ask) -> Reply:
    """Add a member, never change one."""
    account.check_list(ask.path["list_id"])
    email = ask.body["email_address"]
    if subscriber_hash(email) in account.members:
        raise member_exists(email)
    return Reply(account.show(add(account, ask.body, ask.body["status"], _skip(ask))), written=1)


def put(account: Account, ask: Ask) -> Reply:
    """Change the member of the path, or add it."""
    account.check_list(ask.path["list_id"])
    key, body = ask.path["subscriber_hash"], ask.body
    member = account.find(key)
    if member is not None:
        return _changed(account, member, ask)
    email = body.get("email_address")
    if email is None:
        raise invalid_fields(fault("email_address", "This value should not be blank."))
    if subscriber_hash(email) != (subscriber_hash(key) if "@" in key else key):
        raise member_exists(email)
    status = body.get("status") or body.get("status_if_new")
    if status is None:
        raise invalid_fields(fault("status_if_new", "This value should not be blank."))
    return Reply(account.show(add(account, body, status, _skip(ask))), written=1)


def patch(account: Account, ask: Ask) -> Reply:
    """Change the member of the path, which must be there."""
    account.check_list(ask.path["list_id"])
    return _changed(account, account.member(ask.path["subscriber_hash"]), ask)


def archive(account: Account, ask: Ask) -> Reply:
    """Archive a member; raises `Problem` 405 for those that cannot be."""
    account.check_list(ask.path["list_id"])
    member = account.member(ask.path["subscriber_hash"])
    if member.status in {"cleaned", "pending", "archived"}:
        raise Problem(405, "Method Not Allowed", UNARCHIVABLE)
    member.turn("archived", "api", account.clock.now())
    member.changed = account.clock.now()
    return Reply(None, 204, written=1)


def delete_permanently(account: Account, ask: Ask) -> Reply:
    """Delete a member for good: its address cannot be imported again."""
    account.check_list(ask.path["list_id"])
    account.forget(account.member(ask.path["subscriber_hash"]))
    return Reply(None, 204, written=1)


def read_tags(account: Account, ask: Ask) -> Reply:
    """Answer a page of a member's tags."""
    account.check_list(ask.path["list_id"])
    member = account.member(ask.path["subscriber_hash"])
    tags = [{"id": account.tag_id(name), "name": name, "date_added": account.now()} for name in ask.page(member.tags)]
    links = account.links(f"/lists/{account.list_id}/members/{member.id}/tags")
    return Reply({"tags": tags, "total_items": len(member.tags)} | links)


def write_tags(account: Account, ask: Ask) -> Reply:
    """Add and remove tags; unknown ones are made."""
    account.check_list(ask.path["list_id"])
    member = account.member(ask.path["subscriber_hash"])
    if any(not each["name"].strip() for each in ask.body["tags"]):
        raise invalid_fields(fault("tags", "This value should not be blank."))
    for each in ask.body["tags"]:
        account.tag(member, each["name"], active=each["status"] == "active")
    member.changed = account.clock.now()
    return Reply(None, 204, written=1)


def add(account: Account, body: dict[str, Any], status: str, skip_validation: bool, by: str = "api") -> Member:
    """Take in a new member from a body; raises `Problem`."""
    email = body["email_address"]
    check_new(account, email)
    _check_type(body)
    merge = merge_values(account, {}, body.get("merge_fields", {}), skip_validation=skip_validation)
    member = account.add_member(email, status, by)
    member.merge = merge
    _store(member, body)
    for name in _names(body.get("tags")):
        account.tag(member, name)
    return member


def change(account: Account, member: Member, body: dict[str, Any], skip_validation: bool, by: str = "api") -> Member:
    """Write a body over a member; `status_if_new` and `tags` do nothing to one that exists. Raises `Problem`."""
    email, status = body.get("email_address"), body.get("status")
    if email is not None:
        check_rename(account, member, email)
    check_status(account, member, status)
    _check_type(body)
    member.merge = merge_values(account, member.merge, body.get("merge_fields", {}), skip_validation=skip_validation)
    if email is not None:
        account.rename(member, email)
    if status is not None:
        member.turn(status, by, account.clock.now())
    _store(member, body)
    member.changed = account.clock.now()
    return member


def _changed(account: Account, member: Member, ask: Ask) -> Reply:
    if member.id not in account.members:
        raise not_found()
    return Reply(account.show(change(account, member, ask.body, _skip(ask))), written=1)


def _skip(ask: Ask) -> bool:
    return ask.flag("skip_merge_validation")


def _names(tags: Any) -> list[str]:
    return [name for name in tags if isinstance(name, str)] if isinstance(tags, list) else []


def _check_type(body: dict[str, Any]) -> None:
    if body.get("email_type", "") not in EMAIL_TYPES:
        raise invalid_fields(fault("email_type", "Value must be one of: html, text"))


def _store(member: Member, body: dict[str, Any]) -> None:
    member.plain |= {name: body[name] for name in PLAIN if name in body}
