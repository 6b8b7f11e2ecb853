from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, Stop, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient

SUPPLIERS = "ja/v1/companyprofiles"
INVOICES = "ji/v1/invoices"
Make = Callable[..., JaggaerClient]


def ids(client: JaggaerClient, **given: Any) -> list[int]:
    return [row["returnCompanyInfo"]["bravoId"] for page in client.pages("suppliers", **given) for row in page.rows]


def starts(server: Any) -> list[str]:
    return [query["start"] for query in server.queries(SUPPLIERS)]


def table(records: list[int], size: int, companies: Any, change: Callable[[int], Any] = lambda _start: None) -> Any:
    """A server over a list that `change` may alter after each page."""

    def answer(request: Any, _context: Any) -> Any:
        start = int(request.qs["start"][0])
        page = companies(start, len(records), *((n, str(n)) for n in records[start - 1 : start - 1 + size]))
        change(start)
        return page

    return answer


def test_offsets_count_from_one(client: JaggaerClient, server: Any, companies: Any) -> None:
    """The next page starts behind as many records as came, whatever size the server chose."""
    server.answer("GET", SUPPLIERS, table(list(range(1, 8)), 3, companies))
    assert ids(client) == [1, 2, 3, 4, 5, 6, 7]
    assert starts(server) == ["1", "4", "7"]
    assert server.queries(SUPPLIERS)[0] == {"comp": "", "start": "1"}


def test_page_sizes_may_change(client: JaggaerClient, server: Any, companies: Any) -> None:
    """The number of records that came decides, not the size of the first page."""
    server.answer(
        "GET", SUPPLIERS, companies(1, 4, (1, "a")), companies(2, 4, (2, "b"), (3, "c")), companies(4, 4, (4, "d"))
    )
    assert ids(client) == [1, 2, 3, 4]
    assert starts(server) == ["1", "2", "4"]


@pytest.mark.parametrize("absent", ["totRecords", "returnedRecords"])
def test_without_a_count(client: JaggaerClient, server: Any, companies: Any, absent: str) -> None:
    """Without a total it goes on to the first empty page; without the number returned the records are counted."""
    pages = [companies(1, 2, (1, "a")), companies(2, 2, (2, "b")), companies(3, 2)]
    server.answer("GET", SUPPLIERS, *({k: v for k, v in page.items() if k != absent} for page in pages))
    assert ids(client) == [1, 2]


@pytest.mark.parametrize("change", [{"totRecords": "2", "returnedRecords": "1"}, {"totRecords": ""}])
def test_counts_as_text(client: JaggaerClient, server: Any, companies: Any, change: Any) -> None:
    """Numbers may come as texts, or blank."""
    pages = [companies(1, 2, (1, "a")), companies(2, 2, (2, "b")), companies(3, 2)]
    server.answer("GET", SUPPLIERS, *({**page, **change} for page in pages[:2]), pages[2])
    assert ids(client) == [1, 2]


@pytest.mark.parametrize("nothing", [None, [], "absent"])
def test_empty_list(client: JaggaerClient, server: Any, companies: Any, nothing: Any) -> None:
    """No records is no error, whether the list is empty, null or missing."""
    page = companies(1, 0)
    if nothing == "absent":
        del page["returnCompanyData"]
    else:
        page["returnCompanyData"] = nothing
    server.answer("GET", SUPPLIERS, page)
    assert ids(client) == []


@pytest.mark.parametrize("answer", [{"returnCode": 4, "returnMessage": "No records found"}, {"status_code": 204}])
def test_empty_list_by_other_means(client: JaggaerClient, server: Any, answer: Any) -> None:
    """A return code that says "nothing", or 204, is an empty list."""
    server.answer("GET", SUPPLIERS, answer)
    assert ids(client) == []


