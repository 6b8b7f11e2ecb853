"""The options of `[mlconnector]` as Airflow documents and reads them (`airflow config list --section mlconnector`)."""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector import stubs

SINCE = "0.1.0"


def option(
    description: str, *, kind: str = "string", default: str = "", example: str | None = None, sensitive: bool = False
) -> dict[str, Any]:
    """Return one option in the form of `airflow/provider_info.schema.json`."""
    found: dict[str, Any] = {
        "description": description,
        "version_added": SINCE,
        "type": kind,
        "example": example,
        "default": default,
    }
    # Airflow then also reads it from `…__<NAME>_CMD` and `…__<NAME>_SECRET`.
    return found | {"sensitive": True} if sensitive else found


def schedule(dag_id: str) -> dict[str, Any]:
    """Return the option that moves one DAG's schedule."""
    return option(
        f"Cron expression (UTC) of the DAG {dag_id}; 'none' leaves only manual runs and backfills. "
        "Empty: what the DAG file says, daily.",
        example="*/15 * * * *",
    )


def age(dag_id: str) -> dict[str, Any]:
    """Return the option that says how old one DAG's watermarks may be."""
    return option(f"The same for the syncs of {dag_id}; 0: as old as they like.", kind="float", example="50")


OPTIONS: dict[str, dict[str, Any]] = {
    "staging_path": option(
        "Where records wait between tasks: a URL that Airflow's ObjectStoragePath understands. "
        "Empty: a folder under $AIRFLOW_HOME. Several workers need one that all of them reach.",
        example="s3://aws_default@bucket/mlconnector",
    ),
    "staging_retention": option(
        "Days for which the staged records of a finished run are kept.", kind="float", default="7", example="1"
    ),
    "shared_filesystem": option(
        "Set to True when the local staging folder is one that all workers share (NFS, a volume); "
        "otherwise a local folder under an executor with several hosts is refused.",
        kind="boolean",
        default="False",
    ),
    "encryption_key": option(
        "Key for staged records and the ledger's details; several, separated by commas, to rotate: the first encrypts, "
        "all decrypt. Empty: derived from Airflow's Fernet key.",
        sensitive=True,
    ),
    "export_path": option(
        "Where syncs that deliver files put them. Empty: a folder under $AIRFLOW_HOME.",
        example="/srv/exports",
    ),
    "extract_ranges": option(
        "In how many ranges of keys a first load, a full_refresh or a backfill is read next to each other, each by a "
        "task of its own; never more than the source Connection's max_concurrency, which they share. 1: by one task.",
        kind="integer",
        default="1",
    ),
    "extract_range_rows": option(
        "How many rows a range must have to be worth a task.",
        kind="integer",
        default="20000",
    ),
    "settle_seconds": option(
        "How long a target may go on with a call whose answer was lost: a document that must not be made twice is not "
        "sent again before this time is over and the target has been asked for it.",
        kind="float",
        default="60",
    ),
    "max_reject_ratio": option(
        "Share of rejected among the records that had to go, above which a run fails (from 20 rejects on).",
        kind="float",
        default="0.2",
    ),
    "alert_to": option(
        "Who is told when a run fails or rejects records: e-mail addresses, separated by commas. Empty: nobody, unless "
        "alert_notifier names a notifier that needs none.",
        example="erp-team@acme.com",
    ),
    "alert_notifier": option(
        "The notifier's class, one of Airflow's or your own. Empty: SMTP, of apache-airflow-providers-smtp.",
        example="airflow.providers.slack.notifications.slack_webhook.SlackWebhookNotifier",
    ),
    "alert_kwargs": option(
        "What the notifier is made with, as a JSON object. In its texts {subject}, {text} and {html} stand for the "
        "message; parameters of usual names (subject, text, message, html_content, …) have it without being named.",
        example='{"slack_webhook_conn_id": "slack_default"}',
        sensitive=True,
    ),
    "alert_rejects": option(
        "How many records a green run must have rejected for the first time to be told of.", kind="integer", default="1"
    ),
    "max_age_hours": option(
        "How old a watermark may be before somebody is told that the sync has fallen behind. Empty: as old as it "
        "likes.",
        kind="float",
        example="26",
    ),
    **{f"max_age_hours_{dag_id}": age(dag_id) for dag_id in stubs.scheduled()},
    **{f"schedule_{dag_id}": schedule(dag_id) for dag_id in stubs.scheduled()},
}
