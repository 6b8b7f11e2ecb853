"""Marketo → QAD: what Marketo knows of each account, beside QAD: a table of the ledger and a CSV file.

Nothing is written into QAD, and nothing is asked of it: the accounts are those that `qad_to_marketo` has linked.
"""

from __future__ import annotations

from datetime import timedelta

from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.syncs.base import Sync
from airflow_provider_mlconnector.syncs.late import late, value_of

ACCOUNT_CONTEXT = FieldMap(
    (
        to("account_key", "CONTEXT.account_key"),
        to("account_name", "CONTEXT.account_name"),
        to("opportunity_count", "CONTEXT.opportunity_count"),
        to("open_amount", "CONTEXT.open_amount"),
        to("currency", "CONTEXT.currency"),
        to("opportunities", "CONTEXT.opportunities"),
        to("sales_person", "CONTEXT.sales_person"),
        to("last_activity_type", "CONTEXT.last_activity_type"),
        to("last_activity_at", "CONTEXT.last_activity_at"),
        to("activity_count", "CONTEXT.activity_count"),
        to("reasons", "CONTEXT.reasons"),
        to("activity_days", "CONTEXT.activity_days"),
    )
)

SYNCS = (
    Sync(
        name="marketo_to_qad.account_context",
        source="marketo",
        target="qad",
        object="account_context",
        tables=frozenset({"CONTEXT"}),
        rows=ACCOUNT_CONTEXT,
        open_source=late("hooks.marketo.context.source:AccountSource"),
        open_target=late("ledger.account_context:open_table"),
        plan=late("hooks.marketo.context.source:plan_of"),
        has_field=late("ledger.account_columns:has_field"),
        validator=late("ledger.account_columns:validator"),
        target_key=value_of("account_key"),
        # Activities appear late, at their own date: with the whole day of the watermark two days are counted again.
        overlap=timedelta(days=1),
        precondition=late("ledger.account_context:nothing_linked"),
        finish=late("pipeline.export:export_account_context"),
    ),
)
