"""Each document and supplier once: what is noted before a write, and how long a lost one is looked for."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.coding import cost_centers
from airflow_provider_mlconnector.hooks.jaggaer.documents import body_of
from airflow_provider_mlconnector.hooks.jaggaer.likeness import holds
from airflow_provider_mlconnector.hooks.jaggaer.target import RecordObject, purchase_orders, suppliers
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Ready
from tests.hooks.jaggaer.conftest import NOW, Clock
from tests.hooks.jaggaer.test_coding import Make
from tests.hooks.jaggaer.test_target import CUT, NUMBER, ORDER, ORDERS, SUPPLIER, SUPPLIERS, orders

KEY = "00001-OP-12-000"


def deliver(target: RecordObject, payload: dict[str, Any], **ready: Any) -> RowResult:
    (result,) = target.deliver("", [Ready(KEY, payload, **ready)])
    return result


@pytest.fixture
def journal() -> MemoryJournal:
    """What is remembered."""
    return MemoryJournal()


def begun(journal: MemoryJournal) -> bool:
    """Whether a try is unfinished."""
    entry = journal.entry(KEY)
    return entry is not None and entry.begun is not None


def test_a_try_is_noted_before_it_is_made(client: JaggaerClient, server: Any, journal: MemoryJournal) -> None:
    """By the time JAGGAER sees an order, new or changed, the journal knows; after the answer it is finished."""
    noted = []

    def answer(request: Any, _context: Any) -> dict[str, Any]:
        noted.append(begun(journal))
        return {"returnCode": 0, "purchaseOrderId": 9}

    server.answer("GET", ORDERS, orders())
    server.answer("GET", f"{ORDERS}/9", {"header": {"purchaseOrderId": 9, "poNumber": NUMBER}})
    server.answer("POST", ORDERS, answer)
    target = purchase_orders(client, journal)
    for outcome in (Outcome.CREATED, Outcome.UPDATED):
        assert deliver(target, ORDER).outcome is outcome
        assert not begun(journal)
    assert noted == [True, True]


def test_a_change_of_a_supplier_may_be_repeated(
    client: JaggaerClient, server: Any, companies: Any, journal: MemoryJournal
) -> None:
    """It is named by the vendor's id, so it needs no note, and is sent again by itself."""
    server.answer("GET", SUPPLIERS, companies(1, 1, (55, "1001")))
    server.answer("POST", SUPPLIERS, {"status_code": 503}, {"returnCode": "0"})
    assert deliver(suppliers(client, journal), SUPPLIER).outcome is Outcome.UPDATED
    assert not begun(journal)


def test_an_order_that_becomes_visible_late(client: JaggaerClient, server: Any, clock: Clock) -> None:
    """After a lost answer the order is looked for, at growing intervals, for `settle_seconds`; found, it is done."""
    server.answer("GET", ORDERS, orders(), orders(), orders(), orders((9, NUMBER)))
    server.answer("POST", ORDERS, CUT)
    result = deliver(purchase_orders(client), ORDER)
    assert (result.outcome, result.target_id) == (Outcome.CREATED, "9")
    assert (server.sent(ORDERS), clock.slept) == (["GET", "POST", "GET", "GET", "GET"], [1.0, 2.0])


def test_a_call_that_took_longer_than_anything_is_late(client: JaggaerClient, server: Any, clock: Clock) -> None:
    """The time in which the answer was waited for does not count: what it has made may become visible only now."""
    now = [NOW]
    client.now = lambda: now[0]

    def answer(_request: Any, _context: Any) -> Any:
        now[0] += timedelta(minutes=5)
        raise CUT

    server.answer("GET", ORDERS, orders(), orders(), orders((9, NUMBER)))
    server.answer("POST", ORDERS, answer)
    assert deliver(purchase_orders(client), ORDER).outcome is Outcome.CREATED
    assert server.sent(ORDERS).count("POST") == 1


