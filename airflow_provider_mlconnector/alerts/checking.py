"""`airflow mlconnector status --alert`: for a monitor, a cron job, or an Airflow without deadlines."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from airflow_provider_mlconnector.alerts.message import behind
from airflow_provider_mlconnector.alerts.overdue import overdue
from airflow_provider_mlconnector.alerts.sending import is_on, send
from airflow_provider_mlconnector.operators.stats import AirflowStats
from airflow_provider_mlconnector.pipeline.metrics import WATERMARK_AGE, Metrics
from airflow_provider_mlconnector.status import SyncStatus


def tell_of_late(syncs: Sequence[SyncStatus]) -> None:
    """Note each watermark's age in the metrics; where one is too old, send a message and end with exit code 1.

    :raises SystemExit: when a sync has fallen behind.
    """
    for sync in syncs:
        if sync.age_seconds is not None:
            Metrics(AirflowStats(), sync.sync).gauge(WATERMARK_AGE, sync.age_seconds)
    if not (late := overdue(syncs)):
        return
    alert = behind(late)
    sent = send(alert, {})
    note = "sent" if sent else "not sent; the log says why" if is_on() else "not sent: [mlconnector] alert_to is empty"
    sys.stderr.write(f"{alert.subject}\n{alert.paragraphs[0]}\nalert: {note}\n")
    raise SystemExit(1)
