from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, PermissionDenied, Unavailable, UnknownField
from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.source import accounts, contacts, customers, days_of
from airflow_provider_mlconnector.pipeline.ports import Batch, ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window

Make = Callable[..., QadClient]
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CUSTOMERS = "urn:browse:bebrowse:com.qad.erp.base.customerV2s"
EVERYTHING = Window(None, NOW, True, "first load")
SINCE = Window(NOW - timedelta(days=3), NOW, True, "watermark")
BACKFILL = Window(NOW - timedelta(days=3), NOW, False, "backfill")
COLUMNS = frozenset({"CUSTOMER.customerCode", "CUSTOMER.businessRelationName"})
DOCUMENTS = "/api/erp/customerV2s"


def customer(code: str, day: str | None = "2026-03-08", **more: Any) -> dict[str, Any]:
    fields = {
        "sharedSetCode": "S1", "customerCode": code, "businessRelationName": f"Company {code}",
        "lastModifiedDate": f"{day}T00:00:00.000Z" if day else None, "lastModifiedTime": 3600 if day else None, **more,
    }  # fmt: skip
    return {f"customerV2.{name}": value for name, value in fields.items()}


def request(window: Window = EVERYTHING, columns: Any = COLUMNS, also: Sequence[str] = (), after: Any = None) -> Any:
    return ReadRequest(window, frozenset(columns), tuple(also), after)


def keys(batches: Sequence[Batch]) -> list[str]:
    return [row["record_key"] for batch in batches for row in batch.rows]


def read(client: QadClient, **given: Any) -> list[str]:
    return keys(list(customers(client).batches(request(**given))))


def test_a_record(client: QadClient, server: Any) -> None:
    """Flat, with the columns asked for, the key, whether it is active, and when it changed."""
    server.tables[CUSTOMERS] = [customer("C1", isActive=False)]
    (batch,) = customers(client).batches(request())
    assert batch.rows == [
        {
            "CUSTOMER.customerCode": "C1", "CUSTOMER.businessRelationName": "Company C1", "CUSTOMER.isActive": False,
            "record_key": "C1", "changed_at": datetime(2026, 3, 8, 1, tzinfo=UTC),
        }
    ]  # fmt: skip
    assert batch.read_at == NOW
    assert server.calls(DOCUMENTS) == []


def test_pages_become_batches(make_client: Make, server: Any) -> None:
    """One batch per page, as they come."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(5)]
    batches = customers(make_client(page_size=2)).batches(request())
    assert keys([next(batches)]) == ["C0", "C1"]
    assert len(server.reads()) == 1
    assert keys(list(batches)) == ["C2", "C3", "C4"]


def test_a_window_becomes_a_date_filter(make_client: Make, server: Any) -> None:
    """From a day before its start, in the instance's zone, and open at its end."""
    server.tables[CUSTOMERS] = [customer("old", "2026-03-05"), customer("edge", "2026-03-06"), customer("new")]
    client = make_client(timezone="Pacific/Auckland")
    assert read(client, window=Window(NOW - timedelta(days=3), NOW, True, "watermark")) == ["new"]
    assert server.filters()[0] == ["customerV2.lastModifiedDate,ge,2026-03-07T00:00:00.000Z,literal"]
    assert read(make_client(), window=SINCE) == ["edge", "new"]
    more = {"customers": {"overlap": "P3D"}}
    assert read(make_client(resources=more), window=SINCE) == ["old", "edge", "new"]


@pytest.mark.parametrize("origin", ["params", "backfill"])
def test_a_bounded_window(client: QadClient, server: Any, origin: str) -> None:
    """Exactly the days that someone named; the tenant is asked for a day more on both sides."""
    server.tables[CUSTOMERS] = [customer(f"C{day}", f"2026-03-0{day}") for day in range(1, 9)]
    window = Window(datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC), False, origin)
    assert read(client, window=window) == ["C3", "C4"]
    assert server.filters()[0] == [
        "customerV2.lastModifiedDate,ge,2026-03-02T00:00:00.000Z,literal",
        "customerV2.lastModifiedDate,lt,2026-03-06T00:00:00.000Z,literal",
    ]


