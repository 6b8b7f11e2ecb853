from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.jaggaer.invoices import not_due, record_of
from airflow_provider_mlconnector.hooks.jaggaer.splits import shares


def record(invoice: dict[str, Any], account_field: str = "Account") -> dict[str, Any]:
    return record_of(invoice, str(invoice["header"]["invoiceId"]), "header.lastUpdate", account_field)


def test_one_invoice_is_one_record(samples: Any) -> None:
    """Header values are flat and typed, amounts exact, numbers with leading zeros are texts."""
    found = record(samples.invoice(7))
    expected = {
        "record_key": "7",
        "changed_at": datetime(2026, 6, 30, 8, 15, 30, 123000, tzinfo=UTC),
        "INVOICE.ID": "7",
        "INVOICE.NUMBER": "I00007",
        "INVOICE.SUPPLIER_INVOICE": "INV-7",
        "INVOICE.SUPPLIER": "004242",
        "INVOICE.SUPPLIER_ID": "70000001",
        "INVOICE.INVOICE_DATE": date(2026, 6, 14),
        "INVOICE.DUE_DATE": date(2026, 7, 15),
        "INVOICE.CURRENCY": "USD",
        "INVOICE.TOTAL": Decimal("1012.50"),
        "INVOICE.TAX": Decimal("12.5"),
        "INVOICE.SHIPPING": Decimal(0),
        "INVOICE.MISC": Decimal(0),
        "INVOICE.TERMS": "Net 30",
        "INVOICE.BUSINESS_UNIT": "0004",
        "INVOICE.CREDIT": False,
        "INVOICE.PO": True,
        "INVOICE.APPROVED": True,
        "INVOICE.PAYABLE": True,
        "INVOICE.PROBLEM": None,
        "INVOICE.supplier_supplierNumber": "004242",
        "INVOICE.supplier_duns": None,
        "INVOICE.total_value": Decimal("1012.50"),
        "INVOICE.custom_TaxCode": "T",
        "INVOICE.custom_Bank_Code": None,
    }
    assert {name: found[name] for name in expected} == expected


def test_lines(samples: Any) -> None:
    """Each line has its exact amount, its order and its coding."""
    lines = record(
        samples.invoice(7, samples.line(1, "0.10", 3), samples.line(2, "5.005", taxCharge1=Decimal("1.25")))
    )["INVOICE.LINES"]
    assert [(each["number"], each["amount"], each["tax"]) for each in lines] == [
        ("1", Decimal("0.30"), Decimal("12.5")),
        ("2", Decimal("5.005"), Decimal("1.25")),
    ]
    assert (lines[0]["unit"], lines[0]["po_number"], lines[0]["po_line"], lines[0]["taxable"]) == (
        "EA",
        "0000000123",
        "1",
        True,
    )
    (split,) = lines[0]["splits"]
    assert (split["account"], split["amount"], split["percent"]) == ("30.5110.01", None, None)


@pytest.mark.parametrize("name", ["extendedPrice", "lineTotal"])
def test_amount_that_a_line_says(samples: Any, name: str) -> None:
    """A line's own amount is believed before quantity × price, also with its currency."""
    said: Any = {name: {"currency": "USD", "value": "9.99"}}
    (line,) = record(samples.invoice(7, samples.line(1, "5", 2, **said)))["INVOICE.LINES"]
    assert line["amount"] == Decimal("9.99")


@pytest.mark.parametrize("absent", [{"lineList": None}, {"lineList": {}}, {"lineList": {"invoiceLine": None}}])
def test_optional_lists_may_be_missing(samples: Any, absent: Any) -> None:
    """An invoice without lines is read as one without lines."""
    assert record({**samples.invoice(7), **absent})["INVOICE.LINES"] == []


def test_bare_header(samples: Any) -> None:
    """null, "" and absent are alike; nothing but the id need be there."""
    found = record({"header": {"invoiceId": 7, "total": None, "supplier": "", "invoiceDate": "", "taxCharge1": None}})
    assert (found["INVOICE.TOTAL"], found["INVOICE.SUPPLIER"], found["INVOICE.INVOICE_DATE"]) == (None, None, None)
    assert (found["INVOICE.TAX"], found["INVOICE.PROBLEM"], found["changed_at"]) == (Decimal(0), None, None)


