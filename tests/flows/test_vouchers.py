"""`jaggaer_to_jde` by Airflow's own DAG runner: each invoice one voucher, to the cent, or a reason why not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core.vendor import Vendor
from tests.flows.conftest import COLUMNS, Flow, variables
from tests.flows.invoicing import Books, link, linked_flow, stocked

pytestmark = pytest.mark.airflow
FATES = {
    "plain": "created", "split": "created", "credit_memo": "created", "tax_coded": "created",
    "unapproved": "not_approved", "matched": "created", "foreign": "created", "freight_coded": "created",
    "unmatched": "not_matched", "split_by_amount": "created", "tax_uncoded": "tax_not_coded",
    "unbalanced": "unbalanced", "credit_memo_split": "created", "freight_uncoded": "freight_not_coded",
    # The invoice whose number it has was never sent.
    "duplicate": "created",
    "uncoded": "not_coded", "unknown_account": "missing_link", "unnumbered": "invalid_voucher",
    "on_hold": "not_payable", "discount": "discount_not_coded",
}  # fmt: skip
"""Kind of the sandbox's invoices → what becomes of it: created, or the reason code."""
SKIPPED = ("not_approved", "not_matched", "not_payable")


@pytest.fixture
def flow(new_flow: Callable[..., Flow]) -> Flow:
    """Suppliers and accounts in JAGGAER, linked; no invoices yet."""
    return linked_flow(new_flow)


@pytest.fixture
def jaggaer(flow: Flow) -> Vendor:
    return flow.server.vendor("jaggaer")


def invoice(flow: Flow, number: str, *amounts: str, **more: Any) -> str:
    """Put an approved invoice into JAGGAER, a line for each amount; return its id."""
    accounts, supplier = list(Books(flow.server).accounts()), more.pop("supplier", flow.suppliers[0])
    lines = [{"amount": amount, "account": accounts[at]} for at, amount in enumerate(amounts)]
    spec = {"supplier": supplier, "number": number, "currency": "USD", "lines": lines, **more}
    return str(flow.server.vendor("jaggaer").change({"invoice": spec})["invoice"])


def outcome(flow: Flow, key: str) -> tuple[str, str | None]:
    """The newest answer about a record: outcome and reason code."""
    event = flow.events("invoices", key=key)[-1]
    return event["outcome"], event["reason_code"]


def header(flow: Flow, number: str) -> dict[str, Any]:
    """The row of F0411Z1 of an invoice."""
    (row,) = [row for row in Books(flow.server).sent() if row["VINV"] == number]
    return row


def test_every_kind_of_invoice_has_its_fate(flow: Flow, jaggaer: Vendor) -> None:
    """Vouchers to the cent, which R04110ZA posts without an error; all others with the reason why not."""
    kinds = {str(each["id"]): each["kind"] for each in jaggaer.change({"invoices": 2 * len(FATES)})["invoices"]}
    flow.run()
    assert {key: _fate(flow, key) for key in kinds} == {key: FATES[kind] for key, kind in kinds.items()}
    fates = [FATES[kind] for kind in kinds.values()]
    created, skipped = fates.count("created"), sum(fate in SKIPPED for fate in fates)
    rejected = len(kinds) - created - skipped
    assert flow.counts("invoices") == dict(zip(COLUMNS, (len(kinds), created, 0, 0, skipped, rejected), strict=True))
    _check_amounts(flow, jaggaer, [key for key, kind in kinds.items() if FATES[kind] == "created"])
    report = flow.jde.change({"run_r04110za": "final"})
    assert (len(report["vouchers"]), report["errors"], report["warnings"]) == (created, [], [])
    assert not any(flow.jde.state()["violations"].values())


def _fate(flow: Flow, key: str) -> str:
    found, code = outcome(flow, key)
    return found if found == "created" else str(code)


def _check_amounts(flow: Flow, jaggaer: Vendor, keys: list[str]) -> None:
    """Each voucher's gross is the invoice's total in its own currency, and the distribution adds up to it."""
    books = Books(flow.server)
    invoices = {str(each["header"]["invoiceId"]): each["header"] for each in jaggaer.state()["invoices"]}
    for key in keys:
        wanted = invoices[key]
        supplier = int(wanted["supplier"]["supplierNumber"])
        (row,) = [
            row
            for row in books.sent()
            if row["VINV"] == wanted["supplierInvoiceNumber"] and int(row["AN8"]) == supplier
        ]
        column, line = ("ACR", "ACR") if row["CRRM"] == "F" else ("AG", "AA")
        assert (Decimal(row[column]), row["CRCD"]) == (Decimal(wanted["total"]["value"]), wanted["total"]["currency"])
        lines = [Decimal(each[line]) for each in books.lines() if each["EDTN"] == row["EDTN"]]
        assert sum(lines) == Decimal(row[column])


