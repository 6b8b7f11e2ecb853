"""Reading from Marketo: describe, records by a filter or by keys of several fields, the day's usage and errors."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    ObjectReadOnly,
    PermissionDenied,
    Stop,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.marketo.models import Envelope, objects
from airflow_provider_mlconnector.hooks.marketo.objects import MAX_BATCH, ObjectSpec
from airflow_provider_mlconnector.hooks.marketo.schema import ObjectSchema, parse_described
from airflow_provider_mlconnector.transport.paging import walk

log = logging.getLogger(__name__)

MAX_URI = 8_000
"""The gateway refuses addresses over 8 KB (414); a longer query goes as a form."""
NOT_WORKED_AROUND = (CredentialsRejected, PermissionDenied, ObjectReadOnly)
"""Refusals of the newer describe of leads that hold for the older one, too."""


class Call(Protocol):
    """One call to Marketo; arguments as of `ApiClient.request`."""

    def __call__(self, method: str, path: str, **request: Any) -> Envelope:
        """Return the envelope of the answer."""
        ...


def describe(call: Call, spec: ObjectSpec) -> ObjectSchema:
    """Ask for an object's fields; leads by the newer describe2, else by the older describe."""
    known = {
        "name": spec.name,
        "dedupe_fields": spec.dedupe,
        "id_field": spec.id_field,
        "link_fields": spec.link_fields,
    }
    if spec.name == "leads":
        try:
            return parse_described(objects(call("GET", spec.resource("describe2"))), **known)
        except (Stop, Unavailable) as missing:
            # An outage with a code was answered: some instances say 5xx or 611 for a path that they do not have.
            if isinstance(missing, NOT_WORKED_AROUND) or (isinstance(missing, Unavailable) and not missing.code):
                raise
            log.info("marketo leads: no describe2 (%s), asking describe", missing.code or type(missing).__name__)
    return parse_described(objects(call("GET", spec.resource("describe"))), **known)


def find(
    call: Call,
    spec: ObjectSpec,
    filter_type: str,
    values: Sequence[Any],
    fields: Sequence[str],
    *,
    base_url: str,
) -> Iterator[dict[str, Any]]:
    """Return an iterator of the records whose field has one of the values; it asks page by page.

    :raises ValueError: for more than 300 values.
    """
    if len(values) > MAX_BATCH:
        raise ValueError(f"{len(values)} values in one query; Marketo takes {MAX_BATCH}")
    query = [("filterType", filter_type), *listed("filterValues", values), *listed("fields", fields)]
    query.append(("batchSize", str(MAX_BATCH)))

    def fetch(cursor: str | None) -> Envelope:
        return ask(call, spec.resource(), [*query, ("nextPageToken", cursor)] if cursor else query, base_url)

    return _records(spec, walk(fetch, _next_page) if values else ())


def find_compound(
    call: Call, spec: ObjectSpec, keys: Sequence[Mapping[str, Any]], fields: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Return an iterator of the records with these keys of several fields each; it asks page by page.

    :raises ValueError: for more than 300 keys.
    """
    if len(keys) > MAX_BATCH:
        raise ValueError(f"{len(keys)} keys in one query; Marketo takes {MAX_BATCH}")
    content: dict[str, Any] = {"filterType": "dedupeFields", "input": [dict(key) for key in keys]}
    if fields:
        content["fields"] = list(fields)

    def fetch(cursor: str | None) -> Envelope:
        # The vendor wants the same input with each page's token.
        body = {**content, "nextPageToken": cursor} if cursor else content
        return call("POST", spec.resource(), params={"_method": "GET"}, json=body)

    return _records(spec, walk(fetch, _next_page) if keys else ())


def _records(spec: ObjectSpec, pages: Iterable[Envelope]) -> Iterator[dict[str, Any]]:
    for page in pages:
        log.info("marketo %s: %d found, request %s", spec.name, len(page.result), page.request_id)
        yield from objects(page)


def listed(name: str, values: Sequence[Any]) -> list[tuple[str, str]]:
    """Return a list parameter: comma-separated; repeated where a value has a comma, for which there is no escape."""
    texts = [str(value) for value in values]
    if any("," in text for text in texts):
        return [(name, text) for text in texts]
    return [(name, ",".join(texts))] if texts else []


def ask(call: Call, path: str, query: list[tuple[str, str]], base_url: str, **request: Any) -> Envelope:
    """Ask with a query, which goes as a form where the address would be longer than the gateway takes."""
    encoded = urlencode(query)
    if len(base_url) + len(path) + len(encoded) + 1 <= MAX_URI:
        return call("GET", path, params=query, **request)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return call("POST", path, params={"_method": "GET"}, data=encoded, headers=form, **request)


def _next_page(page: Envelope) -> str | None:
    """Leads and companies end by a missing token; `moreResult: false` ends any list. An empty page ends nothing."""
    return None if page.more_result is False else page.next_page_token or None


def usage(call: Call) -> int:
    """Return today's calls of the whole instance.

    :raises UnexpectedAnswer: for an entry that names no number.
    """
    try:
        return int(_newest(call("GET", "/rest/v1/stats/usage.json").result).get("total") or 0)
    except (AttributeError, TypeError, ValueError):
        raise UnexpectedAnswer("the day's usage is no number of calls") from None


def errors(call: Call) -> dict[str, int]:
    """Return how often today's calls of the whole instance failed, by error code.

    :raises UnexpectedAnswer: for an entry that names no number.
    """
    try:
        counted = _newest(call("GET", "/rest/v1/stats/errors.json").result).get("errors") or ()
        return {str(entry["errorCode"]): int(entry.get("count") or 0) for entry in counted}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UnexpectedAnswer("the day's errors are no counts by code") from None


def _newest(days: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return max(days, key=lambda day: str(day.get("date", "")), default={})
