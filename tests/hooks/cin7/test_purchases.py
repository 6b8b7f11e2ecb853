from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.finding import marker
from airflow_provider_mlconnector.hooks.cin7.purchases import Purchases
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import Entry, MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Ready, Settles

RECORD = "00001-OP-4711-000"
MARK = "[ERP 00001-OP-4711-000]"
PAYLOAD = {
    "SupplierID": "s-1",
    "RequiredBy": "2026-08-01",
    "Lines": [
        {"SKU": "AB-1", "Quantity": "2", "Price": Decimal("3.5"), "Comment": "1"},
        {"SKU": "Bread", "Quantity": 1, "Price": "0.25", "Discount": "10"},
    ],
}
LINES = [
    {"ProductID": "p-2", "SKU": "Bread", "Quantity": 1, "Price": 0.25, "Discount": 10, "Total": 0.23},
    {"ProductID": "p-1", "SKU": "AB-1", "Quantity": 2, "Price": 3.5, "Discount": 0, "Total": 7, "Comment": "1"},
]
"""As they come back: in another order."""
ORDER = {"TaskID": "g-1", "Lines": LINES, "Status": "DRAFT", "TotalBeforeTax": 7.23, "Tax": 0, "Total": 7.23}
EMPTY = {"Status": "NOT AVAILABLE", "Lines": [], "Memo": "", "TotalBeforeTax": 0, "Tax": 0, "Total": 0}
HEADER = {
    "ID": "g-1", "OrderNumber": "PO-00102", "Status": "DRAFT", "Type": "Simple Purchase", "SupplierID": "s-1",
    "Location": "Main Warehouse", "TaxRule": "Tax Exempt", "TaxCalculation": "Exclusive", "Note": MARK,
    "RequiredBy": "2026-08-01T00:00:00", "AdditionalAttributes": {"AdditionalAttribute1": MARK}, "Order": EMPTY,
}  # fmt: skip
UNMARKED = {**HEADER, "Note": "", "AdditionalAttributes": {}}
"""The answer of a Cin7 that does not tell notes and attributes."""
FULL = {**HEADER, "Status": "ORDERING", "Order": ORDER}
ROW = {"ID": "g-1", "Type": "Simple Purchase", "Status": "DRAFT", "SupplierID": "s-1", "OrderNumber": "PO-00102"}


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def cin7(server: Any) -> Any:
    """A server on which all goes well."""
    server.answer("POST", "advanced-purchase", HEADER)
    server.answer("POST", "purchase/order", ORDER)
    server.answer("GET", "purchase/order", ORDER)
    server.answer("GET", "purchase", HEADER)
    server.answer("PUT", "purchase", HEADER)
    server.answer("DELETE", "purchase", {**HEADER, "Status": "VOIDED"})
    return server


def send(client: Cin7Client, journal: MemoryJournal, payload: dict[str, Any] | None = None) -> RowResult:
    (result,) = Purchases(client, journal).deliver("purchases", [Ready(RECORD, payload or PAYLOAD)])
    return result


def with_lines(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**PAYLOAD, "Lines": list(lines), **more}


