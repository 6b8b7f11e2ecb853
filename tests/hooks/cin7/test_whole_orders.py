from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.comparing import missing
from airflow_provider_mlconnector.hooks.cin7.documents import Order, Purchase
from airflow_provider_mlconnector.hooks.cin7.finding import bears
from airflow_provider_mlconnector.hooks.cin7.order_fields import draft
from airflow_provider_mlconnector.hooks.cin7.purchases import Purchases
from airflow_provider_mlconnector.hooks.cin7.totals import RULES
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Ready
from tests.hooks.cin7.test_purchases import EMPTY, FULL, HEADER, LINES, MARK, ORDER, PAYLOAD, RECORD, ROW

HALF = {**ORDER, "Lines": LINES[:1]}


@dataclass
class World:
    """A server with one order, a journal that knows of a try, and a target."""

    client: Cin7Client
    cin7: Any
    journal: MemoryJournal

    def begun(self, order: dict[str, Any], **header: Any) -> World:
        """A try was cut off, and has left this."""
        self.journal.begin(Ready(RECORD, {}), self.client.now())
        self.journal.created(RECORD, "g-1")
        self.cin7.answer("GET", "purchase", {**FULL, **header, "Order": order})
        return self

    def send(self, payload: dict[str, Any] = PAYLOAD, *, known: bool = False) -> RowResult:
        """Deliver the order."""
        (result,) = Purchases(self.client, self.journal).deliver("", [Ready(RECORD, payload, known=known)])
        return result

    def settle(self, sent: dict[str, Any]) -> RowResult | None:
        """Ask what became of the order, which is not sent any more."""
        return Purchases(self.client, self.journal).settle(RECORD, RECORD, sent)


@pytest.fixture
def cin7(server: Any) -> Any:
    """A server on which all goes well."""
    for method, path, answer in (
        ("POST", "advanced-purchase", HEADER), ("POST", "purchase/order", ORDER), ("GET", "purchase/order", ORDER),
        ("GET", "purchase", HEADER), ("PUT", "purchase", HEADER),
        ("DELETE", "purchase", {**HEADER, "Status": "VOIDED"}),
    ):  # fmt: skip
        server.answer(method, path, answer)
    return server


@pytest.fixture
def world(client: Cin7Client, cin7: Any) -> World:
    """Orders stay drafts."""
    return World(client, cin7, MemoryJournal())


@pytest.fixture
def authorising(make_client: Callable[..., Cin7Client], cin7: Any) -> World:
    """Orders are authorised."""
    return World(make_client(authorise_purchases=True), cin7, MemoryJournal())


def line(**changed: Any) -> dict[str, Any]:
    """The second line as it comes back, but for this."""
    return {**ORDER, "Lines": [LINES[0], {**LINES[1], **changed}]}


@pytest.mark.parametrize(
    "answer",
    [line(Quantity=3), line(Price="3.49"), line(ProductID="p-10"), line(Discount=1), line(Tax=0.01), {**HALF},
     {**ORDER, "TotalBeforeTax": 7.24, "Total": 7.24}, {**ORDER, "Total": 7.22}],
)  # fmt: skip
def test_an_order_is_whole_to_the_cent(client: Cin7Client, cin7: Any, answer: dict[str, Any]) -> None:
    """Each line by product, quantity, price, discount and tax, then the totals."""
    lines = [{**each, "Tax": 0, **each} for each in answer["Lines"]]
    wanted = draft(PAYLOAD, client).taxed(client, "Tax Exempt")
    assert missing(Order.model_validate(ORDER), wanted, RULES[0]) is None
    assert missing(Order.model_validate({**answer, "Lines": lines}), wanted, RULES[0]) is not None


def test_a_long_order_has_no_more_room_than_a_short_one(client: Cin7Client, cin7: Any) -> None:
    """300 lines, one of them changed by three units, which is nothing to a tolerance that grows with the lines."""
    payload = {**PAYLOAD, "Lines": [{"SKU": "AB-1", "Quantity": 1, "Price": "0.335"}] * 300}
    wanted = draft(payload, client).taxed(client, "Tax Exempt")
    lines = [{"ProductID": "p-1", "Quantity": 1, "Price": 0.335}] * 300
    for total in ("102", "100.5"):  # rounded lines, or a rounded sum
        order = {"Status": "DRAFT", "Lines": lines, "TotalBeforeTax": total, "Total": total}
        assert missing(Order.model_validate(order), wanted, RULES[0]) is None
    for changed in (
        {**order, "Total": Decimal("100.52")},
        {**order, "Lines": [{**lines[0], "Quantity": 4}, *lines[1:]]},
    ):
        assert missing(Order.model_validate(changed), wanted, RULES[0]) is not None


