"""QAD → Marketo: customers as companies and as named accounts, their contacts as leads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.pipeline.ports import Plan, Record
from airflow_provider_mlconnector.syncs.base import Link, Sync
from airflow_provider_mlconnector.syncs.late import folded, late, opened, value_of

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
    from airflow_provider_mlconnector.hooks.qad.client import QadClient

STREET = ("CUSTOMER.street1", "CUSTOMER.street2", "CUSTOMER.street3")

# Default rows but the keys are optional: sent only where the instance has a field of that name.
COMPANIES = FieldMap(
    (
        to("externalCompanyId", "CUSTOMER.customerCode", convert="text"),
        to("company", "CUSTOMER.businessRelationName", optional=True),
        to("billingStreet", *STREET, convert="join_comma", optional=True),
        to("billingCity", "CUSTOMER.city", optional=True),
        to("billingState", "CUSTOMER.stateCode", optional=True),
        to("billingPostalCode", "CUSTOMER.zipCode", convert="text", optional=True),
        to("billingCountry", "CUSTOMER.countryCode", optional=True),
        to("mainPhone", "CUSTOMER.telephone", convert="text", optional=True),
        to("website", "CUSTOMER.webSite", convert="url", optional=True),
        # Custom fields under names of ours; a user's row puts them elsewhere.
        to("companyEmail", "CUSTOMER.EMail", convert="email", optional=True),
        to("customerType", "CUSTOMER.customerTypeCode", optional=True),
        to("corporateGroup", "CUSTOMER.corporateGroupCode", optional=True),
        to("paymentTerms", "CUSTOMER.creditTermsCode", optional=True),
        to("currencyCode", "CUSTOMER.currencyCode", optional=True),
        to("languageCode", "CUSTOMER.languageCode", optional=True),
        to("customerActive", "CUSTOMER.isActive", optional=True),
    )
)

NAMED_ACCOUNTS = FieldMap(
    (
        to("name", "CUSTOMER.businessRelationName"),
        to("domainName", "CUSTOMER.webSite", convert="domain", optional=True),
        to("city", "CUSTOMER.city", optional=True),
        to("state", "CUSTOMER.stateCode", optional=True),
        to("country", "CUSTOMER.countryCode", optional=True),
    )
)

LEADS = FieldMap(
    (
        to("email", "CONTACT.EMail", "CONTACT.emailAddress", convert="first"),
        to("firstName", "CONTACT.firstName", optional=True),
        to("lastName", "CONTACT.lastName", "CONTACT.contactName", "CONTACT.name", convert="first", optional=True),
        to("title", "CONTACT.jobTitle", optional=True),
        to("phone", "CONTACT.telephone", convert="text", optional=True),
        to("mobilePhone", "CONTACT.mobilePhone", convert="text", optional=True),
        to("externalCompanyId", "CUSTOMER.customerCode", convert="text", optional=True),
    )
)

CUSTOMER, CONTACT = frozenset({"CUSTOMER"}), frozenset({"CUSTOMER", "CONTACT"})
MAPS: dict[str, tuple[FieldMap, str, frozenset[str], str | None]] = {
    "companies": (COMPANIES, "customers", CUSTOMER, "externalCompanyId"),
    "named_accounts": (NAMED_ACCOUNTS, "accounts", CUSTOMER, None),
    "leads": (LEADS, "contacts", CONTACT, None),
}
"""Object → default map, its name in the Connection's `field_map`, what it reads, the field that takes a prefix."""


def _plan(source: QadClient, target: MarketoClient, field_map: FieldMap, *, name: str) -> Plan:
    """Fit the map, with the rows of the QAD Connection's `field_map` in place of default ones."""
    from airflow_provider_mlconnector.hooks.marketo.target import plan_of

    default, resource, tables, key = MAPS[name]
    given = source.connection.map_rows(resource, table="CONTACT" if resource == "contacts" else "CUSTOMER")
    # What the Variable or the run has replaced or removed stays so.
    theirs = {row.target for row in field_map.rows if row not in default.rows}
    theirs |= set(default.origins) - set(field_map.origins)
    rows = {target: row for target, row in given.items() if target not in theirs}
    return plan_of(source, target, field_map.extended(rows, tables), name=name, prefixed_key=key)


def _without_email(record: Record) -> tuple[str, str] | None:
    filled = any(record.get(source) for source in LEADS.rows[0].sources)
    return None if filled else ("no_email", "the contact has no e-mail address")


SYNCS = (
    Sync(
        name="qad_to_marketo.companies",
        source="qad",
        target="marketo",
        object="companies",
        tables=CUSTOMER,
        rows=COMPANIES,
        open_source=opened("hooks.qad.source:customers"),
        open_target=opened("hooks.marketo.target:MarketoObject", name="companies"),
        plan=partial(_plan, name="companies"),
        has_field=late("hooks.marketo.target:has_field", name="companies"),
        validator=late("hooks.marketo.target:validator"),
        target_key=value_of("externalCompanyId"),
    ),
    Sync(
        name="qad_to_marketo.named_accounts",
        source="qad",
        target="marketo",
        object="named_accounts",
        tables=CUSTOMER,
        rows=NAMED_ACCOUNTS,
        open_source=opened("hooks.qad.source:customers"),
        open_target=opened("hooks.marketo.target:MarketoObject", name="named_accounts"),
        plan=partial(_plan, name="named_accounts"),
        has_field=late("hooks.marketo.target:has_field", name="named_accounts"),
        validator=late("hooks.marketo.target:validator"),
        target_key=folded("name"),
        link_by_id=True,
    ),
    Sync(
        name="qad_to_marketo.leads",
        source="qad",
        target="marketo",
        object="leads",
        tables=CONTACT,
        rows=LEADS,
        open_source=opened("hooks.qad.source:contacts"),
        open_target=opened("hooks.marketo.target:MarketoObject", name="leads"),
        plan=partial(_plan, name="leads"),
        has_field=late("hooks.marketo.target:has_field", name="leads"),
        validator=late("hooks.marketo.target:validator"),
        target_key=folded("email"),
        personal_key=True,
        skip=_without_email,
        links=(Link("externalCompanyId", "companies", required=False),),
    ),
)
