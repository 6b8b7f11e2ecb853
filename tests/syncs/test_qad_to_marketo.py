from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.marketo import target as marketo
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.pipeline.ports import Plan
from airflow_provider_mlconnector.syncs import get_sync
from airflow_provider_mlconnector.syncs.qad_to_marketo import COMPANIES, LEADS, NAMED_ACCOUNTS

CUSTOMER: dict[str, Any] = {
    "CUSTOMER.customerCode": "10C1000", "CUSTOMER.businessRelationName": "Acme Inc", "CUSTOMER.street1": "1 Main St",
    "CUSTOMER.street3": "Suite 4", "CUSTOMER.city": "Tulsa", "CUSTOMER.stateCode": "OK", "CUSTOMER.zipCode": "74103",
    "CUSTOMER.countryCode": "US", "CUSTOMER.telephone": "+1 442 8041", "CUSTOMER.webSite": "www.acme.com/shop",
    "CUSTOMER.EMail": "office@acme.com", "CUSTOMER.customerTypeCode": "RETAIL", "CUSTOMER.currencyCode": "USD",
    "CUSTOMER.creditTermsCode": "30", "CUSTOMER.languageCode": "us", "CUSTOMER.corporateGroupCode": "G1",
    "CUSTOMER.isActive": False,
}  # fmt: skip


def test_a_company_carries_what_is_promised() -> None:
    """Name, full address, phone, e-mail, web, type, terms, currency; and whether the customer is still active."""
    assert COMPANIES.function(CUSTOMER) == {
        "externalCompanyId": "10C1000", "company": "Acme Inc", "billingStreet": "1 Main St, Suite 4",
        "billingCity": "Tulsa", "billingState": "OK", "billingPostalCode": "74103", "billingCountry": "US",
        "mainPhone": "+1 442 8041", "website": "https://www.acme.com/shop", "companyEmail": "office@acme.com",
        "customerType": "RETAIL", "corporateGroup": "G1", "paymentTerms": "30", "currencyCode": "USD",
        "languageCode": "us", "customerActive": False,
    }  # fmt: skip


def test_a_named_account_is_known_by_its_name() -> None:
    """In any case; the pair keeps Marketo's own id, by which it is renamed."""
    sync = get_sync("qad_to_marketo.named_accounts")
    payload = NAMED_ACCOUNTS.function(CUSTOMER)
    assert payload == {"name": "Acme Inc", "domainName": "acme.com", "city": "Tulsa", "state": "OK", "country": "US"}
    assert sync.target_key(payload) == "acme inc"
    assert sync.link_by_id


def test_a_lead_is_a_contact_of_its_customer() -> None:
    """Tied to the company by the customer's code; without an address it is skipped."""
    sync = get_sync("qad_to_marketo.leads")
    record = {**CUSTOMER, "CONTACT.EMail": "Ann@acme.com", "CONTACT.firstName": "Ann", "CONTACT.contactName": "Ann Lee"}
    assert LEADS.function(record) == {
        "email": "Ann@acme.com", "firstName": "Ann", "lastName": "Ann Lee", "externalCompanyId": "10C1000",
    }  # fmt: skip
    assert sync.skip(record) is None
    found = sync.skip({**record, "CONTACT.EMail": ""})
    assert found
    assert found[0] == "no_email"


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[FieldMap]:
    seen: list[FieldMap] = []

    def plan(_client: Any, _name: str, field_map: FieldMap) -> Plan:
        seen.append(field_map)
        return Plan(field_map.to_json())

    monkeypatch.setattr(marketo, "plan", plan)
    return seen


def clients(**field_map: Any) -> tuple[Any, Any]:
    connection = QadConnection(conn_id="qad_default", host="https://acme.qad.com/clouderp", field_map=field_map)
    target = SimpleNamespace(connection=SimpleNamespace(external_id_prefix="QAD-"))
    return SimpleNamespace(connection=connection), target


def test_rows_of_the_connection_stand_in_for_default_ones(planned: list[FieldMap]) -> None:
    """QAD's Connection may hold a site's own field map; what the Variable or the run says wins over it."""
    sync = get_sync("qad_to_marketo.companies")
    user = sync.rows.extended({"billingCity": {"value": "user's"}, "billingState": None}, sync.tables)
    rows = {"company": "addressSearchName", "billingCity": "city", "industry": "CUSTOMER.customerTypeCode"}
    rows |= {"billingState": "stateCode"}
    sync.plan(*clients(customers=rows), user)
    (found,) = planned
    assert found.origins["company"] == ["CUSTOMER.addressSearchName"]
    assert found.origins["industry"] == ["CUSTOMER.customerTypeCode"]
    assert found.function({})["billingCity"] == "user's"
    assert "billingState" not in found.origins


def test_companies_take_the_prefix_and_nothing_else_does(planned: list[FieldMap]) -> None:
    """JDE 1001 and QAD 1001 stay apart; a lead's company comes from the link, which has it."""
    for name, rows in (("companies", COMPANIES), ("leads", LEADS), ("named_accounts", NAMED_ACCOUNTS)):
        get_sync(f"qad_to_marketo.{name}").plan(*clients(accounts={"industry": "customerTypeCode"}), rows)
    company, lead, account = planned
    assert company.function(CUSTOMER)["externalCompanyId"] == "QAD-10C1000"
    assert lead.function(CUSTOMER)["externalCompanyId"] == "10C1000"
    assert account.function(CUSTOMER)["industry"] == "RETAIL"


def test_a_row_of_the_connection_is_checked_like_a_users(planned: list[FieldMap]) -> None:
    """Before anything is read."""
    with pytest.raises(ConfigurationError, match="table 'ACCOUNT' is not read here"):
        get_sync("qad_to_marketo.companies").plan(*clients(customers={"x": "ACCOUNT.name"}), COMPANIES)
