"""Interim results of a run beside its staged records, in parts: what a later try takes over instead of asking again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from airflow_provider_mlconnector.pipeline.bundle import chain
from airflow_provider_mlconnector.pipeline.staging import ChunkRef, Staging

Item = TypeVar("Item")


class Parts:
    """A row of parts under one name; `point` says how far it goes and fits into a cursor."""

    def __init__(self, staging: Staging, name: str, point: Mapping[str, Any] | None = None):
        self._staging, self._path = staging, staging.chunk_path(name, 0)
        self._count: int = point["parts"] if point else 0
        self._digest: str = point["digest"] if point else ""

    @property
    def point(self) -> dict[str, Any]:
        """Where it ends now."""
        return {"parts": self._count, "digest": self._digest}

    def add(self, items: Any) -> None:
        """Add a part."""
        blob = self._staging.write_part(self._path, self._count, items)
        self._digest = chain(self._digest, blob)
        self._count += 1

    def read(self, kind: type[Item]) -> Iterator[Item]:
        """Yield the parts, decoded.

        :raises UnexpectedAnswer: when they are not what was written.
        """
        # What was written behind the point belongs to a try that died before it could say so.
        self._staging.drop_parts(self._path, self._count)
        ref = ChunkRef(str(self._path), 0, self._digest, 0)
        return (msgspec.json.decode(part, type=kind) for part in self._staging.parts(ref))
