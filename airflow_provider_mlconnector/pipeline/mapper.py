"""One chunk of source records into one chunk of payloads; what cannot be mapped is rejected with its reason."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.ledger.claims import Claim
from airflow_provider_mlconnector.ledger.rows import REVERSE, waiting_for
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.mapping.compile import LIST
from airflow_provider_mlconnector.outcomes import UNREADABLE
from airflow_provider_mlconnector.pipeline.beginning import read_plan
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.ports import Mapped, Plan
from airflow_provider_mlconnector.pipeline.progress import Progress
from airflow_provider_mlconnector.pipeline.staging import MAPPED, ChunkRef
from airflow_provider_mlconnector.syncs.base import Link

log = logging.getLogger(__name__)

READY, SKIPPED, REJECTED = "ready", "skipped", "rejected"
KEPT = "kept"
"""Of a replay: left as it is, and only counted."""
MISSING = "missing_link"


class _Page(msgspec.Struct):
    read_at: datetime
    rows: list[dict[str, Any]]


_pages = msgspec.json.Decoder(_Page, float_hook=Decimal)
_canonical = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode


def canonical(*parts: Any) -> bytes:
    """Return JSON that is the same for the same content, in whatever order it was put together."""
    return _canonical(parts)


@fewer_collections()
def map_chunk(job: Job, ref: ChunkRef) -> ChunkRef:
    """Map one staged chunk; claim its target keys; return the mapped chunk.

    :raises Unavailable: when this is not the ledger in which the run began: in another no link would be found.
    """
    job.require_run()
    mapper, staging = Mapper(job, read_plan(job)), job.staging
    path = staging.chunk_path(MAPPED, ref.index)
    first_load = not job.ledger.claims.any(job.scope)
    tally = {READY: 0, SKIPPED: 0, REJECTED: 0}
    with Progress(log, f"{job.sync.name}: mapped") as progress, staging.bundle(path) as bundle:
        for part in staging.parts(ref):
            page = _pages.decode(part)
            mapped = mapper.map(page.rows, page.read_at)
            if not job.dry_run:
                claims = [claim_of(item) for item in mapped if item.code != UNREADABLE]
                job.ledger.claims.take(job.scope, job.target, claims, first_load=first_load, once=job.sync.once)
            bundle.add(mapped)
            for item in mapped:
                tally[item.status] += 1
            progress.add(len(mapped))
    log.info("%s: chunk %d mapped: %d ready, %d skipped, %d rejected", job.sync.name, ref.index, *tally.values())
    return replace_ref(ref, str(path), bundle.digest)


def claim_of(item: Mapped) -> Claim:
    """Return a mapped record's claim on its target key; one that does not go gives up what it held."""
    return Claim(item.record_key, item.target_key if item.status == READY else None, item.changed_at, item.read_at)


def replace_ref(ref: ChunkRef, uri: str, digest: str) -> ChunkRef:
    """Return the reference of the same rows at the next stage."""
    return ChunkRef(uri, ref.rows, digest, ref.index)


