"""Whether what Airflow does not find is absent, or its database is away.

Inside a task Airflow says "not found" for both. Its secrets backends take a failure of the Execution API for an absent
Connection or Variable (`ExecutionAPISecretsBackend`, `airflow/sdk/execution_time/secrets/execution_api.py`, 1.3.2), and
the api-server takes a failure of its database for one (`airflow/models/connection.py`, `variable.py`, 3.3.2). Believed,
an outage of seconds would end a run for good, or begin it without its watermark and the user's field map.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector import stubs
from airflow_provider_mlconnector.exceptions import Unavailable


def in_task() -> bool:
    """Whether this process runs a task, which reaches Airflow's database through the Execution API alone."""
    return _channel() is not None


def confirm_absent(*, conn_id: str | None = None, variable: str | None = None) -> None:
    """Ask Airflow once more for a Connection or a Variable that was not found; outside of tasks nothing is asked.

    :raises Unavailable: when it cannot say that there is none; Airflow tries the task again.
    """
    channel = _channel()
    if channel is None:
        return
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import GetConnection, GetDRCount, GetVariable

    request = GetConnection(conn_id=conn_id) if conn_id else GetVariable(key=variable or "")
    # A count has no fallback: it fails while the database is away. Before and after, so that the answer between counts.
    count = GetDRCount(dag_id=stubs.REPLAY)
    before, found, after = (_error(channel, each) for each in (count, request, count))
    if before or after or found not in (ErrorType.CONNECTION_NOT_FOUND, ErrorType.VARIABLE_NOT_FOUND):
        what = f"Connection '{conn_id}'" if conn_id else f"Variable {variable}"
        raise Unavailable(f"Airflow did not say whether there is a {what}: its api-server or its database is away")


def _channel() -> Any:
    try:
        from airflow.sdk.execution_time import task_runner
    except ImportError:
        return None
    return getattr(task_runner, "SUPERVISOR_COMMS", None)


def _error(channel: Any, request: Any) -> Any:
    """Return the kind of error that a request is answered with, however it comes; None for a good answer."""
    from airflow.sdk.exceptions import AirflowRuntimeError

    try:
        answer = channel.send(request)
    except AirflowRuntimeError as error:
        answer = error.error
    return getattr(answer, "error", None)
