"""The change feeds: activities, lead changes, deleted leads, and the token at which they begin.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/activities and
…/rest/paging-tokens
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo import tokens
from airflow_provider_mlconnector.sandbox.marketo.activities import Activity, Position
from airflow_provider_mlconnector.sandbox.marketo.activitytypes import CHANGE_DATA_VALUE, DELETE_LEAD, NEW_LEAD, TYPES
from airflow_provider_mlconnector.sandbox.marketo.ask import MAX_RECORDS, Ask, Reply, Work
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance

MAX_TYPES = 10
MAX_LEADS = 30
PRUNED_DAYS = 14
"""Deletions older than this are gone from the feed of deleted leads."""

_SINCE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)

Wanted = Callable[[Activity], bool]
Shown = Callable[[Activity], dict[str, Any]]


def paging_token(_: Instance, ask: Ask) -> Work:
    """Answer the token that stands for a moment."""
    since = int(_since(ask.one("sinceDatetime")).timestamp())
    return lambda: Reply(None, next_page=tokens.pack(since, 0))


def _since(raw: str) -> datetime:
    if not _SINCE.fullmatch(raw):
        raise Refused("704")
    try:
        found = datetime.fromisoformat(raw)
    except ValueError:
        raise Refused("704") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def types(_: Instance, __: Ask) -> Work:
    """Answer the types of activity."""
    return lambda: Reply([each.as_json() for each in TYPES.values()])


def activities(instance: Instance, ask: Ask) -> Work:
    """Answer a page of the activities of some types."""
    type_ids = set(ask.integers("activityTypeIds"))
    if not type_ids:
        raise Refused("1002", "activityTypeIds")
    if len(type_ids) > MAX_TYPES:
        raise Refused("1003", message=f"Number of activityTypeIds exceeds the maximum of {MAX_TYPES}")
    if unknown := type_ids - TYPES.keys():
        raise Refused("1003", message=f"Invalid activityTypeId '{min(unknown)}'")
    assets, leads = set(ask.integers("assetIds")), _leads(ask)

    def wanted(each: Activity) -> bool:
        return (
            each.type_id in type_ids
            and (not leads or each.lead_id in leads)
            and (not assets or each.primary_id in assets)
        )

    return _feed(instance, ask, wanted, lambda each: _activity(instance, each))


def lead_changes(instance: Instance, ask: Ask) -> Work:
    """Answer a page of the new leads and of the changes to some fields."""
    names = ask.many("fields")
    if not names:
        raise Refused("1002", "fields")
    for name in names:
        if name not in instance.schema("leads").fields:
            raise Refused("1006", name)
    leads = _leads(ask)

    def wanted(each: Activity) -> bool:
        changed = each.type_id == CHANGE_DATA_VALUE and any(change.name in names for change in each.changes)
        return (changed or each.type_id == NEW_LEAD) and (not leads or each.lead_id in leads)

    return _feed(instance, ask, wanted, lambda each: _change(instance, each, names))


def deleted_leads(instance: Instance, ask: Ask) -> Work:
    """Answer a page of the deleted leads."""
    oldest = instance.clock.now() - PRUNED_DAYS * 86400

    def wanted(each: Activity) -> bool:
        return each.type_id == DELETE_LEAD and each.at >= oldest

    return _feed(instance, ask, wanted, lambda each: _activity(instance, each, "+0000"))


def _leads(ask: Ask) -> set[int]:
    leads = set(ask.integers("leadIds"))
    if len(leads) > MAX_LEADS:
        raise Refused("1003", message=f"Number of leadIds exceeds the maximum of {MAX_LEADS}")
    if leads and ask.many("listId"):
        raise Refused("1003", message="leadIds and listId cannot be used together")
    if ask.many("listId"):
        raise Refused("1013", message="Static list not found")
    return leads


def _feed(instance: Instance, ask: Ask, wanted: Wanted, shown: Shown) -> Work:
    at, number = tokens.unpack(ask.one("nextPageToken"), 2)
    size = ask.integer("batchSize", MAX_RECORDS, MAX_RECORDS)
    empty = ask.hit("empty_page")

    def work() -> Reply:
        if empty:
            return _reply([], (at, number), more=True)
        return _scan(instance, (at, number), size, wanted, shown)

    return work


def _scan(instance: Instance, start: Position, size: int, wanted: Wanted, shown: Shown) -> Reply:
    """Look at the next activities of all kinds: a page may hold few of the wanted ones, or none, and not be the last.

    The last page's token stands for now, so that what appears later for an earlier time is never seen with it.
    """
    found: list[dict[str, Any]] = []
    last, looked = start, 0
    for each in instance.activities.after(start):
        if looked >= instance.options.activity_scan or len(found) >= size:
            return _reply(found, last, more=True)
        looked, last = looked + 1, each.position
        if wanted(each):
            found.append(shown(each))
    return _reply(found, max(start, instance.activities.end()), more=False)


def _reply(found: list[dict[str, Any]], position: Position, *, more: bool) -> Reply:
    return Reply(found or None, next_page=tokens.pack(*position), more_result=more)


def _activity(instance: Instance, each: Activity, offset: str = "Z") -> dict[str, Any]:
    shown = _head(instance, each, offset)
    if each.primary_id is not None:
        shown["primaryAttributeValueId"] = each.primary_id
    if each.primary is not None:
        shown["primaryAttributeValue"] = each.primary
    return shown | {"attributes": _attributes(each)}


def _change(instance: Instance, each: Activity, names: list[str]) -> dict[str, Any]:
    changes = [
        {"id": change.id, "name": change.name, "newValue": change.new or ""}
        | ({} if change.old is None else {"oldValue": change.old})
        for change in each.changes
        if change.name in names
    ]
    return _head(instance, each, "+0000") | {"fields": changes, "attributes": _attributes(each)}


def _attributes(each: Activity) -> list[dict[str, Any]]:
    """Return the attributes; an empty one is left out."""
    return [{"name": name, "value": value} for name, value in each.attributes if value is not None]


def _head(instance: Instance, each: Activity, offset: str) -> dict[str, Any]:
    ids = {"unique": {"id": each.number}, "repeated": {"id": each.number % 7}, "absent": {}}
    return {
        **ids[instance.options.activity_ids],
        "marketoGUID": each.guid,
        "leadId": each.lead_id,
        "activityDate": each.date(offset),
        "activityTypeId": each.type_id,
    }
