from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.sandbox.jaggaer.client import COMPANIES, INVOICES, NOON, ORDERS, URL, Api, exact

PAGES = {"page_size": 2}


def numbers(page: dict[str, Any]) -> list[str]:
    return [item["returnCompanyInfo"]["extCode"] for item in page["returnCompanyData"]]


def paged(**options: Any) -> Api:
    api = Api(**PAGES, **options)
    api.changed(suppliers=[{"extCode": str(n), "companyName": "x"} for n in range(6)])
    return api


def test_a_token_ends_between_pages() -> None:
    """A 401 in the middle of a list ends the token for good; a new login goes on where the list was."""
    api = paged(faults={"401": {"at": 2}})
    assert numbers(api.get(COMPANIES)) == ["0", "1"]
    assert api.send("GET", COMPANIES, params={"start": 3}).status_code == 401
    assert api.send("GET", COMPANIES, params={"start": 3}).status_code == 401
    api.renew()
    assert numbers(api.get(COMPANIES, start=3)) == ["2", "3"]


def test_too_many_requests() -> None:
    """A 429 says when to come again in seconds, as a date, or not at all, and writes nothing."""
    api = Api(faults={"429": {"at": 1}, "429_date": {"at": 2}, "429_no_header": {"at": 3}}, retry_after_seconds=7)
    body = {"company": {"operationCode": "CREATE", "companyInfo": {"companyName": "x"}}}
    answers = [api.send("POST", COMPANIES, json=body) for _ in range(3)]
    assert [each.status_code for each in answers] == [429, 429, 429]
    assert answers[0].headers["Retry-After"] == "7"
    assert parsedate_to_datetime(answers[1].headers["Retry-After"]) == NOON + timedelta(seconds=7)
    assert "Retry-After" not in answers[2].headers
    assert api.sandbox.state()["suppliers"] == []
    assert exact(api.send("POST", COMPANIES, json=body))["returnCode"] == "0"


def test_an_error_inside_a_200() -> None:
    """A returnCode other than 0 comes with status 200; nothing was done."""
    api = Api(faults={"return_code": {"first": 1}})
    assert api.company() == {"returnCode": "9999", "returnMessage": "Unexpected error"}
    assert api.sandbox.state()["suppliers"] == []


def test_an_error_after_the_work() -> None:
    """The same error may come although all was done: its outcome is unknown to the caller."""
    api = Api(faults={"return_code_after_commit": {"first": 1, "path": "purchaseorders"}}).master_data()
    assert api.order("A")["returnCode"] == 9999
    assert api.get(ORDERS, flt="poNumber==A")["totRecords"] == 1


def test_drop_after_commit() -> None:
    """The connection is cut after the work: who sends again without asking has two orders."""
    api = Api(faults={"drop_after_commit": {"first": 1, "path": "purchaseorders"}}).master_data()
    with pytest.raises(requests.ConnectionError):
        api.order("A")
    assert api.get(ORDERS, flt="poNumber==A")["totRecords"] == 1
    api.order("A")
    assert api.sandbox.state()["duplicates"]["purchase_orders"] == {"A": 2}


def test_a_repeated_page() -> None:
    """The page before comes once more, and says so only in `startAt`."""
    api = paged(faults={"repeated_page": {"first": 1}})
    assert numbers(api.get(COMPANIES)) == ["0", "1"]
    again = api.get(COMPANIES, start=3)
    assert (numbers(again), again["startAt"]) == (["0", "1"], 1)
    assert numbers(api.get(COMPANIES, start=3)) == ["2", "3"]


def test_a_short_page() -> None:
    """A page may be shorter than the one before, and not be the last."""
    page = paged(faults={"short_page": {"first": 1}}).get(COMPANIES)
    assert (numbers(page), page["returnedRecords"], page["totRecords"]) == (["0"], 1, 6)


def test_a_content_type_without_media_type() -> None:
    """The body is JSON although its header does not say so."""
    answer = Api(faults={"odd_content_type": True}).send("GET", INVOICES)
    assert answer.headers["content-type"] == "; charset=UTF-8"
    assert exact(answer)["returnCode"] == 0


def test_a_proxys_page() -> None:
    """A 502 is HTML, and the call was never seen."""
    api = Api(faults={"502": {"first": 1, "path": COMPANIES}})
    answer = api.send("POST", COMPANIES, json={})
    assert (answer.status_code, answer.text[:15]) == (502, "<!DOCTYPE html>")


def test_slow_pages() -> None:
    """`slow_page_ms` delays pages, not writes."""
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    api = Api(faults={"slow_page_ms": 250}, sleep=sleep)
    api.company()
    assert waited == []
    api.get(COMPANIES)
    assert waited == [0.25]