def test_single_record_that_is_no_list(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A list of one may come as the one."""
    page = companies(1, 1, (1, "a"))
    page["returnCompanyData"] = page["returnCompanyData"][0]
    server.answer("GET", SUPPLIERS, page)
    assert ids(client) == [1]


def test_wrapper_that_is_not_there(client: JaggaerClient, server: Any, companies: Any) -> None:
    """Records announced and not found where `items` says: the message names the lists there are."""
    page = companies(1, 1, (1, "a"))
    page["companyList"] = {"company": page.pop("returnCompanyData")}
    server.answer("GET", SUPPLIERS, page)
    with pytest.raises(UnexpectedAnswer, match=r"returnCompanyData.*companyList.company"):
        ids(client)


def test_wrapper_that_is_not_configured(make_client: Make, server: Any) -> None:
    """Without `items` the only list of the answer is taken."""
    server.answer(
        "GET",
        "ji/v1/glaccounts",
        {"returnCode": 0, "glAccountList": {"glAccount": [{"glAccountId": 1}, {"glAccountId": 2}]}},
    )
    client = make_client(paging={"style": "none"})
    assert [row["glAccountId"] for row in client.find("gl_accounts", "")] == [1, 2]


@pytest.mark.parametrize("codes", [[], [1, 2]])
def test_empty_lists_beside_the_records(make_client: Make, server: Any, codes: list[int]) -> None:
    """Messages and links that an answer might have had are no reason to ask which list is meant."""
    accounts = {"glAccount": [{"glAccountId": code} for code in codes]}
    server.answer("GET", "ji/v1/glaccounts", {"messages": [], "glAccountList": accounts, "links": []})
    client = make_client(paging={"style": "none"})
    assert [row["glAccountId"] for row in client.find("gl_accounts", "")] == codes


def test_two_lists_and_no_word_which(make_client: Make, server: Any) -> None:
    """Records that may be the ones are never taken for none, also where nothing is counted."""
    accounts = {"glAccount": [{"glAccountId": 1}]}
    server.answer("GET", "ji/v1/glaccounts", {"messages": [{"text": "hello"}], "glAccountList": accounts})
    with pytest.raises(UnexpectedAnswer, match=r"set 'items'.*messages, glAccountList.glAccount"):
        list(make_client(paging={"style": "none"}).find("gl_accounts", ""))


def test_a_message_beside_no_records(make_client: Make, server: Any) -> None:
    """What stands in the only list that holds something is no record where none are announced."""
    nothing = {"totRecords": 0, "messages": [{"text": "nothing"}], "glAccountList": {"glAccount": []}}
    server.answer("GET", "ji/v1/glaccounts", nothing)
    assert list(make_client().find("gl_accounts", "")) == []


def test_list_without_an_envelope(make_client: Make, server: Any) -> None:
    """A plain JSON list is a list of records."""
    server.answer("GET", SUPPLIERS, [{"bravoId": 1}, {"bravoId": 2}], [])
    assert [row["bravoId"] for row in make_client().find("suppliers", "")] == [1, 2]


def test_insertion_while_reading(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A record inserted before the place shows another one again: it is handed out once, nothing is lost."""
    records = list(range(1, 7))
    server.answer(
        "GET", SUPPLIERS, table(records, 2, companies, lambda start: records.insert(0, 0) if start == 1 else None)
    )
    assert ids(client) == [1, 2, 3, 4, 5, 6]
    assert len(starts(server)) == 4


def test_removal_while_reading(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A record removed before the place hides the next one; a second look finds it."""
    records = list(range(1, 7))
    server.answer("GET", SUPPLIERS, table(records, 2, companies, lambda s: records.remove(1) if 1 in records else None))
    assert sorted(ids(client)) == [1, 2, 3, 4, 5, 6]


def test_move_while_reading(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A record that a change moves to the end hides another, while the total stays; it is found."""
    records = list(range(1, 7))

    def move(start: int) -> None:
        if records[0] == 1:
            records.append(records.pop(0))

    server.answer("GET", SUPPLIERS, table(records, 2, companies, move))
    assert sorted(ids(client)) == [1, 2, 3, 4, 5, 6]


def test_list_that_never_rests(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A list that shrinks in every look is given up, not passed off as whole."""
    records = list(range(1, 40))
    server.answer("GET", SUPPLIERS, table(records, 5, companies, lambda start: records.pop(0) and None))
    with pytest.raises(Unavailable, match="changes faster"):
        ids(client)


def test_server_that_ignores_the_offset(client: JaggaerClient, server: Any, companies: Any) -> None:
    """The same page again ends the read instead of looping."""
    server.answer("GET", SUPPLIERS, companies(1, 9, (1, "a"), (2, "b")))
    with pytest.raises(UnexpectedAnswer, match="same page again"):
        ids(client)
    assert starts(server) == ["1", "3", "3", "3"]


def test_page_that_comes_once_more(client: JaggaerClient, server: Any, companies: Any) -> None:
    """The page before, in place of the one asked for, is passed over and the question put again."""
    first, second = companies(1, 4, (1, "a"), (2, "b")), companies(3, 4, (3, "c"), (4, "d"))
    server.answer("GET", SUPPLIERS, first, first, second)
    assert ids(client) == [1, 2, 3, 4]


def test_endless_list(make_client: Make, server: Any, companies: Any) -> None:
    """`max_pages` is the last guard."""

    def more(request: Any, _context: Any) -> Any:
        start = int(request.qs["start"][0])
        return companies(start, start + 9, (start, "a"))

    server.answer("GET", SUPPLIERS, more)
    with pytest.raises(UnexpectedAnswer, match=r"paging.max_pages"):
        ids(make_client(paging={"max_pages": 5}))
    assert len(starts(server)) == 5


def test_resume(client: JaggaerClient, server: Any, companies: Any) -> None:
    """Reading goes on at the place a page named."""
    server.answer("GET", SUPPLIERS, table(list(range(1, 8)), 3, companies))
    first = next(client.pages("suppliers"))
    assert ids(client, after=first.next) == [4, 5, 6, 7]
    assert starts(server) == ["1", "4", "7"]


def test_zero_based_offsets(make_client: Make, server: Any, companies: Any) -> None:
    """`first` is a setting."""
    server.answer("GET", SUPPLIERS, companies(0, 2, (1, "a")), companies(1, 2, (2, "b")))
    assert ids(make_client(paging={"first": 0})) == [1, 2]
    assert starts(server) == ["0", "1"]


def test_numbered_pages(make_client: Make, server: Any, companies: Any) -> None:
    """A gateway that counts pages is asked for pages, of the size that the Connection names."""
    server.answer("GET", SUPPLIERS, companies(1, 3, (1, "a"), (2, "b")), companies(2, 3, (3, "c")))
    paging = {"style": "page", "param": "pageNo", "size_param": "pageSize", "size": 2}
    assert ids(make_client(paging=paging)) == [1, 2, 3]
    assert [(q["pageNo"], q["pageSize"]) for q in server.queries(SUPPLIERS)] == [("1", "2"), ("2", "2")]


def test_cursors(make_client: Make, server: Any, companies: Any) -> None:
    """A gateway with cursors is followed from cursor to cursor."""
    pages = [{**companies(1, 2, (1, "a")), "next": "c2"}, companies(2, 2, (2, "b"))]
    server.answer("GET", SUPPLIERS, *pages)
    assert ids(make_client(paging={"style": "cursor", "param": "cursor", "cursor": "next"})) == [1, 2]
    assert [q.get("cursor") for q in server.queries(SUPPLIERS)] == [None, "c2"]


def test_another_prefix_and_other_names(make_client: Make, server: Any) -> None:
    """Prefix, path, wrapper and keys are the tenant's."""
    url = "https://acme.api.jaggaer.test/esop/jint/api/public/ja/v2/vendors"
    server.mocker.get(url, json={"code": "ok", "count": 1, "vendors": [{"no": 7}]})
    client = make_client(
        api_prefix="/esop/jint/api/public/",
        envelope={"code": "code", "ok": ["ok"], "total": "count"},
        resources={"suppliers": {"path": "/ja/v2/vendors", "items": "vendors", "key": "no"}},
    )
    assert list(client.find("suppliers", "")) == [{"no": 7}]


def test_filter_is_sent_beside_the_params(client: JaggaerClient, server: Any, companies: Any) -> None:
    """The condition goes into `flt`, on every page."""
    server.answer("GET", SUPPLIERS, companies(1, 2, (1, "a")), companies(2, 2, (2, "b")))
    list(client.find("suppliers", client.filter.eq("TYPE", "SELLER")))
    assert {query["flt"] for query in server.queries(SUPPLIERS)} == {"TYPE==SELLER"}


def test_path_that_is_not_there(client: JaggaerClient, server: Any) -> None:
    """A 404 of a list is a wrong path, not an empty list."""
    server.answer("GET", SUPPLIERS, {"status_code": 404})
    with pytest.raises(Stop, match="path in the Connection"):
        ids(client)


@pytest.mark.parametrize("wrapped", [False, True])
def test_one_record_by_its_path(client: JaggaerClient, server: Any, wrapped: bool) -> None:
    """A single invoice comes bare; one in a list's wrapper is taken as well. Ids may be numbers."""
    bare = {"header": {"invoiceId": 77}, "lineList": {"invoiceLine": []}}
    answer = {"returnCode": 0, "totRecords": 1, "jiinvoiceList": {"jiinvoice": [bare]}} if wrapped else bare
    server.answer("GET", f"{INVOICES}/77", answer)
    assert client.get("invoices", "77") == bare


def test_one_record_that_is_not_there(client: JaggaerClient, server: Any) -> None:
    """None, whether by status or by return code."""
    server.answer(
        "GET", f"{INVOICES}/77", {"status_code": 404}, {"returnCode": 3, "returnMessage": "Invoice not found"}
    )
    assert (client.get("invoices", "77"), client.get("invoices", "77")) == (None, None)


def test_another_record_than_asked_for(client: JaggaerClient, server: Any) -> None:
    """An answer that is about another record is never taken for this one."""
    server.answer("GET", f"{INVOICES}/77", {"header": {"invoiceId": 78}})
    with pytest.raises(UnexpectedAnswer, match="not this record"):
        client.get("invoices", "77")


def test_one_record_that_names_no_id(client: JaggaerClient, server: Any) -> None:
    """An order that was asked for by its id need not repeat it; something without a number is no order."""
    order = {"header": {"poNumber": "n"}, "lineList": {"purchaseOrderLine": [{"lineNumber": "1"}]}}
    server.answer("GET", "ji/v1/purchaseorders/7", {"purchaseOrder": order}, {"header": {"status": "Open"}})
    found = client.get("purchase_orders", "7")
    assert found is not None
    assert found["header"] == order["header"]
    with pytest.raises(UnexpectedAnswer, match="not this record"):
        client.get("purchase_orders", "7")


def test_one_record_by_filter(client: JaggaerClient, server: Any, companies: Any) -> None:
    """Where there is no path for one record, its key is a condition; a server that ignores it deceives nobody."""
    server.answer("GET", SUPPLIERS, companies(1, 2, (8, "x"), (7, "y")))
    found = client.get("suppliers", "7")
    assert found is not None
    assert found["returnCompanyInfo"]["extCode"] == "y"
    assert server.queries(SUPPLIERS)[0]["flt"] == "BRAVOID==7"
    assert client.get("suppliers", "9") is None


def test_one_record_without_a_way_to_it(client: JaggaerClient) -> None:
    """A resource without path and filter for one record says what to set."""
    with pytest.raises(ConfigurationError, match=r"resources.contracts.detail or .key_filter"):
        client.get("contracts", "7")


def test_external_numbers(client: JaggaerClient, server: Any, companies: Any) -> None:
    """Records are found by the source system's number, and only those that have it: `*` is no wildcard here."""
    server.answer("GET", SUPPLIERS, companies(1, 3, (1, "10*"), (2, "1001"), (3, "1002")))
    found = client.with_external("suppliers", ["10*", "1001"])
    assert {number: [r["returnCompanyInfo"]["bravoId"] for r in rows] for number, rows in found.items()} == {
        "10*": [1],
        "1001": [2],
    }
    assert server.queries(SUPPLIERS)[0]["flt"] == 'extCode=in=("10*",1001)'
    assert client.with_external("suppliers", []) == {}


def test_no_external_number(make_client: Make) -> None:
    """A resource without such a number says what to set."""
    with pytest.raises(ConfigurationError, match=r"resources.catalog_items.external"):
        make_client().with_external("catalog_items", ["1"])
    with pytest.raises(ConfigurationError, match="no resource 'nothing'"):
        list(make_client().find("nothing", ""))
