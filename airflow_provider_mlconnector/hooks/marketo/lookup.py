"""Records by their keys, any number of them: 300 a call, each with every field that was asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_mlconnector.exceptions import Stop, UnknownField
from airflow_provider_mlconnector.hooks.marketo.objects import MAX_BATCH

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

Item = TypeVar("Item")
TOO_MANY = "1003"
"""Also what the vendor answers when more than 1,000 leads match."""
ALIASES = ("idField", "dedupeFields")


def lookup(
    client: MarketoClient, obj: str, by: str, values: Iterable[Any], fields: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield the records whose field has one of the values; a field without a value is None.

    :param by: a key or another searchable field, see `check_searchable`.
    :param values: blank ones and repetitions cost nothing.
    :raises Stop: for a field that cannot be searched, or one value with more than 1,000 leads.
    """
    wanted = dict.fromkeys(str(value) for value in values if value is not None and value != "")
    for part in _batched(wanted, MAX_BATCH):
        for record in _found(client, obj, by, part, fields):
            yield _filled(record, fields)


def lookup_compound(
    client: MarketoClient, obj: str, keys: Iterable[Mapping[str, Any]], fields: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield the records with these keys of several fields each, such as opportunity roles."""
    for part in _batched(keys, MAX_BATCH):
        for record in client.find_compound(obj, part, fields):
            yield _filled(record, fields)


def check_searchable(client: MarketoClient, obj: str, field: str) -> None:
    """Refuse a field by which the instance does not let the object be found.

    :raises UnknownField: naming the fields that can be searched.
    """
    schema = client.describe(obj, to_write=False)
    single = [name for name in schema.searchable_fields if "+" not in name]
    if not single or field in (*single, *ALIASES):
        return
    near = difflib.get_close_matches(field, single, n=3, cutoff=0.5)
    raise UnknownField(
        f"Connection '{client.connection.conn_id}': Marketo object '{obj}' cannot be searched by '{field}'; "
        + ("nearest are: " + ", ".join(near) if near else "searchable are: " + ", ".join(single))
    )


def _found(
    client: MarketoClient, obj: str, by: str, values: list[str], fields: Sequence[str]
) -> Iterator[dict[str, Any]]:
    records = client.find(obj, by, values, fields)
    try:
        first = next(records, None)
    except Stop as refusal:
        if refusal.code != TOO_MANY or len(values) == 1:
            raise
        middle = len(values) // 2
        yield from _found(client, obj, by, values[:middle], fields)
        yield from _found(client, obj, by, values[middle:], fields)
        return
    if first is not None:
        yield first
        yield from records


def _filled(record: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """The vendor leaves out what is null."""
    present = {name: None if value == "" else value for name, value in record.items()}
    return {**dict.fromkeys(fields), **present}


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
