"""What the caller of create.json wants exported: checked, and turned into what writes the file.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-lead-extract and
…/bulk-activity-extract
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.activities import Activity
from airflow_provider_mlconnector.sandbox.marketo.activitytypes import DELETE_LEAD
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.exportfiles import write_file
from airflow_provider_mlconnector.sandbox.marketo.exports import File
from airflow_provider_mlconnector.sandbox.marketo.fields import Field
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.reads import picked
from airflow_provider_mlconnector.sandbox.marketo.tables import Row

Export = tuple[str, Callable[[], File]]
"""The format of a file, and what writes it."""

Span = tuple[float, float]
"""First and last second of a range, both part of it."""

ACTIVITY_FIELDS = (
    "marketoGUID", "leadId", "activityDate", "activityTypeId", "campaignId", "primaryAttributeValueId",
    "primaryAttributeValue", "attributes",
)  # fmt: skip
MAX_RANGE = timedelta(days=31)
MAX_PRIMARY = 50
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:?\d{2})", re.ASCII)
_LEAD_FILTERS = ("createdAt", "updatedAt", "staticListName", "staticListId", "smartListName", "smartListId")
_NEEDS_CORONA = ("updatedAt", "smartListName", "smartListId")


def lead_export(instance: Instance, body: Any, *, nul: bool) -> Export:
    """Return the export of leads that a body asks for; raises `Refused`."""
    filter_ = _checked(body)
    if not body.get("fields"):
        raise Refused("1002", "fields")
    fields = instance.schema("leads").fields
    names = _names(body, lambda name: name in fields)
    if len(filter_) != 1 or set(filter_) - set(_LEAD_FILTERS):
        raise Refused("1003", message=f"filter must be one of {', '.join(_LEAD_FILTERS)}")
    (kind,) = filter_
    if kind in _NEEDS_CORONA and not instance.options.corona:
        raise Refused("1035")
    if kind not in ("createdAt", "updatedAt"):
        raise Refused("1013", message=f"{kind} '{filter_[kind]}' not found")
    span, column = _span(kind, filter_[kind]), "createdAt" if kind == "createdAt" else "_touched"
    header, separator = _layout(instance, body, names)

    def write() -> File:
        rows = (
            [_exported(fields[name], row.get(name)) for name in names] for row in _leads(instance, column, span, names)
        )
        return write_file(header, rows, separator, nul=nul)

    return body.get("format") or "CSV", write


def _leads(instance: Instance, column: str, span: Span, names: list[str]) -> Iterator[Row]:
    for row in instance.tables["leads"].rows.values():
        if span[0] <= datetime.fromisoformat(row[column]).timestamp() <= span[1]:
            yield picked(instance, "leads", row, names)


def _exported(field: Field, value: Any) -> Any:
    """Return a value as exports have it: whole percentages with a decimal."""
    return float(value) if field.data_type == "percent" and value is not None else value


def activity_export(instance: Instance, body: Any, *, nul: bool) -> Export:
    """Return the export of activities that a body asks for; raises `Refused`."""
    filter_ = _checked(body)
    if "createdAt" not in filter_:
        raise Refused("1002", "createdAt")
    if unknown := set(filter_) - {"createdAt", "activityTypeIds", "primaryAttributeValueIds", "primaryAttributeValues"}:
        raise Refused("1003", message=f"Unknown filter '{min(unknown)}'")
    span, types = _span("createdAt", filter_["createdAt"]), _type_ids(filter_)
    primary = _primary(filter_)
    names = _names(body, lambda name: name in (*ACTIVITY_FIELDS, "actionResult")) or list(ACTIVITY_FIELDS)
    header, separator = _layout(instance, body, names)

    def wanted(each: Activity) -> bool:
        if each.type_id == DELETE_LEAD or (types and each.type_id not in types):
            return False
        return not primary or each.primary_id in primary or each.primary in primary

    def write() -> File:
        found = (each for each in _between(instance, span) if wanted(each))
        return write_file(header, (_activity(instance, each, names) for each in found), separator, nul=nul)

    return body.get("format") or "CSV", write


def _between(instance: Instance, span: Span) -> Iterator[Activity]:
    for each in instance.activities.after((int(span[0]), 0)):
        if each.at > span[1]:
            return
        yield each


def _activity(instance: Instance, each: Activity, names: Sequence[str]) -> list[Any]:
    pairs = [(name, value) for name, value in each.attributes if value is not None]
    as_list = instance.options.csv_attributes == "list"
    values = {
        "marketoGUID": each.guid,
        "leadId": each.lead_id,
        "activityDate": each.date(),
        "activityTypeId": each.type_id,
        "primaryAttributeValueId": each.primary_id,
        "primaryAttributeValue": each.primary,
        "attributes": [{"name": name, "value": value} for name, value in pairs] if as_list else dict(pairs),
        "actionResult": "succeeded",
    }
    return [values.get(name) for name in names]


def _type_ids(filter_: dict[str, Any]) -> set[int]:
    found = filter_.get("activityTypeIds") or []
    if not isinstance(found, list) or any(type(each) is not int for each in found):
        raise Refused("1001", found, "array of integer")
    if DELETE_LEAD in found:
        raise Refused("1003", message="Activity type 37 (Delete Lead) cannot be exported")
    return set(found)


def _primary(filter_: dict[str, Any]) -> set[Any]:
    ids, values = (filter_.get(name) or [] for name in ("primaryAttributeValueIds", "primaryAttributeValues"))
    if ids and values:
        raise Refused("1003", message="primaryAttributeValueIds and primaryAttributeValues cannot be used together")
    if (ids or values) and not filter_.get("activityTypeIds"):
        raise Refused("1003", message="Primary attributes need activityTypeIds")
    if max(len(ids), len(values)) > MAX_PRIMARY:
        raise Refused("1003", message=f"Number of primary attributes exceeds the maximum of {MAX_PRIMARY}")
    return {*ids, *values}


def _checked(body: Any) -> dict[str, Any]:
    """Return the filter of a body; there must be one."""
    if not isinstance(body, dict) or set(body) - {"fields", "format", "columnHeaderNames", "filter"}:
        raise Refused("609")
    if not body.get("filter"):
        raise Refused("1002", "filter")
    if not isinstance(body["filter"], dict):
        raise Refused("609")
    if body.get("format", "CSV") not in ("CSV", "TSV", "SSV", None):
        raise Refused("1003", message="format must be one of CSV, TSV, SSV")
    return dict(body["filter"])


def _names(body: dict[str, Any], known: Callable[[str], bool]) -> list[str]:
    names = body.get("fields") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused("609")
    for name in names:
        if not known(name):
            raise Refused("1006", name)
    return list(dict.fromkeys(names))


def _layout(instance: Instance, body: dict[str, Any], names: list[str]) -> tuple[list[str], str]:
    """Return the header and what parts the cells."""
    renamed = body.get("columnHeaderNames") or {}
    if unknown := set(renamed) - set(names):
        raise Refused("1003", message=f"columnHeaderNames: '{min(unknown)}' is not among the fields")
    separator = {"CSV": ",", "TSV": "\t", "SSV": instance.options.ssv_separator}[body.get("format") or "CSV"]
    return [str(renamed.get(name, name)) for name in names], separator


def _span(name: str, given: Any) -> Span:
    """Return a range of at most 31 days, without milliseconds."""
    if not isinstance(given, dict) or set(given) - {"startAt", "endAt"}:
        raise Refused("1003", message=f"{name} must be an object with startAt and endAt")
    moments = []
    for end in ("startAt", "endAt"):
        if not given.get(end):
            raise Refused("1002", end)
        moments.append(_moment(given[end]))
    first, last = moments
    if not timedelta(0) <= last - first <= MAX_RANGE:
        raise Refused("1003", message=f"The range of {name} must be 31 days or fewer")
    return first.timestamp(), last.timestamp()


def _moment(raw: Any) -> datetime:
    if not isinstance(raw, str) or not _TIME.fullmatch(raw):
        raise Refused("1003", message=f"Invalid date '{raw}': ISO 8601 with an offset and without milliseconds")
    try:
        return datetime.fromisoformat(raw)
    except ValueError:
        raise Refused("1003", message=f"Invalid date '{raw}'") from None
