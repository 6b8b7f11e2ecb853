"""The Mailchimp Marketing client: members, tags, merge fields, batches, a store and its customers; no Airflow.

https://mailchimp.com/developer/marketing/api/. 10 connections at once for an account, 120 s a call, no quota.
"""

from __future__ import annotations

import hashlib
import random as random_module
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

from requests.auth import HTTPBasicAuth

from airflow_provider_mlconnector.hooks.mailchimp import checks, reading
from airflow_provider_mlconnector.hooks.mailchimp.batches import DEADLINE, BatchRunner, Operation, OperationAnswer
from airflow_provider_mlconnector.hooks.mailchimp.connection import VERSION, MailchimpConnection
from airflow_provider_mlconnector.hooks.mailchimp.consent import refuse_consent_change
from airflow_provider_mlconnector.hooks.mailchimp.errors import Classifier, NotFound
from airflow_provider_mlconnector.hooks.mailchimp.fields import MergeFields
from airflow_provider_mlconnector.hooks.mailchimp.models import (
    Answer,
    Audience,
    Customer,
    Member,
    MergeField,
    Store,
    read_answer,
    read_model,
)
from airflow_provider_mlconnector.hooks.mailchimp.payload import tag_list
from airflow_provider_mlconnector.hooks.mailchimp.results import ResultStorage
from airflow_provider_mlconnector.hooks.mailchimp.shop import Shop
from airflow_provider_mlconnector.hooks.mailchimp.writing import write_once
from airflow_provider_mlconnector.transport.http import ApiClient
from airflow_provider_mlconnector.transport.limits import NO_LIMIT, Limiter
from airflow_provider_mlconnector.transport.retry import RetryPolicy, delay

__all__ = ["Answer", "MailchimpClient", "Operation", "OperationAnswer", "subscriber_hash"]

T = TypeVar("T")
USER = "mlconnector"  # Basic auth takes any