def test_what_an_earlier_process_has_begun_is_looked_for_first(
    client: JaggaerClient, server: Any, clock: Clock, journal: MemoryJournal
) -> None:
    """A try of ten minutes ago may have ended just now; one that shows up was created, and gets what it lacks."""
    journal.begin(Ready(KEY, {}), NOW - timedelta(minutes=10))
    server.answer("GET", ORDERS, orders(), orders((9, NUMBER)))
    server.answer("GET", f"{ORDERS}/9", {"header": {"purchaseOrderId": 9, "poNumber": NUMBER}})
    server.answer("POST", ORDERS, {"returnCode": 0})
    assert deliver(purchase_orders(client, journal), ORDER).outcome is Outcome.CREATED
    assert clock.slept == [1.0]
    assert [body["purchaseOrder"]["operationCode"] for body in server.bodies(ORDERS)] == ["UPDATE"]


def test_what_was_begun_long_ago_is_asked_for_once(
    client: JaggaerClient, server: Any, clock: Clock, journal: MemoryJournal
) -> None:
    """Nothing comes any more: it is sent again, without waiting."""
    journal.begin(Ready(KEY, {}), NOW - timedelta(hours=1))
    server.answer("GET", ORDERS, orders())
    server.answer("POST", ORDERS, {"returnCode": 0, "purchaseOrderId": 9})
    assert deliver(purchase_orders(client, journal), ORDER).outcome is Outcome.CREATED
    assert (server.sent(ORDERS), clock.slept) == (["GET", "POST"], [])


@pytest.mark.parametrize("quantity", ["3.00", 4], ids=["arrived", "did not arrive"])
def test_an_unfinished_change_of_a_known_order(
    client: JaggaerClient, server: Any, journal: MemoryJournal, quantity: Any
) -> None:
    """Where JAGGAER has all of it, it has arrived, and is no further revision; else it goes again. No new order."""
    held = body_of("purchase_orders", client.connection.resource("purchase_orders"), ORDER)
    held["header"] |= {"purchaseOrderId": 9, "orderDate": "2026-06-14", "revision": 1}
    held["lineList"]["purchaseOrderLine"][0] |= {"quantity": quantity, "matched": "false"}
    journal.begin(Ready(KEY, {}), NOW)
    server.answer("GET", ORDERS, orders((9, NUMBER)))
    server.answer("GET", f"{ORDERS}/9", held)
    server.answer("POST", ORDERS, {"returnCode": 0})
    assert deliver(purchase_orders(client, journal), ORDER, known=True).outcome is Outcome.UPDATED
    assert len(server.bodies(ORDERS)) == (quantity == 4)
    assert not begun(journal)


def test_likeness() -> None:
    """What is held may have more, and write numbers, days and truth its own way; it may not lack or differ."""
    sent = {"a": 1, "b": [{"c": "x"}], "d": True, "e": "2026-01-02T00:00:00.000Z", "f": Decimal("1.50")}
    held = {
        "a": "1.0",
        "b": [{"c": "x ", "z": 1}],
        "d": "true",
        "e": "2026-01-02T05:00:00.000+05:00",
        "f": Decimal("1.5"),
        "y": 2,
    }
    assert holds(held, sent)
    for name, value in (("a", 2), ("a", "one"), ("b", []), ("b", {}), ("d", "false"), ("e", "2026-01-03"), ("f", None)):
        assert not holds({**held, name: value}, sent), name


def test_a_refusal_is_an_answer(client: JaggaerClient, server: Any, journal: MemoryJournal) -> None:
    """Nothing was made, so nothing is looked for later."""
    server.answer("GET", ORDERS, orders())
    server.answer("POST", ORDERS, {"returnCode": 2002, "returnMessage": "Account does not exist"})
    assert deliver(purchase_orders(client, journal), ORDER).code == "2002"
    assert journal.entry(KEY) is None


