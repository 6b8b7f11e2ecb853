"""Is what is about to be read there? Checked against the instance before the first read.

A browse that an instance does not have answers 200 with no rows, as one does in which nothing changed. So a browse
counts as known when the field catalogue lists its fields, or when it shows a row; a document when Swagger has its
path, or the entity metadata describes it. An instance with neither says nothing about documents.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, Stop, Unavailable, UnknownField
from airflow_provider_mlconnector.hooks.qad import swagger
from airflow_provider_mlconnector.hooks.qad.answers import Row
from airflow_provider_mlconnector.hooks.qad.errors import is_not_there
from airflow_provider_mlconnector.hooks.qad.filters import condition, sayable
from airflow_provider_mlconnector.hooks.qad.resources import ResourceConfig

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.qad.client import QadClient

log = logging.getLogger(__name__)

CATALOGUE = "urn:browse:custom:lookupBrowseFields"
METADATA = "/api/qracore/entitymetadatas"
SAMPLE = 50
"""Rows looked at where the catalogue says nothing: a row leaves out what is blank."""


@dataclass(frozen=True)
class Checked:
    """A resource as the instance has it.

    :param fields: the browse's columns under their full names; empty where the instance does not say.
    :param evidence: what has proven document and browse, for a person.
    :param proven: the browse is known to be there.
    """

    name: str
    config: ResourceConfig
    fields: frozenset[str] = frozenset()
    evidence: str = "not checked"
    proven: bool = False

    def wire(self, field: str) -> str | None:
        """Return a column's full name, such as `customerV2.customerCode`; None where the browse does not have it."""
        usual = f"{self.config.prefix}.{field}"
        if not self.fields:
            return usual
        same = {name.casefold(): name for name in self.fields if name.rpartition(".")[2].casefold() == field.casefold()}
        found = same.get(usual.casefold()) or (next(iter(same.values())) if len(same) == 1 else None)
        # A catalogue may list bare names; rows and filters have them behind the prefix.
        return found if found is None or "." in found else f"{self.config.prefix}.{found}"

    @property
    def prefix(self) -> str:
        """The prefix that the browse really gives its own columns."""
        found = (self.wire(self.config.record_field) or "").rpartition(".")[0]
        return found or self.config.prefix


class Validator:
    """Checks each resource once per client."""

    def __init__(self, client: QadClient):
        self._client = client
        self._known: dict[str, Checked] = {}
        self._lock = threading.Lock()

    def checked(self, name: str) -> Checked:
        """Return a resource, checked as `validate_entities` says.

        :raises ConfigurationError: for one that the instance does not have, naming near matches.
        """
        with self._lock:
            if name not in self._known:
                self._known[name] = self._check(name)
            return self._known[name]

    def _check(self, name: str) -> Checked:
        configs, mode = self._client.connection.resource_configs, self._client.connection.validate_entities
        if name not in configs:
            raise ConfigurationError(f"there is no resource '{name}'; there are {', '.join(configs)}")
        if mode == "off":
            return Checked(name, configs[name])
        # Logged in, and a known path asked first: a guess that is refused (401) must be told from a login that is.
        self._client.log_in()
        fields = self.catalogue(configs[name].browse_id)
        evidence = self._document(name, configs[name])
        return self._browse(name, configs[name], fields, evidence)

    def _problem(self, text: str) -> None:
        message = f"Connection '{self._client.connection.conn_id}': {text}"
        if self._client.connection.validate_entities == "strict":
            raise UnknownField(f"{message} (validate_entities 'warn' goes on all the same)")
        log.warning("%s", message)

    def _document(self, name: str, config: ResourceConfig) -> str:
        if not config.detail_path:
            return "no document"
        verdict = swagger.look(self._client, config.detail_path)
        if verdict.known:
            return f"document in {verdict.origin}"
        if verdict.known is False:
            self._problem(
                f"resource '{name}': {verdict.origin} has no {config.detail_path}{_like(verdict.near)}; set "
                f"detail_path in extra resources.{name}"
            )
            return "document unknown"
        described = self._described(config.view_uri) if config.view_uri else None
        if described is False:
            self._problem(
                f"resource '{name}': the instance has no metadata of {config.view_uri}; set view_uri in extra "
                f"resources.{name}"
            )
            return "document unknown"
        return "document in the entity metadata" if described else "document not described"

    def _described(self, uri: str) -> bool | None:
        try:
            document = self._client.get(METADATA, [("entityURI", uri)])
        except (Stop, Unavailable) as error:
            if not is_not_there(error):
                raise
            log.debug("qad: no entity metadata (%s)", error.code)
            return None
        return _holds_anything(document.get("data", document) if isinstance(document, Mapping) else document)

    def _browse(self, name: str, config: ResourceConfig, fields: frozenset[str], evidence: str) -> Checked:
        if not fields:
            rows = next((page.rows for page in self._client.browse(config.browse_id, page_size=SAMPLE)), [])
            fields = frozenset(column for row in rows for column in row)
            evidence += f", browse shows rows with {len(fields)} columns"
        else:
            evidence += f", browse with {len(fields)} columns"
        if not fields:
            near = swagger.near_matches(config.browse_id, self._similar(config.browse_id))
            self._problem(
                f"resource '{name}': the instance has no browse {config.browse_id}, or it is empty{_like(near)}; set "
                f"browse_id in extra resources.{name}"
            )
            return Checked(name, config, evidence=f"{evidence}: unknown")
        checked = Checked(name, config, fields, evidence, proven=True)
        if checked.wire(config.record_field) is None:
            raise UnknownField(
                f"Connection '{self._client.connection.conn_id}': the browse {config.browse_id} has no column "
                f"'{config.prefix}.{config.record_field}'{_like(swagger.near_matches(config.record_field, fields))}; "
                f"set prefix and key in extra resources.{name}"
            )
        return checked

    def catalogue(self, browse_id: str) -> frozenset[str]:
        """Return the columns of a browse as the field catalogue lists them; empty where it lists none."""
        return frozenset(self._listed("eq", browse_id, "field"))

    def _similar(self, browse_id: str) -> set[str]:
        word = browse_id.rpartition(".")[2].rpartition(":")[2][:6]
        return self._listed("cn", word, "browseURI") if word else set()

    def _listed(self, op: str, value: str, column: str) -> set[str]:
        if not sayable(value):
            return set()
        found: set[str] = set()
        try:
            for page in self._client.browse(CATALOGUE, [condition("browseURI", op, value)]):
                # The rows are told from those of a tenant that ignores the filter.
                rows = [row for row in page.rows if op != "eq" or _cell(row, "browseURI") in (None, value)]
                found |= {str(cell) for row in rows if (cell := _cell(row, column))}
        except Stop as error:
            log.info("qad: the field catalogue cannot be read (%s)", error.code)
        return found


def _cell(row: Row, column: str) -> Any:
    return next((value for name, value in row.items() if name.rpartition(".")[2].casefold() == column.casefold()), None)


def _like(near: tuple[str, ...]) -> str:
    return f"; near: {', '.join(near)}" if near else ""


def _holds_anything(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_anything(each) for each in value.values())
    return bool(value)
