"""Which record of JAGGAER has a number of the source system, whatever its tenant filters by and calls its own ids."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, RecordRejected, Stop
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.envelope import key_of, value_of
from airflow_provider_mlconnector.hooks.jaggaer.models import Supplier
from airflow_provider_mlconnector.hooks.jaggaer.resources import DEFAULTS, DOCUMENTS

log = logging.getLogger(__name__)


class Finder:
    """Looks for single records of one resource."""

    def __init__(self, client: JaggaerClient, name: str):
        self._client, self._name = client, name
        self._resource = client.connection.resource(name)
        self._filtered = True
        self.by_number: set[str] = set()
        """Numbers of documents that show no id of their own, so that they stand for it."""

    def find(self, reference: str) -> str | None:
        """Return the id of the record with this number; None where there is none.

        The number itself is the id of documents in which no id is found where it is looked for by default.

        :raises RecordRejected: several have it, so that nobody knows which is meant.
        :raises ConfigurationError: it has no id.
        """
        found = self.records(reference)
        keys = {key_of(record, self._resource.key) for record in found}
        if len(keys) > 1 or (None in keys and len(found) > 1):
            raise RecordRejected(f"{len(found)} records in JAGGAER have this number", code="ambiguous")
        if None not in keys:
            return next(iter(keys), None)
        # Only how documents are changed is unknown enough to try it by their number.
        if self._name in DOCUMENTS and not self._resource.update and self._resource.key == DEFAULTS[self._name]["key"]:
            self.by_number.add(reference)
            return reference
        raise ConfigurationError(
            f"Connection '{self._client.connection.conn_id}': a record of {self._name} has no "
            f"'{self._resource.key}'; set resources.{self._name}.key in extra"
        )

    def records(self, reference: str) -> list[dict[str, Any]]:
        """Return the records with this number that are of the kind that is written."""
        return [record for record in self._with(reference) if self._is_ours(record)]

    def _with(self, reference: str) -> list[dict[str, Any]]:
        client = self._client
        if self._filtered:
            try:
                return client.with_external(self._name, [reference]).get(reference, [])
            except Stop as refused:
                if type(refused) is not Stop:
                    raise  # said of something else than of what was asked for
                log.warning(
                    "jaggaer %s: the filter by number is refused (%s), and the whole list read for each record; set "
                    "resources.%s.external_filter",
                    self._name,
                    refused.code,
                    self._name,
                )
                self._filtered = False
        return client.with_external(self._name, [reference], filtered=False).get(reference, [])

    def _is_ours(self, record: Mapping[str, Any]) -> bool:
        """Whether a record found is of the kind that is written: buyers are companies as well."""
        inner = value_of(record, self._resource.key.rpartition(".")[0] or None) or record
        return self._name != "suppliers" or Supplier.model_validate(inner).type.upper() != "BUYER"
