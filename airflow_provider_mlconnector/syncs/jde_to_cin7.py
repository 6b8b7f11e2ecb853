"""JD Edwards → Cin7 Core: suppliers, the pairs of GL accounts, purchase orders with their lines."""

from __future__ import annotations

from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.pipeline.ports import Record
from airflow_provider_mlconnector.syncs.base import Link, Sync
from airflow_provider_mlconnector.syncs.late import journaled, late, opened, value_of

KEY = "SourceKey"
BILLING = "Addresses.Billing."

SUPPLIERS = FieldMap(
    (
        to(KEY, "record_key"),
        to("Name", "F0101.ALPH"),
        to("Currency", "F0401.CRRP"),
        to("SourceTerms", "F0401.TRAP"),
        to("SourceTax", "F0401.TXA2"),
        to("TaxNumber", "F0101.TAX"),
        to(f"{BILLING}Line1", "F0116.ADD1"),
        to(f"{BILLING}Line2", "F0116.ADD2", "F0116.ADD3", "F0116.ADD4", convert="join_comma"),
        to(f"{BILLING}City", "F0116.CTY1"),
        to(f"{BILLING}State", "F0116.ADDS"),
        to(f"{BILLING}Postcode", "F0116.ADDZ"),
        to(f"{BILLING}Country", "F0116.CTR"),
        to("Contacts.Phone", "F0115.AR1", "F0115.PH1"),
        to("Contacts.MobilePhone", "F0115_MOBILE.AR1", "F0115_MOBILE.PH1"),
        to("Contacts.Fax", "F0115_FAX.AR1", "F0115_FAX.PH1"),
        to("Contacts.Email", "F01151.EMAL"),
        to("Contacts.Website", "F01151_I.EMAL", convert="url"),
        to("AdditionalAttribute1", "record_key"),
        to("AdditionalAttribute2", "F0101.SIC"),
        to("AdditionalAttribute3", "F0101.MCU"),
        to("AdditionalAttribute4", "F0401.TRAP"),
        to("AdditionalAttribute5", "F0101.AC01"),
        to("AdditionalAttribute6", "F0101.AC02"),
        to("AdditionalAttribute7", "F0101.AC03"),
        to("AdditionalAttribute8", "F0101.AC04"),
        to("AdditionalAttribute9", "F0101.AC05"),
    )
)

ACCOUNTS = FieldMap(
    (
        to(KEY, "record_key"),
        to("Account", "F0901.ACCOUNT"),
        to("Posting", "F0901.POSTING"),
        to("Name", "F0901.DL01"),
    )
)
"""What an account is (`Type`) stands in no column of F0901: the Connection's `account_types` say so of new ones."""

PURCHASES = FieldMap(
    (
        to(KEY, "record_key"),
        to("SupplierID", "F4301.AN8", convert="text"),
        to("SourceSupplier", "F4301.AN8", convert="text"),
        to("Currency", "F4301.CRCD"),
        to("SourceTerms", "F4301.PTC"),
        to("SourceTax", "F4301.TXA1"),
        to("RequiredBy", "F4301.DRQJ", convert="date"),
        to("AdditionalAttribute1", "record_key"),
        to("AdditionalAttribute2", "F4301.MCU"),
        to("Lines", "F4311.LINES", convert="each"),
        to("Lines[].SKU", "F4311.LITM"),
        to("Lines[].Quantity", "F4311.UORG", convert="decimal"),
        to("Lines[].Price", "F4311.PRICE", convert="decimal"),
        to("Lines[].SourceAmount", "F4311.AMOUNT", convert="decimal"),
        to("Lines[].Comment", "F4311.DSC1", "F4311.DSC2"),
        to("Lines[].Account", "F4311.ACCOUNT"),
        to("Lines[].SourceAccount", "F4311.ANI", "F4311.ACCOUNT", convert="first"),
        to("Lines[].SourceStatus", "F4311.STATUS"),
    )
)

SUPPLIER_TABLES = frozenset(
    {"F0401", "F0101", "F0116", "F0115", "F0115_FAX", "F0115_MOBILE", "F01151", "F01151_I"}
)  # fmt: skip


def _out_of_scope(record: Record) -> tuple[str, str] | None:
    found: tuple[str, str] | None = late("hooks.jde.order_rules:order_out_of_scope")(record)
    return found


SYNCS = (
    Sync(
        name="jde_to_cin7.suppliers",
        source="jde",
        target="cin7",
        object="suppliers",
        tables=SUPPLIER_TABLES,
        rows=SUPPLIERS,
        open_source=opened("hooks.jde.source:suppliers"),
        divisible=True,
        open_target=journaled("hooks.cin7.suppliers:Suppliers"),
        plan=late("hooks.cin7.target:plan_suppliers"),
        has_field=late("hooks.cin7.target:has_supplier_field"),
        validator=late("hooks.cin7.target:validate_suppliers"),
        target_key=value_of(KEY),
        link_by_id=True,
    ),
    Sync(
        name="jde_to_cin7.gl_accounts",
        source="jde",
        target="cin7",
        object="accounts",
        tables=frozenset({"F0901"}),
        rows=ACCOUNTS,
        open_source=opened("hooks.jde.accounts:accounts"),
        open_target=opened("hooks.cin7.accounts:Accounts"),
        plan=late("hooks.cin7.target:plan_accounts"),
        has_field=late("hooks.cin7.target:has_account_field"),
        validator=late("hooks.cin7.target:validate_nothing"),
        target_key=value_of(KEY),
        link_by_id=True,
        aligned=True,
    ),
    Sync(
        name="jde_to_cin7.purchases",
        source="jde",
        target="cin7",
        object="purchases",
        tables=frozenset({"F4301", "F4311"}),
        rows=PURCHASES,
        open_source=opened("hooks.jde.orders:purchase_orders"),
        divisible=True,
        open_target=journaled("hooks.cin7.purchases:Purchases"),
        plan=late("hooks.cin7.target:plan_purchases"),
        has_field=late("hooks.cin7.target:has_purchase_field"),
        validator=late("hooks.cin7.target:validate_nothing"),
        target_key=value_of(KEY),
        link_by_id=True,
        skip=_out_of_scope,
        # Not required here: an order without them is refused in Cin7's own check, with every other reason beside.
        links=(
            Link(field="SupplierID", entity="suppliers", required=False),
            Link(field="Lines[].Account", entity="gl_accounts", required=False),
        ),
    ),
)
