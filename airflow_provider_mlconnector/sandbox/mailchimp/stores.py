"""`/ecommerce/stores`: stores, each tied to the audience for good.

Source: https://mailchimp.com/developer/marketing/api/ecommerce-stores/
"""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import Ask, Reply
from airflow_provider_mlconnector.sandbox.mailchimp.errors import fault, invalid, invalid_fields, not_found

_CURRENCY = re.compile("[A-Z]{3}")
_TEXTS = ("platform", "domain", "email_address", "money_format", "primary_locale", "timezone", "phone")

Row = dict[str, Any]


def create(account: Account, ask: Ask) -> Reply:
    """Add a store."""
    return Reply(show(account, add_store(account, ask.body)), written=1)


def read(account: Account, ask: Ask) -> Reply:
    """Answer one store."""
    return Reply(show(account, store(account, ask)))


def read_all(account: Account, ask: Ask) -> Reply:
    """Answer a page of stores."""
    held = list(account.stores.values())
    body = {"stores": [show(account, each) for each in ask.page(held)], "total_items": len(held)}
    return Reply(body | account.links("/ecommerce/stores"))


def change(account: Account, ask: Ask) -> Reply:
    """Change a store; its audience stays."""
    held, body = store(account, ask), ask.body
    if body.get("list_id", held["list_id"]) != held["list_id"]:
        raise invalid_fields(fault("list_id", "The list_id of a store cannot be changed."))
    _check(account, body, held["id"])
    held |= {name: value for name, value in body.items() if name in held and name not in {"id", "created_at"}}
    held["updated_at"] = account.now()
    return Reply(show(account, held), written=1)


def delete(account: Account, ask: Ask) -> Reply:
    """Remove a store with its customers; the audience's members stay."""
    remove_store(account, store(account, ask)["id"])
    return Reply(None, 204, written=1)


def add_store(account: Account, body: Row) -> Row:
    """Add a store described as in the body of a POST; raises `Problem`."""
    if body["list_id"] != account.list_id:
        raise invalid_fields(fault("list_id", "The list does not exist."))
    if not body["id"].strip() or not body["name"].strip():
        raise invalid_fields(fault("id" if body["name"].strip() else "name", "This value should not be blank."))
    if body["id"] in account.stores:
        raise invalid(f'A store with the id "{body["id"]}" already exists in the account.')
    _check(account, body, "")
    now = account.now()
    made: Row = {name: body.get(name, "") for name in ("id", "list_id", "name", "currency_code", *_TEXTS)}
    made |= {"is_syncing": body.get("is_syncing", False), "address": body.get("address", {})}
    account.stores[made["id"]] = made | {"list_is_active": True, "created_at": now, "updated_at": now}
    account.customers[made["id"]] = {}
    return account.stores[made["id"]]


def remove_store(account: Account, store_id: str) -> None:
    """Remove a store with its customers; raises `KeyError`."""
    del account.stores[store_id], account.customers[store_id]
    account.buyers = {key: value for key, value in account.buyers.items() if key[0] != store_id}


def store(account: Account, ask: Ask) -> Row:
    """Return the store of the path; raises `Problem`."""
    found = account.stores.get(ask.path["store_id"])
    if found is None:
        raise not_found()
    return found


def show(account: Account, held: Row) -> Row:
    """Return a store as the vendor answers it."""
    return held | account.links(f"/ecommerce/stores/{held['id']}")


def _check(account: Account, body: Row, own_id: str) -> None:
    if not _CURRENCY.fullmatch(body.get("currency_code", "USD")):
        raise invalid_fields(fault("currency_code", "This value is not a valid currency."))
    domain = body.get("domain", "")
    if domain and any(each["domain"] == domain and each["id"] != own_id for each in account.stores.values()):
        raise invalid(f'A store with the domain "{domain}" already exists in the account.')