def test_call_log() -> None:
    """The log says what a call wrote, which calls carried data, and why a call failed."""
    api = Api().master_data()
    api.order("A")
    api.order("A", supplier={"supplierNumber": "1"})
    api.get(ORDERS)
    api.send("GET", "ji/v1/nothing")
    _, write, refused, read, missing = list(api.sandbox.calls)
    assert (write.records, write.page, write.note) == (1, False, None)
    assert (refused.records, refused.status, refused.note) == (0, 200, "2001")
    assert (read.records, read.page) == (0, True)
    assert (missing.status, missing.note) == (404, "Not Found")


def test_state() -> None:
    """State holds every table, kinds, duplicates and counters, and is JSON."""
    api = Api().master_data()
    api.changed(invoices=2)
    api.renew()
    state = api.session.get(f"{URL}/_sandbox/state").json()
    assert set(state) == {
        "suppliers", "gl_accounts", "cost_centers", "purchase_orders", "invoices", "invoice_kinds", "duplicates",
        "logins", "living_tokens", "calls",
    }  # fmt: skip
    assert state["invoice_kinds"] == {"2400001": "plain", "2400002": "split"}
    assert (state["logins"], state["living_tokens"], state["calls"]) == (1, 1, 1)


def test_changes() -> None:
    """Users change, delete and clear records, settings and resources, and end tokens, without a call of the API."""
    api = Api().master_data()
    api.renew()
    where = {"returnCompanyInfo.extCode": "4242"}
    values = {"returnCompanyInfo.extCode": "4243"}
    assert api.changed(set={"resource": "suppliers", "where": where, "values": values}) == {"set": 1}
    assert api.get(COMPANIES, flt="extCode==4243")["totRecords"] == 1
    assert api.changed(delete={"resource": "gl_accounts", "where": {"code": "1130.8720"}}) == {"delete": 1}
    api.changed(resources={"suppliers": {"access": "missing"}}, settings={"page_size": 1})
    assert api.send("GET", COMPANIES).status_code == 404
    assert api.get("ji/v1/glaccounts")["returnedRecords"] == 1
    api.changed(revoke=True)
    assert api.send("GET", INVOICES).status_code == 401
    api.changed(clear=True)
    assert api.sandbox.state()["suppliers"] == []


@pytest.mark.parametrize(
    "command",
    [
        {"typo": 1},
        {"settings": {"typo": 1}},
        {"settings": {"order": "random"}},
        {"resources": {"typo": {}}},
        {"set": {"resource": "typo", "values": {}}},
        {"approve": 7},
        {"suppliers": [{"typo": "x"}]},
        {"gl_accounts": [{}]},
        {"invoice": {"supplier": "1"}},
        {"invoice": {"supplier": "1", "lines": [{"amount": "x"}]}},
        {"invoice": {"supplier": "1", "lines": [], "typo": 1}},
        {"invoice": {"supplier": "1", "lines": [{"amount": 1, "typo": 1}]}},
        {"invoices": 1},
    ],
)
def test_changes_it_does_not_know(command: dict[str, Any]) -> None:
    """A change that makes no sense is refused by the control endpoint."""
    assert Api().change(**command).status_code == 400


def test_a_record_that_becomes_visible_late() -> None:
    """An order is taken, and neither listed nor read before its time; sent again meanwhile, there are two."""
    api = Api(faults={"late_visible": {"at": 1, "path": "purchaseorders"}}, late_seconds=5).master_data()
    number = "00001-OP-77-000"
    made = api.order(number)
    assert made["returnCode"] == 0
    key = made["purchaseOrderId"]
    assert api.get(ORDERS, flt=f"poNumber=={number}")["totRecords"] == 0
    assert api.get(f"{ORDERS}/{key}")["returnCode"] == 1004
    assert api.sandbox.state()["purchase_orders"][0]["header"]["purchaseOrderId"] == key
    api.clock.advance(5)
    assert api.get(ORDERS, flt=f"poNumber=={number}")["totRecords"] == 1
    assert api.get(f"{ORDERS}/{key}")["header"]["poNumber"] == number


def test_a_burst_of_503() -> None:
    """The first calls are refused by the gateway's proxy, and nothing is done; then it is up again."""
    api = Api(faults={"first": {"503": 3}})
    assert [api.login().status_code for _ in range(3)] == [503] * 3
    assert api.company()["returnCode"] == "0"
    assert len(api.sandbox.state()["suppliers"]) == 1
