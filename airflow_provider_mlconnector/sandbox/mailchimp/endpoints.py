"""Which endpoint answers which path, what its body may hold and which parameters it knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from airflow_provider_mlconnector.sandbox.mailchimp import (
    batches,
    customers,
    listing,
    lists,
    members,
    shapes,
    stores,
    subscribe,
)
from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import CHOOSING, LISTING, Ask, Reply
from airflow_provider_mlconnector.sandbox.mailchimp.errors import not_allowed, not_found

Handler = Callable[[Account, Ask], Reply]


@dataclass(frozen=True)
class Endpoint:
    """One operation. Parameters beside `query` are ignored by the vendor and remembered by us."""

    handler: Handler
    shape: shapes.Shape | None = None
    query: frozenset[str] = frozenset()


SKIP = frozenset({"skip_merge_validation"})
_LIST = "/lists/{list_id}"
_MEMBER = f"{_LIST}/members/{{subscriber_hash}}"
_FIELD = f"{_LIST}/merge-fields/{{merge_id}}"
_STORE = "/ecommerce/stores/{store_id}"
_CUSTOMER = f"{_STORE}/customers/{{customer_id}}"
_LISTS = LISTING | {
    "before_date_created", "since_date_created", "before_campaign_last_sent", "since_campaign_last_sent", "email",
    "sort_field", "sort_dir", "has_ecommerce_store", "include_total_contacts",
}  # fmt: skip

PATHS: Mapping[str, Mapping[str, Endpoint]] = {
    "": {"GET": Endpoint(lists.root, query=CHOOSING)},
    "/": {"GET": Endpoint(lists.root, query=CHOOSING)},
    "/ping": {"GET": Endpoint(lists.ping)},
    "/lists": {"GET": Endpoint(lists.audiences, query=_LISTS)},
    _LIST: {
        "GET": Endpoint(lists.audience, query=CHOOSING | {"include_total_contacts"}),
        "POST": Endpoint(subscribe.subscribe, shapes.SUBSCRIBE, SKIP | {"skip_duplicate_check"}),
    },
    f"{_LIST}/members": {
        "GET": Endpoint(listing.members, query=listing.QUERY),
        "POST": Endpoint(members.create, shapes.POST_MEMBER, SKIP),
    },
    _MEMBER: {
        "GET": Endpoint(members.read, query=CHOOSING),
        "PUT": Endpoint(members.put, shapes.PUT_MEMBER, SKIP),
        "PATCH": Endpoint(members.patch, shapes.PATCH_MEMBER, SKIP),
        "DELETE": Endpoint(members.archive),
    },
    f"{_MEMBER}/tags": {
        "GET": Endpoint(members.read_tags, query=LISTING),
        "POST": Endpoint(members.write_tags, shapes.TAGS),
    },
    f"{_MEMBER}/actions/delete-permanent": {"POST": Endpoint(members.delete_permanently, shapes.Shape({}))},
    f"{_LIST}/merge-fields": {
        "GET": Endpoint(lists.merge_fields, query=LISTING | {"type", "required"}),
        "POST": Endpoint(lists.add_merge_field, shapes.POST_FIELD),
    },
    _FIELD: {
        "GET": Endpoint(lists.merge_field, query=CHOOSING),
        "PATCH": Endpoint(lists.change_merge_field, shapes.PATCH_FIELD),
        "DELETE": Endpoint(lists.delete_merge_field),
    },
    "/batches": {
        "GET": Endpoint(batches.read_all, query=LISTING),
        "POST": Endpoint(batches.submit, shapes.POST_BATCH),
    },
    "/batches/{batch_id}": {
        "GET": Endpoint(batches.read, query=CHOOSING),
        "DELETE": Endpoint(batches.stop),
    },
    "/ecommerce/stores": {
        "GET": Endpoint(stores.read_all, query=LISTING),
        "POST": Endpoint(stores.create, shapes.POST_STORE),
    },
    _STORE: {
        "GET": Endpoint(stores.read, query=CHOOSING),
        "PATCH": Endpoint(stores.change, shapes.PATCH_STORE),
        "DELETE": Endpoint(stores.delete),
    },
    f"{_STORE}/customers": {
        "GET": Endpoint(customers.read_all, query=LISTING | {"email_address"}),
        "POST": Endpoint(customers.create, shapes.PUT_CUSTOMER),
    },
    _CUSTOMER: {
        "GET": Endpoint(customers.read, query=CHOOSING),
        "PUT": Endpoint(customers.put, shapes.PUT_CUSTOMER),
        "PATCH": Endpoint(customers.patch, shapes.PATCH_CUSTOMER),
        "DELETE": Endpoint(customers.delete),
    },
}
"""Path below `/3.0` → method → endpoint."""


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


_PATTERNS = tuple((_pattern(template), methods) for template, methods in PATHS.items())


def endpoint_for(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """Return the endpoint of a call and its path parameters; raises `Problem` 404 or 405."""
    for pattern, methods in _PATTERNS:
        if matched := pattern.fullmatch(path):
            if method not in methods:
                raise not_allowed(methods)
            return methods[method], matched.groupdict()
    raise not_found()
