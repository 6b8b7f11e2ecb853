"""Watermarks, resume points and the user's field maps: one port, one set of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

import msgspec

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.pipeline.staging import safe

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class StatePort(Protocol):
    """A place for small JSON texts by name; Airflow Variables in tasks, on the command line and on the page."""

    def get(self, key: str) -> str | None:
        """Return the text or None."""
        ...

    def set(self, key: str, value: str) -> None:
        """Keep the text."""
        ...

    def delete(self, key: str) -> None:
        """Forget it; no error when there is none."""
        ...


@dataclass
class MemoryState:
    """State of this process, for benchmarks and tests."""

    values: dict[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        """See StatePort."""
        return self.values.get(key)

    def set(self, key: str, value: str) -> None:
        """See StatePort."""
        self.values[key] = value

    def delete(self, key: str) -> None:
        """See StatePort."""
        self.values.pop(key, None)


@dataclass(frozen=True, slots=True)
class Watermark:
    """Up to when a sync has been carried over, between which systems."""

    watermark: Instant
    instance: str
    run_id: str
    committed_at: Instant


class SyncState:
    """The state of one sync (`<dag>.<entity>`)."""

    def __init__(self, port: StatePort, sync: str):
        self._port = port
        self._prefix = "mlconnector__" + sync.replace(".", "__")

    def watermark(self) -> Watermark | None:
        """Return the watermark, whichever instance it is about."""
        text = self._port.get(f"{self._prefix}__watermark")
        if text is None:
            return None
        try:
            return msgspec.json.decode(text, type=Watermark)
        except msgspec.MsgspecError as error:
            raise ConfigurationError(f"Variable {self._prefix}__watermark cannot be read: {error}") from None

    def move_watermark(self, instance: str, to: datetime, run_id: str) -> Watermark:
        """Move the watermark, never back within an instance, and return it."""
        old = self.watermark()
        if old and old.instance == instance and old.watermark >= to:
            return old
        new = Watermark(to, instance, run_id, datetime.now(UTC))
        self._port.set(f"{self._prefix}__watermark", msgspec.json.encode(new).decode())
        return new

    def resume(self, run_id: str, part: str = "") -> dict[str, Any] | None:
        """Return where an interrupted extract of this run, or of a part of it, goes on."""
        text = self._port.get(self._resume_key(run_id, part))
        return msgspec.json.decode(text) if text else None

    def save_resume(self, run_id: str, point: Mapping[str, Any], part: str = "") -> None:
        """Keep where to go on."""
        self._port.set(self._resume_key(run_id, part), msgspec.json.encode(point).decode())

    def drop_resume(self, run_id: str, part: str = "") -> None:
        """Forget it: the extract has ended."""
        self._port.delete(self._resume_key(run_id, part))

    def _resume_key(self, run_id: str, part: str) -> str:
        # A run id holds ":" and "+", which a Variable's key in a URL or an environment name does not like, and may
        # be as long as the whole key may be.
        return f"{self._prefix}__resume__{safe(run_id)}{part and '.'}{part}"

    def field_map(self) -> dict[str, Any]:
        """Return the user's own rows.

        :raises ConfigurationError: when the Variable is no JSON object.
        """
        key = f"{self._prefix}__field_map"
        text = self._port.get(key)
        if not text:
            return {}
        try:
            rows = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"Variable {key} is no JSON: {error}") from None
        if not isinstance(rows, dict):
            raise ConfigurationError(f"Variable {key} is no JSON object of target field to source")
        return rows