def test_the_trail_names_the_voucher(flow: Flow) -> None:
    """EDSP 0 is told once, the voucher number when R04110ZA has made it; neither is part of a run's account."""
    key = invoice(flow, "A-1", "10.00", "20.00")
    flow.run()
    assert [event["outcome"] for event in flow.events("invoices", key=key)] == ["pending", "created"]
    for _ in range(2):
        flow.run()
        assert outcome(flow, key) == ("updated", "followed:waiting")
        assert flow.counts("invoices")["unchanged"] == flow.counts("invoices")["read"] == 1
    (voucher,) = flow.jde.change({"run_r04110za": "final"})["vouchers"]
    flow.run()
    event = flow.events("invoices", key=key)[-1]
    number = f"{voucher['KCO']}-{voucher['DCT']}-{voucher['DOC']}"
    assert (event["reason_code"], event["fields"]["voucher"]["value"]) == ("followed:processed", number)
    assert len(flow.events("invoices", key=key)) == 4
    before = flow.jde.calls.total
    flow.run()
    assert len(flow.events("invoices", key=key)) == 4
    # Nothing is followed any more: the run logs in, sees that it may read both Z tables, and logs out.
    assert flow.jde.calls.total - before <= 4


def test_the_target_key_is_user_and_transaction(flow: Flow) -> None:
    """EDUS and EDTN, as in F0411Z1."""
    key = invoice(flow, "A-1", "10.00")
    flow.run()
    row = header(flow, "A-1")
    assert flow.events("invoices", key=key)[-1]["target_key"] == f"{row['EDUS']}-{row['EDTN']}"


def test_a_link_that_comes_later_sends_the_invoice_by_itself(new_flow: Callable[..., Flow]) -> None:
    """Rejected with every link that is missing; the next run takes it up, although the invoice has not changed."""
    flow = new_flow("jaggaer_to_jde", scale=0.1)
    flow.suppliers, accounts = stocked(flow.server)
    key = invoice(flow, "A-1", "10.00", "20.00")
    flow.run()
    event = flow.events("invoices", key=key)[-1]
    assert (event["outcome"], event["reason_code"]) == ("rejected", "missing_link")
    assert flow.suppliers[0] in event["reason"]
    assert all(code in event["reason"] for code in list(accounts)[:2])
    assert "jde_to_jaggaer.suppliers" in event["reason"]
    link(flow, flow.suppliers, {})
    flow.run()
    assert outcome(flow, key) == ("rejected", "missing_link")
    link(flow, [], accounts)
    flow.run()
    assert outcome(flow, key)[0] == "created"
    assert len(Books(flow.server).sent()) == 1


def test_without_links_where_the_connection_says_so(new_flow: Callable[..., Flow]) -> None:
    """`require_links` false: the supplier's number is the AN8, the account's code the account."""
    flow = new_flow("jaggaer_to_jde", scale=0.1)
    flow.suppliers, _ = stocked(flow.server)
    flow.connect(jde={"extra": {"voucher": {"edus": "MLCONN", "require_links": False}}})
    key = invoice(flow, "A-1", "10.00", "20.00")
    flow.run()
    assert outcome(flow, key)[0] == "created"


def test_two_invoices_of_one_number(flow: Flow) -> None:
    """What was sent keeps its number: the second is a duplicate of the first, whenever it comes, and never paid."""
    first = invoice(flow, "A-1", "10.00")
    flow.run()
    second = invoice(flow, "a-1 ", "999.00")
    flow.run()
    assert outcome(flow, second) == ("skipped", "duplicate_of")
    assert first in flow.events("invoices", key=second)[-1]["reason"]
    assert outcome(flow, first)[0] == "updated"
    assert Decimal(header(flow, "A-1")["AG"]) == 10
    assert flow.ledger.reading.last_runs()["jaggaer_to_jde.invoices"]["status"] == "success"


def test_one_that_was_withdrawn_leaves_its_number_to_the_next(flow: Flow, jaggaer: Vendor) -> None:
    """A rejected invoice that is corrected under a new id: the new one goes once the old one is out of scope."""
    wrong = invoice(flow, "A-1", "10.00", total="11.00")
    flow.run()
    assert outcome(flow, wrong) == ("rejected", "unbalanced")
    where = {"header.invoiceId": wrong}
    jaggaer.change({"set": {"resource": "invoices", "where": where, "values": {"header.workflowStatus": "Rejected"}}})
    right = invoice(flow, "A-1", "11.00")
    flow.run()
    assert outcome(flow, right)[0] == "created"
    assert Decimal(header(flow, "A-1")["AG"]) == 11


def change(jaggaer: Vendor, key: str, **values: Any) -> None:
    """Change an invoice's header, by its path with underscores."""
    paths = {f"header.{name.replace('_', '.')}": value for name, value in values.items()}
    jaggaer.change({"set": {"resource": "invoices", "where": {"header.invoiceId": key}, "values": paths}})


