"""The members of named account lists; the lists themselves are ordinary objects.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/named-account-lists
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.ask import Ask, Reply, Work
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused, Skipped
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.reads import page, query_of

LISTS, ACCOUNTS = "namedAccountLists", "namedaccounts"


def _members(instance: Instance, ask: Ask) -> dict[str, None]:
    """Return the members of the list in the path, in order of their joining."""
    instance.schema(LISTS)
    row = instance.tables[LISTS].rows.get(ask.path["id"])
    if row is None:
        raise Refused("1013")
    return instance.members.setdefault(ask.path["id"], {})


def members(instance: Instance, ask: Ask) -> Work:
    """Answer a page of a list's members."""
    found = _members(instance, ask)
    query = query_of(instance.schema(ACCOUNTS), ask, ask.path["id"])
    rows = instance.tables[ACCOUNTS].rows
    return lambda: page(instance, query, sorted((rows[each] for each in found if each in rows), key=_order))


def _order(row: dict[str, Any]) -> int:
    return int(row["_order"])


def change(status: str) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint that adds members (`added`) or takes them out (`removed`)."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        found, records = _members(instance, ask), ask.inputs()

        def work() -> Reply:
            result = [{"seq": seq} | _changed(instance, found, record, status) for seq, record in enumerate(records)]
            return Reply(result, written=sum(each["status"] == status for each in result))

        return work

    return endpoint


def _changed(instance: Instance, found: dict[str, None], record: dict[str, Any], status: str) -> dict[str, Any]:
    guid = record.get("marketoGUID")
    there = guid in (instance.tables[ACCOUNTS].rows if status == "added" else found)
    if not isinstance(guid, str) or set(record) != {"marketoGUID"} or not there:
        return {"status": "skipped", "reasons": [Skipped("1013").as_json()]}
    if status == "added":
        found[guid] = None
    else:
        del found[guid]
    return {"marketoGUID": guid, "status": status}