def test_days_of_windows(client: QadClient) -> None:
    """A first load has no days; an open beginning with an end that someone named has only a last one."""
    assert days_of(EVERYTHING, client) is None
    assert days_of(SINCE, client) == ((NOW - timedelta(days=3)).date(), None)
    assert days_of(Window(None, NOW, False, "params"), client) == (None, NOW.date())


def test_rows_without_a_date_are_looked_for_in_every_run(client: QadClient, server: Any) -> None:
    """By an empty date, where the tenant understands that."""
    server.tables[CUSTOMERS] = [customer("new"), customer("legacy", None), customer("old", "2020-01-01")]
    batches = list(customers(client).batches(request(SINCE)))
    assert keys(batches) == ["new", "legacy"]
    assert [row["changed_at"] for batch in batches for row in batch.rows][1] is None
    assert server.filters()[1] == ["customerV2.lastModifiedDate,eq,,literal"]
    assert len(server.filters()) == 2


@pytest.mark.parametrize("answer", ["refused", "ignored"])
def test_a_tenant_that_does_not_understand_an_empty_date(client: QadClient, server: Any, answer: str) -> None:
    """All rows are gone through for those without a date; the others are not sent twice."""
    server.empty_dates = answer
    server.tables[CUSTOMERS] = [customer("new"), customer("legacy", None), customer("old", "2020-01-01")]
    assert read(client, window=SINCE) == ["new", "legacy"]


def test_an_empty_date_that_is_an_error(client: QadClient, server: Any) -> None:
    """A tenant that refuses the condition is read as a whole, too."""
    server.tables[CUSTOMERS] = [customer("new"), customer("legacy", None)]
    browse = server._browse

    def refusing(call: Any, context: Any) -> Any:
        if "eq%2C%2Cliteral" in call.url:
            return {"errors": [{"code": "17", "message": "no value"}]}
        return browse(call, context)

    server.mocker.get(f"{server.host}/api/qracore/browses", json=refusing)
    assert read(client, window=SINCE) == ["new", "legacy"]


def test_no_row_without_a_date(client: QadClient, server: Any) -> None:
    """Where the total counts prove that there is none, nothing more is read."""
    server.empty_dates = "refused"
    server.tables[CUSTOMERS] = [customer("new"), customer("old", "2020-01-01")]
    assert read(client, window=SINCE) == ["new"]
    assert len(server.filters()) == 2
    server.counts = False
    assert read(client, window=SINCE) == ["new"]
    assert server.filters()[-1] == []


def test_a_count_that_heeds_no_filter_proves_nothing(client: QadClient, server: Any) -> None:
    """The same number with and without conditions says nothing about rows without a date."""
    server.empty_dates = "refused"
    server.tables[CUSTOMERS] = [customer("new"), customer("legacy", None)]
    server.put("GET", "/api/qracore/browses/totalCount", {"data": 2})
    assert read(client, window=SINCE) == ["new", "legacy"]


def test_a_browse_without_the_date_is_read_as_a_whole(client: QadClient, server: Any) -> None:
    """A filter on a column that is not there would answer with no rows; so there is none."""
    server.fields[CUSTOMERS] = ["customerV2.customerCode", "customerV2.businessRelationName"]
    server.tables[CUSTOMERS] = [{"customerV2.customerCode": "C1", "customerV2.businessRelationName": "x"}]
    assert read(client, window=SINCE) == ["C1"]
    assert server.filters() == [[]]


def test_no_rows_are_believed_only_where_the_count_agrees(client: QadClient, server: Any) -> None:
    """A question that the tenant did not understand answers like one without rows: it is asked again, then fails."""
    client.resource("customers")
    server.tables[CUSTOMERS] = [customer("C1")]
    answers = [{"data": []}, {"data": [customer("C1")]}]
    server.put("GET", "/api/qracore/browses", *answers)
    assert read(client) == ["C1"]
    server.put("GET", "/api/qracore/browses", {"data": []})
    with pytest.raises(Unavailable, match="counts rows and shows none"):
        read(client)


def test_flags_are_flags(client: QadClient, server: Any) -> None:
    """A browse may say "false" in words."""
    server.tables[CUSTOMERS] = [customer("C1", isActive="false"), customer("C2", isActive="true"), customer("C3")]
    (batch,) = customers(client).batches(request())
    assert [row["CUSTOMER.isActive"] for row in batch.rows] == [False, True, None]


