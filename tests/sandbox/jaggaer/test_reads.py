from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.jaggaer.errors import Refused
from airflow_provider_mlconnector.sandbox.jaggaer.fiql import moment
from tests.sandbox.jaggaer.client import COMPANIES, INVOICES, Api


def with_companies(count: int = 7, **options: Any) -> Api:
    api = Api(**options)
    api.changed(suppliers=[{"extCode": str(n), "companyName": f"Supplier {n}"} for n in range(1, count + 1)])
    return api


def numbers(page: dict[str, Any]) -> list[str]:
    return [item["returnCompanyInfo"]["extCode"] for item in page.get("returnCompanyData", [])]


def test_pages_by_record_offset() -> None:
    """`start` is a record's number from 1; the server says how many came and how many there are."""
    api = with_companies(page_size=3)
    first = api.get(COMPANIES)
    assert (first["startAt"], first["returnedRecords"], first["totRecords"]) == (1, 3, 7)
    assert numbers(first) == ["1", "2", "3"]
    assert numbers(api.get(COMPANIES, start=4)) == ["4", "5", "6"]
    last = api.get(COMPANIES, start=7)
    assert (numbers(last), last["returnedRecords"]) == (["7"], 1)


@pytest.mark.parametrize(("mode", "shown"), [("omit", {}), ("null", {"x": None}), ("empty", {"x": []})])
def test_after_the_last_record(mode: str, shown: dict[str, Any]) -> None:
    """A page after the last is empty, its list absent, null or empty, as the tenant has it."""
    api = with_companies(empty_list=mode)
    page = api.get(COMPANIES, start=8)
    assert (page["returnedRecords"], page["totRecords"]) == (0, 7)
    assert {name: page[key] for name, key in (("x", "returnCompanyData"),) if key in page} == shown


@pytest.mark.parametrize("start", ["0", "-1", "x", ""])
def test_bad_start(start: str) -> None:
    """A start that is no number from 1 is an error inside a 200."""
    answer = with_companies().get(COMPANIES, start=start)
    assert answer["returnCode"] == "1001"
    assert "totRecords" not in answer


def test_success_is_written_in_two_ways() -> None:
    """ja says "0" and OK, ji says 0 and nothing."""
    api = Api()
    ja, ji = api.get(COMPANIES), api.get(INVOICES)
    assert (ja["returnCode"], ja["returnMessage"]) == ("0", "OK")
    assert (ji["returnCode"], ji["returnMessage"]) == (0, "")


def test_a_record_inserted_mid_scan() -> None:
    """With newest first, a record made between two pages shows one record of the first page again."""
    api = with_companies(4, page_size=2, order="newest_first")
    assert numbers(api.get(COMPANIES)) == ["4", "3"]
    api.company("5")
    assert numbers(api.get(COMPANIES, start=3)) == ["3", "2"]


@pytest.mark.parametrize(
    ("flt", "expected"),
    [
        ("extCode==3", ["3"]),
        ("EXTCODE==3;TYPE==SELLER", ["3"]),
        ("extCode==3;type==BUYER", []),
        ("extCode=in=(2,'4',9)", ["2", "4"]),
        ("extCode=in=(2,4);companyName!='Supplier 2'", ["4"]),
        ("extCode=out=(1,2,3)", ["4", "5", "6", "7"]),
        ("extCode>=6", ["6", "7"]),
        ("extCode=lt=3", ["1", "2"]),
        ("BRAVOID==50003", ["3"]),
        ("companyName>=Supplier 6", ["6", "7"]),
        ("companyName==Supplier 5", ["5"]),
        ("extUniqueCode==3", []),
    ],
)
def test_filters(flt: str, expected: list[str]) -> None:
    """`flt` takes FIQL comparisons joined by `;`, field names in any case."""
    assert numbers(with_companies().get(COMPANIES, flt=flt)) == expected


@pytest.mark.parametrize(
    "flt",
    ["nothing==1", "extCode", "extCode=3", "extCode==1,extCode==2", "extCode=in=1", "extCode=in=()", "extCode==", ";"],
)
def test_bad_filters(flt: str) -> None:
    """A filter the server cannot read, or on a field it does not know, is an error and not everything."""
    assert with_companies().get(COMPANIES, flt=flt)["returnCode"] == "1002"


@pytest.mark.parametrize("since", ["20261121", "20261121120000", "2026-11-21T12:00:00Z", "2026-11-21T07:00:00-05:00"])
def test_changed_since(since: str) -> None:
    """LASTMODTIME is compared as a time, in each of the formats seen."""
    api = with_companies(3)
    api.clock.advance(86_400)
    api.changed(set={"resource": "suppliers", "where": {"returnCompanyInfo.extCode": "2"}, "values": {}})
    page = api.get(COMPANIES, flt=f"LASTMODTIME>={since}")
    assert numbers(page) == ["2"]
    assert page["returnCompanyData"][0]["returnCompanyInfo"]["lastModTime"] == "20261121120000"


@pytest.mark.parametrize("text", ["yesterday", "202611", "2026112112", "20261341"])
def test_no_time(text: str) -> None:
    """What is no time is refused."""
    with pytest.raises(Refused, match="is not a time"):
        moment(text)


def test_invoices_cannot_be_filtered_by_time() -> None:
    """The name of that filter is not public, so this tenant has none."""
    assert Api().get(INVOICES, flt="lastUpdate>=20260101")["returnCode"] == 1002


def test_unknown_document() -> None:
    """A document that does not exist is an error inside a 200."""
    assert Api().get(f"{INVOICES}/1")["returnCode"] == 1004
    assert Api().get(f"{INVOICES}/x")["returnCode"] == 1004
