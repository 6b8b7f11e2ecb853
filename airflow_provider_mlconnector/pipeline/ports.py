"""What the pipeline asks of a source and of a target, and the shapes that pass between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from airflow_provider_mlconnector.outcomes import RowResult
from airflow_provider_mlconnector.pipeline.window import Window

if TYPE_CHECKING:
    from airflow_provider_mlconnector.ledger.rows import Awaiting

Record = dict[str, Any]
"""A source record: "TABLE.FIELD" → value, `record_key`, `changed_at` (aware), and `UNREADABLE` where it is."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records read together.

    :param read_at: when the reading began (UTC); anything newer in the source is not in it.
    :param cursor: JSON-able; reading goes on behind it after a crash.
    """

    rows: Sequence[Record]
    read_at: datetime
    cursor: Any


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read.

    :param also: record keys to read whether or not they changed in the window.
    :param after: the cursor of the last batch that was staged.
    :param upto: the cursor up to which to read, of a range; None is no end.
    :param alone: read `also` and nothing else. A source that cannot may yield more; it is left out by who asked.
    """

    window: Window
    columns: frozenset[str]
    also: tuple[str, ...] = ()
    after: Any = None
    upto: Any = None
    alone: bool = False


class Source(Protocol):
    """The reading side of a sync, bound to an open client."""

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield the records whose change falls into the window, each once, in a repeatable order."""
        ...


@dataclass(frozen=True, slots=True)
class Range:
    """Records behind the cursor `after`, up to and with the cursor `upto`; None leaves that side open."""

    after: Any
    upto: Any


@runtime_checkable
class Divides(Protocol):
    """A source whose records can be read in ranges, next to each other."""

    def ranges(self, request: ReadRequest, *, at_most: int, rows: int) -> list[Range]:
        """Return ranges that together hold all that is asked for, each record once; none when one read is as good.

        :param at_most: ranges at most; no more than the source lets in at once.
        :param rows: a range is worth a task from so many rows on.
        """
        ...


@dataclass(frozen=True)
class Plan:
    """How a run maps: decided by extract, before anything is read, and kept with the staged records.

    :param rows: the effective field map (FieldMap.to_json).
    :param schema: the target's own description of the object, as the target made it; None when there is none.
    :param read_only: why nothing can be written, as (code, reason); the run goes on and skips each record.
    :param not_configured: why there is nothing to do at all.
    :param unlinked: fields whose source keys are the target's own, so that no link is looked for.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    schema: dict[str, Any] | None = None
    read_only: tuple[str, str] | None = None
    not_configured: str | None = None
    unlinked: list[str] = field(default_factory=list)


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A record about to be sent.

    :param moved_from: the target's id when its target key has changed.
    :param left: the target's id of an object that was this record's and now is, or is about to be, another record's.
    :param known: it was delivered before under this target key, so the target has it unless someone took it away.
    :param target_key: as the ledger keeps it.
    """

    record_key: str
    payload: dict[str, Any]
    moved_from: str | None = None
    known: bool = False
    left: str | None = None
    target_key: str | None = None


class TargetObject(Protocol):
    """One object type of a target system, bound to an open client."""

    max_batch: int
    max_bytes: int
    concurrency: int

    def prepare(self, plan: Plan, rows: int) -> None:
        """Get ready for a chunk of at most so many records.

        Called once, while no other task writes to the object, and before the sizes above are looked at.
        """
        ...

    def group(self, ready: Ready) -> str:
        """Return which records may share a batch."""
        ...

    def batch_size(self, group: str) -> int:
        """Return how many records of a group go at once: `max_batch`, unless the target has a reason."""
        ...

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Send one batch and return its answers in the same order.

        :raises BatchRefused: when the batch was refused as a whole for its content or size.
        :raises ObjectReadOnly: when the object cannot be written at all.
        """
        ...


@dataclass(frozen=True, slots=True)
class Followed:
    """What has become of a record.

    :param state: a word of the target's, e.g. `processed`; another than before is noted in the trail.
    :param reason: the same in words, free of personal data.
    :param values: what the target has made of it, e.g. a number.
    :param ended: nothing more is to come.
    """

    record_key: str
    state: str
    reason: str
    values: dict[str, Any] = field(default_factory=dict)
    ended: bool = False


Sent = Callable[[str], Mapping[str, Any]]
"""Record key → the values that it was last sent with."""


@runtime_checkable
class Follows(Protocol):
    """A target object that works on records after it has taken them."""

    def follow(self, records: Sequence[Awaiting], sent: Sent) -> list[Followed]:
        """Return what has become of these records."""
        ...


@runtime_checkable
class Lists(Protocol):
    """A target object that can name everything it holds, as `mlc_link` does."""

    def keys(self) -> Iterator[str]:
        """Yield the key of each object once: its id where the sync links by id, else the target key."""
        ...


@runtime_checkable
class Settles(Protocol):
    """A target object that can say what became of a record that is not to be sent any more."""

    def settle(self, record_key: str, target_key: str | None, sent: Mapping[str, Any]) -> RowResult | None:
        """Return what the target has of a record whose answer was lost; None when it has nothing.

        :param sent: the values that it was sent with; empty where the trail does not have them any more.
        """
        ...


class Mapped(msgspec.Struct, array_like=True):
    """A mapped record as it is staged: a payload, or why there is none.

    `status` is `ready`, `skipped` or `rejected`; `target_key` is a keyed hash where it is personal.
    """

    record_key: str
    status: str
    read_at: datetime
    changed_at: datetime | None
    content_hash: str
    target_key: str | None
    payload: dict[str, Any] | None = None
    code: str | None = None
    reason: str | None = None
    detail: str | None = None
    waits_for: str | None = None


Validator = Callable[[Mapping[str, Any]], None]
