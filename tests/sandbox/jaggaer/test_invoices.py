from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.jaggaer.generate import KINDS
from tests.sandbox.jaggaer.client import INVOICES, Api

D = Decimal


def net(document: dict[str, Any]) -> Decimal:
    lines = document["lineList"]["invoiceLine"]
    return sum((D(str(each["quantity"])) * D(str(each["unitPrice"])) for each in lines), D(0))


def charges(header: dict[str, Any]) -> Decimal:
    plus = sum(
        (D(str(header[name])) for name in ("taxCharge1", "taxCharge2", "shippingCharge", "handlingCharge")), D(0)
    )
    return plus - D(str(header["discountAmount"]))


def accounts(node: dict[str, Any]) -> list[Any]:
    (group,) = node["splittableFieldSetGroupList"]["splittableFieldSetGroup"]
    (index_set,) = group["splittableFieldIndexSet"]
    return [
        (value.get("value"), index.get("distributionValue"))
        for index in index_set["splittableFieldIndexList"]["splittableFieldIndex"]
        for value in index["customFieldValueList"]["customFieldValue"]
        if value["internalName"] == "Account"
    ]


def test_lists_have_headers_only() -> None:
    """A list has neither lines nor coding; the detail has both, without an envelope."""
    api = Api().master_data()
    detail = api.invoice(charge_account="1130.8720")
    (listed,) = api.get(INVOICES)["jiinvoiceList"]["jiinvoice"]
    assert set(listed) == {"header"}
    assert not {"splittableFieldSetGroupList", "terms"} & set(listed["header"])
    assert set(detail) == {"header", "lineList"}
    assert {"splittableFieldSetGroupList", "terms"} <= set(detail["header"])
    assert listed["header"]["total"] == {"currency": "USD", "value": D("100.00")}
    assert listed["header"]["nonPOInvoice"] == "true"


def test_a_line_on_one_account() -> None:
    """A line's account is a splittable custom field; a single one says nothing of its part."""
    (line,) = Api().invoice()["lineList"]["invoiceLine"]
    assert accounts(line) == [("1130.8720", None)]


def test_a_line_on_several_accounts() -> None:
    """Splits say their part, by percent or by amount."""
    splits = [{"account": "1130.8720", "percent": "33.33"}, {"account": "1130.8730.01", "percent": "66.67"}]
    (line,) = Api().invoice(lines=[{"amount": "10.00", "accounts": splits}])["lineList"]["invoiceLine"]
    assert accounts(line) == [("1130.8720", D("33.33")), ("1130.8730.01", D("66.67"))]


def test_a_credit_memo_is_negative_throughout() -> None:
    """Quantities, splits, tax and total of a credit memo are negative."""
    splits = [{"account": "1130.8720", "amount": "4.00"}, {"account": "1130.8730.01", "amount": "6.00"}]
    lines = [{"amount": "10.00", "accounts": splits, "tax": "0.83"}]
    found = Api().invoice(type="Credit memo", lines=lines, shipping="1.00")
    header = found["header"]
    assert (header["total"]["value"], header["taxCharge1"]) == (D("-11.83"), D("-0.83"))
    assert [part for _, part in accounts(found["lineList"]["invoiceLine"][0])] == [D("-4.00"), D("-6.00")]
    assert net(found) == -10


def test_an_invoice_against_an_order() -> None:
    """A line with an order names it; the header says so, and whether it matched."""
    lines = [{"quantity": 2, "price": "5.00", "account": "1130.8720", "po": "A", "po_line": 3}, {"amount": 1}]
    header = Api().invoice(lines=lines, match="Unmatched")["header"]
    assert (header["invoiceLineType"], header["matchStatus"]) == ("PO", "Unmatched")
    assert (header["nonPOInvoice"], header["containsNonPOLines"]) == ("false", "true")


def test_a_supplier_nobody_sent() -> None:
    """An invoice may name a supplier that JAGGAER does not have; a later description may say anything else."""
    header = Api().invoice(supplier="999", header={"paymentStatus": "On Hold", "businessUnit": "1130"})["header"]
    assert (header["supplier"]["supplierNumber"], header["supplier"]["id"]) == ("999", 0)
    assert (header["paymentStatus"], header["businessUnit"]) == ("On Hold", "1130")


def test_no_invoices_without_suppliers_and_accounts() -> None:
    """Invoices are made for what JAGGAER was sent; before that it refuses to make any."""
    api = Api()
    assert api.change(invoices=1).status_code == 400
    api.company("4242")
    assert api.change(invoices=1).status_code == 400
    api.changed(gl_accounts=[{"code": "1130.8720"}])
    assert len(api.changed(invoices=3)["invoices"]) == 3
    assert {each["header"]["supplier"]["supplierNumber"] for each in api.sandbox.state()["invoices"]} == {"4242"}


