"""Everything that only reads: describe, one lead, records by filter, usage.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/lead-database
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from itertools import islice
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.ask import MAX_RECORDS, Ask, Reply, Work, is_number
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.schema import Schema
from airflow_provider_mlconnector.sandbox.marketo.tables import Row

MAX_MATCHES = 1000
"""More leads than this for one filter, and the call fails."""


def describe(object_name: str) -> Callable[[Instance, Ask], Work]:
    """Return the describe endpoint of companies or opportunities."""
    return lambda instance, _: lambda: Reply([instance.schema(object_name).describe()])


def describe2(instance: Instance, _: Ask) -> Work:
    """Answer leads/describe2.json."""
    return lambda: Reply([instance.schema("leads").describe2()])


def describe_old(instance: Instance, _: Ask) -> Work:
    """Answer leads/describe.json, the superseded one."""
    return lambda: Reply(instance.schema("leads").describe_old())


def usage(days: int) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint for the calls of the last `days` days."""
    return lambda instance, _: lambda: Reply(instance.limits.usage(days))


def errors(days: int) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint for the errors of the last `days` days."""
    return lambda instance, _: lambda: Reply(instance.limits.errors(days))


def lead(instance: Instance, ask: Ask) -> Work:
    """Answer one lead by id."""
    raw = ask.path["id"]
    if not is_number(raw):
        raise Refused("1001", raw, "integer")
    names = _fields(instance.schema("leads"), ask)

    def work() -> Reply:
        row = instance.tables["leads"].rows.get(int(raw))
        if row is None:
            raise Refused("1004", message=f"Lead '{raw}' not found")
        return Reply([_picked(instance, "leads", row, names)])

    return work


def search(object_name: str) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint that finds records of `object_name` by a filter, page by page."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        schema = instance.schema(object_name)
        name = _filter(schema, ask.one("filterType"))
        values = ask.many("filterValues")
        if not values:
            raise Refused("1002", "filterValues")
        if len(values) > MAX_RECORDS:
            raise Refused("1003", message=f"Number of filterValues exceeds the maximum of {MAX_RECORDS}")
        size = ask.integer("batchSize", MAX_RECORDS, MAX_RECORDS)
        names = _fields(schema, ask)
        query = zlib.crc32(json.dumps([object_name, name, values]).encode())
        after = _after(ask.one("nextPageToken", ""), query)
        return lambda: _page(
            instance, schema, list(instance.tables[object_name].find(name, values)), after, size, names, query
        )

    return endpoint


def _filter(schema: Schema, name: str) -> str:
    aliases = {} if schema.object_name == "leads" else {"idField": schema.id_field, "dedupeFields": schema.key_field}
    name = aliases.get(name, name)
    if name not in schema.fields:
        raise Refused("1006", name)
    if not schema.fields[name].searchable:
        raise Refused("1011", name)
    return name


def _fields(schema: Schema, ask: Ask) -> list[str]:
    names = ask.many("fields")
    for name in names:
        if name not in schema.fields:
            raise Refused("1006", name)
    return list(dict.fromkeys((schema.id_field, *(names or schema.default_read))))


def _page(
    instance: Instance, schema: Schema, rows: list[Row], after: int, size: int, names: list[str], query: int
) -> Reply:
    if schema.object_name == "leads" and len(rows) > MAX_MATCHES:
        raise Refused("1003", message="Too many results match the filter")
    rest = (row for row in rows if row["_order"] > after)
    page = list(islice(rest, size))
    more = next(rest, None) is not None
    token = _token(query, page[-1]["_order"]) if more else None
    picked = [_picked(instance, schema.object_name, row, names) for row in page]
    if schema.object_name != "leads":
        picked = [{"seq": seq, **each} for seq, each in enumerate(picked)]
    # The Swagger definition of a list of companies knows the token only.
    return Reply(picked, next_page=token, more_result=more and schema.object_name != "companies")


def _picked(instance: Instance, object_name: str, row: Row, names: list[str]) -> dict[str, Any]:
    """Return the named fields of a row; a null one is left out."""
    if object_name == "leads":
        inherited = instance.company_fields(row)
        fields = instance.schemas["leads"].fields
        company = {
            n: inherited[n] for n in names if (fields[n].of_company or n == "externalCompanyId") and n in inherited
        }
        row = row | company
    return {name: row[name] for name in names if name in row}


def _token(query: int, after: int) -> str:
    return base64.b32encode(f"{query}.{after}".encode()).decode()


def _after(token: str, query: int) -> int:
    """Return the position a page token stands for; a token belongs to its filter."""
    if not token:
        return 0
    try:
        of, after = (int(part) for part in base64.b32decode(token).decode().split("."))
    except ValueError:
        of, after = -1, 0
    if of != query:
        raise Refused("1003", message="Invalid nextPageToken")
    return after
