"""Who is measured beside this package, and what each can do.

Whoever has a file of requirements here runs in an environment of its own; the versions are in that file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Peer:
    """A program that brings the customers to the companies.

    :param module: under `benchmarks`.
    :param framework: something that others have made for this kind of job.
    :param at_once: makes several calls at once.
    :param limiter: keeps to a quota of calls.
    :param outcomes: knows what became of each record.
    :param options: what its `run` is given besides.
    """

    title: str
    module: str
    framework: bool = False
    at_once: bool = True
    limiter: bool = False
    outcomes: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> str:
        """What its file of requirements is named after, if it has one."""
        return self.module.rpartition(".")[2]


PEERS = {
    "ours": Peer("ours, the engine in one process", "ours", limiter=True),
    "tasks": Peer("ours, as tasks of an Airflow DAG", "tasks", limiter=True),
    "asynchronous": Peer("aiohttp + msgspec, written by hand", "asynchronous", limiter=True),
    "plain": Peer("requests + pydantic, a loop", "plain", at_once=False),
    "dlt": Peer("dlt", "peers.dlt", framework=True),
    "airbyte": Peer("airbyte-cdk", "peers.airbyte", framework=True, at_once=False),
    "drt": Peer(
        "drt, mapped in its template", "peers.drt", framework=True, at_once=False, limiter=True, outcomes=False
    ),
    "drt_python": Peer(
        "drt, mapped in Python",
        "peers.drt",
        framework=True,
        at_once=False,
        limiter=True,
        outcomes=False,
        options={"in_python": True},
    ),
}
BY_HAND = ("ours", "asynchronous", "plain")
"""Those that need nothing but this package's own environment, and no Airflow."""
FRAMEWORKS = tuple(name for name, peer in PEERS.items() if peer.framework)
