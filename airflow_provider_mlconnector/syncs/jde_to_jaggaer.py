"""JD Edwards → JAGGAER: suppliers, then accounts and cost centres aligned, then purchase orders line by line."""

from __future__ import annotations

from typing import Any

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


def _sync(entity: str, key: str, rows: FieldMap, tables: frozenset[str], source: str, target: str, **own: Any) -> Sync:
    """Return the sync of one of JAGGAER's resources, which its Connection describes.

    :param key: the source field of the record's number.
    """
    return Sync(
        name=f"jde_to_jaggaer.{entity}",
        source="jde",
        target="jaggaer",
        object=entity,
        tables=tables,
        rows=rows,
        open_source=opened(f"hooks.jde.{source}"),
        open_target=journaled(f"hooks.jaggaer.{target}:{entity}"),
        plan=late("hooks.jaggaer.fields:plan", name=entity, key=key),
        has_field=late("hooks.jaggaer.fields:has_field", name=entity),
        validator=late("hooks.jaggaer.fields:validator", name=entity),
        target_key=late("hooks.jaggaer.fields:number_of"),
        **own,
    )


PARTY = frozenset({"F0401", "F0101", "F0116", "F0115", "F0115_FAX", "F0115_MOBILE", "F01151", "F01151_I"})
ALIGNED = {"link_by_id": True, "aligned": True}
"""What is linked is JAGGAER's own spelling of a code."""
ORDER_LINKS = (
    Link("supplier.supplierNumber", "suppliers", required=True),
    Link("lines[].account", "gl_accounts", required=True),
    Link("lines[].costCenter", "cost_centers", required=False),
)

SYNCS = (
    _sync("suppliers", "F0101.AN8", SUPPLIERS, PARTY, "source:suppliers", "target", divisible=True),
    _sync(
        "gl_accounts",
        "F0901.ACCOUNT",
        GL_ACCOUNTS,
        frozenset({"F0901"}),
        "accounts:accounts",
        "coding",
        skip=_account_out_of_scope,
        **ALIGNED,
    ),
    _sync(
        "cost_centers",
        "F0006.MCU",
        COST_CENTERS,
        frozenset({"F0006"}),
        "accounts:business_units",
        "coding",
        skip=_unit_out_of_scope,
        **ALIGNED,
    ),
    _sync(
        "purchase_orders",
        "record_key",
        PURCHASE_ORDERS,
        frozenset({"F4301", "F4311"}),
        "orders:purchase_orders",
        "target",
        divisible=True,
        link_by_id=True,
        skip=late("hooks.jde.order_rules:order_out_of_scope"),
        links=ORDER_LINKS,
    ),
)
