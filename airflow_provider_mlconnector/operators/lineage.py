"""Lineage for OpenLineage: which tables of the source a target's object is made of, column by column.

Nothing of it happens where the OpenLineage provider is not installed; it is imported inside functions only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol
from urllib.parse import urlsplit

from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.mapping.fieldmap import RECORD_FIELDS
from airflow_provider_mlconnector.pipeline.beginning import read_plan
from airflow_provider_mlconnector.pipeline.job import Job

log = logging.getLogger(__name__)


class Account(Protocol):
    """What is used of a vendor's Connection."""

    def account_of(self, obj: str) -> str:
        """The account, `system|url|…`; no secrets."""
        ...


@dataclass(frozen=True)
class Place:
    """An account as OpenLineage names it: `system://host`, and what is before the names in it."""

    namespace: str
    before: tuple[str, ...] = ()

    @classmethod
    def of(cls, account: str) -> Place:
        """Return the place of `system|url|…`; a URL's user information is left out."""
        system, url, *more = account.split("|")
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
        return cls(f"{system}://{host}{parts.path}", tuple(each for each in more if each))

    def name(self, thing: str) -> str:
        """Return the full name of a table or an object there."""
        return "/".join((*self.before, thing))


@dataclass(frozen=True)
class Moved:
    """What a task has read and written.

    :param written: how many records the target has taken; None for a task that writes nothing.
    """

    source: Place
    target: Place
    object: str
    field_map: FieldMap
    read: int
    written: int | None = None


@cache
def is_on() -> bool:
    """Whether the OpenLineage provider is installed."""
    try:
        return find_spec("airflow.providers.openlineage") is not None
    except ModuleNotFoundError:
        return False


def moved(job: Job, source: Account, target: Account) -> Moved | None:
    """Return what a run reads, and with which field map; None where there is nobody to ask, or nothing was read."""
    if not is_on():
        return None
    try:
        manifest = job.staging.manifest()
        if manifest is None or manifest["not_configured"]:
            return None
        field_map = FieldMap.from_json(read_plan(job).rows)
        places = Place.of(source.account_of("")), Place.of(target.account_of(job.sync.object))
        return Moved(*places, job.sync.object, field_map, int(manifest["read"]))
    except Exception as error:  # whoever watches must not stop what is watched
        log.warning("%s: no lineage of this run: %s", job.sync.name, type(error).__name__)
        return None


def with_counts(found: Moved | None, done: Mapping[str, Any]) -> Moved | None:
    """Return it with how much was written; a dry run writes nothing."""
    if found is None or done.get("dry_run") or "created" not in done:
        return found
    return replace(found, read=done["read"], written=done["created"] + done["updated"])


def facets(found: Moved | None) -> Any:
    """Return the `OperatorLineage` of a task; None where there is none."""
    if found is None:
        return None
    from airflow.providers.common.compat.openlineage.facet import (
        Dataset,
        OutputDataset,
        OutputStatisticsOutputDatasetFacet,
    )
    from airflow.providers.openlineage.extractors import OperatorLineage

    tables = sorted({column.partition(".")[0] for column in found.field_map.columns})
    inputs = [Dataset(found.source.namespace, found.source.name(table)) for table in tables]
    if found.written is None:
        return OperatorLineage(inputs=inputs)
    output = OutputDataset(
        found.target.namespace,
        found.target.name(found.object),
        facets=_columns(found),
        outputFacets={"outputStatistics": OutputStatisticsOutputDatasetFacet(rowCount=found.written)},
    )
    return OperatorLineage(inputs=inputs, outputs=[output])


def _columns(found: Moved) -> dict[str, Any]:
    """Return schema and column lineage; a field in a list is named as in the field map, `lines[].quantity`."""
    from airflow.providers.common.compat.openlineage.facet import (
        ColumnLineageDatasetFacet,
        Fields,
        InputField,
        SchemaDatasetFacet,
        SchemaDatasetFacetFields,
    )

    converters = {row.target: row.convert for row in found.field_map.rows}
    lineage = {}
    for target, sources in found.field_map.origins.items():
        columns = [source.partition(".") for source in sources if source not in RECORD_FIELDS]
        if columns:
            place = found.source
            read = [InputField(place.namespace, place.name(table), column) for table, _, column in columns]
            lineage[target] = Fields(
                inputFields=read,
                transformationDescription=converters[target] or "as it is",
                transformationType="" if converters[target] else "IDENTITY",
            )
    names = [SchemaDatasetFacetFields(name=target) for target in found.field_map.origins]
    return {"columnLineage": ColumnLineageDatasetFacet(fields=lineage), "schema": SchemaDatasetFacet(fields=names)}
