"""What the trail keeps of an attempt besides its columns: the values that were tried, the target's own words. Sealed.

An event holds the values alone and names the version of the field map; from which columns the fields of a version come
is kept once (`mlc_map`), as it is the same for all records that were mapped by it.

What is sealed belongs to its event: beside another record, run or outcome it does not open, so that who may write the
database cannot make the trail tell of another what it tells of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import RowMapping, select

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database

ANSWER = "@answer"
"""Among the fields: the target's own words."""

PLACE = tuple(schema.event.c[name] for name in ("instance", "sync", "record_key", "run_id", "outcome"))
"""The columns of an event that its sealed values belong to."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Detail(msgspec.Struct, omit_defaults=True, gc=False):
    """The sealed part of an event.

    :param map: the version of the field map that the values were made by; "" for values that no map has made.
    """

    values: dict[str, Any]
    map: str = ""
    answer: str | None = None


_exact = msgspec.json.Decoder(Detail, float_hook=Decimal)
_as_written = msgspec.json.Decoder(Detail, float_hook=str)


def place_of(instance: str, sync: str, record_key: str, run_id: str, outcome: str) -> bytes:
    """Return what the sealed values of an event belong to; no column holds the character between them."""
    return f"{instance}\0{sync}\0{record_key}\0{run_id}\0{outcome}".encode()


class Details:
    """Seals and opens them."""

    def __init__(self, database: Database):
        self._database = database
        self._sources: dict[str, dict[str, list[str]]] = {}

    def keep_sources(self, version: str, sources: Mapping[str, Sequence[str]]) -> None:
        """Note from which columns each field of a version of a field map comes."""
        row = {"version": version, "sources": _encode(sources).decode()}
        with self._database.write() as connection:
            connection.execute(self._database.insert(schema.field_map).values(row).on_conflict_do_nothing())

    def seal(self, place: bytes, values: Mapping[str, Any], version: str, answer: str | None) -> bytes:
        """Return what goes into `mlc_event.fields`.

        :param place: `place_of` the event.
        """
        detail = Detail(values, version, answer)  # type: ignore[arg-type]
        return self._database.keyring.seal(_encode(detail), place)

    def values(self, event: RowMapping | None, *, exact: bool = True) -> dict[str, Any]:
        """Return the values of an attempt; none where nothing was kept.

        :param event: its `fields` and the columns of `PLACE`.
        :param exact: numbers with a fraction as `Decimal`, else as they are written.
        :raises ConfigurationError: when the key that they were sealed with is not there any more, or the event is not
            the one that they were sealed for.
        """
        return {} if event is None or event["fields"] is None else self._open(event, exact=exact).values

    def fields(self, event: Mapping[Any, Any]) -> dict[str, Any] | None:
        """Return target field → {"source": its columns, "value"}, and the target's words as `@answer`, if any.

        :param event: as of `values`.
        :raises ConfigurationError: as `values`.
        """
        if event["fields"] is None:
            return None
        detail = self._open(event, exact=False)
        sources = self._sources_of(detail.map)
        told = {name: {"source": sources.get(name, []), "value": value} for name, value in detail.values.items()}
        return told | ({ANSWER: {"source": [], "value": detail.answer}} if detail.answer else {})

    def resealed(self, event: RowMapping) -> bytes:
        """Return its `fields` sealed with the newest key."""
        text, place = self._text(event)
        return self._database.keyring.seal(text, place)

    def _open(self, event: Mapping[Any, Any], *, exact: bool) -> Detail:
        return (_exact if exact else _as_written).decode(self._text(event)[0])

    def _text(self, event: Mapping[Any, Any]) -> tuple[bytes, bytes]:
        place = place_of(*(event[column.name] for column in PLACE))
        try:
            return self._database.keyring.open(event["fields"], place), place
        except ConfigurationError as error:
            whose = f"{event['sync']}, record {event['record_key']}, run {event['run_id']}"
            raise ConfigurationError(f"{whose}: the values of an event do not open: {error.message}") from None

    def _sources_of(self, version: str) -> dict[str, list[str]]:
        if version and version not in self._sources:
            table = schema.field_map.c
            with self._database.read() as connection:
                found = connection.scalar(select(table.sources).where(table.version == version))
            if found is None:
                return {}
            self._sources[version] = msgspec.json.decode(found)
        return self._sources.get(version, {})
