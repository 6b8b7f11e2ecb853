"""Promises of absence.py: an outage of Airflow's database is no absent Connection, and no absent Variable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import DRCount, ErrorResponse, GetDRCount

from airflow_provider_mlconnector import state
from airflow_provider_mlconnector.exceptions import ConfigurationError, Unavailable
from airflow_provider_mlconnector.hooks.jde.hook import JdeHook
from airflow_provider_mlconnector.state import AirflowVariables, find_connection

Answer = Callable[..., None]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Be a task whose supervisor finds nothing: it says so, while Airflow's database is there or `away`."""

    def answer(kind: ErrorType, *, raised: bool, away: bool = False) -> None:
        class Supervisor:
            def send(self, request: Any) -> ErrorResponse | DRCount:
                if not isinstance(request, GetDRCount):
                    return self.fails(kind)
                return self.fails(ErrorType.API_SERVER_ERROR) if away else DRCount(count=0)

            def fails(self, kind: ErrorType) -> ErrorResponse:
                # Over the supervisor's socket some are raised, others returned.
                if raised:
                    raise AirflowRuntimeError(ErrorResponse(error=kind))
                return ErrorResponse(error=kind)

        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(), raising=False)

    return answer


@pytest.mark.parametrize("raised", [True, False])
@pytest.mark.parametrize("kind", [ErrorType.API_SERVER_ERROR, ErrorType.CONNECTION_NOT_FOUND])
def test_while_airflow_is_away_nothing_is_taken_for_absent(
    answer: Answer, kind: ErrorType, raised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watermark, vendor's Connection, ledger: tried again, not begun without, also where Airflow says "not found"."""
    answer(kind, raised=raised, away=True)
    monkeypatch.setattr(state, "_ledgers", {})
    with pytest.raises(Unavailable, match="mlconnector__x__watermark"):
        AirflowVariables().get("mlconnector__x__watermark")
    with pytest.raises(Unavailable, match="jde_default"):
        _ = JdeHook("GET").connection
    with pytest.raises(Unavailable, match="mlconnector_ledger"):
        state.open_airflow_ledger()


def test_what_is_absent_is_absent(answer: Answer) -> None:
    """What Airflow knows not to be there is None, or named to be made; nobody waits for it."""
    answer(ErrorType.VARIABLE_NOT_FOUND, raised=True)
    assert AirflowVariables().get("mlconnector__x__watermark") is None
    answer(ErrorType.CONNECTION_NOT_FOUND, raised=False)
    assert find_connection("mlconnector_ledger") is None
    with pytest.raises(ConfigurationError, match="there is no Connection 'jde_default'"):
        _ = JdeHook("GET").connection
