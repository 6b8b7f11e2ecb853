"""What a record may point at, and what may not be deleted because others point at it."""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.errors import Refused, Skipped
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.kinds import Kind
from airflow_provider_mlconnector.sandbox.marketo.tables import Row

OWNER = "externalSalesPersonId"
_OWNED = ("leads", "companies", "opportunities")


def check_owners(instance: Instance, kind: Kind, records: list[Row]) -> None:
    """Raise `Refused` 718 when an opportunity names a sales person that does not exist."""
    if kind.name != "opportunities":
        return
    named = {record[OWNER] for record in records if isinstance(record.get(OWNER), str)}
    persons = instance.tables["salespersons"]
    if any(not persons.ids(OWNER, name) for name in named - {"", *instance.options.salespersons}):
        raise Refused("718")


def check_links(instance: Instance, kind: Kind, values: Row) -> None:
    """Raise `Skipped` for the first record named in `values` that does not exist."""
    for link in kind.links:
        value = values.get(link.field)
        if value is not None and not instance.tables[link.object_name].ids(link.target, value):
            raise Skipped("1004") if link.object_name == "leads" else Skipped("1013", message="Object not found")
    company = values.get("externalCompanyId") if kind.name == "opportunities" else None
    if company is None or instance.options.unknown_company == "accept":
        return
    if not instance.tables["companies"].ids("externalCompanyId", company):
        raise Skipped("1003", message=f"Company with externalCompanyId '{company}' not found")


def check_unused(instance: Instance, object_name: str, row_id: Any) -> None:
    """Raise `Skipped` 1022 for a sales person who owns a lead, company or opportunity."""
    if object_name != "salespersons":
        return
    external = instance.tables[object_name].rows[row_id].get(OWNER)
    if external is not None and any(instance.tables[name].ids(OWNER, external) for name in _OWNED):
        raise Skipped("1022")
