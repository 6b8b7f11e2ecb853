"""The list of integrations. A pair is one module here and one DAG stub."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.syncs.base import Sync

PAIRS = (
    "jde_to_marketo",
    "jde_to_mailchimp",
    "qad_to_marketo",
    "marketo_to_qad",
    "jde_to_jaggaer",
    "jaggaer_to_jde",
    "jde_to_cin7",
)
"""Modules of this package, each with `SYNCS` in the order in which they must run."""


@cache
def all_syncs() -> dict[str, Sync]:
    """Return every sync by name, in order."""
    modules = (import_module(f"{__package__}.{pair}") for pair in PAIRS)
    return {sync.name: sync for module in modules for sync in module.SYNCS}


def syncs_of(dag_id: str) -> list[Sync]:
    """Return a DAG's syncs in the order in which they must run."""
    return [sync for sync in all_syncs().values() if sync.dag_id == dag_id]


def get_sync(name: str) -> Sync:
    """Return a sync by its full name.

    :raises ConfigurationError: naming the nearest.
    """
    syncs = all_syncs()
    if name not in syncs:
        near = difflib.get_close_matches(name, syncs, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(syncs)}"
        raise ConfigurationError(f"no sync '{name}'; {hint}")
    return syncs[name]