@pytest.mark.parametrize(
    ("header", "where"),
    [
        ({"total": {"currency": "USD", "value": "1.102,50"}}, "total.value is not a number"),
        ({"taxCharge1": "abc"}, "taxCharge1 is not a number"),
        ({"invoiceDate": "14/06/2026"}, "invoiceDate is not a date"),
    ],
)
def test_what_cannot_be_read_is_said(samples: Any, header: Any, where: str) -> None:
    """Money that cannot be read is never taken for nothing: the invoice is marked, and so rejected, not skipped."""
    found = record(samples.invoice(7, **header))
    assert (found["INVOICE.PROBLEM"], found["record_key"]) == (where, "7")
    with pytest.raises(RecordRejected, match=re.escape(where)) as refused:
        not_due(found)
    assert refused.value.code == "unreadable"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, None),
        ({"workflowStatus": "Pending"}, "not_approved"),
        ({"workflowStatus": None}, "not_approved"),
        ({"matchStatus": "Unmatched"}, "not_matched"),
        ({"matchStatus": "Do Not Match"}, "not_matched"),
        ({"matchStatus": "Do Not Match", "invoiceLineType": "Non-PO"}, None),
        ({"matchStatus": "Unmatched", "invoiceLineType": None, "nonPOInvoice": "true"}, None),
        ({"matchStatus": "Unmatched", "invoiceLineType": None, "nonPOInvoice": "false"}, "not_matched"),
        ({"matchStatus": "Unmatched", "invoiceLineType": "Mixed"}, "not_matched"),
        ({"matchStatus": "Unmatched", "invoiceLineType": None}, "not_matched"),
        ({"matchStatus": None, "invoiceLineType": "PO Based"}, "not_matched"),
        ({"paymentStatus": "Paid"}, "not_payable"),
        ({"paymentStatus": "payable", "workflowStatus": "COMPLETED"}, None),
    ],
)
def test_which_invoices_are_due(samples: Any, header: Any, code: str | None) -> None:
    """Approved and payable; those with an order, or where nobody can tell, only where they are matched."""
    reason = not_due(record(samples.invoice(7, **header)))
    assert (reason and reason[0]) == code


@pytest.mark.parametrize("kind", ["Credit memo", "CREDIT_MEMO", "Credit-Memo", "creditNote"])
def test_kinds_of_credit(samples: Any, kind: str) -> None:
    """However the tenant spells it."""
    assert record(samples.invoice(7, invoiceType=kind))["INVOICE.CREDIT"] is True


def test_a_type_that_nobody_knows(samples: Any) -> None:
    """It might be a credit: it is refused, never taken for an invoice."""
    with pytest.raises(RecordRejected, match="invoiceType") as caught:
        not_due(record(samples.invoice(7, invoiceType="Pro forma")))
    assert caught.value.code == "unreadable"


def test_credit_memo(samples: Any) -> None:
    """A credit memo is known by its type; its amounts stay as they are written."""
    found = record(samples.invoice(7, invoiceType="Credit memo"))
    assert (found["INVOICE.CREDIT"], found["INVOICE.TOTAL"]) == (True, Decimal("1012.50"))


def test_coding_of_the_header_holds_for_lines_without(samples: Any) -> None:
    """A line without a coding of its own has the header's."""
    bare = samples.line(2, "1", splittableFieldSetGroupList=None)
    own, inherited = record(
        samples.invoice(7, samples.line(1, "1"), bare, splittableFieldSetGroupList=samples.coding("10.1.1"))
    )["INVOICE.LINES"]
    assert [each["splits"][0]["account"] for each in (own, inherited)] == ["30.5110.01", "10.1.1"]


def test_line_without_any_coding(samples: Any) -> None:
    """It has no split; nothing is guessed."""
    (line,) = record(samples.invoice(7, samples.line(1, "1", splittableFieldSetGroupList={})))["INVOICE.LINES"]
    assert line["splits"] == []


def test_account_field_of_the_connection(samples: Any) -> None:
    """The account is in the custom field that the Connection names; the group that has it counts."""
    groups = samples.coding("x", Cost="30")["splittableFieldSetGroup"]
    other = samples.coding("y", GL="5110")["splittableFieldSetGroup"]
    both = {"splittableFieldSetGroup": [*groups, *other]}
    (line,) = record(samples.invoice(7, samples.line(1, "1", splittableFieldSetGroupList=both)), "GL")["INVOICE.LINES"]
    (split,) = line["splits"]
    assert (split["account"], split["fields"]["Cost"]) == ("5110", "30")


@pytest.mark.parametrize(
    ("share", "name"),
    [
        ({"percent": 60}, "percent"),
        ({"distributionPercentage": "60"}, "percent"),
        ({"amount": {"currency": "USD", "value": 60}}, "amount"),
        ({"distributionType": "PercentOfPrice", "distributionValue": 60}, "percent"),
        ({"distributionType": "AmountOfPrice", "distributionValue": 60}, "amount"),
        ({"splitType": "PercentOfQuantity", "splitValue": 60}, "percent"),
    ],
)
def test_shares_are_read(samples: Any, share: Any, name: str) -> None:
    """A split's share is found under the usual names."""
    split = samples.coding("a", "b", shares=[share, share])
    (line,) = record(samples.invoice(7, samples.line(1, "1", splittableFieldSetGroupList=split)))["INVOICE.LINES"]
    assert [(each["account"], each[name]) for each in line["splits"]] == [("a", 60), ("b", 60)]


