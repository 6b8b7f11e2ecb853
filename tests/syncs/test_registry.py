from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.jde.address_parts import CONTACT, CUSTOMER
from airflow_provider_mlconnector.hooks.registry import connection_models
from airflow_provider_mlconnector.mapping.fieldmap import SOURCE_FIELD
from airflow_provider_mlconnector.syncs import Sync, all_syncs, get_sync, syncs_of
from airflow_provider_mlconnector.syncs.jde_to_marketo import COMPANIES, LEADS, OPPORTUNITIES

SYNCS = list(all_syncs().values())


@pytest.mark.parametrize("sync", SYNCS, ids=lambda sync: sync.name)
def test_a_default_map_passes_the_checks_of_a_users(sync: Sync) -> None:
    """Every default row could have been given by a user: known tables, known converters, one row per target."""
    rows = sync.rows.rows
    given = {
        row.target: {"source": list(row.sources), "convert": row.convert or None}
        if row.sources
        else {"value": row.value}
        for row in rows
    }
    assert len(given) == len(rows)
    again = sync.rows.extended(given, sync.tables)
    assert [(row.target, row.sources, row.convert) for row in again.rows] == [
        (row.target, row.sources, row.convert) for row in rows
    ]


@pytest.mark.parametrize("sync", SYNCS, ids=lambda sync: sync.name)
def test_a_sync_is_between_systems_that_there_are(sync: Sync) -> None:
    """Named as the ledger names them, in a DAG of its own pair, with links to syncs of the same DAG that run before.

    Links that lead the other way are those of the mirror DAG.
    """
    assert set(sync.systems) <= {model.system for model in connection_models()}
    assert sync.name == f"{sync.dag_id}.{sync.entity}"
    assert sync.dag_id == f"{sync.source}_to_{sync.target}"
    earlier = [other.entity for other in syncs_of(sync.dag_id)]
    mirror = [other.entity for other in syncs_of(f"{sync.target}_to_{sync.source}")]
    for link in sync.links:
        assert link.field in sync.rows.origins
        if link.reverse:
            assert link.entity in mirror
        else:
            assert earlier.index(link.entity) < earlier.index(sync.entity)


@pytest.mark.parametrize("sync", SYNCS, ids=lambda sync: sync.name)
def test_a_target_key_is_a_text_or_nothing(sync: Sync) -> None:
    """A user may map a number there; the ledger's keys are texts."""
    keys = {
        "leads": "email", "opportunities": "externalOpportunityId", "companies": "externalCompanyId",
        "members": "email_address", "customers": "id", "named_accounts": "name", "items": "itemNumber",
        "account_context": "account_key", "suppliers": "extCode", "gl_accounts": "code", "cost_centers": "code",
        "purchase_orders": "poNumber", "vouchers": "VINV",
    }  # fmt: skip
    field = "SourceKey" if sync.target == "cin7" else keys[sync.object]
    more = {"AN8": 7, "EDUS": "U"} if sync.object == "vouchers" else {}
    key = sync.target_key({**more, field: 1001})
    assert key == ("U-URYKOUSBG36KYV7Q26CHA6" if more else "1001")
    assert sync.target_key({}) is None
    assert sync.target_key({field: None}) is None


def test_an_unknown_sync_names_the_nearest() -> None:
    """Or all there are."""
    assert get_sync("jde_to_marketo.leads").entity == "leads"
    with pytest.raises(ConfigurationError, match=r"did you mean 'jde_to_marketo\.leads'"):
        get_sync("jde_to_marketo.lead")
    with pytest.raises(ConfigurationError, match=r"there are jde_to_marketo\.companies, "):
        get_sync("zzz")
    assert syncs_of("nowhere") == []


