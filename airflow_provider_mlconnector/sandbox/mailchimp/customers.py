"""`/ecommerce/stores/{id}/customers`: customers, whose address never changes and who become members.

Source: https://mailchimp.com/developer/marketing/api/ecommerce-customers/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import Ask, Reply
from airflow_provider_mlconnector.sandbox.mailchimp.consent import check_new
from airflow_provider_mlconnector.sandbox.mailchimp.emails import subscriber_hash
from airflow_provider_mlconnector.sandbox.mailchimp.errors import fault, invalid, invalid_fields, not_found
from airflow_provider_mlconnector.sandbox.mailchimp.member import Member
from airflow_provider_mlconnector.sandbox.mailchimp.stores import store
from airflow_provider_mlconnector.sandbox.mailchimp.values import ADDRESS_PARTS

LONGEST_ID = 50
BY = "store"
FIXED_EMAIL = "An email address may not be changed once a customer is created."

Row = dict[str, Any]


def read(account: Account, ask: Ask) -> Reply:
    """Answer one customer."""
    return Reply(_shown(account, ask, _customer(account, ask)))


def read_all(account: Account, ask: Ask) -> Reply:
    """Answer a page of customers, or those with one address."""
    held, store_id = _held(account, ask), ask.path["store_id"]
    if wanted := ask.query.get("email_address", "").lower():
        key = account.buyers.get((store_id, wanted))
        found = [] if key is None else [held[key]]
    else:
        found = list(held.values())
    body = {
        "store_id": store_id,
        "customers": [_shown(account, ask, each) for each in ask.page(found)],
        "total_items": len(found),
    }
    return Reply(body | account.links(f"/ecommerce/stores/{store_id}/customers"))


def create(account: Account, ask: Ask) -> Reply:
    """Add a customer, never change one."""
    held, body = _held(account, ask), ask.body
    if len(body["id"]) > LONGEST_ID:
        raise not_found()
    if body["id"] in held:
        raise invalid(f'A customer with the id "{body["id"]}" already exists.')
    return Reply(_shown(account, ask, _add(account, ask, held)), written=1)


def put(account: Account, ask: Ask) -> Reply:
    """Change the customer of the path, or add it."""
    held, body, key = _held(account, ask), ask.body, ask.path["customer_id"]
    # The vendor says 404 for an id that is too long, whatever it means by that.
    if len(key) > LONGEST_ID:
        raise not_found()
    if body["id"] != key:
        raise invalid_fields(fault("id", "The id in the body is not the one in the path."))
    customer = _changed(account, held[key], body) if key in held else _add(account, ask, held)
    return Reply(_shown(account, ask, customer), written=1)


def patch(account: Account, ask: Ask) -> Reply:
    """Change the customer of the path, which must be there."""
    return Reply(_shown(account, ask, _changed(account, _customer(account, ask), ask.body)), written=1)


def delete(account: Account, ask: Ask) -> Reply:
    """Remove a customer; the member stays."""
    customer = _customer(account, ask)
    del _held(account, ask)[customer["id"]]
    del account.buyers[ask.path["store_id"], customer["email_address"].lower()]
    return Reply(None, 204, written=1)


def _held(account: Account, ask: Ask) -> dict[str, Row]:
    return account.customers[store(account, ask)["id"]]


def _customer(account: Account, ask: Ask) -> Row:
    found = _held(account, ask).get(ask.path["customer_id"])
    if found is None:
        raise not_found()
    return found


def _add(account: Account, ask: Ask, held: dict[str, Row]) -> Row:
    body, email = ask.body, ask.body["email_address"]
    buyer = (ask.path["store_id"], email.lower())
    if not body["id"].strip():
        raise invalid_fields(fault("id", "This value should not be blank."))
    if buyer in account.buyers:
        raise invalid(f'A customer with the email address "{email}" already exists in this store.')
    member = account.members.get(subscriber_hash(email))
    if member is None:
        check_new(account, email)
    now = account.now()
    made: Row = {name: body.get(name, "") for name in ("id", "company", "first_name", "last_name")}
    made |= {"email_address": email, "opt_in_status": body["opt_in_status"], "address": body.get("address", {})}
    held[body["id"]] = made | {"orders_count": 0, "total_spent": 0, "created_at": now, "updated_at": now}
    account.buyers[buyer] = body["id"]
    _link(account, member, body)
    return held[body["id"]]


def _changed(account: Account, customer: Row, body: Row) -> Row:
    email = str(customer["email_address"])
    if str(body.get("email_address", email)).lower() != email.lower():
        raise invalid(FIXED_EMAIL)
    customer |= {name: body[name] for name in ("opt_in_status", "company", "first_name", "last_name") if name in body}
    if "address" in body:
        customer["address"] = customer["address"] | body["address"]
    customer["updated_at"] = account.now()
    if member := account.members.get(subscriber_hash(email)):
        _link(account, member, body)
    return customer


def _link(account: Account, member: Member | None, body: Row) -> None:
    """Make the customer a member, and copy onto it the names and the address that it lacks."""
    opted_in = body.get("opt_in_status") is True
    if member is None:
        status = "subscribed" if opted_in else "transactional"
        member = account.add_member(body["email_address"], status, BY, "E-commerce")
    elif opted_in and member.status == "transactional" and account.options.opt_in_existing == "subscribe":
        member.turn("subscribed", BY, account.clock.now())
    tags = {each.tag for each in account.fields}
    copied = {"FNAME": body.get("first_name"), "LNAME": body.get("last_name"), "ADDRESS": _address(body)}
    for tag, value in copied.items():
        if value and tag in tags and not member.merge.get(tag):
            member.merge[tag] = value
            member.changed = account.clock.now()


def _address(body: Row) -> dict[str, str] | None:
    """Return the address in the audience's terms, complete or not: nobody checks it on this way."""
    given: Mapping[str, str] = body.get("address", {})
    parts = (
        given.get("address1", ""),
        given.get("address2", ""),
        given.get("city", ""),
        given.get("province_code") or given.get("province", ""),
        given.get("postal_code", ""),
    )
    if not any(parts):
        return None
    return dict(zip(ADDRESS_PARTS, (*parts, given.get("country_code") or "US"), strict=True))


def _shown(account: Account, ask: Ask, customer: Row) -> Row:
    return customer | account.links(f"/ecommerce/stores/{ask.path['store_id']}/customers/{customer['id']}")
