"""The account, its audience, and the audience's merge fields. Audiences themselves cannot be made or changed here.

Source: https://mailchimp.com/developer/marketing/api/list-merges/
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import Ask, Reply
from airflow_provider_mlconnector.sandbox.mailchimp.errors import fault, invalid_fields, not_found
from airflow_provider_mlconnector.sandbox.mailchimp.fields import MergeField
from airflow_provider_mlconnector.sandbox.mailchimp.member import stamp
from airflow_provider_mlconnector.sandbox.mailchimp.options import DC

OWNER = {"company": "Our Own Company", "addr1": "1 Main Street", "city": "Denver", "state": "CO", "zip": "80202"}


def ping(_account: Account, _ask: Ask) -> Reply:
    """Answer that all is well."""
    return Reply({"health_status": "Everything's Chimpy!"})


def root(account: Account, _ask: Ask) -> Reply:
    """Answer what the account is."""
    body: dict[str, Any] = {
        "account_id": "8d3a3db4d97663a9074efcc16",
        "login_id": "7b1c4a",
        "account_name": OWNER["company"],
        "email": "owner@our-own-company.com",
        "role": "viewer" if account.options.read_only_key else "owner",
        "dc": DC,
        "member_since": stamp(account.created),
        "contact": OWNER | {"country": "US"},
        "total_subscribers": _counts(account)["subscribed"],
    }
    return Reply(body | account.links("/"))


def audiences(account: Account, ask: Ask) -> Reply:
    """Answer a page of audiences: there is one."""
    body = {
        "lists": list(ask.page([_audience(account)])),
        "total_items": 1,
        "constraints": {"may_create": False, "max_instances": 1, "current_total_instances": 1},
    }
    return Reply(body | account.links("/lists"))


def audience(account: Account, ask: Ask) -> Reply:
    """Answer one audience."""
    account.check_list(ask.path["list_id"])
    return Reply(_audience(account))


def _counts(account: Account) -> Counter[str]:
    return Counter(member.status for member in account.members.values())


def _audience(account: Account) -> dict[str, Any]:
    counts = _counts(account)
    stats = {
        "member_count": counts["subscribed"],
        "total_contacts": counts.total(),
        "unsubscribe_count": counts["unsubscribed"],
        "cleaned_count": counts["cleaned"],
        "merge_field_count": len(account.fields),
    }
    body = {
        "id": account.list_id,
        "web_id": 4711,
        "name": "Customers and suppliers",
        "contact": {"company": OWNER["company"], "address1": OWNER["addr1"], "city": OWNER["city"], "country": "US"},
        "permission_reminder": "You do business with us.",
        "use_archive_bar": False,
        "notify_on_subscribe": "",
        "notify_on_unsubscribe": "",
        "date_created": stamp(account.created),
        "list_rating": 0,
        "email_type_option": False,
        "visibility": "prv",
        "double_optin": False,
        "has_welcome": False,
        "marketing_permissions": False,
        "modules": [],
        "stats": stats,
    }
    return body | account.links(f"/lists/{account.list_id}")


def merge_fields(account: Account, ask: Ask) -> Reply:
    """Answer a page of merge fields, by type or by whether they are required."""
    account.check_list(ask.path["list_id"])
    kind, required = ask.query.get("type"), ask.query.get("required")
    found = [
        each
        for each in account.fields
        if kind in {None, each.type} and (required is None or each.required == ask.flag("required"))
    ]
    body = {
        "merge_fields": [_shown(account, each) for each in ask.page(found)],
        "list_id": account.list_id,
        "total_items": len(found),
    }
    return Reply(body | account.links(f"/lists/{account.list_id}/merge-fields"))


def merge_field(account: Account, ask: Ask) -> Reply:
    """Answer one merge field."""
    return Reply(_shown(account, _field(account, ask)))


def add_merge_field(account: Account, ask: Ask) -> Reply:
    """Add a merge field."""
    account.check_list(ask.path["list_id"])
    if not ask.body["name"].strip():
        raise invalid_fields(fault("name", "This value should not be blank."))
    return Reply(_shown(account, account.add_field(ask.body)), written=1)


def change_merge_field(account: Account, ask: Ask) -> Reply:
    """Change a merge field's name, default and whether it is required; its tag and type stay."""
    field = _field(account, ask)
    for name in ("name", "required", "default_value", "public", "display_order", "help_text"):
        if name in ask.body:
            setattr(field, name, ask.body[name])
    field.options |= ask.body.get("options", {})
    return Reply(_shown(account, field), written=1)


def delete_merge_field(account: Account, ask: Ask) -> Reply:
    """Remove a merge field and its values."""
    account.remove_field(_field(account, ask))
    return Reply(None, 204, written=1)


def _field(account: Account, ask: Ask) -> MergeField:
    account.check_list(ask.path["list_id"])
    found = next((each for each in account.fields if str(each.merge_id) == ask.path["merge_id"]), None)
    if found is None:
        raise not_found()
    return found


def _shown(account: Account, field: MergeField) -> dict[str, Any]:
    path = f"/lists/{account.list_id}/merge-fields/{field.merge_id}"
    return field.as_json() | {"list_id": account.list_id} | account.links(path)
