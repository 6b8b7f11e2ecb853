"""JD Edwards → Mailchimp: customers and vendors as members of an audience, customers as customers of a store."""

from __future__ import annotations

from airflow_provider_mlconnector.mapping import FieldMap, constant, to
from airflow_provider_mlconnector.pipeline.ports import Record
from airflow_provider_mlconnector.syncs.base import Sync
from airflow_provider_mlconnector.syncs.late import folded, late, opened, value_of

ADDRESS = "merge_fields.ADDRESS."
MERGE_FIELDS = {
    "FNAME": ("First Name", "text"),
    "LNAME": ("Last Name", "text"),
    "ADDRESS": ("Address", "address"),
    "PHONE": ("Phone Number", "phone"),
    "COMPANY": ("Company", "text"),
    "CUSTTYPE": ("Customer type", "text"),
    "REGION": ("Region", "text"),
    "COUNTRY": ("Country", "text"),
    "WEBSITE": ("Website", "url"),
    "JOBTITLE": ("Job title", "text"),
    "SIC": ("Industry (SIC)", "text"),
    "CATEGORY1": ("Category code 1", "text"),
    "CATEGORY2": ("Category code 2", "text"),
    "CATEGORY3": ("Category code 3", "text"),
    "CATEGORY4": ("Category code 4", "text"),
    "CATEGORY5": ("Category code 5", "text"),
    "CREDITLIM": ("Credit limit", "number"),
    "PAYTERMS": ("Payment terms", "text"),
    "CURRENCY": ("Currency", "text"),
    "TAXID": ("Tax id", "text"),
    "BUSUNIT": ("Business unit", "text"),
    "ERPID": ("ERP number", "text"),
}
"""Merge tag → name and type, as they are created where the audience lacks them."""

# Default rows but the keys are optional: a missing merge field that may not be created is reported, and not sent.
MEMBERS = FieldMap(
    (
        to("email_address", "F01151.EMAL", convert="email"),
        constant("status_if_new", "subscribed"),
        to("merge_fields.FNAME", "F0111.GNNM", optional=True),
        to("merge_fields.LNAME", "F0111.SRNM", optional=True),
        to("merge_fields.COMPANY", "F0101.ALPH", optional=True),
        to(f"{ADDRESS}addr1", "F0116.ADD1", optional=True),
        to(f"{ADDRESS}addr2", "F0116.ADD2", "F0116.ADD3", "F0116.ADD4", convert="join_comma", optional=True),
        to(f"{ADDRESS}city", "F0116.CTY1", optional=True),
        to(f"{ADDRESS}state", "F0116.ADDS", optional=True),
        to(f"{ADDRESS}zip", "F0116.ADDZ", optional=True),
        to(f"{ADDRESS}country", "F0116.CTR", optional=True),
        to("merge_fields.PHONE", "F0115.AR1", "F0115.PH1", optional=True),
        to("merge_fields.CUSTTYPE", "PARTY.TYPE", optional=True),
        to("merge_fields.REGION", "F0116.ADDS", "F0116.COUN", convert="first", optional=True),
        to("merge_fields.COUNTRY", "F0116.CTR", optional=True),
        to("merge_fields.WEBSITE", "F01151_I.EMAL", convert="url", optional=True),
        to("merge_fields.JOBTITLE", "F0111.ATTL", optional=True),
        to("merge_fields.SIC", "F0101.SIC", convert="text", optional=True),
        to("merge_fields.CATEGORY1", "F0101.AC01", optional=True),
        to("merge_fields.CATEGORY2", "F0101.AC02", optional=True),
        to("merge_fields.CATEGORY3", "F0101.AC03", optional=True),
        to("merge_fields.CATEGORY4", "F0101.AC04", optional=True),
        to("merge_fields.CATEGORY5", "F0101.AC05", optional=True),
        to("merge_fields.CREDITLIM", "F03012.ACL", convert="decimal", optional=True),
        to("merge_fields.PAYTERMS", "F03012.TRAR", "F0401.TRAP", convert="first", optional=True),
        to("merge_fields.CURRENCY", "F03012.CRCD", "F0401.CRRP", convert="first", optional=True),
        to("merge_fields.TAXID", "F0101.TAX", optional=True),
        to("merge_fields.BUSUNIT", "F0101.MCU", optional=True),
        to("merge_fields.ERPID", "record_key", optional=True),
        to("tags.Customer", "PARTY.CUSTOMER"),
        to("tags.Vendor", "PARTY.VENDOR"),
    )
)

CUSTOMERS = FieldMap(
    (
        to("id", "F0101.AN8", convert="text"),
        to("email_address", "F01151.EMAL", convert="email"),
        constant("opt_in_status", value=False),
        to("company", "F0101.ALPH"),
        to("first_name", "F0111.GNNM"),
        to("last_name", "F0111.SRNM"),
        to("address.address1", "F0116.ADD1"),
        to("address.address2", "F0116.ADD2", "F0116.ADD3", "F0116.ADD4", convert="join_comma"),
        to("address.city", "F0116.CTY1"),
        to("address.province", "F0116.ADDS"),
        to("address.postal_code", "F0116.ADDZ"),
        to("address.country_code", "F0116.CTR"),
    )
)

TABLES = frozenset(
    {
        "PARTY", "F03012", "F0401", "F0101", "F0111", "F0116", "F0115", "F0115_FAX", "F0115_MOBILE", "F01151",
        "F01151_I",
    }
)  # fmt: skip


def _without_email(record: Record) -> tuple[str, str] | None:
    return None if record.get("F01151.EMAL") else ("no_email", "there is no e-mail address (F01151, ETP = E)")


SYNCS = (
    Sync(
        name="jde_to_mailchimp.members",
        source="jde",
        target="mailchimp",
        object="members",
        tables=TABLES,
        rows=MEMBERS,
        open_source=opened("hooks.jde.source:parties"),
        divisible=True,
        open_target=late("hooks.mailchimp.members:AudienceMembers"),
        plan=late("hooks.mailchimp.target:plan_members", wanted=MERGE_FIELDS),
        has_field=late("hooks.mailchimp.target:has_member_field"),
        validator=late("hooks.mailchimp.target:validate_members"),
        target_key=folded("email_address"),
        personal_key=True,
        skip=_without_email,
    ),
    Sync(
        name="jde_to_mailchimp.customers",
        source="jde",
        target="mailchimp",
        object="customers",
        tables=TABLES,
        rows=CUSTOMERS,
        open_source=opened("hooks.jde.source:party_customers"),
        divisible=True,
        open_target=opened("hooks.mailchimp.customers:StoreCustomers"),
        plan=late("hooks.mailchimp.target:plan_customers"),
        has_field=late("hooks.mailchimp.target:has_customer_field"),
        validator=late("hooks.mailchimp.customers:validate_customers"),
        target_key=value_of("id"),
        skip=_without_email,
    ),
)