def test_an_order_takes_two_calls(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """The header with its marker, then the lines, as Cin7 validates them."""
    assert send(client, journal) == RowResult(Outcome.CREATED, "g-1")
    assert cin7.writes == ["POST advanced-purchase", "POST purchase/order"]
    assert cin7.bodies("POST", "advanced-purchase") == [
        {
            "SupplierID": "s-1", "Approach": "STOCK", "PurchaseType": "Simple", "TaxCalculation": "Exclusive",
            "Location": "Main Warehouse", "RequiredBy": "2026-08-01T00:00:00.000",
            "Note": MARK, "AdditionalAttributes": {"AdditionalAttribute1": MARK},
        }
    ]  # fmt: skip
    assert cin7.bodies("POST", "purchase/order") == [
        {
            "TaskID": "g-1", "CombineAdditionalCharges": False, "Memo": MARK, "Status": "DRAFT",
            "AdditionalCharges": [],
            "Lines": [
                {"ProductID": "p-1", "SKU": "AB-1", "Name": "Bolt", "Quantity": 2, "Price": 3.5, "Discount": 0,
                 "Tax": 0, "TaxRule": "Tax Exempt", "SupplierSKU": "", "Comment": "1", "Total": 7},
                {"ProductID": "p-2", "SKU": "Bread", "Name": "Baked Bread", "Quantity": 1, "Price": 0.25,
                 "Discount": 10, "Tax": 0, "TaxRule": "Tax Exempt", "SupplierSKU": "", "Comment": "", "Total": 0.23},
            ],
        }
    ]  # fmt: skip
    assert journal.entry(RECORD) == Entry("g-1", None)


def test_the_journal_is_written_before_and_between_the_calls(client: Cin7Client, cin7: Any) -> None:
    """The try before the header, the id before the lines: a crash anywhere leaves what the next try needs."""
    seen: list[str] = []

    class Watching(MemoryJournal):
        def begin(self, ready: Ready, at: Any) -> None:
            seen.append(f"begin after {len(cin7.writes)}")
            super().begin(ready, at)

        def created(self, key: str, guid: str) -> None:
            seen.append(f"{guid} after {len(cin7.writes)}")
            super().created(key, guid)

    send(client, Watching())
    assert seen[:2] == ["begin after 0", "g-1 after 1"]


def test_numbers_go_out_exact(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """No float, no exponent."""
    send(client, journal, with_lines({"SKU": "AB-1", "Quantity": Decimal("1E+3"), "Price": Decimal("0.1000")}))
    body = cin7.requests("POST", "purchase/order")[0].body
    assert b'"Quantity":1000,"Price":0.1,' in body
    assert b'"Total":100,' in body or b'"Total":100}' in body


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        (with_lines({"SKU": "AB", "Quantity": 1, "Price": 1}), "unknown_product", "line 1: Cin7 has no active product"),
        (with_lines({"Account": "30.5010", "Quantity": 1, "Price": 1}), "no_item", "line 1: has no item, only an acc"),
        (with_lines({"SKU": "AB-1", "Account": "1.9999", "Quantity": 1, "Price": 1}), "unknown_account", "1.9999"),
        (with_lines({"SKU": "AB-1", "Quantity": 1, "Price": 1, "TaxRule": "?"}), "unknown_tax_rule", "tax rule"),
        (with_lines({"SKU": "AB-1", "Quantity": "0.5", "Price": 1}), "invalid_value", "Quantity: 0.5 is less than 1"),
        (with_lines({"SKU": "AB-1", "Quantity": "1.005", "Price": 1}), "invalid_value", "more than 2 decimals"),
        (with_lines({"SKU": "AB-1", "Quantity": 1, "Price": "1.00005"}), "invalid_value", "Price: has more than 4"),
        (with_lines({"SKU": "AB-1", "Quantity": 1, "Price": 1, "Discount": 101}), "invalid_value", "Discount"),
        (with_lines({"SKU": "AB-1", "Price": 1}), "invalid_value", "line 1: Quantity: is missing"),
        (with_lines({"SKU": "AB-1", "Quantity": 1, "Price": "x"}), "invalid_value", "line 1: Price: is not a number"),
        (with_lines({"SKU": "AB-1", "Quantity": 1, "Price": 1, "Color": 1}), "unknown_field", "Color"),
        (with_lines(), "no_lines", "no lines"),
        ({**PAYLOAD, "SupplierID": None}, "missing_link", "supplier has not reached Cin7"),
        ({**PAYLOAD, "Location": "Old Shed"}, "unknown_location", "no location 'Old Shed'"),
        ({**PAYLOAD, "Terms": "Cash"}, "unknown_payment_term", "term 'Cash'"),
        ({**PAYLOAD, "Currency": "EUR"}, "unknown_supplier", "no longer has the supplier"),
        ({**PAYLOAD, "Approach": "?"}, "invalid_value", "Approach: is none of STOCK, INVOICE"),
        ({**PAYLOAD, "RequiredBy": "soon"}, "invalid_value", "RequiredBy: is not a date"),
        ({**PAYLOAD, "OrderNumber": "PO-1"}, "unknown_field", "OrderNumber"),
    ],
)
def test_what_cannot_go_is_refused_before_the_header(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, payload: dict[str, Any], code: str, words: str
) -> None:
    """Each kind with its code; nothing is left in Cin7."""
    result = send(client, journal, payload)
    assert (result.outcome, result.code) == (Outcome.REJECTED, code)
    assert words in str(result.message)
    assert cin7.writes == []


