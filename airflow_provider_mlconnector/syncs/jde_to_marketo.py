"""JD Edwards → Marketo: customers as companies, contacts as leads; opportunities and items where there is a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.pipeline.ports import Plan, Record
from airflow_provider_mlconnector.syncs.base import Link, Sync
from airflow_provider_mlconnector.syncs.late import folded, late, opened, value_of

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

# Default rows but the keys are optional: sent only where the instance has a field of that name.
COMPANIES = FieldMap(
    (
        to("externalCompanyId", "F03012.AN8", convert="text"),
        to("company", "F0101.ALPH", optional=True),
        to(
            "billingStreet", "F0116.ADD1", "F0116.ADD2", "F0116.ADD3", "F0116.ADD4", convert="join_comma", optional=True
        ),
        to("billingCity", "F0116.CTY1", optional=True),
        to("billingState", "F0116.ADDS", optional=True),
        to("billingPostalCode", "F0116.ADDZ", optional=True),
        to("billingCountry", "F0116.CTR", optional=True),
        to("mainPhone", "F0115.AR1", "F0115.PH1", optional=True),
        to("website", "F01151_I.EMAL", convert="url", optional=True),
        to("sicCode", "F0101.SIC", convert="text", optional=True),
        # Custom fields under names of ours; a user's row puts them elsewhere.
        to("companyEmail", "F01151.EMAL", convert="email", optional=True),
        to("categoryCode01", "F0101.AC01", optional=True),
        to("categoryCode02", "F0101.AC02", optional=True),
        to("categoryCode03", "F0101.AC03", optional=True),
        to("categoryCode04", "F0101.AC04", optional=True),
        to("categoryCode05", "F0101.AC05", optional=True),
        to("creditLimit", "F03012.ACL", convert="decimal", optional=True),
        to("paymentTerms", "F03012.TRAR", optional=True),
        to("currencyCode", "F03012.CRCD", optional=True),
        to("taxId", "F0101.TAX", optional=True),
        to("businessUnit", "F0101.MCU", optional=True),
    )
)

LEADS = FieldMap(
    (
        to("email", "F01151.EMAL", convert="email"),
        to("firstName", "F0111.GNNM", optional=True),
        to("middleName", "F0111.MDNM", optional=True),
        to("lastName", "F0111.SRNM", "F0111.MLNM", "F0111.ALPH", convert="first", optional=True),
        to("title", "F0111.ATTL", optional=True),
        to("phone", "F0115.AR1", "F0115.PH1", optional=True),
        to("mobilePhone", "F0115_MOBILE.AR1", "F0115_MOBILE.PH1", optional=True),
        to("fax", "F0115_FAX.AR1", "F0115_FAX.PH1", optional=True),
        to("externalCompanyId", "F0111.AN8", convert="text", optional=True),
    )
)

OPPORTUNITIES = FieldMap(
    (
        to("externalOpportunityId", "ORCH.id", convert="text"),
        to("name", "ORCH.name", optional=True),
        to("externalCompanyId", "ORCH.customer", convert="text", optional=True),
        to("stage", "ORCH.stage", optional=True),
        to("amount", "ORCH.amount", convert="decimal", optional=True),
        to("closeDate", "ORCH.close_date", convert="date", optional=True),
        to("description", "ORCH.description", optional=True),
        to("externalCreatedDate", "ORCH.created", convert="instant", optional=True),
    )
)


# Under names of ours; the object's own key takes ITM, whatever it is called (see `plan_items`).
ITEMS = FieldMap(
    (
        to("shortItemNumber", "F4101.ITM", convert="text", optional=True),
        to("itemNumber", "F4101.LITM", optional=True),
        to("description", "F4101.DSC1", optional=True),
        to("description2", "F4101.DSC2", optional=True),
        to("searchText", "F4101.SRTX", optional=True),
        to("unitOfMeasure", "F4101.UOM1", optional=True),
        to("stockingType", "F4101.STKT", optional=True),
        to("lineType", "F4101.LNTY", optional=True),
        to("glClass", "F4101.GLPT", optional=True),
        to("category", "F4101.PRP1", optional=True),
    )
)


def _plan_opportunities(source: JdeClient, target: MarketoClient, field_map: FieldMap) -> Plan:
    from airflow_provider_mlconnector.hooks.marketo.target import plan_of

    if source.connection.orchestrations.opportunities is None:
        return Plan(not_configured=f"Connection '{source.connection.conn_id}' names no orchestration 'opportunities'")
    return plan_of(source, target, field_map, name="opportunities", prefixed_key="externalOpportunityId")


def _without_email(record: Record) -> tuple[str, str] | None:
    return None if record.get("F01151.EMAL") else ("no_email", "the contact has no e-mail address (F01151, ETP = E)")


SYNCS = (
    Sync(
        name="jde_to_marketo.companies",
        source="jde",
        target="marketo",
        object="companies",
        tables=frozenset({"F03012", "F0101", "F0116", "F0115", "F0115_FAX", "F0115_MOBILE", "F01151", "F01151_I"}),
        rows=COMPANIES,
        open_source=opened("hooks.jde.source:customers"),
        divisible=True,
        open_target=opened("hooks.marketo.target:MarketoObject", name="companies"),
        plan=late("hooks.marketo.target:plan_of", name="companies", prefixed_key="externalCompanyId"),
        has_field=late("hooks.marketo.target:has_field", name="companies"),
        validator=late("hooks.marketo.target:validator"),
        target_key=value_of("externalCompanyId"),
    ),
    Sync(
        name="jde_to_marketo.leads",
        source="jde",
        target="marketo",
        object="leads",
        tables=frozenset(
            {"F0111", "F03012", "F0101", "F0116", "F0115", "F0115_FAX", "F0115_MOBILE", "F01151", "F01151_I"}
        ),
        rows=LEADS,
        open_source=opened("hooks.jde.source:contacts"),
        divisible=True,
        open_target=opened("hooks.marketo.target:MarketoObject", name="leads"),
        plan=late("hooks.marketo.target:plan_of", name="leads"),
        has_field=late("hooks.marketo.target:has_field", name="leads"),
        validator=late("hooks.marketo.target:validator"),
        target_key=folded("email"),
        personal_key=True,
        skip=_without_email,
        links=(Link("externalCompanyId", "companies", required=False),),
    ),
    Sync(
        name="jde_to_marketo.opportunities",
        source="jde",
        target="marketo",
        object="opportunities",
        tables=frozenset({"ORCH"}),
        rows=OPPORTUNITIES,
        open_source=opened("hooks.jde.source:OpportunitySource"),
        open_target=opened("hooks.marketo.target:MarketoObject", name="opportunities"),
        plan=_plan_opportunities,
        has_field=late("hooks.marketo.target:has_field", name="opportunities"),
        validator=late("hooks.marketo.target:validator"),
        target_key=value_of("externalOpportunityId"),
        links=(Link("externalCompanyId", "companies", required=False),),
    ),
    Sync(
        name="jde_to_marketo.items",
        source="jde",
        target="marketo",
        object="items",
        tables=frozenset({"F4101"}),
        rows=ITEMS,
        open_source=opened("hooks.jde.tables:items"),
        open_target=opened("hooks.marketo.items:open_items"),
        plan=late("hooks.marketo.items:plan_items", key="F4101.ITM"),
        has_field=late("hooks.marketo.items:has_item_field"),
        validator=late("hooks.marketo.target:validator"),
        target_key=late("hooks.marketo.items:key_of"),
    ),
)
