"""Marketo as a target of the pipeline: what an object accepts, and batches into it."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    ObjectReadOnly,
    PermissionDenied,
    RecordRejected,
    Stop,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.fitting import fit
from airflow_provider_mlconnector.hooks.marketo.objects import SPECS, ObjectSpec, spec_of
from airflow_provider_mlconnector.hooks.marketo.schema import ObjectSchema
from airflow_provider_mlconnector.mapping import FieldMap, Row
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready, Validator

log = logging.getLogger(__name__)

MOVE, UPSERT = "1 move", "2 upsert"
COMPANY_LINK = "externalCompanyId"
KEY_DECIDES = ("1004", "1013", "1005", "1017")
"""Answers to a move that leave the record to its key: the one to move is gone, or the new key belongs to another."""


class MarketoObject:
    """One object type of an instance."""

    def __init__(self, client: MarketoClient, name: str):
        self._client, self._name, self._spec = client, name, spec_of(name)
        self._movers: dict[str | None, str] = {}
        self.max_batch = client.max_batch
        self.max_bytes = client.max_bytes
        self.concurrency = max(1, math.floor(client.connection.max_concurrency))

    def prepare(self, plan: Plan, rows: int) -> None:
        """Nothing to get ready; see TargetObject."""

    def batch_size(self, group: str) -> int:
        """As many as Marketo takes; see TargetObject."""
        return self.max_batch

    def group(self, ready: Ready) -> str:
        """Records whose key has changed (a lead's e-mail address, a named account's name) go apart, and first: they
        are updated by Marketo's own id.
        """
        return MOVE if ready.moved_from and self._spec.renames else UPSERT

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Send one batch; see TargetObject."""
        if group == MOVE:
            return self._move(batch)
        return self._client.upsert(self._name, [ready.payload for ready in batch])

    def _move(self, batch: Sequence[Ready]) -> list[RowResult]:
        """Change the key of existing records instead of making second ones.

        Where another record already has the new key, or the old record is gone, the key decides as always.
        """
        free = self._free(batch)
        results: dict[str, RowResult] = {}
        if free:
            id_field = self._spec.id_field
            moves = [{**ready.payload, id_field: _vendor_id(id_field, ready.moved_from or "")} for ready in free]
            answers = self._client.upsert(self._name, moves, action="updateOnly", by=id_field)
            results = {
                ready.record_key: answer
                for ready, answer in zip(free, answers, strict=True)
                if not (answer.outcome is Outcome.REJECTED and answer.code in KEY_DECIDES)
            }
        rest = [ready for ready in batch if ready.record_key not in results]
        if rest:
            answers = self._client.upsert(self._name, [ready.payload for ready in rest])
            results |= {ready.record_key: answer for ready, answer in zip(rest, answers, strict=True)}
        return [results[ready.record_key] for ready in batch]

    def _free(self, batch: Sequence[Ready]) -> list[Ready]:
        """The records whose new key nobody has, and which take the old record along."""
        (key,) = self._spec.dedupe
        wanted = [str(ready.payload[key]) for ready in batch]
        found = self._client.find(self._name, key, wanted, [self._spec.id_field, key])
        taken = {str(record.get(key, "")).casefold() for record in found}
        return [ready for ready in batch if str(ready.payload[key]).casefold() not in taken and self._first(ready)]

    def _first(self, ready: Ready) -> bool:
        """Whether this is the first to take the old record along; two contacts may once have shared a lead."""
        return self._movers.setdefault(ready.moved_from, ready.record_key) == ready.record_key


def _vendor_id(id_field: str, text: str) -> int | str:
    return int(text) if id_field == "id" else text


def plan(client: MarketoClient, name: str, field_map: FieldMap) -> Plan:
    """Fit a field map to what the instance's object has, before anything is read.

    :raises UnknownField: for a row whose field the object does not have or does not let be written, and for a custom
        object that the instance does not have.
    :raises ConfigurationError: for a custom object without a key, or a map that does not fill the key.
    """
    try:
        schema = client.describe(name)
    except ObjectReadOnly as refusal:
        log.warning("marketo %s cannot be written here (%s); its records are skipped", name, refusal)
        return Plan(
            field_map.plus(_source_rows(client)).to_json(), read_only=_why_not(spec_of(name), refusal.code or "1018")
        )
    field_map = field_map.plus(_source_rows(client, schema))
    absent = {row.target for row in field_map.rows if row.optional and row.target not in schema.writable}
    if absent:
        log.info("marketo %s has no such fields, so they are not sent: %s", name, ", ".join(sorted(absent)))
    field_map = field_map.without(absent | _closed_links(client, name))
    client.check_fields(name, field_map.origins)
    _check_key(client, schema, field_map)
    return Plan(field_map.to_json(), schema=msgspec.json.decode(schema.only(field_map.origins).to_json()))


