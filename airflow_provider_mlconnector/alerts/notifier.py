"""What the DAGs call at their end: a message for people where one is due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseNotifier

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.alerts import message
from airflow_provider_mlconnector.alerts.overdue import max_age, overdue
from airflow_provider_mlconnector.alerts.sending import is_on, send
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger.run_report import report
from airflow_provider_mlconnector.state import open_airflow_ledger
from airflow_provider_mlconnector.status import sync_status

log = logging.getLogger(__name__)


class AlertNotifier(BaseNotifier):
    """Tells of a run that has failed, or, with `ended="success"`, of one in which records were rejected.

    For any DAG with syncs in it::

        with DAG("mine", on_failure_callback=AlertNotifier(), on_success_callback=AlertNotifier(ended="success")):
            sync_group("erp_to_crm.companies")

    Whom it tells, and through which notifier, the options `[mlconnector] alert_…` say. It never fails a run.
    """

    template_fields: Sequence[str] = ()

    def __init__(self, ended: str = "failure", **kwargs: Any):
        super().__init__(**kwargs)
        self.ended = ended

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Render nothing: there are no fields, and not every DAG in a context has templates (`dag.test()`)."""

    def notify(self, context: Any) -> None:
        """Look into the ledger what has become of the run, and send a message if one is due."""
        try:
            alert = self._alert(context)
        except ConfigurationError as error:
            log.error("no alert could be made: %s", error)
            return
        except Exception as error:  # the end of a run must not depend on whether it can be told of
            log.error("the ledger could not be asked for an alert: %s", type(error).__name__)
            alert = self._without_ledger(context)
        if alert:
            send(alert, context)

    def _alert(self, context: Any) -> message.Alert | None:
        dag_id, run_id = _run_of(context)
        syncs = report(open_airflow_ledger(), dag_id, run_id)
        if self.ended == "failure":
            return message.failed(dag_id, run_id, syncs, str(context.get("reason") or ""))
        count = sum(each.new_rejects for each in syncs)
        return message.rejected(dag_id, run_id, syncs) if count >= _most_rejects() else None

    def _without_ledger(self, context: Any) -> message.Alert | None:
        reason = str(context.get("reason") or "")
        return message.failed(*_run_of(context), [], reason) if self.ended == "failure" else None


def _run_of(context: Any) -> tuple[str, str]:
    return str(context["dag"].dag_id), str(context["run_id"])


def _most_rejects() -> int:
    text = config.option("alert_rejects", "1")
    if not text.isdigit():
        raise ConfigurationError(f"[mlconnector] alert_rejects is '{text}'; give a number of records")
    return max(1, int(text))


async def deadline_missed(*, dag_id: str) -> None:
    """Tell of the syncs of a DAG that have fallen behind; Airflow calls this when a run is not done in time."""
    # In a thread: Connections, the ledger and notifiers would hold up the triggerer's loop.
    await asyncio.to_thread(_tell_of_late, dag_id)


def _tell_of_late(dag_id: str) -> None:
    late = overdue(sync_status(), dag_ids=[dag_id])
    if late:
        send(message.behind(late), {})


def of_dag(dag_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a DAG is made with, and with it what tells people of it; nothing more when nobody is to be told.

    :param given: the DAG's other arguments; its own callbacks are called as well.
    """
    if not is_on():
        return dict(given)
    callbacks = {
        "on_failure_callback": AlertNotifier(),
        "on_success_callback": AlertNotifier(ended="success"),
    }
    own = {name: [ours, *_listed(given.get(name))] for name, ours in callbacks.items()}
    return {**_deadline(dag_id), **given, **own}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] if value else []


def _has_deadlines() -> bool:
    """Whether this Airflow leaves a run without a logical date alone, as those before 3.3 do not."""
    from airflow import __version__

    return tuple(int(part) for part in __version__.split(".")[:2]) >= (3, 3)


def _deadline(dag_id: str) -> dict[str, Any]:
    """Return the alert of Airflow 3.3; nothing where there is no such thing: `status --alert` does it there."""
    try:
        age = max_age(dag_id)
    except ConfigurationError as error:  # moving records is worth more than telling of it
        log.error("no alert of late syncs: %s", error)
        return {}
    if not age or not _has_deadlines():
        return {}
    from airflow.sdk.definitions.callback import AsyncCallback
    from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

    # A scheduled run's logical date is where its interval begins, and the watermark stands until it has ended. Runs
    # without one, such as most manual runs, have no deadline.
    # Asynchronous, in the triggerer: what a worker runs for a deadline is refused all Connections by Airflow 3.3.2.
    callback = AsyncCallback(f"{__name__}.deadline_missed", kwargs={"dag_id": dag_id})
    return {"deadline": DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, interval=age, callback=callback)}