def subscriber_hash(email: str) -> str:
    """Return a member's id: the MD5 of the trimmed, lower-cased e-mail address."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MailchimpClient:
    """One audience, and the store tied to it; makes no call before the first method that needs one.

    A `subscriber` is a member's id (`subscriber_hash`), contact_id or e-mail address.

    :param mask: registers a secret with the logs.
    :param limiter: hands out slots under the account's limit (`connection.limits`).
    :param nonce: makes a text that no other batch has in its operations' ids.
    """

    def __init__(
        self,
        connection: MailchimpConnection,
        *,
        mask: Callable[[str], None] = lambda _secret: None,
        limiter: Limiter = NO_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _utc_now,
        random: Callable[[], float] = random_module.random,
        nonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ):
        self.connection = connection
        self._sleep, self._random = sleep, random
        timing: dict[str, Any] = {"clock": clock, "sleep": sleep, "random": random}
        mask(connection.api_key)
        mask(b64encode(f"{USER}:{connection.api_key}".encode()).decode())
        self.api = ApiClient(
            connection.base_url,
            options=connection.options(),
            auth=HTTPBasicAuth(USER, connection.api_key),
            classify=Classifier(connection.conn_id),
            limiter=limiter,
            **timing,
        )
        self.storage = ResultStorage(connection.options(), inside=connection.inside, **timing)
        self.shop = Shop(self.call, connection, self._once)
        self.batches = BatchRunner(
            self.call, connection, self.storage, self._once, clock=clock, sleep=sleep, now=now, nonce=nonce
        )
        self._fields = MergeFields(self.call, connection.conn_id, lambda: self._list_id, self.audience, self._once)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.api.close()
        self.storage.close()

    def call(self, method: str, path: str, **request: Any) -> Answer[dict[str, Any]]:
        """Make one call, its path behind the version, and return the object answered.

        Arguments as of `ApiClient.request`.
        """
        return read_answer(self.api.request(method, f"{VERSION}/{path}", **request))

    def check(self) -> list[str]:
        """Return lines for a person: login, audience, merge fields, store. Raises for what cannot work at all."""
        return checks.lines(self)

    def audience(self) -> Audience:
        """Return the Connection's audience.

        :raises ConfigurationError: when it is missing or not named; the message lists those there are.
        """
        return reading.audience(self.call, self.connection)

    def merge_fields(self) -> dict[str, MergeField]:
        """Return the audience's merge fields by tag; asked once per client."""
        return self._fields.all()

    def create_merge_field(
        self,
        tag: str,
        name: str,
        type: str,  # noqa: A002 -- the API's own word
        options: Mapping[str, Any] | None = None,
    ) -> MergeField:
        """Create a merge field, or return the one that has the tag by now.

        :param options: as in the API: `date_format`, `phone_format`, `choices`, …
        :raises ConfigurationError: with the vendor's reason.
        """
        return self._fields.create(tag, name, type, options)

    def member(self, subscriber: str) -> Member | None:
        """Return a member, archived ones too; None when there is none."""
        try:
            return read_model(Member, self.call("GET", self._member_path(subscriber)).value)
        except NotFound:
            return None

    def member_ids(self) -> Iterator[tuple[str, str]]:
        """Yield (id, status) of every member of the audience, each once.

        :raises Unavailable: when the audience changes faster than it can be read.
        """
        return reading.member_ids(self.call, self._list_id)

    def put_member(
        self, subscriber: str, body: Mapping[str, Any], *, skip_merge_validation: bool = False
    ) -> Answer[Member]:
        """Create or change a member; another e-mail address in the body moves the member to it.

        :param skip_merge_validation: accept a member without the values that the audience requires.
        :raises MemberExists: the e-mail address is another member's, or not the one of `subscriber`.
        :raises RecordSkipped: the contact's own decision is in the way.
        :raises RecordRejected: the record is refused.
        :raises ConfigurationError: for a body with `status`, which would overrule an unsubscription.
        """
        params = {"skip_merge_validation": "true"} if skip_merge_validation else None
        return self._write_member("PUT", subscriber, body, params)

    def patch_member(self, subscriber: str, body: Mapping[str, Any]) -> Answer[Member]:
        """Change an existing member; as `put_member`, and NotFound where there is none."""
        return self._write_member("PATCH", subscriber, body, None)

    def set_tags(self, subscriber: str, tags: Mapping[str, bool]) -> str | None:
        """Put tags on a member (True) and take them off (False); return the request id. Unknown tags are created."""
        if not tags:
            return None
        return self.call("POST", f"{self._member_path(subscriber)}/tags", json={"tags": tag_list(tags)}).request_id

    def run_batch(self, operations: Sequence[Operation], *, deadline: float = DEADLINE) -> list[OperationAnswer]:
        """Run up to 500 repeatable operations as one job, wait for it, and return each one's answer, in order.

        :param deadline: seconds to wait for the job.
        :raises BatchRefused: the job was refused as a whole.
        :raises Unavailable: the job is not done by then, or its results cannot be had.
        """
        return self.batches.run(operations, deadline)

    def store(self) -> Store | None:
        """Return the Connection's store; None when it is not there.

        :raises ConfigurationError: when it belongs to another audience, or the Connection names none.
        """
        return self.shop.store()

    def create_store(self) -> Store:
        """Create the Connection's store, or return the one that is there by now.

        :raises ConfigurationError: with the vendor's reason.
        """
        return self.shop.create(self.connection.list_id or self.audience().id)

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer of the store; None when there is none of that id."""
        return self.shop.customer(customer_id)

    def put_customer(self, customer_id: str, body: Mapping[str, Any]) -> Answer[Customer]:
        """Create or change a customer of the store; `id` and a false `opt_in_status` are added.

        :raises EmailFixed: the customer has another e-mail address, which cannot be changed.
        :raises ConfigurationError: for a true `opt_in_status`, which would subscribe the customer.
        """
        return self.shop.put(customer_id, body)

    def delete_customer(self, customer_id: str) -> None:
        """Delete a customer of the store; one that is not there is fine."""
        self.shop.delete(customer_id)

    def customers_with(self, email: str) -> list[Customer]:
        """Return the store's customers with an e-mail address."""
        return self.shop.customers_with(email)

    @property
    def _list_id(self) -> str:
        return quote(self.connection.list_id or self.audience().id, safe="")

    def _member_path(self, subscriber: str) -> str:
        return f"lists/{self._list_id}/members/{quote(subscriber, safe='')}"

    def _write_member(
        self, method: str, subscriber: str, body: Mapping[str, Any], params: Mapping[str, str] | None
    ) -> Answer[Member]:
        path = self._member_path(subscriber)
        refuse_consent_change(method, path, body)
        answer = self.call(method, path, json=dict(body), params=params)
        return Answer(read_model(Member, answer.value), answer.request_id)

    def _once(self, send: Callable[[], T], find: Callable[[], T | None]) -> T:
        def wait(failures: int) -> None:
            self._sleep(delay(RetryPolicy(), failures, None, self._random))

        return write_once(send, find, max_retries=self.api.options.max_retries, wait=wait)