def plan_of(
    _source: Any, client: MarketoClient, field_map: FieldMap, *, name: str, prefixed_key: str | None = None
) -> Plan:
    """Return `plan` as a sync declares it.

    :param prefixed_key: the field that takes the Connection's `external_id_prefix`.
    """
    return plan(client, name, prefixed(client, field_map, prefixed_key) if prefixed_key else field_map)


def _why_not(spec: ObjectSpec, code: str) -> tuple[str, str]:
    if code == "1018":
        return code, "read-only in Marketo: native CRM sync"
    return code, f"not in this Marketo subscription: {spec.feature}"


def _check_key(client: MarketoClient, schema: ObjectSchema, field_map: FieldMap) -> None:
    """The keys of the standard objects are in the default maps; a custom object's are what its owner made them."""
    if schema.name in SPECS:
        return
    where = f"Connection '{client.connection.conn_id}': Marketo object '{schema.name}'"
    if not schema.dedupe_fields:
        raise ConfigurationError(f"{where} has no dedupe field, so that its records could not be written twice")
    missing = [name for name in schema.dedupe_fields if name not in field_map.origins]
    if missing:
        raise ConfigurationError(f"{where} is keyed by {', '.join(missing)}; map it in the sync's field map")


def _source_rows(client: MarketoClient, schema: ObjectSchema | None = None) -> list[Row]:
    """The rows of the custom fields that carry the source's id and change time, where the Connection names them."""
    connection = client.connection
    rows = []
    if connection.source_id_field:
        rows.append(Row(connection.source_id_field, ("record_key",), "text", optional=True))
    if connection.source_modified_field:
        field = schema.fields.get(connection.source_modified_field) if schema else None
        # A field that holds days would refuse an instant, and with it every record.
        convert = "date" if field and field.data_type == "date" else "instant"
        rows.append(Row(connection.source_modified_field, ("changed_at",), convert, optional=True))
    return rows


def _closed_links(client: MarketoClient, name: str) -> set[str]:
    """A lead is written without its company where companies belong to the CRM sync."""
    if COMPANY_LINK not in spec_of(name).link_fields:
        return set()
    try:
        client.describe("companies")
    except (ObjectReadOnly, PermissionDenied) as refusal:
        log.warning("marketo %s are written without their company: %s", name, refusal)
        return {COMPANY_LINK}
    except CredentialsRejected:
        raise
    except (Stop, Unavailable) as error:
        if isinstance(error, Unavailable) and not error.code:
            raise
        # The answer is about the describe call alone; a company is linked only once it has been written.
        log.warning("marketo companies cannot be described, the link to them is kept: %s", error)
    return set()


def prefixed(client: MarketoClient, field_map: FieldMap, key: str) -> FieldMap:
    """Put the Connection's `external_id_prefix` before an object's external id."""
    prefix = client.connection.external_id_prefix
    if not prefix:
        return field_map
    rows = (replace(row, prefix=prefix) if row.target == key else row for row in field_map.rows)
    return FieldMap(tuple(rows))


def validator(plan: Plan) -> Validator:
    """Return the check of one payload against the object's types and lengths.

    A value of another type is changed in place where that loses nothing: digits to a number, a number to its digits.
    """
    if plan.schema is None:
        return _anything
    schema = ObjectSchema.from_json(msgspec.json.encode(plan.schema))
    validate = schema.validator

    def check(payload: dict[str, Any]) -> None:
        try:
            validate(payload)
        except RecordRejected:
            if not fit(payload, schema.writable):
                raise
            validate(payload)

    return check  # type: ignore[return-value]


def _anything(_payload: Mapping[str, Any]) -> None:
    """Check nothing: an object that cannot be described is not written either."""


def has_field(client: MarketoClient, field: str, *, name: str) -> bool:
    """Whether the object has this field; an object that cannot be described has any."""
    try:
        return field in client.describe(name).fields
    except CredentialsRejected:
        raise
    except (Stop, Unavailable):
        return True
