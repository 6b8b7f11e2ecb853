"""Reading from Marketo: describe, records by a filter, the day's usage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    ObjectReadOnly,
    PermissionDenied,
    QuotaExhausted,
    Stop,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.marketo.models import Envelope
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
            return parse_described(call("GET", spec.resource("describe2")).result, **known)
        except (Stop, Unavailable) as missing:
            # An outage with a code was answered: some instances say 5xx or 611 for a path that they do not have.
            if isinstance(missing, NOT_WORKED_AROUND) or (isinstance(missing, Unavailable) and not missing.code):
                raise
            log.info("marketo leads: no describe2 (%s), asking describe", missing.code or type(missing).__name__)
    return parse_described(call("GET", spec.resource("describe")).result, **known)


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
    query = [("filterType", filter_type), *_listed("filterValues", values), *_listed("fields", fields)]
    query.append(("batchSize", str(MAX_BATCH)))

    def fetch(cursor: str | None) -> Envelope:
        return _ask(call, spec, [*query, ("nextPageToken", cursor)] if cursor else query, base_url)

    return _records(spec, walk(fetch, _next_page) if values else ())


def _records(spec: ObjectSpec, pages: Iterable[Envelope]) -> Iterator[dict[str, Any]]:
    for page in pages:
        log.info("marketo %s: %d found, request %s", spec.name, len(page.result), page.request_id)
        yield from page.result


def _listed(name: str, values: Sequence[Any]) -> list[tuple[str, str]]:
    """A list parameter: comma-separated, but repeated where a value has a comma, for which there is no escape."""
    texts = [str(value) for value in values]
    if any("," in text for text in texts):
        return [(name, text) for text in texts]
    return [(name, ",".join(texts))] if texts else []


def _ask(call: Call, spec: ObjectSpec, query: list[tuple[str, str]], base_url: str) -> Envelope:
    path, encoded = spec.resource(), urlencode(query)
    if len(base_url) + len(path) + len(encoded) + 1 <= MAX_URI:
        return call("GET", path, params=query)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return call("POST", path, params={"_method": "GET"}, data=encoded, headers=form)


def _next_page(page: Envelope) -> str | None:
    """Leads and companies end by a missing token; `moreResult: false` ends any list. An empty page ends nothing."""
    return None if page.more_result is False else page.next_page_token or None


def usage(call: Call) -> int:
    """Return today's calls of the whole instance.

    :raises UnexpectedAnswer: for an entry that names no number.
    """
    days: list[Mapping[str, Any]] = call("GET", "/rest/v1/stats/usage.json").result
    try:
        newest = max(days, key=lambda day: str(day.get("date", "")), default={})
        return int(newest.get("total") or 0)
    except (AttributeError, TypeError, ValueError):
        raise UnexpectedAnswer("the day's usage is no number of calls") from None


def usage_line(ask: Callable[[], int], daily: float) -> str:
    """Return one line on the day's calls for a person; an instance without that page can be written all the same."""
    try:
        return f"{ask()} of {daily:.0f} calls used today"
    except QuotaExhausted as spent:
        return f"all calls of today are used: {spent.message}"
    except MLConnectorError as error:
        return f"calls used today: not available: {error}"


def object_line(obj: str, ask: Callable[[str], ObjectSchema], *, required: bool = False) -> str:
    """Return one line on an object for a person: how many fields can be written, or why none.

    :param required: whether the object must be there, so that an unexpected refusal is raised and no line.
    """
    try:
        schema = ask(obj)
    except ObjectReadOnly:
        return f"{obj}: read-only, a native CRM sync owns them; they will be skipped"
    except PermissionDenied as denied:
        return f"{obj}: permission missing: {denied.message}"
    except MLConnectorError as error:
        if required or isinstance(error, CredentialsRejected):
            raise
        return f"{obj}: not available: {error}"
    managed = sum(bool(field.crm_managed) for field in schema.fields.values())
    hint = f", {managed} of them managed by a CRM" if managed else ""
    return f"{obj}: {len(schema.writable)} of {len(schema.fields)} fields can be written{hint}"