class Mapper:
    """The compiled field map of a run with its checks and links."""

    def __init__(self, job: Job, plan: Plan):
        self._job, self._sync, self._plan = job, job.sync, plan
        field_map = FieldMap.from_json(plan.rows)
        self._build = field_map.function
        self._version = field_map.version
        self._validate = self._sync.validator(plan)
        linked = set(field_map.origins).difference(plan.unlinked)
        self._links = tuple(link for link in self._sync.links if link.field in linked)
        self._sources: dict[str, dict[str, str | None]] = {}
        self._fingerprint = job.ledger.pepper.fingerprint

    def map(self, records: Sequence[dict[str, Any]], read_at: datetime) -> list[Mapped]:
        """Map records that were read together."""
        mapped = [self._one(record, read_at) for record in records]
        for link in self._links:
            self._resolve(link, mapped)
        for item, record in zip(mapped, records, strict=True):
            self.complete(item, record)
        return mapped

    def _one(self, record: dict[str, Any], read_at: datetime) -> Mapped:
        changed = record.get("changed_at")
        changed_at = datetime.fromisoformat(changed) if changed else None
        item = Mapped(record["record_key"], READY, read_at, changed_at, "", None)
        if problem := record.get(UNREADABLE):
            _refuse(item, RecordRejected(problem, code=UNREADABLE))
            return item
        try:
            if skip := self._sync.skip(record) or self._plan.read_only:
                item.status, (item.code, item.reason) = SKIPPED, skip
            else:
                item.payload = self._build(record)
        except RecordRejected as error:
            _refuse(item, error)
        return item

    def complete(self, item: Mapped, record: dict[str, Any]) -> None:
        """Check a payload once its links are in it, and say what the record is by its content."""
        if item.status == READY and item.payload is not None:
            try:
                self._validate(item.payload)
                item.target_key = self._key(item.payload)
            except RecordRejected as error:
                _refuse(item, error)
        if item.status == READY:
            item.content_hash = self._hash(item.payload)
        elif not item.content_hash:
            # What could be mapped stays, for the trail: a refusal is understood by the values it was about.
            item.content_hash = self._hash(self._version, item.code, record)

    def _hash(self, *parts: Any) -> str:
        return self._fingerprint(canonical(*parts))

    def _key(self, payload: dict[str, Any]) -> str:
        key = self._sync.target_key(payload)
        if not key:
            raise RecordRejected("the field map yields no key for the target", code="missing_key")
        return self._job.ledger.pepper.hash(key) if self._sync.personal_key else key

    def _resolve(self, link: Link, mapped: Sequence[Mapped]) -> None:
        """Put the target's key where a source key stands; note what has none yet."""
        name = link.field.rpartition(LIST)[2]
        places = [
            (item, place)
            for item in mapped
            if item.payload and (item.status == READY or item.code == MISSING)
            for place in _places(item.payload, link)
            if place.get(name) is not None
        ]
        keys = {str(place[name]) for _, place in places}
        if not keys:
            return
        known = self._known(link, keys)
        missing: dict[str, list[str]] = {}
        for item, place in places:
            key = str(place[name])
            if key in known:
                place[name] = known[key]
                continue
            missing.setdefault(item.record_key, []).append(key)
            if not link.required:
                del place[name]
        for item in mapped:
            if item.record_key in missing:
                self._lacks(item, link, list(dict.fromkeys(missing[item.record_key])))

    def _known(self, link: Link, keys: set[str]) -> Mapping[str, str]:
        job = self._job
        if not link.reverse:
            return job.ledger.links(job.instance, self._sync.systems, link.entity).of(list(keys))
        if link.entity not in self._sources:
            there = self._sync.target, self._sync.source
            self._sources[link.entity] = job.ledger.links(job.mirror, there, link.entity).sources()
        sources = self._sources[link.entity]
        return {key: source for key in keys if (source := sources.get(key.casefold())) is not None}

    def _lacks(self, item: Mapped, link: Link, keys: Sequence[str]) -> None:
        reason = self._missing(link, keys)
        item.reason = f"{item.reason}; {reason}" if item.code == MISSING else reason
        entity = f"{REVERSE if link.reverse else ''}{link.entity}"
        item.waits_for, item.code = item.waits_for or waiting_for(entity, keys), MISSING
        if link.required:
            item.status = REJECTED
            item.content_hash = self._hash(self._version, item.code, item.reason)

    def _missing(self, link: Link, keys: Sequence[str]) -> str:
        what, one = f"{link.entity} {', '.join(keys)}", len(keys) == 1
        if not link.reverse:
            return f"{what} {'has' if one else 'have'} not reached the target"
        if shared := [key for key in keys if key.casefold() in self._sources[link.entity]]:
            return f"{link.entity} {', '.join(shared)}: several records are linked to it, so that none is meant alone"
        other = f"{self._sync.target}_to_{self._sync.source}.{link.entity}"
        return f"{what} {'is' if one else 'are'} not linked; {other} links what it has delivered"


def _refuse(item: Mapped, error: RecordRejected) -> None:
    item.status, item.code, item.reason, item.detail = REJECTED, error.code, error.message, error.detail


def _places(payload: dict[str, Any], link: Link) -> Sequence[dict[str, Any]]:
    """Return where the field of a link stands: in the payload, or in each entry of one of its lists."""
    within, mark, _ = link.field.partition(LIST)
    return payload.get(within) or () if mark else (payload,)
