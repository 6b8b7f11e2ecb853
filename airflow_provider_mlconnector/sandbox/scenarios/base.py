"""What a scenario is: runs of one DAG, each with what the sandbox expects of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..core.server import SandboxServer

Counts = dict[str, int]
"""`read`, `created`, `updated`, `unchanged`, `skipped`, `rejected` of one sync."""


@dataclass(frozen=True)
class Step:
    """One run.

    :param before: changes the vendors as their own users would, and returns what each sync must count.
    :param after: returns what is wrong with the vendors' state and with the calls they saw; nothing when all is well.
    """

    name: str
    before: Callable[[SandboxServer], dict[str, Counts]]
    after: Callable[[SandboxServer], list[str]]


@dataclass(frozen=True)
class Scenario:
    """The runs of one DAG, in order.

    :param follows: the DAG whose links this one works with, which has to have run.
    """

    dag_id: str
    steps: tuple[Step, ...]
    follows: str | None = None


def counts(**given: int) -> Counts:
    """Return the account of a sync; `read` is the sum of the rest."""
    outcomes = {name: given.get(name, 0) for name in ("created", "updated", "unchanged", "skipped", "rejected")}
    return {"read": sum(outcomes.values()), **outcomes}
