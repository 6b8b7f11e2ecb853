from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.qad.client import BROWSES, CATALOGUE, CUSTOMERS, RELATIONS, Row, Tenant, codes, fields_of

TOTAL = f"{BROWSES}/totalCount"


def test_rows_are_flat_and_dotted(tenant: Tenant) -> None:
    """Each key is `entity.field`; the flag's holder is misspelled, and the flag is a string."""
    answer = tenant.browse(pageSize=25)
    assert answer["auxillaryData"] == {"HasMoreParams": "true"}
    assert len(answer["data"]) == 25
    assert all(name.startswith("customerV2.") for row in answer["data"] for name in row)


def test_paging_gives_every_row_once(tenant: Tenant) -> None:
    """The last page says there is no more, also when it is full; the page behind it is empty."""
    pages = list(tenant.pages(size=50))
    assert [len(page) for page in pages] == [50, 50]
    found = [code for page in pages for code in codes(page)]
    assert found == sorted(set(found))
    assert tenant.rows(page=3, pageSize=50, pageAction="next") == []


def test_a_page_may_be_enormous(tenant: Tenant) -> None:
    """Page sizes of 999999 have been seen."""
    assert len(tenant.rows(pageSize=999_999)) == 100


@pytest.mark.parametrize("query", [{"page": 0}, {"page": "x"}, {"pageSize": -1}, {"pageSize": "many"}])
def test_page_numbers_are_numbers(tenant: Tenant, query: Row) -> None:
    """Anything else is a 400."""
    asked = {"browseId": CUSTOMERS, "page": 1, "pageAction": "first", **query}
    assert tenant.get(BROWSES, **asked).status_code == 400
    assert tenant.get(BROWSES).status_code == 400


def test_first_is_the_first_page_whatever_the_number(tenant: Tenant) -> None:
    """Who sends `first` on every page reads the first one for ever."""
    assert tenant.rows(page=2, pageSize=30, pageAction="first") == tenant.rows(pageSize=30)


@pytest.mark.parametrize("query", [{"page": None}, {"pageAction": None}, {"page": None, "pageAction": None}])
def test_without_page_and_action_a_strict_tenant_is_silent(query: Row) -> None:
    """200 and no rows: the trap one tenant has; others answer."""
    assert Tenant().log_in().rows(**query) == []
    assert len(Tenant(strict_paging=False).log_in().rows(**query)) == 100


def test_a_tenant_may_know_another_word_for_next() -> None:
    """What it does not know gets no rows."""
    tenant = Tenant(later_page_actions=("page",)).log_in()
    assert tenant.rows(page=2, pageSize=30, pageAction="next") == []
    assert len(tenant.rows(page=2, pageSize=30, pageAction="page")) == 30


@pytest.mark.parametrize("browse_id", [CUSTOMERS + "x", "urn:browse:mfg:zz999", "cm007", "nonsense"])
def test_an_unknown_browse_is_an_empty_one(tenant: Tenant, browse_id: str) -> None:
    """200 with no rows and a count of 0, whatever is filtered for; never 404."""
    answer = tenant.browse(browse_id, "no.such,eq,field,literal")
    assert answer == {"data": [], "auxillaryData": {"HasMoreParams": "false"}}
    assert tenant.data(TOTAL, browseId=browse_id)["totalCount"] == 0
    assert tenant.rows(CATALOGUE, f"browseURI,eq,{browse_id},literal") == []


@pytest.mark.parametrize("browse_id", ["urn:browse:mfg:cm007", "mfg:cm007"])
def test_the_table_world_has_its_own_customer_browse(tenant: Tenant, browse_id: str) -> None:
    """cm007, in the long form and in the legacy short one, with columns of its own."""
    rows = tenant.rows(browse_id, "debtor.DebtorIsActive,eq,true,literal")
    assert {name.partition(".")[0] for row in rows for name in row} == {"debtor", "businessrelation"}
    assert set(codes(rows, "debtor.DebtorCode")) < set(codes(tenant.rows()))


def test_an_entity_has_a_browse_by_its_interface_too(tenant: Tenant) -> None:
    """`urn:browse:be:{pkg}.I{Name}` shows the same rows."""
    assert tenant.rows("urn:browse:be:com.qad.base.customer.ICustomerV2") == tenant.rows()


