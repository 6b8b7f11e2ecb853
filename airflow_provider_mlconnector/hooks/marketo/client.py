"""The Marketo REST client: describe, upsert, find, usage; no Airflow.

https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/rest-api. 100 calls in any 20 s and 10 at
once per instance, 50,000 a day, 300 records a call.
"""

from __future__ import annotations

import logging
import random as random_module
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import requests
from pydantic import BaseModel

from airflow_provider_mlconnector.exceptions import ObjectReadOnly, Stop
from airflow_provider_mlconnector.hooks.marketo import catalog, identity, reading
from airflow_provider_mlconnector.hooks.marketo.checking import check_lines
from airflow_provider_mlconnector.hooks.marketo.connection import TIMEOUT, MarketoConnection
from airflow_provider_mlconnector.hooks.marketo.errors import Classifier, row_result
from airflow_provider_mlconnector.hooks.marketo.models import Envelope, read_envelope
from airflow_provider_mlconnector.hooks.marketo.objects import (
    MAX_BATCH,
    Batch,
    ObjectSpec,
    make_batch,
    read_answers,
    spec_of,
    without_company_fields,
)
from airflow_provider_mlconnector.hooks.marketo.schema import ObjectSchema
from airflow_provider_mlconnector.hooks.marketo.writing import BatchSender, log_batch
from airflow_provider_mlconnector.outcomes import RowResult
from airflow_provider_mlconnector.transport.auth import TokenAuth
from airflow_provider_mlconnector.transport.http import ApiClient
from airflow_provider_mlconnector.transport.limits import NO_LIMIT, Limiter

log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _no_mask(_secret: str) -> None:
    """Register nothing: outside of Airflow there is no log to clean."""


