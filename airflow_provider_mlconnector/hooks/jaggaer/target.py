"""JAGGAER as a target of the pipeline: suppliers and purchase orders, each asked for before it is sent.

Whether a POST creates or replaces is not public. So the record's number in the source system is looked up first; what
is there is changed by the vendor's own id, and a create without an answer is looked up again instead of repeated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from airflow_provider_mlconnector.exceptions import ConfigurationError, OutcomeUnknown, RecordError, RecordRejected
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.envelope import key_of, value_of
from airflow_provider_mlconnector.hooks.jaggaer.errors import is_duplicate
from airflow_provider_mlconnector.hooks.jaggaer.models import Supplier, SupplierWrite, text_of
from airflow_provider_mlconnector.hooks.jaggaer.orders import order_of_payload
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

log = logging.getLogger(__name__)

MAX_BYTES = 5_000_000
"""No limit is published; an order of a thousand lines has half of it."""
FIELDS = frozenset(to_camel(field) for field in SupplierWrite.model_fields)
NUMBER = "poNumber"
Document = Callable[[Mapping[str, Any]], dict[str, Any]]


class RecordObject:
    """One resource that is written record by record.

    :param document: payload → the body in the vendor's spelling; raises ValidationError.
    """

    max_batch = 1
    """A call carries one record, and each answer belongs into the ledger before the next call."""
    max_bytes = MAX_BYTES

    def __init__(self, client: JaggaerClient, name: str, document: Document):
        self._client, self._name, self._document = client, name, document
        self._resource = client.connection.resource(name)
        self.concurrency = client.connection.max_concurrency

    def prepare(self, plan: Plan, rows: int) -> None:
        """Refuse unconfirmed paths before the first record; see TargetObject."""
        resource = self._resource
        self._client.connection.refuse_unconfirmed(self._name, resource.create or resource.path)

    def group(self, ready: Ready) -> str:
        """All records are alike."""
        return self._name

    def reference_of(self, payload: Mapping[str, Any]) -> str:
        """Return the record's number in the source system, by which JAGGAER is asked for it.

        :raises RecordRejected: when the payload has none.
        """
        name = self._resource.external_name or ""
        reference = text_of(payload.get(name))
        if not reference:
            raise RecordRejected(f"the field map yields no {name}", code="missing_key")
        return reference

    def find(self, reference: str) -> str | None:
        """Return the vendor's id of the record with this number; None where there is none.

        :raises RecordRejected: several have it, so that nobody knows which is meant.
        """
        found = self._client.with_external(self._name, [reference]).get(reference, [])
        keys = {key_of(record, self._resource.key) for record in found if self._is_ours(record)}
        if len(keys) > 1:
            raise RecordRejected(f"{len(keys)} records in JAGGAER have this number", code="ambiguous")
        key = next(iter(keys), None)
        if keys and key is None:
            raise ConfigurationError(
                f"Connection '{self._client.connection.conn_id}': a record of {self._name} has no "
                f"'{self._resource.key}'; set resources.{self._name}.key in extra"
            )
        return key

    def create(self, payload: Mapping[str, Any]) -> RowResult:
        """Send a new record, once.

        :raises OutcomeUnknown: no answer; look for its number before anything else.
        :raises RecordRejected: the record is refused.
        """
        written = self._client.send(self._name, self._body(payload), new=True)
        return RowResult(Outcome.CREATED, target_id=written.key, request_id=written.request_id)

    def update(self, key: str, payload: Mapping[str, Any]) -> RowResult:
        """Change the record with this id of the vendor's; errors as of `create`."""
        written = self._client.send(self._name, self._with_key(self._body(payload), key), new=False, key=key)
        return RowResult(Outcome.UPDATED, target_id=key, request_id=written.request_id)

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Deliver each record: ask, then create or change; a doubtful one that is not found is `pending`.

        :raises MLConnectorError: what ends the task.
        """
        return [self._delivered(ready) for ready in batch]

    def _delivered(self, ready: Ready) -> RowResult:
        try:
            reference = self.reference_of(ready.payload)
            self._body(ready.payload)  # what cannot be sent needs no question
            key = self.find(reference)
            if key is not None:
                return self._changed(key, ready)
            return self._created(reference, ready)
        except RecordError as refused:
            return rejected(refused)

    def _changed(self, key: str, ready: Ready) -> RowResult:
        try:
            return self.update(key, ready.payload)
        except OutcomeUnknown as lost:
            log.warning("jaggaer %s %s: no answer to a change (%s)", self._name, ready.record_key, lost.code)
            return pending(lost, key)

    def _created(self, reference: str, ready: Ready) -> RowResult:
        try:
            return self._with_id(self.create(ready.payload), reference)
        except OutcomeUnknown as lost:
            log.warning("jaggaer %s %s: no answer to a create (%s)", self._name, ready.record_key, lost.code)
            key = self.find(reference)
            if key is None:
                return pending(lost, None)
            return RowResult(Outcome.CREATED, target_id=key, request_id=lost.request_id)
        except RecordRejected as refused:
            # Made meanwhile by someone else, hidden from the first look, or made although the answer was an error.
            key = self.find(reference)
            if key is None:
                raise
            if is_duplicate(refused):
                return self._changed(key, ready)
            return RowResult(Outcome.CREATED, target_id=key, request_id=refused.request_id)

    def _with_id(self, result: RowResult, reference: str) -> RowResult:
        """Ask for the id where the answer to the create does not name it."""
        if result.target_id is not None:
            return result
        return RowResult(result.outcome, target_id=self.find(reference), request_id=result.request_id)

    def _body(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._document(payload)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RecordRejected(f"'{where}': {first['msg']}", code="invalid_value") from None
        except ValueError as error:
            raise RecordRejected(str(error), code="invalid_value") from None

    def _with_key(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        """Name the record inside the body too, where its path does not."""
        if self._resource.update:
            return body
        outer, _, name = self._resource.key.rpartition(".")
        if not isinstance(body.get(outer), dict):
            return {**body, name: key}
        return {**body, outer: {**body[outer], name: key}}

    def _is_ours(self, record: Mapping[str, Any]) -> bool:
        """Whether a record found is of the kind that is written: buyers are companies as well."""
        inner = value_of(record, self._resource.key.rpartition(".")[0] or None) or record
        return self._name != "suppliers" or Supplier.model_validate(inner).type.upper() != "BUYER"


def rejected(error: RecordError) -> RowResult:
    """Return the result of a record that was refused."""
    return RowResult(
        Outcome.REJECTED, code=error.code, message=error.message, detail=error.detail, request_id=error.request_id
    )


def pending(lost: OutcomeUnknown, key: str | None) -> RowResult:
    """Return the result of a record that was sent and not answered; the next try asks for it first."""
    return RowResult(
        Outcome.PENDING,
        target_id=key,
        code=lost.code or "no_answer",
        message="sent without an answer; JAGGAER is asked for it before it is sent again",
        request_id=lost.request_id,
    )


def suppliers(client: JaggaerClient) -> RecordObject:
    """The suppliers: payload fields are those of `companyInfo`, the source system's number as `external` names it."""
    name = client.connection.resource("suppliers").external_name or "extCode"

    def document(payload: Mapping[str, Any]) -> dict[str, Any]:
        own = {"type": "SELLER", **payload}
        # A field of the tenant's own is one that the model does not know.
        apart = {field: text_of(own.pop(field)) for field in (name,) if field in own and field not in FIELDS}
        return {**SupplierWrite.model_validate(own).wire(), **apart}

    return RecordObject(client, "suppliers", document)


def purchase_orders(client: JaggaerClient) -> RecordObject:
    """The purchase orders: see `orders.order_of_payload` for the payload."""
    resource = client.connection.resource("purchase_orders")
    name = resource.external_name or NUMBER

    def document(payload: Mapping[str, Any]) -> dict[str, Any]:
        own = {NUMBER if field == name else field: value for field, value in payload.items()}
        wire = order_of_payload(own, resource.account_field).wire()
        header = {name if field == NUMBER else field: value for field, value in wire["header"].items()}
        return {**wire, "header": header}

    return RecordObject(client, "purchase_orders", document)