def test_the_catalogue_lists_the_columns(tenant: Tenant) -> None:
    """Label, field, type and the browse that was asked for; each column of a row is in it."""
    rows = tenant.rows(CATALOGUE, f"browseURI,eq,{CUSTOMERS},literal")
    assert {"fieldLabel", "field", "fieldDataType", "browseURI"} == set(rows[0])
    kinds = {row["field"]: row["fieldDataType"] for row in rows}
    assert set(tenant.rows()[0]) == set(kinds)
    assert kinds["customerV2.lastModifiedDate"] == "date"
    assert tenant.rows(CATALOGUE) == []


def test_a_browse_is_leaner_than_the_detail(tenant: Tenant) -> None:
    """Street and e-mail need the keyed read; a tenant may show them all the same."""
    assert "street1" not in fields_of("customerV2s", tenant)
    rich = Tenant(scale=0.01, lean_browse=False).log_in()
    assert {"street1", "EMail", "customerCode"} <= fields_of("customerV2s", rich)
    assert "customerContactV2s" not in fields_of("customerV2s", rich)


def test_a_browse_may_lack_the_modification_date() -> None:
    """Then it can be neither seen nor filtered by."""
    tenant = Tenant(scale=0.01, browse_modified=False).log_in()
    assert not any("lastModified" in name for name in fields_of("customerV2s", tenant))
    asked: dict[str, Any] = {"browseId": CUSTOMERS, "page": 1, "pageAction": "first"}
    date = "customerV2.lastModifiedDate,ge,2026-01-01T00:00:00.000Z,literal"
    assert tenant.get(BROWSES, **asked, filter=date).status_code == 400


def test_a_tenant_may_lack_an_entity() -> None:
    """Its browses are unknown browses; those of other entities go on."""
    tenant = Tenant(scale=0.01, lacks=frozenset({"customerV2s"})).log_in()
    assert tenant.rows() == tenant.rows("urn:browse:mfg:cm007") == []
    assert tenant.rows(RELATIONS)
    only_browse = Tenant(scale=0.01, lacks=frozenset({CUSTOMERS})).log_in()
    assert only_browse.rows() == []
    assert only_browse.rows("urn:browse:mfg:cm007")


def test_flags_may_be_json() -> None:
    """Another tenant's HasMoreParams is a boolean, its booleans are strings."""
    tenant = Tenant(scale=0.1, string_flags=False, string_booleans=True).log_in()
    assert tenant.browse(pageSize=25)["auxillaryData"] == {"HasMoreParams": True}
    assert {row["customerV2.isActive"] for row in tenant.rows()} == {"true", "false"}


@pytest.mark.parametrize(("setting", "shown"), [("null", [None]), ("empty", [""]), ("absent", [])])
def test_a_blank_date_has_many_looks(setting: str, shown: list[Any]) -> None:
    """null, "" or no key at all."""
    tenant = Tenant(no_date=setting, legacy_share=1).log_in()
    row = tenant.rows()[0]
    assert [row[name] for name in row if name == "customerV2.lastModifiedDate"] == shown


def test_the_total_counts_what_the_filter_leaves(tenant: Tenant) -> None:
    """Without paging parameters."""
    query = {"browseId": CUSTOMERS, "filter": "customerV2.isActive,eq,true,literal"}
    assert tenant.data(TOTAL, browseId=CUSTOMERS)["totalCount"] == 100
    assert tenant.data(TOTAL, **query)["totalCount"] == 95


def test_many_searches_all_see_the_present(tenant: Tenant) -> None:
    """What one search has found is good until something changes."""
    conditions = [f"customerV2.customerCode,ge,10C{1000 + n},literal" for n in range(20)]
    assert [len(tenant.rows(CUSTOMERS, each)) for each in conditions] == sorted(
        (len(tenant.rows(CUSTOMERS, each)) for each in conditions), reverse=True
    )
    tenant.change(table="customerV2s", delete={"customerCode": "10C1099"})
    assert len(tenant.rows()) == 99


def test_a_page_is_marked_in_the_call_log(tenant: Tenant) -> None:
    """`slow_page_ms` applies to pages and keyed reads, not to what is asked beside them."""
    tenant.rows()
    tenant.data(TOTAL, browseId=CUSTOMERS)
    assert [call.page for call in tenant.sandbox.calls.matching(BROWSES)] == [True, False]
