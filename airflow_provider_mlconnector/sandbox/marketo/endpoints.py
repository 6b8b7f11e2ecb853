"""Which endpoint answers which path; every path not in here is resource 610."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from airflow_provider_mlconnector.sandbox.marketo import leads, objects, reads
from airflow_provider_mlconnector.sandbox.marketo.ask import Ask, Work
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance

Endpoint = Callable[[Instance, Ask], Work]
"""Checks a call and returns the work, to be done once its time has passed."""

_LEAD = re.compile(r"/rest/v1/lead/(?P<id>[^/]+)\.json")
_WEEK = 7

ENDPOINTS: Mapping[str, Mapping[str, Endpoint]] = {
    "/rest/v1/leads.json": {"GET": reads.search("leads"), "POST": leads.sync},
    "/rest/v1/leads/delete.json": {"POST": leads.delete},
    "/rest/v1/leads/describe.json": {"GET": reads.describe_old},
    "/rest/v1/leads/describe2.json": {"GET": reads.describe2},
    "/rest/v1/companies.json": {"GET": reads.search("companies"), "POST": objects.sync("companies")},
    "/rest/v1/companies/delete.json": {"POST": objects.delete("companies")},
    "/rest/v1/companies/describe.json": {"GET": reads.describe("companies")},
    "/rest/v1/opportunities.json": {"GET": reads.search("opportunities"), "POST": objects.sync("opportunities")},
    "/rest/v1/opportunities/delete.json": {"POST": objects.delete("opportunities")},
    "/rest/v1/opportunities/describe.json": {"GET": reads.describe("opportunities")},
    "/rest/v1/stats/usage.json": {"GET": reads.usage(1)},
    "/rest/v1/stats/usage/last7days.json": {"GET": reads.usage(_WEEK)},
    "/rest/v1/stats/errors.json": {"GET": reads.errors(1)},
    "/rest/v1/stats/errors/last7days.json": {"GET": reads.errors(_WEEK)},
}
"""Path → method → endpoint."""

NO_BODY = frozenset({"/rest/v1/leads/delete.json"})
"""The paths where a POST may come without a body, its ids in the query."""


def find(path: str) -> tuple[Mapping[str, Endpoint], dict[str, str]] | None:
    """Return the endpoints of a path by method, and its path parameters; None when there is no such resource."""
    if path in ENDPOINTS:
        return ENDPOINTS[path], {}
    matched = _LEAD.fullmatch(path)
    return ({"GET": reads.lead}, matched.groupdict()) if matched else None


def endpoint_for(path: str, method: str) -> tuple[Endpoint, dict[str, str]] | None:
    """Return the endpoint of a call and its path parameters; None for 610, raises `Refused` 605."""
    found = find(path)
    if found is None:
        return None
    methods, parameters = found
    if method not in methods:
        raise Refused("605", method)
    return methods[method], parameters
