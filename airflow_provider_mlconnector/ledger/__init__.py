"""The audit database: what was read, what each value was mapped to, what the other system said."""

from airflow_provider_mlconnector.ledger.connect import open_ledger
from airflow_provider_mlconnector.ledger.rows import Delivery, RecordState, Scope
from airflow_provider_mlconnector.ledger.store import Ledger

__all__ = ["Delivery", "Ledger", "RecordState", "Scope", "open_ledger"]