def test_nothing_changed(client: QadClient, server: Any) -> None:
    """A proven browse without rows is an empty answer, and no error."""
    server.tables[CUSTOMERS] = [customer("old", "2020-01-01")]
    assert read(client, window=SINCE) == []


def test_an_unknown_browse_is_never_nothing_changed(make_client: Make, server: Any) -> None:
    """Before the first read when it is validated, at the latest when nothing at all has come."""
    server.fields, server.tables = {}, {}
    with pytest.raises(ConfigurationError, match="no browse"):
        read(make_client(), window=SINCE)
    for mode in ("warn", "off"):
        with pytest.raises(ConfigurationError, match="shows no row at all"):
            read(make_client(validate_entities=mode), window=SINCE)
    server.tables[CUSTOMERS] = [customer("old", "2020-01-01")]
    assert read(make_client(validate_entities="off"), window=SINCE) == []


def test_leaner_rows_are_completed_by_the_document(client: QadClient, server: Any) -> None:
    """Columns that the browse does not have are read by key, for each row."""
    server.tables[CUSTOMERS] = [customer("C1"), customer("C2")]
    for code in ("C1", "C2"):
        server.documents[code] = {"customerCode": code, "sharedSetCode": "S1", "EMail": f"{code}@acme.test", "x": [1]}
    (batch,) = customers(client).batches(request(columns={"CUSTOMER.email", "CUSTOMER.customerCode"}))
    assert [row["CUSTOMER.email"] for row in batch.rows] == ["C1@acme.test", "C2@acme.test"]
    assert server.queries(DOCUMENTS)[0]["sharedSetCode"] == ["S1"]


def test_documents_are_read_side_by_side(make_client: Make, server: Any) -> None:
    """The order of the rows stays, whatever finishes first."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(9)]
    server.documents = {f"C{number}": {"customerCode": f"C{number}", "EMail": number} for number in range(9)}
    client = make_client(max_concurrency=4)
    (batch,) = customers(client).batches(request(columns={"CUSTOMER.EMail"}))
    assert [row["CUSTOMER.EMail"] for row in batch.rows] == list(range(9))
    client.close()


def test_a_record_whose_document_is_gone(client: QadClient, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The row is still sent with what the browse shows; the log says how many."""
    server.tables[CUSTOMERS] = [customer("C1"), customer("C2")]
    server.documents["C1"] = {"customerCode": "C1", "EMail": "x"}
    (batch,) = customers(client).batches(request(columns={"CUSTOMER.EMail"}))
    assert [row["CUSTOMER.EMail"] for row in batch.rows] == ["x", None]
    assert "1 records are in the browse and have no document" in caplog.text


def test_no_document_at_all_is_a_wrong_name(client: QadClient, server: Any) -> None:
    """A missing record is an empty list, and so is a wrong view: nothing but empty lists is no data."""
    server.tables[CUSTOMERS] = [customer("C1"), customer("C2")]
    with pytest.raises(ConfigurationError, match="check detail_path, view_uri and key"):
        read(client, columns={"CUSTOMER.EMail"})


