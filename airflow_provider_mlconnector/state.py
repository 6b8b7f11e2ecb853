"""Airflow's side of state: Variables and Connections, from tasks as from the command line and the page."""

from __future__ import annotations

import os
from typing import Any

from airflow_provider_mlconnector.absence import confirm_absent, in_task
from airflow_provider_mlconnector.ledger.connect import CONN_ID, ledger_from_connection
from airflow_provider_mlconnector.ledger.store import Ledger


class AirflowVariables:
    """A StatePort on Airflow Variables.

    In a task they go through the Execution API; the command line and the api-server have no task runner and use the
    database.
    """

    def get(self, key: str) -> str | None:
        """Return a Variable's text or None; raises Unavailable when Airflow cannot say."""
        if in_task():
            from airflow.sdk import Variable

            value: str | None = Variable.get(key, default=None)
            if value is None:
                confirm_absent(variable=key)
            return value
        from airflow.models.variable import Variable as Row

        found: str | None = Row.get(key, default_var=None)
        return found

    def set(self, key: str, value: str) -> None:
        """Set a Variable."""
        _variable().set(key, value)

    def delete(self, key: str) -> None:
        """Delete a Variable; no error when there is none."""
        _variable().delete(key)


def _variable() -> Any:
    if in_task():
        from airflow.sdk import Variable

        return Variable
    from airflow.models.variable import Variable as Row

    return Row


def find_connection(conn_id: str) -> Any:
    """Return a Connection or None when there is none of this id; raises Unavailable when Airflow cannot say."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        return BaseHook.get_connection(conn_id)
    except (AirflowNotFoundException, AirflowRuntimeError):
        confirm_absent(conn_id=conn_id)
        return None


_ledgers: dict[int, Ledger] = {}


def open_airflow_ledger() -> Ledger:
    """Open the ledger that the Connection `mlconnector_ledger` names, else the SQLite file; once per process."""
    pid = os.getpid()
    if pid not in _ledgers:
        _ledgers[pid] = ledger_from_connection(find_connection(CONN_ID))
    return _ledgers[pid]
