"""Everything that only reads records: describe, one lead, records by filter; and usage.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/lead-database
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo import tokens
from airflow_provider_mlconnector.sandbox.marketo.ask import MAX_RECORDS, Ask, Reply, Work, is_number
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.schema import Schema
from airflow_provider_mlconnector.sandbox.marketo.tables import Row

MAX_MATCHES = 1000
"""More leads than this for one filter, and the call fails."""


@dataclass(frozen=True)
class _Query:
    """A search: what to return of each record, the size of a page, after which record it begins."""

    schema: Schema
    names: list[str]
    size: int
    digest: int
    after: int


def describe(object_name: str | None) -> Callable[[Instance, Ask], Work]:
    """Return the describe endpoint of an object (None: of the custom object in the path)."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        schema = instance.schema(instance.object_name(object_name, ask.path))
        return lambda: Reply([schema.describe()])

    return endpoint


def custom_objects(instance: Instance, ask: Ask) -> Work:
    """Answer customobjects.json: all of them, or those in `names`."""
    wanted = set(ask.many("names"))
    kinds = [each for each in instance.schemas.values() if each.kind.relationships is not None]
    found = [each.summary() for each in kinds if not wanted or each.kind.title in wanted]
    return lambda: Reply(found)


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
    names = field_names(instance.schema("leads"), ask.many("fields"))

    def work() -> Reply:
        row = instance.tables["leads"].rows.get(int(raw))
        if row is None:
            raise Refused("1004", message=f"Lead '{raw}' not found")
        return Reply([picked(instance, "leads", row, names)])

    return work


def search(object_name: str | None) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint that finds records by a filter, page by page (None: of the custom object in the path).

    A key of several fields comes as JSON in a POST with `_method=GET`.
    """

    def endpoint(instance: Instance, ask: Ask) -> Work:
        schema = instance.schema(instance.object_name(object_name, ask.path))
        if ask.body is not None:
            return _lookup(instance, schema, ask)
        name, values = _filter(schema, ask.one("filterType")), ask.many("filterValues")
        if not values:
            raise Refused("1002", "filterValues")
        if len(values) > MAX_RECORDS:
            raise Refused("1003", message=f"Number of filterValues exceeds the maximum of {MAX_RECORDS}")
        query = query_of(schema, ask, name, values)
        return lambda: _page(instance, query, instance.tables[schema.object_name].find(name, values))

    return endpoint


def query_of(schema: Schema, ask: Ask, *criteria: Any) -> _Query:
    """Return the search of a call; its page token belongs to `criteria`."""
    size = ask.integer("batchSize", MAX_RECORDS, MAX_RECORDS)
    digest = zlib.crc32(json.dumps([schema.object_name, *criteria]).encode())
    return _Query(schema, field_names(schema, ask.many("fields")), size, digest, _after(ask, digest))


def _lookup(instance: Instance, schema: Schema, ask: Ask) -> Work:
    known = ("filterType", "fields", "batchSize", "nextPageToken")
    records = ask.inputs(*known)
    keys = _lookup_keys(schema, ask.body.get("filterType") or "dedupeFields")
    for record in records:
        if set(record) != set(keys) or any(value in (None, "") for value in record.values()):
            raise Refused("1003", message=f"Each input must have the fields {', '.join(keys)}")
    texts = {name: _texts(ask.body[name]) for name in known[1:] if ask.body.get(name) is not None}
    query = query_of(schema, Ask({**ask.query, **texts}), records)
    table = instance.tables[schema.object_name]

    def work() -> Reply:
        ids = {row_id for record in records for row_id in table.matching(record)}
        return _page(instance, query, sorted((table.rows[each] for each in ids), key=lambda row: int(row["_order"])))

    return work


def _lookup_keys(schema: Schema, name: str) -> tuple[str, ...]:
    return schema.kind.keys if name == "dedupeFields" else (_filter(schema, name),)


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _filter(schema: Schema, name: str) -> str:
    if name == "dedupeFields" and len(schema.kind.keys) > 1:
        raise Refused("1003", message="A compound key needs a POST with _method=GET and a JSON body")
    aliases = {} if schema.object_name == "leads" else {"idField": schema.id_field, "dedupeFields": schema.kind.keys[0]}
    alias, name = name in aliases, aliases.get(name, name)
    if name not in schema.fields:
        raise Refused("1006", name)
    if not schema.fields[name].searchable or (schema.object_name == "namedAccountLists" and not alias):
        raise Refused("1011", name)
    return name


def field_names(schema: Schema, asked: Iterable[str]) -> list[str]:
    """Return the fields to show, the id first; raises `Refused` 1006 for one that does not exist."""
    # The vendor's own examples write marketoGuid.
    names = [schema.id_field if name.lower() == schema.id_field.lower() else name for name in asked]
    for name in names:
        if name not in schema.fields:
            raise Refused("1006", name)
    return list(dict.fromkeys((schema.id_field, *(names or schema.default_read))))


def _page(instance: Instance, query: _Query, rows: Iterable[Row]) -> Reply:
    rows, name = list(rows), query.schema.object_name
    if name == "leads" and len(rows) > MAX_MATCHES:
        raise Refused("1003", message="Too many results match the filter")
    return page(instance, query, rows)


def page(instance: Instance, query: _Query, rows: Iterable[Row]) -> Reply:
    """Return a page of `rows`, which come in their order."""
    name = query.schema.object_name
    rest = (row for row in rows if row["_order"] > query.after)
    found = list(islice(rest, query.size))
    more = next(rest, None) is not None
    token = tokens.pack(query.digest, found[-1]["_order"]) if more else None
    shown = [picked(instance, name, row, query.names) for row in found]
    if name != "leads":
        shown = [{"seq": seq, **each} for seq, each in enumerate(shown)]
    # The Swagger definition of a list of companies knows the token only.
    return Reply(shown, next_page=token, more_result=True if more and name != "companies" else None)


def picked(instance: Instance, object_name: str, row: Row, names: list[str]) -> dict[str, Any]:
    """Return the named fields of a row; a null one is left out."""
    if object_name == "leads":
        inherited = instance.company_fields(row)
        fields = instance.schemas["leads"].fields
        company = {
            n: inherited[n] for n in names if (fields[n].of_company or n == "externalCompanyId") and n in inherited
        }
        row = row | company
    return {name: row[name] for name in names if name in row}


def _after(ask: Ask, digest: int) -> int:
    """Return the position a page token stands for; a token belongs to its search."""
    token = ask.one("nextPageToken", "")
    if not token:
        return 0
    of, after = tokens.unpack(token, 2)
    if of != digest:
        raise tokens.invalid_token()
    return after
