"""JAGGAER as a source of the pipeline: invoices, listed by header, each read whole.

The list has no order of its own that is documented, and no filter for the time of a change unless the Connection names
one. So the headers are gone through first; what changed is read in ascending order of the ids, which repeats.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, PermissionDenied, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.envelope import key_of, value_of
from airflow_provider_mlconnector.hooks.jaggaer.invoices import TABLE, record_of, unread
from airflow_provider_mlconnector.hooks.jaggaer.models import moment_of
from airflow_provider_mlconnector.pipeline.ports import Batch, ReadRequest, Record
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

RESOURCE = "invoices"
AT_ONCE = 50
"""Invoices per batch: what a crash may cause to be read again."""
BOUNDED = ("params", "backfill")
"""Windows that end where someone said; the others end at the present, and what changes while they are read is in."""


FEW = 5
"""So many that cannot be read may be as many troubles; more, and not one that can, are the path's or the user's."""


@dataclass(frozen=True)
class Unread:
    """Why an invoice was not read; `gone`: it is not there."""

    why: str
    gone: bool = False


class InvoiceSource:
    """Invoices with a change in the window."""

    def __init__(self, client: JaggaerClient):
        self._client = client
        self._resource = client.connection.resource(RESOURCE)

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield whole invoices in ascending order of their ids; the cursor is the last id dealt with."""
        listed = set() if request.alone else set(self._changed(request.window))
        wanted = listed | set(request.also)
        after = None if request.after is None else order_of(str(request.after))
        keys = iter(sorted((key for key in wanted if after is None or order_of(key) > after), key=order_of))
        while chunk := list(islice(keys, AT_ONCE)):
            read_at = self._client.now()
            rows = self._of_chunk(chunk, listed, request.columns)
            yield Batch(rows, read_at, chunk[-1])

    def _of_chunk(self, chunk: Sequence[str], listed: set[str], columns: frozenset[str]) -> list[Record]:
        """Return the records of these invoices; one that cannot be read tells that, and does not stop the others."""
        answers = dict(zip(chunk, self._client.at_once(self._invoice, chunk), strict=True))
        failed = {key: answer for key, answer in answers.items() if isinstance(answer, Unread) and key in listed}
        told = sum(key in listed for key in chunk)
        if told >= FEW and len(failed) == told:
            why = next(iter(failed.values())).why
            raise ConfigurationError(
                f"Connection '{self._client.connection.conn_id}': none of {told} invoices of the list can be read at "
                f"'{self._resource.detail}' ({why}); set resources.{RESOURCE}.detail in extra"
            )
        return [
            record
            for key, answer in answers.items()
            if (record := self._record(key, answer, columns, is_listed=key in listed)) is not None
        ]

    def _changed(self, window: Window) -> Iterator[str]:
        """Yield the ids of the invoices whose header says that they changed in the window."""
        resource, condition = self._resource, ""
        if window.start is not None and resource.modified_filter:
            condition = self._client.filter.ge(resource.modified_filter, window.start)
        for page in self._client.pages(RESOURCE, condition):
            for header in page.rows:
                if not _in_window(header, resource.modified, window):
                    continue
                key = key_of(header, resource.key)
                if key is None:
                    raise UnexpectedAnswer(
                        f"an invoice of the list has no '{resource.key}'; set resources.{RESOURCE}.key of "
                        f"Connection '{self._client.connection.conn_id}'"
                    )
                yield key

    def _invoice(self, key: str) -> dict[str, Any] | Unread:
        try:
            return self._client.get(RESOURCE, key) or Unread("it is in the list, and not found by its id", gone=True)
        except (PermissionDenied, UnexpectedAnswer) as refused:
            return Unread(f"it cannot be read: {refused.message}")

    def _record(
        self, key: str, answer: Mapping[str, Any] | Unread, columns: frozenset[str], *, is_listed: bool
    ) -> Record | None:
        """Return the record with the columns asked for, and those in capitals, on which rules depend."""
        if isinstance(answer, Unread):
            if answer.gone and not is_listed:
                log.info("jaggaer invoices: %s is not there any more", key)
                return None
            return {**dict.fromkeys(columns), **unread(key, answer.why)}
        record = record_of(answer, key, self._resource.modified, self._resource.account_field)
        kept = {name: value for name, value in record.items() if name in columns or _is_ours(name)}
        return {**dict.fromkeys(columns), **kept}


def order_of(key: str) -> tuple[int, int, str]:
    """Return what ids are sorted by: numbers by their value, before any text."""
    return (0, int(key), key) if key.isdecimal() else (1, 0, key)


def _is_ours(name: str) -> bool:
    column = name.removeprefix(f"{TABLE}.")
    return column == name or column.isupper()


def _in_window(header: Mapping[str, Any], modified: str | None, window: Window) -> bool:
    """Whether a header's change falls into the window; one that does not say so is looked at in every run."""
    changed: datetime | None = moment_of(value_of(header, modified))
    if changed is None:
        return True
    if window.start is not None and changed < window.start:
        return False
    return window.origin not in BOUNDED or changed < window.end


def invoices(client: JaggaerClient) -> InvoiceSource:
    """The source of invoices."""
    return InvoiceSource(client)