def test_an_invoice_that_changes_after_its_voucher(flow: Flow, jaggaer: Vendor) -> None:
    """Another due date changes nothing in JD Edwards and is said so; another amount is rejected as differing."""
    key = invoice(flow, "A-1", "10.00")
    flow.run()
    change(jaggaer, key, dueDate="2027-01-31T00:00:00.000Z")
    flow.run()
    assert ("unchanged", "already_sent") in [(e["outcome"], e["reason_code"]) for e in flow.events("invoices", key=key)]
    change(jaggaer, key, total_value=Decimal("12.00"), taxCharge1=Decimal("2.00"))
    flow.run()
    assert outcome(flow, key) == ("rejected", "tax_not_coded")
    assert len(Books(flow.server).sent()) == 1


def test_another_number_after_its_voucher_is_refused(flow: Flow, jaggaer: Vendor) -> None:
    """It would be paid twice: the voucher of before has to be dealt with first."""
    key = invoice(flow, "A-1", "10.00")
    flow.run()
    change(jaggaer, key, supplierInvoiceNumber="A-2")
    flow.run()
    assert outcome(flow, key) == ("rejected", "already_sent")
    assert [row["VINV"] for row in Books(flow.server).sent()] == ["A-1"]


def test_paid_in_jaggaer_it_is_still_followed(flow: Flow, jaggaer: Vendor) -> None:
    """Out of scope by rule from then on; its voucher number reaches the trail all the same."""
    key = invoice(flow, "A-1", "10.00")
    flow.run()
    change(jaggaer, key, paymentStatus="Paid")
    flow.run()
    assert "not_payable" in [event["reason_code"] for event in flow.events("invoices", key=key)]
    flow.jde.change({"run_r04110za": "final"})
    flow.run()
    assert outcome(flow, key) == ("updated", "followed:processed")


def test_one_that_is_in_jd_edwards_already(flow: Flow) -> None:
    """Entered by hand before: asked for before the first send, rejected with the voucher's number."""
    past = next(row for row in Books(flow.server).tables["F0411"] if not row["VOD"])
    link(flow, [str(past["AN8"])], {})
    key = invoice(flow, past["VINV"], "10.00", supplier=str(past["AN8"]))
    flow.run()
    assert outcome(flow, key) == ("rejected", "duplicate")
    assert str(past["DOC"]) in flow.events("invoices", key=key)[-1]["reason"]
    assert Books(flow.server).sent() == []


def test_rows_deleted_in_jd_edwards_are_told(flow: Flow) -> None:
    """Neither Z rows nor a voucher: said once, and not followed any more."""
    key = invoice(flow, "A-1", "10.00")
    flow.run()
    for table in ("F0411Z1", "F0911Z1"):
        flow.jde.change({"table": table, "delete": {"EDUS": "MLCONN"}})
    flow.run()
    assert outcome(flow, key) == ("updated", "followed:gone")
    flow.run()
    assert len(flow.events("invoices", key=key)) == 3


def test_z_rows_purged_after_processing(flow: Flow) -> None:
    """The voucher is found by supplier and invoice number."""
    key = invoice(flow, "A-1", "10.00")
    flow.run()
    flow.jde.change({"run_r04110za": "final"})
    for table in ("F0411Z1", "F0911Z1"):
        flow.jde.change({"table": table, "delete": {"EDUS": "MLCONN"}})
    flow.run()
    assert outcome(flow, key) == ("updated", "followed:processed")


def test_a_user_has_the_tax_posted_by_jd_edwards(flow: Flow) -> None:
    """With a tax area and EXR1 V the distribution is the net, and R04110ZA agrees."""
    area, rate = next(iter(flow.jde.settings.tax_rates.items()))  # type: ignore[attr-defined]
    tax = (Decimal(1000) * Decimal(rate)).quantize(Decimal("0.01"))
    rows = {"TXA1": {"value": area}, "EXR1": {"value": "V"}, "STAM": "INVOICE.TAX"}
    accounts = list(Books(flow.server).accounts())
    invoice(flow, "A-1", lines=[{"amount": "1000.00", "account": accounts[0], "tax": str(tax)}])
    flow.run(field_map=rows)
    (line,) = Books(flow.server).lines()
    assert (Decimal(line["AA"]), Decimal(header(flow, "A-1")["AG"])) == (Decimal(1000), 1000 + tax)
    assert flow.jde.change({"run_r04110za": "final"})["errors"] == []


def test_without_an_orchestration_nothing_is_configured(flow: Flow) -> None:
    """A green run that says so, and moves no watermark."""
    invoice(flow, "A-1", "10.00")
    flow.connect(jde={"extra": {"orchestrations": {"voucher_import": None}}})
    flow.run()
    run = flow.account("invoices")
    assert (run["status"], run["read"]) == ("success", 0)
    assert "voucher_import" in run["message"]
    assert variables() == {}
