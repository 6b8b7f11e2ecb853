"""Customers of an e-commerce store as a target: one call each, keyed by the ERP's number.

A customer's e-mail address cannot change, so one whose address has changed is deleted and made again (Mailchimp's page
`e-commerce`, and what its users found). `opt_in_status` is always false: a customer of the ERP has not subscribed to
anything by that, and true would subscribe whoever once unsubscribed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordError, RecordRejected
from airflow_provider_mlconnector.hooks.mailchimp.answers import ARCHIVED, archived, result_of
from airflow_provider_mlconnector.hooks.mailchimp.client import Answer, MailchimpClient, subscriber_hash
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
TOGETHER = 500


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


class EmailInUse(Exception):
    """Another customer of the store has the address."""

    def __init__(self, holder: str):
        super().__init__(holder)
        self.holder = holder


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

    def batch_size(self, group: str) -> int:
        """Known ones go together: one may wait for the address that another gives up."""
        return TOGETHER if group == KNOWN else self.max_batch

    def group(self, ready: Ready) -> str:
        """Known ones first: an address that one of them gives up may be a new one's."""
        return KNOWN if ready.known else NEW

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Send each customer, one whose address another of them still has after that one; see TargetObject."""
        self._make_store()
        results: dict[str, RowResult] = {}
        waiting = list(batch)
        while waiting:
            with ThreadPoolExecutor(self.concurrency, thread_name_prefix="mlc-customer") as pool:
                tried = list(zip(waiting, pool.map(self._tried, waiting), strict=True))
            blocked = {ready.record_key: found for ready, found in tried if isinstance(found, EmailInUse)}
            results |= {ready.record_key: found for ready, found in tried if isinstance(found, RowResult)}
            left = [ready for ready in waiting if ready.record_key in blocked]
            if len(left) == len(waiting) and not self._free(left, blocked):
                results |= {key: _held_by(found.holder) for key, found in blocked.items()}
                break
            waiting = left
        return [results[ready.record_key] for ready in batch]

    def keys(self) -> Iterator[str]:
        """Yield the id of every customer of the store; see Lists."""
        return self._client.shop.customer_ids()

    def _make_store(self) -> None:
        with self._lock:
            if not self._has_store and self._client.store() is None:
                store = self._client.create_store()
                log.info("mailchimp: created the store '%s'", store.id)
            self._has_store = True

    def _free(self, blocked: Sequence[Ready], found: Mapping[str, EmailInUse]) -> bool:
        """Delete customers that have each other's new address, to be made again; return whether there were any."""
        numbers = {str(ready.payload["id"]) for ready in blocked}
        swapped = {each.holder for each in found.values()} & numbers
        for number in sorted(swapped):
            self._client.delete_customer(number)
        return bool(swapped)

    def _tried(self, ready: Ready) -> RowResult | EmailInUse:
        try:
            return self._deliver(ready)
        except EmailInUse as use:
            return use
        except RecordError as refusal:
            return result_of(refusal)

    def _deliver(self, ready: Ready) -> RowResult:
        number, body = str(ready.payload["id"]), customer_body(ready.payload)
        contact = self._client.member(subscriber_hash(str(body["email_address"])))
        if contact is not None and contact.status == ARCHIVED:
            return archived(number)
        before = None if ready.known else self._client.customer(number)
        if before is not None and _folded(before.email_address) != _folded(body["email_address"]):
            return self._made_again(number, body, before)
        try:
            answer = self._client.put_customer(number, body)
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
        self._check_holder(number, body)
        raise refusal

    def _made_again(self, number: str, body: dict[str, Any], before: Customer) -> RowResult:
        self._check_holder(number, body)
        self._client.delete_customer(number)
        try:
            answer: Answer[Customer] = self._client.put_customer(number, body)
        except RecordError:
            # As it was: a store without the customer would not be noticed by any later run.
            self._client.put_customer(number, {**body, "email_address": before.email_address})
            raise
        return RowResult(
            Outcome.UPDATED,
            number,
            code="email_changed",
            message="deleted and made again: a store customer's e-mail address cannot change",
            detail=f"was {before.email_address}",
            request_id=answer.request_id,
        )

    def _check_holder(self, number: str, body: Mapping[str, Any]) -> None:
        """Raise EmailInUse when another customer of the store has this e-mail address."""
        wanted = _folded(body["email_address"])
        for each in self._client.customers_with(str(body["email_address"])):
            if each.id != number and _folded(each.email_address) == wanted:
                raise EmailInUse(each.id)


def _held_by(holder: str) -> RowResult:
    message = f"store customer {holder} has the same e-mail address, and Mailchimp takes each only once"
    return RowResult(Outcome.SKIPPED, code="email_in_use", message=message, held_by=holder)


def _folded(email: Any) -> str:
    return str(email or "").strip().casefold()
