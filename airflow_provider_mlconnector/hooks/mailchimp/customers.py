"""Customers of an e-commerce store as a target: one call each, keyed by the ERP's number.

A customer's e-mail address cannot change, so one whose address has changed is deleted and made again (Mailchimp's page
`e-commerce`, and what its users found). `opt_in_status` is always false: a customer of the ERP has not subscribed to
anything by that, and true would subscribe whoever once unsubscribed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordError, RecordRejected, RecordSkipped
from airflow_provider_mlconnector.hooks.mailchimp.client import Answer, MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.models import Customer
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready, Validator

log = logging.getLogger(__name__)

ADDRESS = "address."
ADDRESS_FIELDS = (
    "address1", "address2", "city", "province", "province_code", "postal_code", "country", "country_code",
)  # fmt: skip
COMPLETE = ("address1", "city", "postal_code")
PROVINCE = ("province", "province_code")
CUSTOMER_FIELDS = (
    "id", "email_address", "opt_in_status", "company", "first_name", "last_name",
    *(ADDRESS + field for field in ADDRESS_FIELDS),
)  # fmt: skip
ID_LENGTH = 50
"""A longer one is answered with a misleading 404."""
KNOWN, NEW = "1 known", "2 new"


def validate_customers(_plan: Plan) -> Validator:
    """Return the check of one customer's payload; an incomplete address is taken out of it."""
    return check_customer  # type: ignore[return-value]


def check_customer(payload: dict[str, Any]) -> None:
    """Check one payload.

    An incomplete address goes: Mailchimp copies it to the member, whose later changes it would then refuse.

    :raises RecordRejected: naming the field.
    """
    if not payload.get("email_address"):
        raise RecordRejected("email_address: a store customer needs one", code="missing_key")
    if len(str(payload.get("id") or "")) > ID_LENGTH:
        raise RecordRejected(f"id: is longer than {ID_LENGTH} characters", code="invalid_value")
    if payload.get("opt_in_status"):
        raise RecordRejected("opt_in_status: only false is sent; nobody subscribes by being a customer", code="consent")
    complete = all(payload.get(ADDRESS + part) for part in COMPLETE) and any(
        payload.get(ADDRESS + part) for part in PROVINCE
    )
    country = payload.get(f"{ADDRESS}country_code")
    if not complete or (country is not None and not (len(str(country)) == 2 and str(country).isalpha())):
        for part in ADDRESS_FIELDS:
            payload.pop(ADDRESS + part, None)
    elif country is not None:
        payload[f"{ADDRESS}country_code"] = str(country).upper()


def customer_body(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a customer's PUT."""
    body: dict[str, Any] = {"opt_in_status": False}
    address: dict[str, Any] = {}
    for name, value in payload.items():
        if name.startswith(ADDRESS):
            address[name.removeprefix(ADDRESS)] = "" if value is None else value
        else:
            body[name] = "" if value is None else value
    return {**body, "address": address} if address else body


class StoreCustomers:
    """The customers of the Connection's store, which is created with the first of them where it may be."""

    max_batch = 1
    max_bytes = 1_000_000

    def __init__(self, client: MailchimpClient):
        self._client = client
        self._lock, self._has_store = Lock(), False
        self.concurrency = client.connection.max_concurrency

    def prepare(self, plan: Plan, rows: int) -> None:
        """Nothing to get ready; see TargetObject."""

    def group(self, ready: Ready) -> str:
        """Known ones first: an address that one of them gives up may be a new one's."""
        return KNOWN if ready.known else NEW

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Send each customer; see TargetObject."""
        self._make_store()
        return [self._deliver(ready) for ready in batch]

    def _make_store(self) -> None:
        with self._lock:
            if not self._has_store and self._client.store() is None:
                store = self._client.create_store()
                log.info("mailchimp: created the store '%s'", store.id)
            self._has_store = True

    def _deliver(self, ready: Ready) -> RowResult:
        number, body = str(ready.payload["id"]), customer_body(ready.payload)
        before = None if ready.known else self._client.customer(number)
        if before is not None and _folded(before.email_address) != _folded(body["email_address"]):
            return self._made_again(number, body, before)
        try:
            answer = self._client.put_customer(number, body)
        except RecordSkipped as refusal:
            return _result(Outcome.SKIPPED, refusal)
        except RecordRejected as refusal:
            return self._refused(number, body, refusal)
        if _folded(answer.value.email_address) not in ("", _folded(body["email_address"])):
            return self._made_again(number, body, answer.value)
        created = before is None and not ready.known
        return RowResult(Outcome.CREATED if created else Outcome.UPDATED, number, request_id=answer.request_id)

    def _refused(self, number: str, body: dict[str, Any], refusal: RecordRejected) -> RowResult:
        """Find out whether it is the address that stands in the way: this customer's old one, or another's."""
        there = self._client.customer(number)
        if there is not None and _folded(there.email_address) != _folded(body["email_address"]):
            return self._made_again(number, body, there)
        holder = self._holder(number, body)
        return _result(Outcome.REJECTED, refusal, _held_by(holder) if holder else refusal.message)

    def _made_again(self, number: str, body: dict[str, Any], before: Customer) -> RowResult:
        if holder := self._holder(number, body):
            return RowResult(Outcome.REJECTED, code="email_in_use", message=_held_by(holder))
        self._client.delete_customer(number)
        try:
            answer: Answer[Customer] = self._client.put_customer(number, body)
        except RecordError as refusal:
            outcome = Outcome.SKIPPED if isinstance(refusal, RecordSkipped) else Outcome.REJECTED
            return _result(outcome, refusal, f"deleted for its new e-mail address, then refused: {refusal.message}")
        return RowResult(
            Outcome.UPDATED,
            number,
            code="email_changed",
            message="deleted and made again: a store customer's e-mail address cannot change",
            detail=f"was {before.email_address}",
            request_id=answer.request_id,
        )

    def _holder(self, number: str, body: Mapping[str, Any]) -> str | None:
        """Return the id of another customer of the store with this e-mail address."""
        found = self._client.customers_with(str(body["email_address"]))
        wanted = _folded(body["email_address"])
        others = (each for each in found if each.id != number and _folded(each.email_address) == wanted)
        return next((each.id for each in others), None)


def _held_by(holder: str) -> str:
    return f"store customer {holder} has the same e-mail address, and Mailchimp takes each only once"


def _folded(email: Any) -> str:
    return str(email or "").strip().casefold()


def _result(outcome: Outcome, refusal: RecordError, message: str | None = None) -> RowResult:
    return RowResult(
        outcome,
        code=refusal.code,
        message=message or refusal.message,
        detail=refusal.detail,
        request_id=refusal.request_id,
    )