def test_half_an_order_is_completed_before_it_is_told(world: World) -> None:
    """It is not sent any more; what was sent last says that a line is lacking, and is written once more."""
    result = world.begun(HALF).settle(PAYLOAD)
    assert result == RowResult(Outcome.CREATED, "g-1")
    (body,) = world.cin7.bodies("POST", "purchase/order")
    assert (len(body["Lines"]), body["Status"]) == (2, "DRAFT")


def test_half_an_order_that_cannot_be_completed_is_told(world: World, failure: Any) -> None:
    """By its number; it is not voided, as it may have been whole before a change."""
    world.cin7.answer("POST", "purchase/order", failure("Product is obsolete"))
    world.cin7.answer("GET", "purchase/order", HALF)
    result = world.begun(HALF).settle(PAYLOAD)
    assert result is not None
    assert (result.outcome, result.code) == (Outcome.REJECTED, "order_incomplete")
    assert "PO-00102 has 1 lines, not those that were sent" in str(result.message)
    assert "DELETE purchase" not in world.cin7.writes


def test_an_order_of_which_nobody_knows_what_was_sent_is_told(world: World) -> None:
    """The trail was pruned: nothing is written, and a person compares."""
    result = world.begun(ORDER).settle({})
    assert result is not None
    assert (result.outcome, result.code, world.cin7.writes) == (Outcome.REJECTED, "order_incomplete", [])


def test_a_whole_order_is_not_voided_when_its_change_is_refused(world: World, failure: Any) -> None:
    """Its answer was lost, and it has changed since: Cin7 refuses the new lines, and the old ones are the order."""
    world.cin7.answer("POST", "purchase/order", failure("Product is locked"))
    result = world.begun(ORDER).send({**PAYLOAD, "Lines": [{"SKU": "AB-1", "Quantity": 9, "Price": 1}]})
    assert (result.outcome, result.code) == (Outcome.REJECTED, "400")
    assert "DELETE purchase" not in world.cin7.writes


@pytest.mark.parametrize(
    "changed",
    [{"RequiredBy": "2026-09-01"},
     {"Lines": [{**PAYLOAD["Lines"][0], "Comment": "other"}, PAYLOAD["Lines"][1]]},  # type: ignore[dict-item]
     {"TaxRule": "Sales Tax on Imports"}],
)  # fmt: skip
def test_a_changed_order_that_is_authorised_is_not_told_as_updated(world: World, changed: dict[str, Any]) -> None:
    """Header, comments and taxes count as much as the lines."""
    world.journal.finished(RECORD, "g-1")
    there = {**ORDER, "Status": "AUTHORISED", "Lines": [{**each, "Tax": 0} for each in LINES]}
    world.cin7.answer("GET", "purchase", {**FULL, "Order": there})
    assert world.send(known=True).outcome is Outcome.UPDATED
    result = world.send({**PAYLOAD, **changed}, known=True)
    assert (result.outcome, result.code, world.cin7.writes) == (Outcome.REJECTED, "order_not_draft", [])


def test_lines_that_go_with_the_authorisation_are_written_once_more(authorising: World) -> None:
    """Cin7 drops one each time it authorises: the order stays a draft with all its lines."""
    done = {**HALF, "Status": "AUTHORISED"}
    authorising.cin7.answer("POST", "purchase/order", ORDER, *[done] * 3, ORDER)
    authorising.cin7.answer("GET", "purchase/order", ORDER, *[done] * 3, ORDER)
    result = authorising.send()
    assert (result.outcome, result.code) == (Outcome.REJECTED, "not_authorised")
    assert "is complete, and stays a DRAFT" in str(result.message)
    assert authorising.cin7.writes[-2:] == ["DELETE purchase", "POST purchase/order"]


def test_a_changed_order_that_has_lost_lines_stays_open(world: World) -> None:
    """Half an order is in Cin7 where a whole one was: the next try writes it again, and nothing is voided."""
    world.journal.finished(RECORD, "g-1")
    world.cin7.answer("POST", "purchase/order", HALF)
    world.cin7.answer("GET", "purchase/order", HALF)
    world.cin7.answer("GET", "purchase", FULL, {**FULL, "Order": HALF})
    for _ in range(2):
        result = world.send(known=True)
        assert (result.outcome, result.code) == (Outcome.PENDING, "order_incomplete")
    assert "PO-00102" in str(result.message)
    assert "DELETE purchase" not in world.cin7.writes


def test_an_answer_without_a_status_is_looked_up(authorising: World) -> None:
    """Whether the order is authorised is asked for, not guessed."""
    silent = {name: value for name, value in ORDER.items() if name != "Status"}
    authorising.cin7.answer("POST", "purchase/order", silent)
    authorising.cin7.answer("GET", "purchase/order", ORDER, {**ORDER, "Status": "AUTHORISED"})
    assert authorising.send() == RowResult(Outcome.CREATED, "g-1")