def test_a_column_that_nothing_shows(client: QadClient, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A typing error in a field map is named with what comes near."""
    server.tables[CUSTOMERS] = [customer("C1")]
    server.documents["C1"] = {"customerCode": "C1", "webSite": "x"}
    read(client, columns={"CUSTOMER.webSit"})
    assert "neither browse nor document shows webSit; near: webSite" in caplog.text


def test_a_rare_column_is_looked_for_to_the_end(make_client: Make, server: Any) -> None:
    """Documents may leave out what is blank: a column that sixty do not show may stand in the next."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(150)]
    server.documents = {f"C{number}": {"customerCode": f"C{number}"} for number in range(150)}
    server.documents["C140"]["webSite"] = "acme.test"
    client, asked = make_client(page_size=50), request(columns={"CUSTOMER.webSite"})
    rows = [row for batch in customers(client).batches(asked) for row in batch.rows]
    assert {row["record_key"] for row in rows if row["CUSTOMER.webSite"]} == {"C140"}


def test_a_table_that_is_not_read(client: QadClient) -> None:
    """A column of another table is refused before anything is read."""
    with pytest.raises(UnknownField, match=r"'CONTACT\.EMail' is not read here"):
        read(client, columns={"CONTACT.EMail"})


def test_records_taken_up_again_come_first_and_once(make_client: Make, server: Any) -> None:
    """They are read by key whether or not they changed; one that is gone is left out."""
    server.tables[CUSTOMERS] = [customer("new"), customer("old", "2020-01-01")]
    assert read(make_client(), window=SINCE, also=("old", "new", "gone", "a,b")) == ["new", "old"]
    assert server.filters()[0] == ["customerV2.customerCode,eq,gone,literal"]


def test_a_key_with_a_comma_is_read_by_its_document(make_client: Make, server: Any) -> None:
    """A filter cannot say it, the document's own key can; nothing is sent that extra_filters may leave out."""
    server.tables[CUSTOMERS] = [customer("old", "2020-01-01")]
    server.documents["a,b"] = {"customerCode": "a,b", "sharedSetCode": "S1", "businessRelationName": "Acme"}
    assert read(make_client(shared_set="S1"), window=SINCE, also=("a,b",)) == ["a,b"]
    filters = {"customers": {"extra_filters": ["customerV2.sharedSetCode,eq,S1,literal"]}}
    assert read(make_client(shared_set="S1", resources=filters), window=SINCE, also=("a,b",)) == []


def test_only_the_shared_set_of_the_connection(make_client: Make, server: Any) -> None:
    """A customer code may exist in several shared sets: the wrong one is not read, and two at once are refused."""
    server.tables[CUSTOMERS] = [customer("C1"), customer("C1", sharedSetCode="S2"), customer("C2", sharedSetCode="S2")]
    assert read(make_client(shared_set="S2")) == ["C1", "C2"]
    assert server.filters()[0] == ["customerV2.sharedSetCode,eq,S2,literal"]
    with pytest.raises(ConfigurationError, match=r"key C1 twice.*set shared_set"):
        read(make_client())
    with pytest.raises(ConfigurationError, match="key C1 twice"):
        read(make_client(), also=("C1",))


def test_extra_filters(make_client: Make, server: Any) -> None:
    """What the Connection leaves out is left out everywhere."""
    server.tables[CUSTOMERS] = [customer("C1"), customer("C2", city="Graz")]
    client = make_client(resources={"customers": {"extra_filters": ["customerV2.city,eq,Graz,literal"]}})
    assert read(client, also=("C1",)) == ["C2"]


def test_it_goes_on_behind_the_last_page(make_client: Make, server: Any) -> None:
    """After a crash no page is read again, in whichever step it happened."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(3)]
    server.tables[CUSTOMERS] += [customer(f"L{number}", None) for number in range(3)]
    client = make_client(page_size=2)
    whole = list(customers(client).batches(request(SINCE, also=("L1",))))
    assert sorted(keys(whole)) == ["C0", "C1", "C2", "L0", "L1", "L2"]
    for at in range(len(whole)):
        rest = customers(client).batches(request(SINCE, also=("L1",), after=whole[at].cursor))
        assert keys(whole[: at + 1]) + keys(list(rest)) == keys(whole)


def test_a_resumed_scan(make_client: Make, server: Any) -> None:
    """The search through everything is resumed as well."""
    server.empty_dates = "refused"
    server.tables[CUSTOMERS] = [customer(f"L{number}", None) for number in range(5)]
    client = make_client(page_size=2)
    whole = list(customers(client).batches(request(SINCE)))
    rest = list(customers(client).batches(request(SINCE, after=whole[1].cursor)))
    assert keys(whole[:2]) + keys(rest) == ["L0", "L1", "L2", "L3", "L4"]


def test_a_row_that_comes_while_pages_go_by(make_client: Make, server: Any) -> None:
    """It shifts the others: what comes twice is dropped, what was missed is found by going through again."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(4)]

    def insert(page: int) -> None:
        if page == 2 and len(server.tables[CUSTOMERS]) == 4:
            server.tables[CUSTOMERS].insert(0, customer("B9"))

    server.on_page = insert
    assert sorted(read(make_client(page_size=2))) == ["B9", "C0", "C1", "C2", "C3"]


def test_a_row_that_moves_while_pages_go_by(make_client: Make, server: Any) -> None:
    """A row edited in a browse ordered by change takes another over the border of a page, unseen."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(4)]

    def move(page: int) -> None:
        if page == 2:
            server.tables[CUSTOMERS].sort(key=lambda row: row["customerV2.customerCode"] == "C0")

    server.on_page = move
    assert sorted(read(make_client(page_size=2))) == ["C0", "C1", "C2", "C3"]


@pytest.mark.parametrize("window", [EVERYTHING, SINCE, BACKFILL])
@pytest.mark.parametrize("leaving", [1, 2, 3])
def test_a_row_that_leaves_while_pages_go_by(make_client: Make, server: Any, window: Window, leaving: int) -> None:
    """The next one comes over the border of a page that was read: as many rows as are counted, and one is missing."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(7)]

    def leave(page: int) -> None:
        if page == leaving + 1 and len(server.tables[CUSTOMERS]) == 7:
            del server.tables[CUSTOMERS][0]

    server.on_page = leave
    assert sorted(read(make_client(page_size=2), window=window)) == [f"C{number}" for number in range(7)]
    server.on_page = lambda _page: None
    before = len(server.reads())
    read(make_client(page_size=2), window=EVERYTHING)
    assert len(server.reads()) - before == 3, "nothing has moved, nothing is read twice"


@pytest.mark.parametrize("round_", [0, 1])
def test_an_interrupted_read_that_lacks_a_row_fails(make_client: Make, server: Any, round_: int) -> None:
    """Which rows the try before it brought is not known: the window must be read anew, not passed by."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(4)]
    client = make_client(page_size=2)
    cursor = next(customers(client).batches(request())).cursor | {"round": round_}
    server.tables[CUSTOMERS].sort(key=lambda row: row["customerV2.customerCode"] == "C0")
    with pytest.raises(Unavailable, match="1 of 4 rows are missing" if not round_ else "2 of 4"):
        list(customers(client).batches(request(after=cursor)))


@pytest.mark.parametrize("total", [4, 99])
def test_an_interrupted_read_that_lacks_nothing_goes_on(make_client: Make, server: Any, total: int) -> None:
    """Neither a resumed second round nor a count of rows that nobody sees fails the run."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(4)]
    server.put("GET", "/api/qracore/browses/totalCount", {"data": total})
    client = make_client(page_size=2)
    first, last = list(customers(client).batches(request()))[:2]
    assert keys(list(customers(client).batches(request(after=first.cursor)))) == ["C2", "C3"]
    assert keys(list(customers(client).batches(request(after=last.cursor | {"round": 1})))) == []


@pytest.mark.parametrize("more", [[customer("")], [customer("C3", city="Graz")]])
def test_what_a_count_counts_besides(make_client: Make, server: Any, more: Any) -> None:
    """A row without a key, or a join's second row of one, is counted: nothing is gone through again for it."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(4)] + more
    assert read(make_client(page_size=3)) == ["C0", "C1", "C2", "C3"]
    assert len(server.reads()) == 2


def test_a_join_over_pages(make_client: Make, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A key that comes on two pages may be a row that has moved; the same rows once more prove that none has."""
    server.tables[CUSTOMERS] = [customer(code) for code in ("C0", "C1", "C1", "C2")]
    assert read(make_client(page_size=2)) == ["C0", "C1", "C2"]
    assert len(server.reads()) == 4
    assert "incomplete" not in caplog.text


def test_without_counts_a_repetition_tells(make_client: Make, server: Any) -> None:
    """Where the tenant does not count, a row that came twice shows that pages have moved."""
    server.counts = False
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(4)]

    def insert(page: int) -> None:
        if page == 2 and len(server.tables[CUSTOMERS]) == 4:
            server.tables[CUSTOMERS].insert(0, customer("B9"))

    server.on_page = insert
    assert sorted(read(make_client(page_size=2))) == ["B9", "C0", "C1", "C2", "C3"]


