"""What a dry run would do, from where it is staged: the first records for the page, all of them for a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from airflow_provider_mlconnector.exceptions import MLConnectorError
from airflow_provider_mlconnector.ledger import Scope

SHOWN = 50
COLUMNS = ("record_key", "outcome", "field", "old", "new", "reason_code", "reason")


@dataclass(frozen=True)
class Preview:
    """The first records of a dry run, or why they cannot be shown here."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    more: bool = False
    problem: str | None = None


def preview(run: dict[str, Any]) -> Preview:
    """Return the beginning of what a run would do; of one that was no dry run nothing."""
    if run["status"] != "dry_run":
        return Preview()
    try:
        found = list(_rows(run, limit=SHOWN + 1))
    except MLConnectorError as error:
        return Preview(problem=error.message)
    return Preview(found[:SHOWN], more=len(found) > SHOWN)


def lines(run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return all of what a dry run would do, a row per changed field.

    :raises ConfigurationError: when it is not staged any more, or not where this server can read it.
    """
    from airflow_provider_mlconnector.pipeline import rehearsal

    return ({**dict.fromkeys(COLUMNS), **row} for row in rehearsal.by_field(_rows(run)))


def _rows(run: dict[str, Any], limit: int | None = None) -> Iterator[dict[str, Any]]:
    # Imported here: whatever goes wrong in it breaks this view, and not the whole api-server.
    from airflow_provider_mlconnector.crypto import default_keyring
    from airflow_provider_mlconnector.pipeline import rehearsal
    from airflow_provider_mlconnector.pipeline.staging import root_path, staging_url

    place = SimpleNamespace(root=root_path(staging_url()), keyring=default_keyring())
    return rehearsal.rows(place, Scope(run["instance"], run["sync"]), run["run_id"], limit=limit)