def test_generated_invoices_repeat() -> None:
    """The same seed, suppliers and accounts make the same invoices, another seed others."""

    def made(seed: int) -> Any:
        api = Api(seed=seed).master_data()
        api.changed(invoices=40)
        return api.sandbox.state()["invoices"]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_generated_kinds() -> None:
    """Every kind is made, in turn, and is what it says."""
    api = Api().master_data()
    api.order("A")
    kinds = {each["kind"]: api.get(f"{INVOICES}/{each['id']}") for each in api.changed(invoices=len(KINDS))["invoices"]}
    assert list(kinds) == list(KINDS)
    heads = {kind: found["header"] for kind, found in kinds.items()}
    uneven = {
        kind for kind, found in kinds.items() if net(found) + charges(heads[kind]) != heads[kind]["total"]["value"]
    }
    assert uneven == {"unbalanced"}
    assert {kind for kind in kinds if heads[kind]["workflowStatus"] != "Completed"} == {"unapproved"}
    assert {kind for kind in kinds if heads[kind]["invoiceLineType"] == "PO"} == {"matched", "unmatched"}
    assert kinds["matched"]["lineList"]["invoiceLine"][0]["poNumber"] == "A"
    assert {kind for kind in kinds if heads[kind]["total"]["value"] < 0} == {"credit_memo", "credit_memo_split"}
    assert {kind for kind in kinds if heads[kind]["total"]["currency"] != "USD"} == {"foreign"}
    assert {kind for kind in kinds if heads[kind]["taxCharge1"]} == {"tax_coded", "tax_uncoded"}
    assert sum(line["taxCharge1"] for line in kinds["tax_coded"]["lineList"]["invoiceLine"]) > 0
    assert {kind for kind in kinds if "splittableFieldSetGroupList" in heads[kind]} == {"freight_coded"}
    assert "supplierInvoiceNumber" not in heads["unnumbered"]
    assert "splittableFieldSetGroupList" not in kinds["uncoded"]["lineList"]["invoiceLine"][0]
    assert list(api.sandbox.state()["duplicates"]["invoices"].values()) == [2]


def test_approval() -> None:
    """An approval changes the workflow's state and the time of change."""
    api = Api().master_data()
    found = api.invoice(status="Pending")["header"]
    api.clock.advance(60)
    assert api.changed(approve=found["invoiceId"]) == {"approve": [found["invoiceId"]]}
    after = api.get(f"{INVOICES}/{found['invoiceId']}")["header"]
    assert (found["workflowStatus"], after["workflowStatus"]) == ("Pending", "Completed")
    assert (found["lastUpdate"], after["lastUpdate"]) == ("2026-11-20T12:00:00.000Z", "2026-11-20T12:01:00.000Z")
    api.invoice(number="A-2", status="Pending")
    assert len(api.changed(approve="all")["approve"]) == 1


def ocr(number: str = "N-1", name: str = "invoiceOcr", **header: Any) -> dict[str, Any]:
    """Return the body of an import."""
    line = {
        "lineNumber": 1, "quantity": 1.0, "ocrItem": {"description": "x", "unitOfMeasure": "EA", "packagingAmount": 1},
        "unitPrice": {"currency": "USD", "money": 10.50},
    }  # fmt: skip
    given = {
        "supplierInvoiceNumber": number, "invoiceType": "Invoice", "invoiceDate": "2026-11-01T00:00:00.000Z",
        "supplier": {"supplierNumber": "4242"},
    }  # fmt: skip
    return {
        "batchId": "b1", name: {"invoiceOcrHeader": given | header, "invoiceOcrLineList": {"invoiceOcrLine": [line]}}
    }  # fmt: skip


@pytest.mark.parametrize("path", ["ji/v1/invoices/ocr", "ji/v1/invoices/ocr/"])
@pytest.mark.parametrize("name", ["invoiceOcr", "invoiceOCR"])
def test_import(path: str, name: str) -> None:
    """An import makes an invoice that waits for approval; the answer has no id of it."""
    api = Api().master_data()
    assert api.post(path, ocr(name=name)) == {"returnCode": 0, "returnMessage": "", "batchId": "b1"}
    (found,) = api.get(INVOICES, flt="supplierInvoiceNumber==N-1;supplierNumber==4242")["jiinvoiceList"]["jiinvoice"]
    assert (found["header"]["workflowStatus"], found["header"]["total"]["value"]) == ("Pending", D("10.50"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supplierInvoiceNumber": ""}, 1011),
        ({"supplier": {"supplierNumber": "1"}}, 2001),
        ({"invoiceType": "Bill"}, 1012),
        ({"invoiceDate": "soon"}, 1012),
    ],
)
def test_refused_imports(changes: dict[str, Any], code: int) -> None:
    """An import without number, with an unknown supplier, type or date is refused."""
    api = Api().master_data()
    assert api.post("ji/v1/invoices/ocr", ocr(**changes))["returnCode"] == code
    assert api.sandbox.state()["invoices"] == []


@pytest.mark.parametrize("part", ["batchId", "invoiceOcr.invoiceOcrLineList", "quantity"])
def test_incomplete_imports(part: str) -> None:
    """An import without batch, lines or a line's quantity is refused."""
    api, body = Api().master_data(), ocr()
    if part == "quantity":
        del body["invoiceOcr"]["invoiceOcrLineList"]["invoiceOcrLine"][0]["quantity"]
    elif part == "batchId":
        del body["batchId"]
    else:
        del body["invoiceOcr"]["invoiceOcrLineList"]
    assert api.post("ji/v1/invoices/ocr", body)["returnCode"] == 1011


def test_an_invoice_number_twice() -> None:
    """A supplier's invoice number is imported once, unless the tenant allows more."""
    api = Api().master_data()
    assert [api.post("ji/v1/invoices/ocr", ocr())["returnCode"] for _ in range(2)] == [0, 2010]
    api.changed(settings={"unique_invoice_numbers": False})
    assert api.post("ji/v1/invoices/ocr", ocr())["returnCode"] == 0
    assert api.sandbox.state()["duplicates"]["invoices"] == {"4242|N-1": 2}


def test_an_accepted_import_may_fail_later() -> None:
    """The answer is good, and the invoice is none."""
    api = Api(faults={"import_fails": {"first": 1}}).master_data()
    assert api.post("ji/v1/invoices/ocr", ocr())["returnCode"] == 0
    assert api.sandbox.state()["invoices"][0]["header"]["validationStatus"] == "Failed"


def test_imports_are_not_read() -> None:
    """The path of imports takes POST only, and no invoice has that id."""
    answer = Api().send("GET", "ji/v1/invoices/ocr")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
