"""JAGGAER → JD Edwards: approved supplier invoices become vouchers, through the batch files F0411Z1 and F0911Z1.

Supplier and accounts are those that `jde_to_jaggaer` has linked: an invoice about others is rejected, and taken up by
itself once the link is there.
"""

from __future__ import annotations

from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.syncs.base import Link, Sync
from airflow_provider_mlconnector.syncs.late import journaled, late, opened

INVOICES = FieldMap(
    (
        to("AN8", "INVOICE.SUPPLIER"),
        to("VINV", "INVOICE.SUPPLIER_INVOICE"),
        to("DIVJ", "INVOICE.INVOICE_DATE", convert="date"),
        to("DGJ", "INVOICE.ACCOUNTING_DATE", "INVOICE.INVOICE_DATE", convert="first"),
        to("DDJ", "INVOICE.DUE_DATE", convert="date"),
        to("CRCD", "INVOICE.CURRENCY"),
        to("AG", "GL.TOTAL"),
        to("RMK", "INVOICE.NUMBER", convert="left:30"),
        to("LINES", "GL.LINES", convert="each"),
        to("LINES[].ANI", "GL.ACCOUNT"),
        to("LINES[].AID", "GL.ACCOUNT"),
        to("LINES[].AA", "GL.NET"),
        to("LINES[].TAX", "GL.TAX"),
        to("LINES[].EXA", "GL.DESCRIPTION", convert="left:30"),
    )
)

SYNCS = (
    Sync(
        name="jaggaer_to_jde.invoices",
        source="jaggaer",
        target="jde",
        object="vouchers",
        tables=frozenset({"INVOICE", "GL"}),
        rows=INVOICES,
        open_source=opened("hooks.jaggaer.source:invoices"),
        open_target=journaled("hooks.jde.voucher_target:vouchers"),
        plan=late("hooks.jde.voucher_plan:plan_vouchers"),
        has_field=late("hooks.jde.voucher_plan:has_voucher_field"),
        validator=late("hooks.jde.voucher_plan:validate_vouchers"),
        target_key=late("hooks.jde.voucher_plan:voucher_key"),
        skip=late("hooks.jaggaer.invoices:not_due"),
        links=(
            Link("AN8", "suppliers", required=True, reverse=True),
            Link("LINES[].AID", "gl_accounts", required=True, reverse=True),
        ),
        once=True,
    ),
)
