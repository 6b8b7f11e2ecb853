"""Accounts and cost centres: matched by code, created only where the Connection says `create_missing`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from airflow_provider_mlconnector.exceptions import ConfigurationError, RecordRejected, RetryLater, Stop
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.envelope import key_of
from airflow_provider_mlconnector.hooks.jaggaer.errors import NotFound
from airflow_provider_mlconnector.hooks.jaggaer.models import Coded
from airflow_provider_mlconnector.hooks.jaggaer.target import MAX_BYTES, RecordObject
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import Journal
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Codes in one filter; longer ones make addresses that servers refuse."""
WHOLE_LIST = 500
"""From so many records on it takes fewer calls to read the vendor's whole list."""

Found = Mapping[str, list[dict[str, Any]]]


class CodedObject:
    """One list of codes, as a target that is aligned with, not written (unless `create_missing` is set).

    A code's id is the code itself, as JAGGAER spells it: documents name it by that.
    """

    max_bytes = MAX_BYTES

    def __init__(self, client: JaggaerClient, name: str, journal: Journal | None = None):
        self._client, self._name = client, name
        self._resource = client.connection.resource(name)
        self._writer = RecordObject(client, name, journal) if self._resource.create_missing else None
        # One that is created is answered at once, like any other write.
        self.max_batch = 1 if self._writer else AT_ONCE
        self.concurrency = client.connection.max_concurrency
        self._lock = threading.Lock()
        self._whole: dict[str, list[dict[str, Any]]] | None = None

    def prepare(self, plan: Plan, rows: int) -> None:
        """Read the vendor's whole list where that takes fewer calls; see TargetObject."""
        if self._writer:
            self._writer.prepare(plan, rows)
        if rows >= WHOLE_LIST:
            self._all()

    def batch_size(self, group: str) -> int:
        """As many codes as one filter holds; see TargetObject."""
        return self.max_batch

    def group(self, ready: Ready) -> str:
        """All codes are alike."""
        return self._name

    def find(self, code: str) -> str | None:
        """Return a code as JAGGAER spells it; None where there is none.

        :raises RecordRejected: several have it, or none that is active.
        """
        return self._match(code, self._with_codes([code]))

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Match each code, in the order of the batch; what has no partner is rejected as `unmatched`.

        :raises MLConnectorError: what ends the task.
        """
        codes = [self._code(ready) for ready in batch]
        found = self._with_codes(list(dict.fromkeys(code for code in codes if code)))
        return [self._result(ready, code, found) for ready, code in zip(batch, codes, strict=True)]

    def settle(self, record_key: str, target_key: str | None, sent: Mapping[str, Any]) -> RowResult | None:
        """Return what JAGGAER has of a code whose creation was not answered; see Settles."""
        found = self._writer.settle(record_key, target_key, sent) if self._writer else None
        return replace(found, target_id=target_key) if found else None

    def _code(self, ready: Ready) -> str:
        return str(ready.payload.get(self._resource.external_name or "") or "").strip()

    def _result(self, ready: Ready, code: str, found: Found) -> RowResult:
        if not code:
            return RowResult(Outcome.REJECTED, code="missing_key", message="the field map yields no code")
        try:
            key = self._match(code, found)
        except RecordRejected as several:
            return RowResult(Outcome.REJECTED, code=several.code, message=several.message)
        if key is not None:
            # What is delivered is the pair; nothing is written where it is made already.
            return RowResult(Outcome.UNCHANGED if ready.known else Outcome.CREATED, target_id=key)
        if self._writer:
            made = self._writer.deliver(self._name, [ready])[0]
            return replace(made, target_id=code) if made.target_id else made
        return RowResult(Outcome.REJECTED, code="unmatched", message=f"JAGGAER has no such code in {self._name}")

    def _match(self, code: str, found: Found) -> str | None:
        records = found.get(code.casefold(), [])
        if not records:
            return None
        active = [record for record in records if Coded.model_validate(record).active is not False]
        if not active:
            raise RecordRejected("this code is not active in JAGGAER", code="inactive")
        if len({key_of(record, self._resource.key) for record in active}) > 1:
            raise RecordRejected(f"{len(active)} records in JAGGAER have this code", code="ambiguous")
        return key_of(active[0], self._resource.external)

    def _with_codes(self, codes: Sequence[str]) -> Found:
        """Return the records with these codes; by the whole list where the server does not take the filter."""
        with self._lock:
            if self._whole is not None:
                return self._whole
        if not codes:
            return {}
        try:
            found = self._client.with_external(self._name, codes)
        except (ConfigurationError, NotFound, RetryLater):
            raise
        except Stop as refused:
            log.info("jaggaer %s: the filter by code is refused (%s); reading the whole list", self._name, refused.code)
            return self._all()
        return {code.casefold(): records for code, records in found.items()}

    def _all(self) -> Found:
        with self._lock:
            if self._whole is None:
                whole: dict[str, list[dict[str, Any]]] = {}
                for record in self._client.find(self._name, ""):
                    code = key_of(record, self._resource.external)
                    if code is not None:
                        whole.setdefault(code.casefold(), []).append(record)
                self._whole = whole
            return self._whole


def gl_accounts(client: JaggaerClient, journal: Journal | None = None) -> CodedObject:
    """The GL accounts; the payload's `code` is what JAGGAER calls the account, `MCU.OBJ.SUB`."""
    return CodedObject(client, "gl_accounts", journal)


def cost_centers(client: JaggaerClient, journal: Journal | None = None) -> CodedObject:
    """The cost centres; the payload's `code` is the business unit."""
    return CodedObject(client, "cost_centers", journal)