class MarketoClient:
    """One instance, as seen by one LaunchPoint service; makes no call before the first method that needs one.

    :param mask: registers a secret with the logs.
    :param limiter: hands out slots under the instance's limits (`connection.limits`).
    """

    max_batch = MAX_BATCH
    max_bytes = 950_000
    """The vendor takes 1 MB; the rest is margin for the frame around the records."""

    def __init__(
        self,
        connection: MarketoConnection,
        *,
        mask: Callable[[str], None] = _no_mask,
        limiter: Limiter = NO_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _utc_now,
        random: Callable[[], float] = random_module.random,
    ):
        self.connection = connection
        self.clock, self.sleep, self.now = clock, sleep, now
        self._classify = Classifier(connection.conn_id, connection.window_seconds, now, random)
        login = identity.Login(connection, mask=mask, clock=clock, sleep=sleep)
        self.auth = TokenAuth(login, identity.place, margin=identity.MARGIN, clock=clock)
        self.api = ApiClient(
            connection.base_url,
            options=connection.options(),
            auth=self.auth,
            classify=self.classify,
            limiter=limiter,
            clock=clock,
            sleep=sleep,
            random=random,
        )
        login.api = self.api
        self._sender = BatchSender(self.api, self._present, clock=clock, sleep=sleep, random=random)
        self._schemas: dict[str, ObjectSchema] = {}
        self._lock = threading.RLock()
        self._warned: set[str] = set()
        identity.guard_debug_logs()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; a token simply ends."""
        self.api.close()

    def classify(self, response: requests.Response) -> None:
        """Raise what an answer means, of the identity service or of the API."""
        if identity.is_identity(response):
            identity.classify_identity(response, self.connection.conn_id)
        else:
            self._classify(response)

    def call(self, method: str, path: str, **request: Any) -> Envelope:
        """Make one call and return its envelope; arguments as of `ApiClient.request`."""
        return read_envelope(self.api.request(method, path, **request))

    def describe(self, obj: str, *, to_write: bool = True) -> ObjectSchema:
        """Return the fields of an object; asked once per client.

        :param obj: a name of `objects.SPECS` (leads, companies, …), or a custom object's API name.
        :param to_write: False to ask also where the Connection calls the object read-only.
        :raises ObjectReadOnly: where a native CRM sync owns the object, or the subscription does not include it.
        :raises UnknownField: for a custom object that is not there, naming the nearest.
        """
        spec = self._usable(obj) if to_write else spec_of(obj)
        with self._lock:
            if obj not in self._schemas:
                try:
                    self._schemas[obj] = reading.describe(self.call, spec)
                except Stop as refusal:
                    raise catalog.explain_describe(self.call, spec, refusal, self.connection.conn_id) from None
            return self._schemas[obj]

    def use_schema(self, schema: ObjectSchema) -> None:
        """Take over a schema that another task has asked for, instead of asking again."""
        with self._lock:
            self._schemas[schema.name] = schema

    def check_fields(self, obj: str, names: Iterable[str]) -> None:
        """Refuse field names that the object does not have or that cannot be written.

        :raises UnknownField: naming the nearest ones.
        """
        self.describe(obj).check_fields(names, conn_id=self.connection.conn_id)

    def write_model(self, obj: str) -> type[BaseModel]:
        """Return the object's write model: unknown fields forbidden, types and lengths from describe."""
        return self.describe(obj).model

    def validator(self, obj: str) -> Callable[[dict[str, Any]], None]:
        """Return a function that raises RecordRejected for a record the vendor would refuse."""
        return self.describe(obj).validator

    def upsert(
        self,
        obj: str,
        records: Sequence[Mapping[str, Any]],
        *,
        action: str = "createOrUpdate",
        by: str | None = None,
    ) -> list[RowResult]:
        """Write up to 300 records in one call; one result per record, in the same order.

        :param by: the key field; None for the object's own (`email`, `externalCompanyId`, …), `id` only to update.
        :raises BatchRefused: the data was refused as a whole, or is too large (413); halve it.
        :raises ObjectReadOnly: a native CRM sync owns the object.
        :raises UnexpectedAnswer: the answers cannot be joined to the records.
        :raises ValueError: for a call that no data can make right.
        """
        spec = self._usable(obj)
        if not records:
            return []
        batch = self._batch(spec, records, action, by)
        started = self.clock()
        try:
            response, resent = self._sender.send(batch, self._timeout(spec))
        except Stop as refusal:
            raise catalog.explain_write(spec, refusal, self.connection.conn_id) from None
        envelope = read_envelope(response)
        request_id = envelope.request_id
        answers = read_answers(envelope, len(records))
        results = [row_result(answer, request_id=request_id, action=action, resent=resent) for answer in answers]
        log_batch(spec.name, results, self.clock() - started)
        return results

    def find(
        self, obj: str, filter_type: str, values: Sequence[Any], fields: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the records whose field has one of up to 300 values; a field that is null is left out by the vendor.

        :raises UnexpectedAnswer: when the server repeats a page's token.
        :raises Stop: for a field that cannot be searched, or more than 1,000 leads.
        """
        return reading.find(self.call, spec_of(obj), filter_type, values, fields, base_url=self.api.base_url)

    def find_compound(
        self, obj: str, keys: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> Iterator[dict[str, Any]]:
        """Yield the records with one of up to 300 keys of several fields each, such as opportunity roles."""
        return reading.find_compound(self.call, spec_of(obj), keys, fields)

    def usage(self) -> int:
        """Return how many calls all integrations have made today (the vendor's day ends at midnight US Central)."""
        return reading.usage(self.call)

    def errors(self) -> dict[str, int]:
        """Return how many of today's calls failed, by error code."""
        return reading.errors(self.call)

    def check(self) -> list[str]:
        """Return lines for a person: login, each object, the day's calls. Raises for login and leads alone."""
        return check_lines(self)

    def _usable(self, obj: str) -> ObjectSpec:
        spec = spec_of(obj)
        if spec.crm_owned and self.connection.crm_sync == "read_only":
            raise ObjectReadOnly(
                f"Connection '{self.connection.conn_id}': '{obj}' belongs to the native CRM sync (extra crm_sync)",
                code="1018",
            )
        return spec

    def _batch(self, spec: ObjectSpec, records: Sequence[Mapping[str, Any]], action: str, by: str | None) -> Batch:
        if spec.name == "leads":
            records, stripped = without_company_fields(records)
            self._warn_of(stripped)
        dedupe = spec.dedupe or self.describe(spec.name).dedupe_fields
        return make_batch(spec, records, action=action, by=by, dedupe=dedupe)

    def _warn_of(self, stripped: frozenset[str]) -> None:
        with self._lock:
            fresh = stripped - self._warned
            self._warned |= fresh
        if fresh:
            log.warning(
                "marketo leads: not sent, because they belong to the company: %s; map them in the companies' sync",
                ", ".join(sorted(fresh)),
            )

    def _timeout(self, spec: ObjectSpec) -> tuple[float, float] | None:
        """The read time-out must be longer than the server's own; a user's setting wins."""
        if self.connection.timeout is not None or spec.seconds < TIMEOUT[1]:
            return None
        return TIMEOUT[0], spec.seconds + 30

    def _present(self, batch: Batch) -> Iterator[str]:
        (key,) = batch.key_fields
        for record in self.find(batch.spec.name, key, [values[0] for values in batch.keys], [key]):
            yield str(record.get(key, ""))
