"""The commands of `airflow mlconnector` that open the two systems of a sync, or look at what a run has staged."""

# ruff: noqa: T201 - a command prints

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import asdict
from types import SimpleNamespace

from airflow_provider_mlconnector.commands import reported, show
from airflow_provider_mlconnector.crypto import default_keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.jobs import manual_run, opened
from airflow_provider_mlconnector.ledger import Scope
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline import rehearsal
from airflow_provider_mlconnector.pipeline.job import Replay
from airflow_provider_mlconnector.pipeline.reconcile import Reconciliation
from airflow_provider_mlconnector.pipeline.replay import DAG_ID
from airflow_provider_mlconnector.pipeline.replay import replay as replay_records
from airflow_provider_mlconnector.pipeline.staging import root_path, staging_url
from airflow_provider_mlconnector.state import open_airflow_ledger
from airflow_provider_mlconnector.syncs import get_sync

COUNTS = ("sync", "run_id", "read", "created", "updated", "unchanged", "skipped", "rejected", "gone")
REASONS = ("reason_code", "reason", "records", "example")
FINDINGS = ("finding", "side", "record_key", "target_key", "status", "reason")
TOTALS = ("source", "delivered", "target", "missing", "extra", "different", "foreign")
PREVIEW = ("record_key", "outcome", "field", "old", "new", "reason_code", "reason")


@reported
def replay(args: Namespace) -> None:
    """Try records again, here and now, and print the account and what is rejected still."""
    wanted = Replay(
        keys=(args.key,) if args.key else (),
        run_id=args.run,
        outcome=args.outcome or Outcome.REJECTED,
        reason=args.reason,
        from_trail=args.origin == "trail",
    )
    run = manual_run(DAG_ID, "replay")
    conn_ids = {"source_conn_id": args.source_conn_id, "target_conn_id": args.target_conn_id}
    with opened(get_sync(args.sync), run, replay=wanted, **conn_ids) as open_:
        job = open_.job
        counts = replay_records(job, open_.source, open_.target)
        show([{"run_id": run.run_id, **counts}], COUNTS, args.format)
        rejects = job.ledger.reading.rejects_by_reason(job.scope, run.run_id)
    if rejects and args.format == "table":
        show([dict(zip(REASONS, row, strict=True)) for row in rejects], REASONS, args.format)


@reported
def preview(args: Namespace) -> None:
    """Print what a dry run would do, values decrypted: a row per field, as JSON an object per record."""
    sync = get_sync(args.sync)
    found = open_airflow_ledger().attempts.rehearsal(sync.name, args.run)
    if found is None:
        which = f"no dry run '{args.run}'" if args.run else "no dry run"
        raise ConfigurationError(
            f"{sync.name} has had {which} yet; trigger {sync.dag_id} with dry_run, and name its run"
        )
    instance, run_id = found
    place = SimpleNamespace(root=root_path(staging_url()), keyring=default_keyring())
    planned = rehearsal.rows(place, Scope(instance, sync.name), run_id)
    if args.format == "json":
        show(planned, ("record_key", "outcome", "reason_code", "reason", "changes"), args.format)
    else:
        show(rehearsal.by_field(planned), PREVIEW, args.format)


@reported
def reconcile(args: Namespace) -> None:
    """Compare source, ledger and target, and print what does not agree; the totals go to stderr."""
    run = manual_run(get_sync(args.sync).dag_id, "reconcile")
    conn_ids = {"source_conn_id": args.source_conn_id, "target_conn_id": args.target_conn_id}
    with opened(get_sync(args.sync), run, **conn_ids) as open_:
        compared = Reconciliation(open_.job, open_.source, open_.target)
        show((asdict(finding) for finding in compared.findings()), FINDINGS, args.format)
    print("; ".join(f"{name} {compared.counts[name]}" for name in TOTALS), file=sys.stderr)
    if compared.not_compared:
        print(f"the target was not compared: {compared.not_compared}", file=sys.stderr)
