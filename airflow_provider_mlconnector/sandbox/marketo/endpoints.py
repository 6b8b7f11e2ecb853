"""Which endpoint answers which path; every path not in here is resource 610."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from airflow_provider_mlconnector.sandbox.marketo import bulk, feeds, leads, namedlists, objects, reads
from airflow_provider_mlconnector.sandbox.marketo.ask import Ask, Work
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance

Endpoint = Callable[[Instance, Ask], Work]
"""Checks a call and returns the work, to be done once its time has passed."""

_WEEK = 7

_CRUD = {
    "companies": "companies",
    "opportunities": "opportunities",
    "roles": "opportunities/roles",
    "salespersons": "salespersons",
    "namedaccounts": "namedaccounts",
    "namedAccountLists": "namedAccountLists",
    None: r"customobjects/(?P<object>(?!schema\b)[^/]+)",
}
"""Object → its path below /rest/v1; None is the custom object that the path names."""


def _crud() -> Iterator[tuple[str, Mapping[str, Endpoint]]]:
    for name, path in _CRUD.items():
        yield rf"/rest/v1/{path}\.json", {"GET": reads.search(name), "POST": objects.sync(name)}
        yield rf"/rest/v1/{path}/delete\.json", {"POST": objects.delete(name)}
        if name != "namedAccountLists":
            yield rf"/rest/v1/{path}/describe\.json", {"GET": reads.describe(name)}


_LISTED = "/rest/v1/namedAccountList/(?P<id>[^/]+)/namedAccounts"

_PATTERNS: Mapping[str, Mapping[str, Endpoint]] = {
    r"/rest/v1/leads\.json": {"GET": reads.search("leads"), "POST": leads.sync},
    r"/rest/v1/leads/delete\.json": {"POST": leads.delete},
    r"/rest/v1/leads/describe\.json": {"GET": reads.describe_old},
    r"/rest/v1/leads/describe2\.json": {"GET": reads.describe2},
    r"/rest/v1/lead/(?P<id>[^/]+)\.json": {"GET": reads.lead},
    r"/rest/v1/customobjects\.json": {"GET": reads.custom_objects},
    **dict(_crud()),
    rf"{_LISTED}\.json": {"GET": namedlists.members, "POST": namedlists.change("added")},
    rf"{_LISTED}/remove\.json": {"POST": namedlists.change("removed")},
    r"/rest/v1/activities/pagingtoken\.json": {"GET": feeds.paging_token},
    r"/rest/v1/activities/types\.json": {"GET": feeds.types},
    r"/rest/v1/activities\.json": {"GET": feeds.activities},
    r"/rest/v1/activities/leadchanges\.json": {"GET": feeds.lead_changes},
    r"/rest/v1/activities/deletedleads\.json": {"GET": feeds.deleted_leads},
    **bulk.endpoints("leads"),
    **bulk.endpoints("activities"),
    r"/rest/v1/stats/usage\.json": {"GET": reads.usage(1)},
    r"/rest/v1/stats/usage/last7days\.json": {"GET": reads.usage(_WEEK)},
    r"/rest/v1/stats/errors\.json": {"GET": reads.errors(1)},
    r"/rest/v1/stats/errors/last7days\.json": {"GET": reads.errors(_WEEK)},
}
_ENDPOINTS = [(re.compile(pattern), methods) for pattern, methods in _PATTERNS.items()]

NO_BODY = re.compile(r"/rest/v1/leads/delete\.json|/bulk/v1/.*/(enqueue|cancel)\.json")
"""The paths where a POST may come without a body."""

_COMPOUND = re.compile(r"/rest/v1/(opportunities/roles|customobjects/[^/]+)\.json")


def asks_in_json(path: str) -> bool:
    """Return whether a POST with `_method=GET` may carry JSON: where keys have several fields."""
    return _COMPOUND.fullmatch(path) is not None


def find(path: str) -> tuple[Mapping[str, Endpoint], dict[str, str]] | None:
    """Return the endpoints of a path by method, and its path parameters; None when there is no such resource."""
    for pattern, methods in _ENDPOINTS:
        if matched := pattern.fullmatch(path):
            return methods, matched.groupdict()
    return None


def endpoint_for(path: str, method: str) -> tuple[Endpoint, dict[str, str]] | None:
    """Return the endpoint of a call and its path parameters; None for 610, raises `Refused` 605."""
    found = find(path)
    if found is None:
        return None
    methods, parameters = found
    if method not in methods:
        raise Refused("605", method)
    return methods[method], parameters
