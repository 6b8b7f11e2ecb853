"""What a sync is: a declaration that joins a source's reader, a field map and a target's object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.mapping import FieldMap

if TYPE_CHECKING:
    from airflow_provider_mlconnector.pipeline.job import Job
    from airflow_provider_mlconnector.pipeline.ports import Plan, Record, Source, TargetObject, Validator


@dataclass(frozen=True)
class Link:
    """A target field that holds another sync's key, e.g. a lead's company.

    The field map puts the source key there; it becomes the target's through `mlc_link`. `lines[].account` is the field
    `account` of each entry of the list `lines`.

    :param required: reject the record while the link is missing; otherwise send it without, and again once it is there.
    :param reverse: the pair was linked by a sync the other way round: the field holds that one's target key, which
        becomes its source key.
    """

    field: str
    entity: str
    required: bool
    reverse: bool = False


@dataclass(frozen=True)
class Sync:
    """One entity from one system to another.

    :param name: `<dag>.<entity>`.
    :param source, target: the systems, as the ledger names them.
    :param object: the target's object type.
    :param tables: what a user's field map may read from.
    :param rows: the default field map.
    :param open_source: (source client, job) → reader.
    :param open_target: (target client, job) → object.
    :param plan: (source client, target client, the map with the user's rows) → Plan; asks the target, before the first
        read, whether it knows every field. Raises UnknownField.
    :param has_field: (target client, field) → whether the target's object has it.
    :param validator: Plan → check of one payload, without any call; raises RecordRejected.
    :param target_key: payload → the target's key, case folded where the target folds it.
    :param personal_key: the target key is an e-mail address; only its keyed hash is kept.
    :param link_by_id: `mlc_link` holds the target's own id, not its key; a personal key's always does.
    :param skip: source record → (code, reason) when it is out of scope by rule. Raises RecordRejected for one that
        should go and cannot.
    :param once: what was delivered is never written again: it keeps its target key, whoever else wants that later.
    :param overlap: how far a run reads behind the watermark.
    :param divisible: a first load or a backfill can be read in ranges, each by a task of its own.
    :param aligned: an alignment sync, exempt from the reject ratio.
    :param precondition: job → why there is nothing to do yet; the run is green and leaves the watermark.
    :param finish: job → what is left to do once every record is accounted for; what it returns goes into commit's XCom
        and into the Asset event. Called again when commit is tried again.
    """

    name: str
    source: str
    target: str
    object: str
    tables: frozenset[str]
    rows: FieldMap
    open_source: Callable[[Any, Job], Source]
    open_target: Callable[[Any, Job], TargetObject]
    plan: Callable[[Any, Any, FieldMap], Plan]
    has_field: Callable[[Any, str], bool]
    validator: Callable[[Plan], Validator]
    target_key: Callable[[Mapping[str, Any]], str | None]
    personal_key: bool = False
    link_by_id: bool = False
    skip: Callable[[Record], tuple[str, str] | None] = lambda _record: None
    links: tuple[Link, ...] = ()
    once: bool = False
    overlap: timedelta = timedelta(days=1)
    divisible: bool = False
    aligned: bool = False
    precondition: Callable[[Job], str | None] = lambda _job: None
    finish: Callable[[Job], dict[str, Any]] | None = None

    @property
    def dag_id(self) -> str:
        """The DAG this sync belongs to."""
        return self.name.partition(".")[0]

    @property
    def entity(self) -> str:
        """The sync's name within its DAG; its tasks are `<entity>.extract` and so on."""
        return self.name.partition(".")[2]

    @property
    def systems(self) -> tuple[str, str]:
        """Source and target."""
        return self.source, self.target

    def is_selected(self, params: Mapping[str, Any]) -> bool:
        """Whether a run's param `syncs` includes this one, by entity or full name; by default all are."""
        wanted = params.get("syncs")
        return not wanted or self.entity in wanted or self.name in wanted