def test_two_accounts_in_one_set(samples: Any) -> None:
    """Two accounts without a share each cannot be told apart: the invoice is marked."""
    split = samples.coding("a", "b")
    sets = split["splittableFieldSetGroup"][0]["splittableFieldIndexSet"][0]["splittableFieldIndexList"]
    first, second = (each["customFieldValueList"]["customFieldValue"] for each in sets["splittableFieldIndex"])
    sets["splittableFieldIndex"] = [{"customFieldValueList": {"customFieldValue": first + second}}]
    found = record(samples.invoice(7, samples.line(1, "1", splittableFieldSetGroupList=split)))
    assert found["INVOICE.PROBLEM"] == "'Account' stands twice in one set of the coding"


VALUES = [{"internalName": "Fund", "value": "1"}, {"internalName": "Account", "value": "a"}]


@pytest.mark.parametrize(
    "coding",
    [
        {"splittableFieldSetGroup": [{"customFieldValueList": {"customFieldValue": VALUES}}]},
        {"splittableFieldSetGroup": [{"customFieldValue": VALUES}]},
        {"splittableFieldSetGroup": {"customFieldValue": VALUES}},
        {"customFieldValueList": {"customFieldValue": VALUES}},
        {"customFieldValue": VALUES},
    ],
)
def test_a_coding_without_the_objects_in_between(samples: Any, coding: Any) -> None:
    """A line's values are its coding however deep they stand."""
    (line,) = record(samples.invoice(7, samples.line(1, "1", splittableFieldSetGroupList=coding)))["INVOICE.LINES"]
    assert [(each["account"], each["fields"]["Fund"]) for each in line["splits"]] == [("a", "1")]


def coded(*groups: dict[str, Any]) -> dict[str, Any]:
    """A coding of several groups, each with one set."""
    return {"splittableFieldSetGroup": list(groups)}


def group(account: str, **share: Any) -> dict[str, Any]:
    return {"customFieldValueList": {"customFieldValue": [{"internalName": "Account", "value": account}]}, **share}


def test_an_account_in_each_of_two_groups(samples: Any) -> None:
    """The amount is divided between them; without shares nobody knows how, and it never goes to the first alone."""
    shared = coded(group("a", percent=60), group("b", percent=40))
    found = record(samples.invoice(7, samples.line(1, "1000", splittableFieldSetGroupList=shared)))
    assert [(line["ACCOUNT"], line["NET"]) for line in found["GL.LINES"]] == [("a", 600), ("b", 400)]
    unshared = coded(group("a"), group("b"))
    found = record(samples.invoice(7, samples.line(1, "1000", splittableFieldSetGroupList=unshared)))
    assert found["GL.PROBLEM_CODE"] == "split_not_known"


def test_the_same_account_in_two_groups(samples: Any) -> None:
    """Two sets of further fields beside one account are one part."""
    (line,) = record(
        samples.invoice(7, samples.line(1, "1", splittableFieldSetGroupList=coded(group("a"), group("a"))))
    )["INVOICE.LINES"]
    assert [each["account"] for each in line["splits"]] == ["a"]


def part(**share: Any) -> dict[str, Any]:
    return {"amount": None, "percent": None, "quantity": None, **{k: Decimal(v) for k, v in share.items()}}


@pytest.mark.parametrize(
    ("total", "parts", "expected"),
    [
        ("10.00", [part()], ["10.00"]),
        ("10.00", [part(percent="50"), part(percent="50")], ["5.00", "5.00"]),
        ("10.00", [part(percent="33.33"), part(percent="33.33"), part(percent="33.34")], ["3.33", "3.33", "3.34"]),
        ("0.01", [part(percent="50"), part(percent="50")], ["0.01", "0.00"]),
        ("-10.00", [part(percent="33.33"), part(percent="66.67")], ["-3.33", "-6.67"]),
        ("-0.05", [part(percent="50"), part(percent="50")], ["-0.03", "-0.02"]),
        ("10.00", [part(amount="4"), part(amount="6")], ["4", "6"]),
        ("10.00", [part(quantity="1"), part(quantity="2")], ["3.33", "6.67"]),
        ("1.005", [part(percent="50"), part(percent="50")], ["0.505", "0.50"]),
    ],
)
def test_shares_add_up_to_the_line(total: str, parts: list[Any], expected: list[str]) -> None:
    """What rounding leaves over goes to the largest remainders; to the cent nothing is lost or made."""
    found = shares(Decimal(total), parts)
    assert found == [Decimal(each) for each in expected]
    assert sum(found) == Decimal(total)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([part(), part()], "not every part has a share"),
        ([part(percent="50"), part(percent="40")], "add up to 90"),
        ([part(amount="50"), part(amount="40")], "add up to 90 instead of 10"),
        ([part(percent="50"), part(amount="5")], "not every part"),
        ([part(quantity="0"), part(quantity="0")], "add up to nothing"),
    ],
)
def test_shares_that_do_not_add_up(parts: list[Any], message: str) -> None:
    """No account is charged by a guess."""
    with pytest.raises(ValueError, match=message):
        shares(Decimal(10), parts)