def test_a_count_that_is_always_more(make_client: Make, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A tenant that counts rows which the user may not see costs one more round, and a warning."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(3)]
    server.put("GET", "/api/qracore/browses/totalCount", {"data": 99})
    assert read(make_client(page_size=2)) == ["C0", "C1", "C2"]
    assert "incomplete by the tenant's total count" in caplog.text
    assert len(server.reads()) == 4


def test_rows_without_a_key(client: QadClient, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """One is left out with a warning; nothing but such is a wrong prefix."""
    server.tables[CUSTOMERS] = [customer("C1"), customer("  ")]
    assert read(client) == ["C1"]
    assert "1 rows without a key" in caplog.text
    server.tables[CUSTOMERS] = [{"other.customerCod": "C1"}]
    with pytest.raises(ConfigurationError, match=r"have no 'customerV2\.customerCode'.*other\.customerCod"):
        read(client)


def test_permission_is_not_taken_for_an_empty_date(client: QadClient, server: Any) -> None:
    """A user who may not read is told so."""
    client.resource("customers")
    server.put("GET", "/api/qracore/browses", {"errors": [{"code": "403", "message": "no"}]})
    with pytest.raises(PermissionDenied):
        read(client, window=SINCE)


def test_contacts(client: QadClient, server: Any) -> None:
    """One record per entry of the customer's list, with the customer's columns and the newer of both changes."""
    server.tables[CUSTOMERS] = [customer("AC-1"), customer("C2")]
    people = [
        {"contactCode": "7-b", "EMail": "Ann@acme.test", "lastModifiedDate": "2026-03-09", "lastModifiedTime": 60},
        {"contactCode": "8", "EMail": "bob@acme.test"},
        "noise",
    ]
    server.documents["AC-1"] = {"customerCode": "AC-1", "customerContactV2s": people}
    server.documents["C2"] = {"customerCode": "C2", "customerContactV2s": None}
    (batch,) = contacts(client).batches(request(columns={"CONTACT.EMail", "CUSTOMER.customerCode"}))
    assert [(row["record_key"], row["CONTACT.EMail"], row["CUSTOMER.customerCode"]) for row in batch.rows] == [
        ("AC-1-7_b", "Ann@acme.test", "AC-1"),
        ("AC-1-8", "bob@acme.test", "AC-1"),
    ]
    assert [row["changed_at"] for row in batch.rows] == [
        datetime(2026, 3, 9, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 8, 1, tzinfo=UTC),
    ]
    again = contacts(client).batches(request(SINCE, {"CONTACT.EMail"}, also=("AC-1-7_b",)))
    assert keys(list(again)) == ["AC-1-7_b", "AC-1-8"]


def test_contacts_under_another_name(client: QadClient, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """No contact anywhere, and lists of other names, is a wrong name and not an empty list."""
    server.tables[CUSTOMERS] = [customer("C1"), customer("C2")]
    for code in ("C1", "C2"):
        server.documents[code] = {"customerCode": code, "people": [{"EMail": "x@acme.test"}], "banks": []}
    asked = request(columns={"CONTACT.EMail"})
    with pytest.raises(ConfigurationError, match=r"set contacts in extra resources\.customers.*Lists: banks, people"):
        list(contacts(client).batches(asked))
    server.documents["C2"]["CustomerContactV2s"] = None
    assert keys(list(contacts(client).batches(asked))) == []
    server.documents = {code: {"customerCode": code} for code in ("C1", "C2")}
    assert keys(list(contacts(client).batches(asked))) == []
    assert "none of 2 documents" in caplog.text


def test_accounts(client: QadClient, server: Any) -> None:
    """Business relations under their own table and key."""
    browse = "urn:browse:bebrowse:com.qad.erp.base.businessRelationV2s"
    server.fields[browse] = ["businessRelationV2.businessRelationCode", "businessRelationV2.name"]
    server.tables[browse] = [{"businessRelationV2.businessRelationCode": "B1", "businessRelationV2.name": "Acme"}]
    (batch,) = accounts(client).batches(request(columns={"ACCOUNT.name"}))
    assert (batch.rows[0]["record_key"], batch.rows[0]["ACCOUNT.name"]) == ("B1", "Acme")


def test_logs_hold_no_personal_data(client: QadClient, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Counts and times, no names."""
    caplog.set_level(logging.DEBUG)
    server.tables[CUSTOMERS] = [customer("C1")]
    read(client, window=SINCE)
    assert "1 rows" in caplog.text
    assert "Company" not in caplog.text


def test_a_row_that_leaves_between_two_tries(make_client: Make, server: Any) -> None:
    """What it hides was passed over by a try that is gone: the read fails, and a new run reads the window."""
    server.tables[CUSTOMERS] = [customer(f"C{number}") for number in range(7)]
    client = make_client(page_size=2)
    first = next(iter(customers(client).batches(request(SINCE))))
    del server.tables[CUSTOMERS][0]
    with pytest.raises(Unavailable, match="rows have left"):
        list(customers(client).batches(request(SINCE, after=first.cursor)))