def test_a_record_that_is_not_sent_any_more(client: JaggaerClient, server: Any, journal: MemoryJournal) -> None:
    """What became of it is asked: created, changed, nothing, or several."""
    target = purchase_orders(client, journal)
    server.answer("GET", ORDERS, orders((9, NUMBER)), orders((9, NUMBER)), orders((8, NUMBER), (9, NUMBER)), orders())
    journal.begin(Ready(KEY, {}), NOW - timedelta(hours=1))
    assert target.settle(KEY, NUMBER, {}) == RowResult(Outcome.CREATED, target_id="9")
    journal.created(KEY, "9")
    assert target.settle(KEY, NUMBER, {}) == RowResult(Outcome.UPDATED, target_id="9")
    several = target.settle(KEY, NUMBER, {})
    assert several is not None
    assert several.code == "ambiguous"
    assert target.settle(KEY, NUMBER, {}) is target.settle(KEY, None, {}) is None


def test_a_code_whose_creation_was_lost(make_client: Make, server: Any, journal: MemoryJournal) -> None:
    """With `create_missing` codes are written once as well; an aligned list has nothing to ask for."""
    path, own = "ji/v1/costcenters", {"create_missing": True, "confirmed": True}
    there = {"returnCode": 0, "totRecords": 1, "returnedRecords": 1, "x": {"y": [{"costCenterId": 7, "code": "30"}]}}
    nothing = {"returnCode": 0, "totRecords": 0, "returnedRecords": 0}
    server.answer("GET", path, nothing, nothing, there)
    server.answer("POST", path, CUT)
    target = cost_centers(make_client(resources={"cost_centers": own}), journal)
    (made,) = target.deliver("", [Ready(KEY, {"code": "30"})])
    assert made == RowResult(Outcome.CREATED, target_id="30")
    assert target.settle(KEY, "30", {}) == RowResult(Outcome.UPDATED, target_id="30")
    assert cost_centers(make_client(), journal).settle(KEY, "30", {}) is None


def test_a_delivered_order_is_found_by_its_id(client: JaggaerClient, server: Any, journal: MemoryJournal) -> None:
    """Whatever its number is by now: what was made once is changed, not made again."""
    journal.created(KEY, "9")
    journal.finished(KEY, "9")
    server.answer("GET", f"{ORDERS}/9", {"header": {"purchaseOrderId": 9, "poNumber": "RENUMBERED"}})
    server.answer("POST", ORDERS, {"returnCode": 0})
    assert deliver(purchase_orders(client, journal), ORDER, known=True) == RowResult(Outcome.UPDATED, target_id="9")
    assert server.sent(ORDERS) == ["POST"]


@pytest.mark.parametrize("guid", ["9", None])
def test_a_delivered_order_that_is_gone(
    client: JaggaerClient, server: Any, journal: MemoryJournal, guid: str | None
) -> None:
    """It is refused, and its id stays noted: someone has taken it away, and knows why."""
    if guid:
        journal.created(KEY, guid)
        journal.finished(KEY, guid)
    server.answer("GET", f"{ORDERS}/9", {"status_code": 404})
    server.answer("GET", ORDERS, orders())
    result = deliver(purchase_orders(client, journal), ORDER, known=True)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "gone_from_target")
    assert (journal.owner("9") == KEY) is bool(guid)


def test_taken_and_never_seen(client: JaggaerClient, server: Any, journal: MemoryJournal, clock: Clock) -> None:
    """A success without an id whose order does not appear is no success: it is looked for as long as it may take."""
    server.answer("GET", ORDERS, orders())
    server.answer("POST", ORDERS, {"returnCode": 0})
    result = deliver(purchase_orders(client, journal), ORDER)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "not_found_after_accept")
    assert sum(clock.slept) >= 60


def test_the_id_in_the_address_of_the_new_order(client: JaggaerClient, server: Any, clock: Clock) -> None:
    """Some servers answer 201 with a Location, and no body."""
    server.answer("GET", ORDERS, orders())
    server.answer("POST", ORDERS, {"status_code": 201, "headers": {"Location": f"https://x.test/api/{ORDERS}/a%2F9"}})
    assert deliver(purchase_orders(client), ORDER).target_id == "a/9"
    assert clock.slept == []
