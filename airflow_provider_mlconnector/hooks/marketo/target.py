"""Marketo as a target of the pipeline: what an object accepts, and batches into it."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    ObjectReadOnly,
    PermissionDenied,
    RecordRejected,
    Stop,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.fitting import fit
from airflow_provider_mlconnector.hooks.marketo.schema import ObjectSchema
from airflow_provider_mlconnector.mapping import FieldMap, Row
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready, Validator

log = logging.getLogger(__name__)

MOVE, UPSERT = "1 move", "2 upsert"
NOT_FOUND = ("1004", "1013")


class MarketoObject:
    """One object type of an instance."""

    def __init__(self, client: MarketoClient, name: str):
        self._client, self._name = client, name
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
        """Leads whose e-mail address has changed go apart, and first: they are updated by Marketo's own id."""
        return MOVE if ready.moved_from and self._name == "leads" else UPSERT

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Send one batch; see TargetObject."""
        if group == MOVE:
            return self._move(batch)
        return self._client.upsert(self._name, [ready.payload for ready in batch])

    def _move(self, batch: Sequence[Ready]) -> list[RowResult]:
        """Change the e-mail of existing leads instead of making second ones.

        Where another lead already has the new address, or the old lead is gone, the address decides as always.
        """
        emails = [str(ready.payload["email"]) for ready in batch]
        taken = {
            str(lead.get("email", "")).casefold()
            for lead in self._client.find("leads", "email", emails, ["id", "email"])
        }
        free = [ready for ready in batch if str(ready.payload["email"]).casefold() not in taken and self._first(ready)]
        results: dict[str, RowResult] = {}
        if free:
            moves = [{**ready.payload, "id": int(ready.moved_from or 0)} for ready in free]
            answers = self._client.upsert("leads", moves, action="updateOnly", by="id")
            results = {
                ready.record_key: answer
                for ready, answer in zip(free, answers, strict=True)
                if not (answer.outcome is Outcome.REJECTED and answer.code in NOT_FOUND)
            }
        rest = [ready for ready in batch if ready.record_key not in results]
        if rest:
            answers = self._client.upsert("leads", [ready.payload for ready in rest])
            results |= {ready.record_key: answer for ready, answer in zip(rest, answers, strict=True)}
        return [results[ready.record_key] for ready in batch]

    def _first(self, ready: Ready) -> bool:
        """Whether this is the first to take the lead along; two contacts may once have shared it."""
        return self._movers.setdefault(ready.moved_from, ready.record_key) == ready.record_key


def plan(client: MarketoClient, name: str, field_map: FieldMap) -> Plan:
    """Fit a field map to what the instance's object has, before anything is read.

    :raises UnknownField: for a row whose field the object does not have or does not let be written.
    """
    field_map = field_map.plus(_source_rows(client))
    try:
        schema = client.describe(name)
    except ObjectReadOnly as refusal:
        log.warning("marketo %s is read-only here (%s); its records are skipped", name, refusal)
        return Plan(field_map.to_json(), read_only=(refusal.code or "1018", "read-only in Marketo: native CRM sync"))
    absent = {row.target for row in field_map.rows if row.optional and row.target not in schema.writable}
    if absent:
        log.info("marketo %s has no such fields, so they are not sent: %s", name, ", ".join(sorted(absent)))
    field_map = field_map.without(absent | _closed_links(client, name))
    client.check_fields(name, field_map.origins)
    return Plan(field_map.to_json(), schema=msgspec.json.decode(schema.only(field_map.origins).to_json()))


def _source_rows(client: MarketoClient) -> list[Row]:
    """The rows of the custom fields that carry the source's id and change time, where the Connection names them."""
    connection = client.connection
    rows = []
    if connection.source_id_field:
        rows.append(Row(connection.source_id_field, ("record_key",), "text", optional=True))
    if connection.source_modified_field:
        rows.append(Row(connection.source_modified_field, ("changed_at",), "instant", optional=True))
    return rows


def _closed_links(client: MarketoClient, name: str) -> set[str]:
    """A lead is written without its company where companies belong to the CRM sync."""
    if name == "companies":
        return set()
    try:
        client.describe("companies")
    except (ObjectReadOnly, PermissionDenied) as refusal:
        log.warning("marketo %s are written without their company: %s", name, refusal)
        return {"externalCompanyId"}
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
