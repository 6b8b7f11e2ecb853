"""One file per integration: its field maps and its syncs."""

from airflow_provider_mlconnector.syncs.base import Link, Sync
from airflow_provider_mlconnector.syncs.registry import all_syncs, get_sync, syncs_of

__all__ = ["Link", "Sync", "all_syncs", "get_sync", "syncs_of"]
