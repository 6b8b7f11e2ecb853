"""JD Edwards → JAGGAER: suppliers, then accounts and cost centres aligned, then purchase orders line by line."""

from __future__ import annotations

from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.pipeline.ports import Record
from airflow_provider_mlconnector.syncs.base import Link, Sync
from airflow_provider_mlconnector.syncs.late import journaled, late, opened

# The rows of the records' own numbers are optional: they go where the Connection says that JAGGAER keeps them.
SUPPLIERS = FieldMap(
    (
        to("extCode", "F0101.AN8", convert="text", optional=True),
        to("companyName", "F0101.ALPH"),
        to("address", "F0116.ADD1", "F0116.ADD2", "F0116.ADD3", "F0116.ADD4", convert="join_comma"),
        to("city", "F0116.CTY1"),
        to("province", "F0116.ADDS", "F0116.COUN", convert="first"),
        to("zip", "F0116.ADDZ"),
        to("isoCountry", "F0116.CTR"),
        to("bizPhone", "F0115.AR1", "F0115.PH1"),
        to("bizFax", "F0115_FAX.AR1", "F0115_FAX.PH1"),
        # As it is: a typing error there must not hold back the supplier's orders.
        to("bizEmail", "F01151.EMAL"),
        to("webSite", "F01151_I.EMAL", convert="url"),
        to("fiscalCode", "F0101.TAX"),
        to("currency", "F0401.CRRP"),
    )
)

GL_ACCOUNTS = FieldMap(
    (to("code", "F0901.ACCOUNT", convert="text", optional=True), to("description", "F0901.DL01")),
)

COST_CENTERS = FieldMap(
    (to("code", "F0006.MCU", convert="text", optional=True), to("description", "F0006.DL01")),
)

PURCHASE_ORDERS = FieldMap(
    (
        to("poNumber", "record_key", convert="text", optional=True),
        to("orderType", "F4301.DCTO"),
        to("status", "F4301.STATUS"),
        to("orderDate", "F4301.TRDJ"),
        to("requestedDate", "F4301.DRQJ"),
        to("supplier.supplierNumber", "F4301.AN8", convert="text"),
        to("currency", "F4301.CRCD"),
        to("terms.standardPaymentTermsCode", "F4301.PTC"),
        to("buyer", "F4301.ORBY"),
        to("total.currency", "F4301.CRCD"),
        to("total.value", "F4301.TOTAL"),
        to("lines", "F4311.LINES", convert="each"),
        to("lines[].lineNumber", "F4311.LNID", convert="text"),
        to("lines[].status", "F4311.STATUS"),
        to("lines[].item.itemNumber", "F4311.LITM"),
        to("lines[].item.description", "F4311.DSC1", "F4311.DSC2"),
        to("lines[].item.unitOfMeasure", "F4311.UOM"),
        to("lines[].quantity", "F4311.UORG"),
        to("lines[].openQuantity", "F4311.UOPN"),
        to("lines[].unitPrice.currency", "F4301.CRCD"),
        to("lines[].unitPrice.money", "F4311.PRICE"),
        to("lines[].extendedPrice.currency", "F4301.CRCD"),
        to("lines[].extendedPrice.money", "F4311.AMOUNT"),
        to("lines[].requestedDate", "F4311.PDDJ"),
        to("lines[].account", "F4311.ACCOUNT"),
        to("lines[].costCenter", "F4311.COST_CENTER"),
    )
)


def _account_out_of_scope(record: Record) -> tuple[str, str] | None:
    closed = record.get("F0901.POSTING") is False
    return ("non_posting", "JD Edwards takes no entries for this account (F0901.PEC)") if closed else None


def _unit_out_of_scope(record: Record) -> tuple[str, str] | None:
    closed = record.get("F0006.POSTING") is False
    return ("non_posting", "JD Edwards takes no entries for this business unit (F0006.PECC)") if closed else None


SYNCS = (
    Sync(
        name="jde_to_jaggaer.suppliers",
        source="jde",
        target="jaggaer",
        object="suppliers",
        tables=frozenset({"F0401", "F0101", "F0116", "F0115", "F0115_FAX", "F0115_MOBILE", "F01151", "F01151_I"}),
        rows=SUPPLIERS,
        open_source=opened("hooks.jde.source:suppliers"),
        open_target=journaled("hooks.jaggaer.target:suppliers"),
        plan=late("hooks.jaggaer.fields:plan", name="suppliers", key="F0101.AN8"),
        has_field=late("hooks.jaggaer.fields:has_field", name="suppliers"),
        validator=late("hooks.jaggaer.fields:validator", name="suppliers"),
        target_key=late("hooks.jaggaer.fields:number_of"),
    ),
    Sync(
        name="jde_to_jaggaer.gl_accounts",
        source="jde",
        target="jaggaer",
        object="gl_accounts",
        tables=frozenset({"F0901"}),
        rows=GL_ACCOUNTS,
        open_source=opened("hooks.jde.accounts:accounts"),
        open_target=journaled("hooks.jaggaer.coding:gl_accounts"),
        plan=late("hooks.jaggaer.fields:plan", name="gl_accounts", key="F0901.ACCOUNT"),
        has_field=late("hooks.jaggaer.fields:has_field", name="gl_accounts"),
        validator=late("hooks.jaggaer.fields:validator", name="gl_accounts"),
        target_key=late("hooks.jaggaer.fields:number_of"),
        link_by_id=True,
        skip=_account_out_of_scope,
        aligned=True,
    ),
    Sync(
        name="jde_to_jaggaer.cost_centers",
        source="jde",
        target="jaggaer",
        object="cost_centers",
        tables=frozenset({"F0006"}),
        rows=COST_CENTERS,
        open_source=opened("hooks.jde.accounts:business_units"),
        open_target=journaled("hooks.jaggaer.coding:cost_centers"),
        plan=late("hooks.jaggaer.fields:plan", name="cost_centers", key="F0006.MCU"),
        has_field=late("hooks.jaggaer.fields:has_field", name="cost_centers"),
        validator=late("hooks.jaggaer.fields:validator", name="cost_centers"),
        target_key=late("hooks.jaggaer.fields:number_of"),
        link_by_id=True,
        skip=_unit_out_of_scope,
        aligned=True,
    ),
    Sync(
        name="jde_to_jaggaer.purchase_orders",
        source="jde",
        target="jaggaer",
        object="purchase_orders",
        tables=frozenset({"F4301", "F4311"}),
        rows=PURCHASE_ORDERS,
        open_source=opened("hooks.jde.orders:purchase_orders"),
        open_target=journaled("hooks.jaggaer.target:purchase_orders"),
        plan=late("hooks.jaggaer.fields:plan", name="purchase_orders", key="record_key"),
        has_field=late("hooks.jaggaer.fields:has_field", name="purchase_orders"),
        validator=late("hooks.jaggaer.fields:validator", name="purchase_orders"),
        target_key=late("hooks.jaggaer.fields:number_of"),
        link_by_id=True,
        skip=late("hooks.jde.order_rules:order_out_of_scope"),
        links=(
            Link("supplier.supplierNumber", "suppliers", required=True),
            Link("lines[].account", "gl_accounts", required=True),
            Link("lines[].costCenter", "cost_centers", required=False),
        ),
    ),
)