def test_every_reason_is_told_at_once(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """Unknown supplier, location, product, account, tax and a wrong number: one rejection."""
    lines = (
        {"SKU": "none", "Account": "1.1", "TaxRule": "x", "Quantity": 1, "Price": "y"},
        {"SKU": "gone", "Quantity": 1, "Price": 1},
    )
    result = send(client, journal, with_lines(*lines, SupplierID="", Location="Moon"))
    assert result.code == "several_reasons"
    for words in ("supplier", "location 'Moon'", "'none'", "'gone'", "account 1.1", "rule for purchases 'x'", "Price"):
        assert words in str(result.message)


def test_prices_are_in_the_suppliers_currency(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """An order in another one would be bought at wrong prices."""
    cin7.pages("supplier", [{"ID": "s-1", "Name": "A", "Currency": "AUD"}])
    result = send(client, journal, {**PAYLOAD, "Currency": "USD"})
    assert (result.code, cin7.writes) == ("other_currency", [])
    assert send(client, journal, {**PAYLOAD, "Currency": "aud"}).outcome is Outcome.CREATED


def test_a_lost_header_is_found_by_its_marker(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """Not visible at first; others of the same supplier are opened once and left alone."""
    cin7.answer("POST", "advanced-purchase", requests.ReadTimeout("late"))
    other = {**ROW, "ID": "g-7", "Type": "Advanced Purchase"}
    cin7.answer(
        "GET", "purchaseList", *({"Total": len(rows), "PurchaseList": rows} for rows in ([other], [other, ROW]))
    )
    cin7.answer(
        "GET", "advanced-purchase", {**HEADER, "ID": "g-7", "Note": MARK[:-1] + "1]", "AdditionalAttributes": {}}
    )
    assert send(client, journal) == RowResult(Outcome.CREATED, "g-1")
    assert cin7.writes == ["POST advanced-purchase", "POST purchase/order"]
    assert clock.slept == [1.0]
    assert len(cin7.requests("GET", "advanced-purchase")) == 1
    assert cin7.queries("GET", "purchaseList")[0]["UpdatedSince"] == ["2026-07-01T11:50:00.000"]


def test_an_answer_about_another_order_is_a_lost_one(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """A proxy that gives an earlier answer again would have these lines put into that order: ours is looked for."""
    another = {**HEADER, "ID": "g-7", "Note": MARK[:-1] + "1]", "AdditionalAttributes": {}}
    cin7.answer("POST", "advanced-purchase", another)
    cin7.answer("GET", "purchaseList", {"Total": 1, "PurchaseList": [ROW]})
    assert send(client, journal) == RowResult(Outcome.CREATED, "g-1")
    (lines,) = cin7.bodies("POST", "purchase/order")
    assert lines["TaskID"] == "g-1"


def test_a_header_that_was_never_made_is_sent_again(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """By the next task, after looking long enough: in the same one it is pending, as it may come through late."""
    cin7.answer("POST", "advanced-purchase", requests.ConnectionError("cut"), HEADER)
    purchases = Purchases(client, journal)
    for _ in range(2):
        (result,) = purchases.deliver("purchases", [Ready(RECORD, PAYLOAD)])
        assert (result.outcome, result.code) == (Outcome.PENDING, "no_answer")
    entry = journal.entry(RECORD)
    assert entry is not None
    assert (entry.begun is not None, cin7.writes) == (True, ["POST advanced-purchase"])
    assert send(client, journal).outcome is Outcome.CREATED


def test_a_try_that_crashed_is_looked_for_first(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """Its header is there: the lines go, and no second header."""
    journal.begin(Ready(RECORD, {}), clock.now() - timedelta(hours=1))
    cin7.pages("purchaseList", [ROW])
    assert send(client, journal) == RowResult(Outcome.CREATED, "g-1")
    assert cin7.writes == ["POST purchase/order"]


def test_a_crash_between_the_calls_is_completed(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """The id is noted, so nobody needs to look."""
    journal.begin(Ready(RECORD, {}), clock.now())
    journal.created(RECORD, "g-1")
    assert send(client, journal) == RowResult(Outcome.CREATED, "g-1")
    assert cin7.writes == ["POST purchase/order"]
    assert cin7.requests("GET", "purchaseList") == []


def test_voided_and_foreign_purchases_are_not_taken(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """One with the marker that somebody voided, and one that is another record's."""
    journal.begin(Ready(RECORD, {}), clock.now() - timedelta(hours=1))
    journal.finished("other", "g-8")
    cin7.pages("purchaseList", [{**ROW, "ID": "g-9", "Status": "VOIDED"}, {**ROW, "ID": "g-8"}])
    cin7.answer("POST", "advanced-purchase", {**HEADER, "ID": "g-2"})
    assert send(client, journal).target_id == "g-2"


def test_markers_of_similar_keys_differ() -> None:
    """No marker is part of another record's."""
    assert marker("1-OP-47") not in marker("1-OP-471")
    assert marker("1-OP-47") not in marker("11-OP-47")


def test_lines_that_are_refused_leave_no_header(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, failure: Any
) -> None:
    """It is voided, and forgotten, so that the mended order is made anew."""
    cin7.answer("POST", "purchase/order", failure("Product is obsolete"))
    cin7.answer("GET", "purchase/order", EMPTY)
    result = send(client, journal)
    assert (result.outcome, result.code, result.detail) == (Outcome.REJECTED, "400", "Product is obsolete")
    assert cin7.writes == ["POST advanced-purchase", "POST purchase/order", "DELETE purchase"]
    assert cin7.queries("DELETE", "purchase") == [{"ID": ["g-1"], "Void": ["true"]}]
    assert journal.entry(RECORD) is None


def test_lines_that_cin7_fails_on_leave_no_header(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """500 for this body each time, and everything else works: the record is at fault, the run goes on."""
    cin7.answer("POST", "purchase/order", {"status_code": 500, "json": {}})
    cin7.answer("GET", "purchase/order", EMPTY)
    assert send(client, journal).code == "500"
    assert cin7.writes[-1] == "DELETE purchase"


def test_an_orphan_of_an_order_that_no_longer_goes_is_voided(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """The try before made a header; the order has since got an unknown item."""
    journal.begin(Ready(RECORD, {}), clock.now())
    journal.created(RECORD, "g-1")
    assert send(client, journal, with_lines({"SKU": "none", "Quantity": 1, "Price": 1})).code == "unknown_product"
    assert cin7.writes == ["DELETE purchase"]
    assert journal.entry(RECORD) is None


def test_a_whole_order_is_not_voided_for_a_change_that_cannot_go(
    client: Cin7Client, cin7: Any, journal: MemoryJournal
) -> None:
    """It stays as it was delivered."""
    journal.finished(RECORD, "g-1")
    send(client, journal, with_lines({"SKU": "none", "Quantity": 1, "Price": 1}))
    assert cin7.writes == []


def test_an_orphan_that_cannot_be_voided_stays_noted(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, failure: Any
) -> None:
    """For the next try to complete or void: the record stays open, and is told by the order's number."""
    cin7.answer("POST", "purchase/order", failure("no"))
    cin7.answer("GET", "purchase/order", EMPTY)
    cin7.answer("DELETE", "purchase", failure("locked"))
    result = send(client, journal)
    assert (result.outcome, result.code) == (Outcome.PENDING, "not_voided")
    assert "PO-00102" in str(result.message)
    entry = journal.entry(RECORD)
    assert entry is not None
    assert (entry.guid, entry.begun is not None) == ("g-1", True)


def test_the_rule_of_totals_is_learnt_once(
    make_client: Callable[..., Cin7Client], cin7: Any, journal: MemoryJournal, failure: Any
) -> None:
    """This account adds the tax; its message says so for the first order, and the second goes right at once."""
    line = {"SKU": "AB-1", "Quantity": 3, "Price": "435.30", "TaxRule": "Sales Tax on Imports"}
    told = failure("Line attribute 'Total' doesn't match the calculated one. Expected value is: 1436.49")
    reply = {**ORDER, "Lines": [{"ProductID": "p-1", "Quantity": 3, "Price": 435.3}], "TotalBeforeTax": 1305.9,
             "Tax": 130.59, "Total": 1436.49}  # fmt: skip
    cin7.answer("POST", "purchase/order", told, {"status_code": 200, "json": reply})
    cin7.answer("POST", "advanced-purchase", UNMARKED)
    purchases = Purchases(make_client(), journal)
    for key in ("1", "2"):
        (result,) = purchases.deliver("purchases", [Ready(key, with_lines(line))])
        assert result.outcome is Outcome.CREATED, result
    sent = [(body["Lines"][0]["Tax"], body["Lines"][0]["Total"]) for body in cin7.bodies("POST", "purchase/order")]
    assert sent == [(130.59, 1305.9), (130.59, 1436.49), (130.59, 1436.49)]


def test_a_total_that_no_rule_explains_is_a_refusal(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, failure: Any
) -> None:
    """No guessing of amounts; the order is voided."""
    cin7.answer("POST", "purchase/order", failure("attribute 'Total' doesn't match. Expected value is: 9.99"))
    cin7.answer("GET", "purchase/order", EMPTY)
    assert send(client, journal).outcome is Outcome.REJECTED
    assert len(cin7.bodies("POST", "purchase/order")) == 1


def test_the_suppliers_own_tax_rule_counts_where_nobody_names_one(
    make_client: Callable[..., Cin7Client], cin7: Any, journal: MemoryJournal
) -> None:
    """Cin7 puts it into the header; the lines bear its rate, whatever the Connection's default for suppliers is."""
    rules = ({**UNMARKED, "TaxRule": rule} for rule in ("Sales Tax on Imports", ""))
    cin7.answer("POST", "advanced-purchase", *rules)
    cin7.pages("supplier", [{"ID": "s-1", "Name": "Acme", "TaxRule": "Sales Tax on Imports"}])
    for key in ("1", "2"):
        Purchases(make_client(), journal).deliver("", [Ready(key, PAYLOAD)])
        assert "TaxRule" not in cin7.bodies("POST", "advanced-purchase")[-1]
        assert [line["Tax"] for line in cin7.bodies("POST", "purchase/order")[-1]["Lines"]] == [0.7, 0.02]


def test_lines_that_were_dropped_are_sent_once_more(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """Without a word: the answer has fewer of them."""
    short = {**ORDER, "Lines": LINES[:1]}
    cin7.answer("POST", "purchase/order", short, ORDER)
    cin7.answer("GET", "purchase/order", short)
    assert send(client, journal).outcome is Outcome.CREATED
    assert len(cin7.bodies("POST", "purchase/order")) == 2


def test_an_order_that_stays_incomplete_is_voided(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """Half an order is none."""
    short = {**ORDER, "Lines": LINES[:1]}
    cin7.answer("POST", "purchase/order", short)
    cin7.answer("GET", "purchase/order", short)
    cin7.answer("GET", "purchase", {**FULL, "Order": short})
    result = send(client, journal)
    assert (result.code, cin7.writes[-1]) == ("order_incomplete", "DELETE purchase")
    assert "1 of 2 lines" in str(result.message)


def test_a_draft_is_written_over(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """Header and lines of a changed order; of the header only where it differs."""
    journal.finished(RECORD, "g-1")
    cin7.answer("GET", "purchase", FULL)
    assert send(client, journal) == RowResult(Outcome.UPDATED, "g-1")
    assert cin7.writes == ["POST purchase/order"]
    send(client, journal, {**PAYLOAD, "Location": "Annex"})
    assert cin7.writes[1:] == ["PUT purchase", "POST purchase/order"]
    (body,) = cin7.bodies("PUT", "purchase")
    assert (body["ID"], body["Location"], body["Note"]) == ("g-1", "Annex", MARK)
    assert ("PurchaseType" in body, body["Approach"]) == (False, "STOCK")


@pytest.mark.parametrize(
    ("there", "code"),
    [({**FULL, "Status": "ORDERED", "Order": {**ORDER, "Status": "AUTHORISED", "Lines": LINES[:1]}}, "order_not_draft"),
     ({**FULL, "Status": "VOIDED"}, "order_voided")],
)  # fmt: skip
def test_what_somebody_has_decided_in_cin7_stands(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, there: dict[str, Any], code: str
) -> None:
    """Authorised or voided: reported by its number, not overwritten, not made again."""
    journal.finished(RECORD, "g-1")
    cin7.answer("GET", "purchase", there)
    result = send(client, journal)
    assert (result.outcome, result.code, cin7.writes) == (Outcome.REJECTED, code, [])
    assert "PO-00102" in str(result.message)


def test_an_advanced_purchase_is_read_at_its_own_endpoint(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, failure: Any
) -> None:
    """A GET of the other kind is refused with a hint."""
    journal.finished(RECORD, "g-1")
    cin7.answer("GET", "purchase", failure("This is an advanced purchase. Use AdvancedPurchase endpoint"))
    cin7.answer("GET", "advanced-purchase", {**FULL, "Type": "", "Location": "Annex"})
    cin7.answer("PUT", "advanced-purchase", FULL)
    assert send(client, journal).outcome is Outcome.UPDATED
    assert cin7.writes == ["PUT advanced-purchase", "POST purchase/order"]


@pytest.mark.parametrize(
    "hint", ["Use AdvancedPurchase endpoint", "It is an Advanced Purchase", "see AdvancedPurchase"]
)
def test_a_purchase_is_read_where_the_refusal_says(client: Cin7Client, cin7: Any, failure: Any, hint: str) -> None:
    """Also where its type was thought to be known; the words of the hint are nowhere promised."""
    cin7.answer("GET", "purchase", failure(hint))
    cin7.answer("GET", "advanced-purchase", FULL)
    assert client.purchase("g-1", "Simple Purchase").id == FULL["ID"]


def test_a_purchase_that_is_gone_is_not_made_again(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, failure: Any
) -> None:
    """Purchases cannot be deleted, so something is odd: a person has to look."""
    journal.finished(RECORD, "g-1")
    for path in ("purchase", "advanced-purchase"):
        cin7.answer("GET", path, failure("not found", code=404))
    assert (send(client, journal).code, cin7.writes) == ("order_gone", [])


def test_orders_are_authorised_only_when_read_back_whole(
    make_client: Callable[..., Cin7Client], cin7: Any, journal: MemoryJournal
) -> None:
    """First a draft, then a look, then the same lines as AUTHORISED."""
    cin7.answer("POST", "purchase/order", ORDER, {**ORDER, "Status": "AUTHORISED"})
    client = make_client(authorise_purchases=True)
    assert send(client, journal).outcome is Outcome.CREATED
    calls = [f"{each.method} {each.path.rpartition('/v2/')[2]}" for each in cin7.requests()]
    assert calls[-3:] == ["POST purchase/order", "GET purchase/order", "POST purchase/order"]
    assert [body["Status"] for body in cin7.bodies("POST", "purchase/order")] == ["DRAFT", "AUTHORISED"]


def test_an_order_read_back_with_another_total_is_not_authorised(
    make_client: Callable[..., Cin7Client], cin7: Any, journal: MemoryJournal
) -> None:
    """It stays a draft, and is reported."""
    cin7.answer("GET", "purchase/order", {**ORDER, "Total": 99, "TotalBeforeTax": 99})
    result = send(make_client(authorise_purchases=True), journal)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "order_incomplete")
    assert [body["Status"] for body in cin7.bodies("POST", "purchase/order")] == ["DRAFT"]


def test_an_authorisation_whose_answer_was_lost_is_done(
    make_client: Callable[..., Cin7Client], cin7: Any, journal: MemoryJournal, failure: Any
) -> None:
    """The second POST is refused because the first was done: a look tells."""
    done = {**ORDER, "Status": "AUTHORISED"}
    cin7.answer("POST", "purchase/order", ORDER, requests.ReadTimeout("late"), failure("Order is not a draft"))
    cin7.answer("GET", "purchase/order", ORDER, done)
    client = make_client(authorise_purchases=True)
    assert send(client, journal) == RowResult(Outcome.CREATED, "g-1")


def test_an_authorised_order_that_is_as_it_should_be_is_delivered(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """A crash after the authorisation: nothing is left to do."""
    journal.begin(Ready(RECORD, {}), clock.now())
    journal.created(RECORD, "g-1")
    cin7.answer("GET", "purchase", {**FULL, "Order": {**ORDER, "Status": "AUTHORISED"}})
    assert send(client, journal) == RowResult(Outcome.CREATED, "g-1")
    assert cin7.writes == []


def test_the_marker_does_not_take_a_mapped_attribute(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """It goes into the first that is free, and behind the note and memo of the record."""
    send(client, journal, {**PAYLOAD, "AdditionalAttribute1": "x", "Note": "Hi", "Memo": "M"})
    (body,) = cin7.bodies("POST", "advanced-purchase")
    assert body["AdditionalAttributes"] == {"AdditionalAttribute1": "x", "AdditionalAttribute2": MARK}
    assert (body["Note"], cin7.bodies("POST", "purchase/order")[0]["Memo"]) == (f"Hi\n{MARK}", f"M\n{MARK}")


def test_a_whole_order_whose_answer_was_lost_is_told(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """The record is not sent any more: its order is found by its marker, and stays."""
    journal.begin(Ready(RECORD, {}), clock.now())
    cin7.pages("purchaseList", [ROW])
    cin7.answer("GET", "purchase", FULL)
    target = Purchases(client, journal)
    assert isinstance(target, Settles)
    assert target.settle(RECORD, RECORD, PAYLOAD) == RowResult(Outcome.CREATED, "g-1")
    assert cin7.writes == []


def test_a_header_whose_order_is_not_sent_any_more_is_voided(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """Nothing of it is left; one that was never made leaves nothing either."""
    journal.begin(Ready(RECORD, {}), clock.now())
    cin7.pages("purchaseList", [ROW])
    assert Purchases(client, journal).settle(RECORD, None, {}) is None
    assert (cin7.writes, journal.entry(RECORD)) == (["DELETE purchase"], None)
    journal.begin(Ready("other", {}), clock.now() - timedelta(hours=1))
    assert Purchases(client, journal).settle("other", None, {}) is None
    assert len(cin7.writes) == 1


def test_a_whole_order_stays_known_when_its_change_cannot_go(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """Its answer was lost and an item has gone since: the id is noted, for the refusal ends the try."""
    journal.begin(Ready(RECORD, {}), clock.now())
    cin7.pages("purchaseList", [ROW])
    cin7.answer("GET", "purchase", FULL)
    assert send(client, journal, with_lines({"SKU": "none", "Quantity": 1, "Price": 1})).code == "unknown_product"
    entry = journal.entry(RECORD)
    assert entry is not None
    assert (entry.guid, cin7.writes) == ("g-1", [])


def test_a_header_that_we_voided_is_made_anew(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any
) -> None:
    """A crash between the voiding and its note; one that was delivered and then voided by somebody is not."""
    journal.begin(Ready(RECORD, {}), clock.now())
    journal.created(RECORD, "g-0")
    cin7.answer("GET", "purchase", {**HEADER, "ID": "g-0", "Status": "VOIDED"})
    assert send(client, journal) == RowResult(Outcome.CREATED, "g-1")
    journal.begin(Ready(RECORD, {}), clock.now())
    (result,) = Purchases(client, journal).deliver("purchases", [Ready(RECORD, PAYLOAD, known=True)])
    assert result.code == "order_voided"


def test_an_update_that_fails_does_not_void_the_order(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any, failure: Any
) -> None:
    """It was delivered whole before; that its change had no answer the first time makes it no leftover."""
    journal.begin(Ready(RECORD, {}), clock.now())
    journal.created(RECORD, "g-1")
    cin7.answer("GET", "purchase", FULL)
    cin7.answer("GET", "purchase/order", ORDER)
    cin7.answer("POST", "purchase/order", failure("Product is obsolete"))
    (result,) = Purchases(client, journal).deliver("purchases", [Ready(RECORD, PAYLOAD, known=True)])
    assert (result.outcome, result.code) == (Outcome.REJECTED, "400")
    assert "DELETE purchase" not in cin7.writes


def test_a_list_that_cannot_be_asked_leaves_the_order_open(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any, failure: Any
) -> None:
    """Not refused: a refusal would end the try, and with it what is known of it."""
    journal.begin(Ready(RECORD, {}), clock.now())
    cin7.answer("GET", "purchaseList", failure("Search is out of order"))
    assert send(client, journal).outcome is Outcome.PENDING
    assert cin7.writes == []


def test_a_purchase_that_is_not_shown_any_more_is_nothing(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any, failure: Any
) -> None:
    """Nobody can say more of it; the run goes on."""
    journal.begin(Ready(RECORD, {}), clock.now())
    journal.created(RECORD, "g-1")
    for path in ("purchase", "advanced-purchase"):
        cin7.answer("GET", path, failure("not found", code=404))
    assert Purchases(client, journal).settle(RECORD, RECORD, {}) is None


CANCELLED = {"SKU": "AB-1", "Quantity": 1, "Price": 1, "SourceStatus": "cancelled"}


def test_a_purchase_that_may_be_ours_and_cannot_be_read_leaves_the_order_open(
    client: Cin7Client, cin7: Any, journal: MemoryJournal, clock: Any, failure: Any
) -> None:
    """To pass over it might make the order twice; one that is gone, or a credit note, is none of ours."""
    rows = [ROW, {**ROW, "ID": "g-3", "Type": "Credit Note"}]
    journal.begin(Ready(RECORD, {}), clock.now() - timedelta(hours=1))
    cin7.pages("purchaseList", rows)
    cin7.answer("GET", "purchase", failure("out of order"))
    assert send(client, journal).outcome is Outcome.PENDING
    assert cin7.writes == []
    for path in ("purchase", "advanced-purchase"):
        cin7.answer("GET", path, failure("not found", code=404))
    assert send(client, journal).outcome is Outcome.CREATED


def test_cancelled_lines_are_left_out(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """Also where their item or account is unknown."""
    gone = {"Account": "1.1", "SourceStatus": "cancelled"}
    lines: list[dict[str, Any]] = [CANCELLED, gone, *PAYLOAD["Lines"]]  # type: ignore[list-item]
    assert send(client, journal, with_lines(*lines)).outcome is Outcome.CREATED
    assert len(cin7.bodies("POST", "purchase/order")[0]["Lines"]) == 2


def test_remarks_among_the_lines_are_left_out(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """A line without item, account, quantity and amount orders nothing, and keeps no order from going."""
    remark = {"Comment": "Deliver to gate 4", "Quantity": 0, "Price": 0, "SourceAmount": 0, "SourceStatus": "closed"}
    lines: list[dict[str, Any]] = [remark, *PAYLOAD["Lines"]]  # type: ignore[list-item]
    assert send(client, journal, with_lines(*lines)).outcome is Outcome.CREATED
    assert len(cin7.bodies("POST", "purchase/order")[0]["Lines"]) == 2


@pytest.mark.parametrize("more", [{"SourceAmount": 80}, {"Quantity": 1}, {"Account": "5010"}, {"SourceAccount": "1.1"}])
def test_a_line_that_orders_anything_is_no_remark(client: Cin7Client, journal: MemoryJournal, more: Any) -> None:
    """What Cin7 cannot take is refused with the order, not dropped from it."""
    line = {"Comment": "Freight", "Quantity": 0, "Price": 0, **more}
    lines: list[dict[str, Any]] = [line, *PAYLOAD["Lines"]]  # type: ignore[list-item]
    result = send(client, journal, with_lines(*lines))
    assert result.outcome is Outcome.REJECTED
    assert "line 1: has no item" in str(result.message)


def test_an_order_whose_lines_are_cancelled_but_for_a_remark(client: Cin7Client, journal: MemoryJournal) -> None:
    """It is a cancelled order all the same."""
    assert send(client, journal, with_lines(CANCELLED, {"Comment": "Thanks"})).code == "cancelled"


def test_a_cancelled_order_is_skipped_or_reported(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """One that never went needs nothing; of one that is in Cin7 a person has to know, by its number."""
    result = send(client, journal, with_lines(CANCELLED))
    assert (result.outcome, result.code) == (Outcome.SKIPPED, "cancelled")
    journal.finished(RECORD, "g-1")
    cin7.answer("GET", "purchase", FULL)
    result = send(client, journal, with_lines(CANCELLED))
    assert (result.outcome, result.code, cin7.writes) == (Outcome.REJECTED, "order_cancelled", [])
    assert "PO-00102" in str(result.message)


def test_missing_links_are_told_with_all_other_reasons(client: Cin7Client, cin7: Any, journal: MemoryJournal) -> None:
    """The supplier by its number in the source, each account by its code there."""
    lines = ({"SourceAccount": "30.7777", "Quantity": 1, "Price": 1}, {"SKU": "gone", "Quantity": 1, "Price": 1})
    payload = {"SourceKey": RECORD, "SourceSupplier": "2044", "Lines": list(lines)}
    result = send(client, journal, payload)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "several_reasons")
    for words in ("supplier 2044 has not reached", "line 1: account 30.7777 has no partner", "line 2: Cin7 has no act"):
        assert words in str(result.message)


def test_codes_of_the_source_are_mapped_by_the_connection(
    make_client: Callable[..., Cin7Client], cin7: Any, journal: MemoryJournal
) -> None:
    """Terms and tax by name; a code that its map lacks is a reason; without a map the codes say nothing."""
    payload = {**PAYLOAD, "SourceTerms": "N60", "SourceTax": "IMP"}
    maps = {"payment_term_map": {"N60": "60 days"}, "tax_rule_map": {"IMP": "Sales Tax on Imports"}}
    assert send(make_client(**maps), journal, payload).outcome is Outcome.CREATED
    (body,) = cin7.bodies("POST", "advanced-purchase")
    assert (body["Terms"], body["TaxRule"]) == ("60 days", "Sales Tax on Imports")
    result = send(make_client(**maps), MemoryJournal(), {**payload, "SourceTerms": "N7", "SourceTax": "X"})
    assert result.code == "unknown_code"
    assert "Terms: 'N7' is not in the Connection's payment_term_map; TaxRule: 'X'" in str(result.message)
    assert send(make_client(), MemoryJournal(), payload).outcome is Outcome.CREATED
    assert "Terms" not in cin7.bodies("POST", "advanced-purchase")[1]