@pytest.mark.parametrize("kind", ["Simple", "SIMPLE PURCHASE", "Service Purchase", ""])
def test_a_lost_header_is_found_however_its_type_is_spelt(world: World, kind: str) -> None:
    """Only credit notes are passed over."""
    world.cin7.answer("POST", "advanced-purchase", requests.ReadTimeout("late"))
    note = {**ROW, "ID": "g-5", "Type": "CREDIT NOTE"}
    world.cin7.pages("purchaseList", [note, {**ROW, "Type": kind}])
    assert world.send() == RowResult(Outcome.CREATED, "g-1")
    assert len(world.cin7.requests("GET", "purchase")) == 2


def test_headers_of_late_tries_are_voided(world: World) -> None:
    """The first by number is taken, PO-99 before PO-100; the other has no lines and bears the mark."""
    world.cin7.answer("POST", "advanced-purchase", requests.ReadTimeout("late"))
    headers = [{**HEADER, "ID": f"g-{number}", "OrderNumber": f"PO-{number}"} for number in (100, 99)]
    world.cin7.pages(
        "purchaseList", [{**ROW, "ID": each["ID"], "OrderNumber": each["OrderNumber"]} for each in headers]
    )
    world.cin7.answer("GET", "purchase", headers[1], headers[0])
    world.cin7.answer("GET", "purchase", headers[1], headers[0], headers[1], headers[0])
    assert world.send().target_id == "g-99"
    assert world.cin7.queries("DELETE", "purchase")[0]["ID"] == ["g-100"]


def test_a_purchase_that_cannot_be_read_blocks_no_other(world: World, failure: Any) -> None:
    """Ours is found beside it; where ours is not, the message names what cannot be read."""
    world.cin7.answer("POST", "advanced-purchase", requests.ReadTimeout("late"))
    rows = [{**ROW, "ID": "g-0", "OrderNumber": "PO-1"}, ROW]
    world.cin7.pages("purchaseList", rows)
    broken = failure("Task of Jane Doe is corrupt")
    world.cin7.answer("GET", "purchase", broken, {"status_code": 200, "json": HEADER})
    assert world.send() == RowResult(Outcome.CREATED, "g-1")
    other = World(world.client, world.cin7, MemoryJournal())
    world.cin7.pages("purchaseList", rows[:1])
    world.cin7.answer("GET", "purchase", broken)
    result = other.send()
    assert (result.outcome, result.code) == (Outcome.PENDING, "not_readable")
    assert "PO-1 (" in str(result.message)


def test_a_header_that_needs_a_change_keeps_its_approach(world: World) -> None:
    """A PUT without it is refused; what it is was set when it was made."""
    world.journal.finished(RECORD, "g-1")
    world.cin7.answer("GET", "purchase", {**FULL, "Approach": "INVOICE"})
    assert world.send({**PAYLOAD, "Location": "Annex"}, known=True).outcome is Outcome.UPDATED
    assert world.cin7.bodies("PUT", "purchase")[0]["Approach"] == "INVOICE"


class Tagged(MemoryJournal):
    """A journal of one of several ERPs."""

    instance = "0a1b2c3d4e5f"


def test_two_erps_that_number_alike_do_not_take_each_others_orders(world: World, cin7: Any) -> None:
    """An attribute names the instance; a mark without it, as it once was, is still known."""
    tries = world.journal, Tagged()
    for journal, mark, is_ours in (
        (tries[1], "[ERP 00001-OP-4711-000 #ffffff]", False), (tries[1], "[ERP 00001-OP-4711-000 #0a1b2c]", True),
        (tries[1], MARK, True), (tries[0], MARK, True),
    ):  # fmt: skip
        purchase = Purchase.model_validate({**HEADER, "AdditionalAttributes": {"AdditionalAttribute1": mark}})
        assert bears(purchase, RECORD, journal.instance) is is_ours
    World(world.client, cin7, tries[1]).send()
    (body,) = cin7.bodies("POST", "advanced-purchase")
    assert (body["Note"], body["AdditionalAttributes"]["AdditionalAttribute1"]) == (MARK, f"{MARK[:-1]} #0a1b2c]")
    cin7.answer("GET", "purchase", FULL)
    World(world.client, cin7, tries[1]).send(known=True)
    assert "PUT purchase" not in cin7.writes


def test_an_empty_header_of_a_try_is_voided_when_its_lines_are_refused(world: World, failure: Any) -> None:
    """Nothing was ever whole here."""
    world.cin7.answer("POST", "purchase/order", failure("no"))
    world.cin7.answer("GET", "purchase/order", EMPTY)
    assert world.begun(EMPTY).send().outcome is Outcome.REJECTED
    assert world.cin7.writes[-1] == "DELETE purchase"
    assert Purchase.model_validate(HEADER).note == MARK