def test_syncs_are_read_without_airflow_and_without_a_vendor() -> None:
    """A DAG file is parsed all the time: declaring a sync imports no client and no requests."""
    code = (
        "import sys; from airflow_provider_mlconnector.syncs import all_syncs; all_syncs();"
        "print([name for name in ('airflow', 'requests', 'pydantic', 'sqlalchemy') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# JD Edwards to Marketo


@pytest.mark.parametrize(("name", "parts"), [("companies", CUSTOMER), ("leads", CONTACT)])
def test_the_tables_that_a_user_may_name_are_those_that_are_read(name: str, parts: Any) -> None:
    """A row that passes the check of the field map is not refused by the reader."""
    assert get_sync(f"jde_to_marketo.{name}").tables == {part.name for part in parts}


def test_a_company_carries_what_is_promised() -> None:
    """Name, full billing address, phone, e-mail, web, industry and category codes, financial attributes."""
    record = {
        "F03012.AN8": 1001, "F0101.ALPH": "Acme", "F0116.ADD1": "1 Main St", "F0116.ADD3": "Suite 2",
        "F0116.CTY1": "Denver", "F0116.ADDS": "CO", "F0116.ADDZ": "80202", "F0116.CTR": "US",
        "F0115.AR1": "303", "F0115.PH1": "555-0100", "F01151_I.EMAL": "www.acme.example",
        "F01151.EMAL": "info@acme.example", "F0101.SIC": "3714", "F0101.AC05": "X", "F03012.ACL": Decimal("1500.00"),
        "F03012.TRAR": "N30", "F03012.CRCD": "USD", "F0101.TAX": "12-345", "F0101.MCU": "1",
    }  # fmt: skip
    assert COMPANIES.function(record) == {
        "externalCompanyId": "1001", "company": "Acme", "billingStreet": "1 Main St, Suite 2",
        "billingCity": "Denver", "billingState": "CO", "billingPostalCode": "80202", "billingCountry": "US",
        "mainPhone": "303 555-0100", "website": "https://www.acme.example", "companyEmail": "info@acme.example",
        "sicCode": "3714", "categoryCode05": "X", "creditLimit": Decimal("1500.00"), "paymentTerms": "N30",
        "currencyCode": "USD", "taxId": "12-345", "businessUnit": "1",
    }  # fmt: skip


def test_a_lead_is_a_contact_with_an_address() -> None:
    """Its last name is the surname, else the mailing name, else the alpha name; its key is its address, folded."""
    leads = get_sync("jde_to_marketo.leads")
    record = {"F01151.EMAL": "Ann@Acme.example", "F0111.GNNM": "Ann", "F0111.MLNM": "Ann Lee", "F0111.AN8": 1001}
    payload = LEADS.function(record)
    assert payload == {
        "email": "Ann@Acme.example", "firstName": "Ann", "lastName": "Ann Lee", "externalCompanyId": "1001",
    }  # fmt: skip
    assert leads.target_key(payload) == "ann@acme.example"
    assert leads.personal_key
    assert leads.skip(record) is None


@pytest.mark.parametrize("blank", [{}, {"F01151.EMAL": None}, {"F01151.EMAL": ""}])
def test_a_contact_without_an_address_is_skipped(blank: dict[str, Any]) -> None:
    """A contact without e-mail is out of scope, not an error."""
    found = get_sync("jde_to_marketo.leads").skip(blank)
    assert found
    assert found[0] == "no_email"


def test_opportunities_read_from_the_orchestration() -> None:
    """Its fields stand under ORCH; whatever else the orchestration answers can be mapped by a user."""
    assert all(SOURCE_FIELD.fullmatch(column) for column in OPPORTUNITIES.columns)
    sync = get_sync("jde_to_marketo.opportunities")
    assert "ORCH.anything" in sync.rows.extended({"x": "ORCH.anything"}, sync.tables).columns


def test_opportunities_without_an_orchestration_are_not_configured() -> None:
    """Neither system is asked for anything; the reason names Connection and option."""
    source: Any = type("Client", (), {"connection": type("C", (), {
        "conn_id": "jde_x", "orchestrations": type("O", (), {"opportunities": None}),
    })})  # fmt: skip
    plan = get_sync("jde_to_marketo.opportunities").plan(source, None, OPPORTUNITIES)
    assert plan.not_configured == "Connection 'jde_x' names no orchestration 'opportunities'"
