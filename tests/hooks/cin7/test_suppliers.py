from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.connection import Defaults
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import check_supplier
from airflow_provider_mlconnector.hooks.cin7.suppliers import Suppliers
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Ready, Settles

ACME = {"Name": "Acme Tools", "Addresses.Billing.Line1": "1 High St", "Addresses.Billing.Country": "Australia",
        "Contacts.Email": "bob@example.com"}  # fmt: skip
THERE = {
    "ID": "g-1", "Name": "Acme Tools", "Status": "Active", "Currency": "AUD", "PaymentTerm": "60 days",
    "TaxRule": "Sales Tax on Imports", "AccountPayable": "800", "Discount": 0,
    "Addresses": [
        {"ID": "a-1", "Type": "Billing", "Line1": "1 High St", "Country": "Australia", "DefaultForType": True,
         "SupplierID": "g-1", "Line2": None},
        {"ID": "a-2", "Type": "Shipping", "Line1": "Dock 4", "Country": "Australia", "DefaultForType": False},
    ],
    "Contacts": [{"ID": "c-1", "Name": "Acme Tools", "Email": "bob@example.com", "Default": True}],
}  # fmt: skip


def send(
    client: Cin7Client, payload: dict[str, Any], *, key: str = "1001", journal: MemoryJournal | None = None
) -> RowResult:
    (result,) = Suppliers(client, journal).deliver("suppliers", [Ready(key, payload)])
    return result


def linked(key: str = "1001", guid: str = "g-1") -> MemoryJournal:
    journal = MemoryJournal()
    journal.finished(key, guid)
    return journal


def answers(server: Any, method: str, *suppliers: dict[str, Any]) -> None:
    server.answer(method, "supplier", *({"Total": 1, "Page": 1, "SupplierList": [each]} for each in suppliers))


def test_an_address_whose_first_line_is_blank_goes_with_the_next(client: Cin7Client, server: Any) -> None:
    """Cin7 needs a first line; the ERP has the street in any of four."""
    answers(server, "POST", THERE)
    blank = {"Addresses.Billing.Line1": None, "Addresses.Billing.Line2": "1 High St, Suite 2"}
    assert send(client, {**ACME, **blank}).outcome is Outcome.CREATED
    [body] = server.bodies("POST", "supplier")
    expected = {"Line1": "1 High St, Suite 2", "Line2": "", "Country": "Australia", "Type": "Billing"}
    assert body["Addresses"] == [{**expected, "DefaultForType": True}]


def test_a_new_supplier_takes_two_calls(client: Cin7Client, server: Any) -> None:
    """A search for its name, a POST with all that Cin7 requires; the id comes out of the envelope."""
    answers(server, "POST", THERE)
    journal = MemoryJournal()
    assert send(client, ACME, journal=journal) == RowResult(Outcome.CREATED, "g-1")
    assert server.bodies("POST", "supplier") == [
        {
            "Name": "Acme Tools", "Status": "Active", "Currency": "USD", "PaymentTerm": "30 days",
            "TaxRule": "Tax Exempt", "AccountPayable": "800", "AdditionalAttribute10": "[ERP 1001]",
            "Addresses": [{"Line1": "1 High St", "Country": "Australia", "Type": "Billing", "DefaultForType": True}],
            "Contacts": [{"Email": "bob@example.com", "Name": "Acme Tools", "Default": True}],
        }
    ]  # fmt: skip
    assert len(server.requests(path="supplier")) == 2
    assert server.queries("GET", "supplier")[0] == {
        "Name": ["Acme Tools"], "IncludeDeprecated": ["true"], "Page": ["1"], "Limit": ["1000"]
    }  # fmt: skip
    assert journal.entry("1001") is not None
    assert journal.owner("G-1") == "1001"


def test_a_name_that_only_starts_alike_is_another_supplier(client: Cin7Client, server: Any) -> None:
    """`Name` means *starts with*, and a server may ignore it altogether: row 0 is anybody."""
    server.pages("supplier", [{**THERE, "Name": "Acme Tools Ltd"}, {**THERE, "ID": "g-9", "Name": "Zorro"}])
    answers(server, "POST", {**THERE, "ID": "g-2"})
    assert send(client, ACME).target_id == "g-2"


def test_a_supplier_of_the_name_is_taken_over(client: Cin7Client, server: Any) -> None:
    """In any case, with other blanks; what the record leaves open stays as it is in Cin7."""
    server.pages("supplier", [{**THERE, "Name": "ACME  tools"}])
    answers(server, "PUT", THERE)
    journal = MemoryJournal()
    assert send(client, ACME, journal=journal) == RowResult(Outcome.UPDATED, "g-1")
    (body,) = server.bodies("PUT", "supplier")
    assert (body["ID"], body["Name"], body["PaymentTerm"], body["Currency"]) == ("g-1", "Acme Tools", "60 days", "AUD")
    assert journal.owner("g-1") == "1001"


def test_a_deprecated_supplier_stays_deprecated(client: Cin7Client, server: Any) -> None:
    """Somebody has decided that; it holds the name all the same."""
    server.pages("supplier", [{**THERE, "Status": "DEPRECATED"}])
    answers(server, "PUT", THERE)
    send(client, {**ACME, "Comments": "new"})
    assert server.bodies("PUT", "supplier")[0]["Status"] == "DEPRECATED"


def test_a_known_supplier_is_found_by_its_id_whatever_its_name(client: Cin7Client, server: Any) -> None:
    """Renamed on either side; asked by id, and compared by id, as the parameter may be ignored."""
    server.pages("supplier", [{**THERE, "ID": "g-0", "Name": "Acme Tools"}, {**THERE, "Name": "Old Name"}])
    answers(server, "PUT", THERE)
    assert send(client, ACME, journal=linked()) == RowResult(Outcome.UPDATED, "g-1")
    assert server.queries("GET", "supplier")[0]["ID"] == ["g-1"]
    assert server.bodies("PUT", "supplier")[0]["ID"] == "g-1"


def test_what_is_as_it_should_be_is_not_written(client: Cin7Client, server: Any) -> None:
    """One call."""
    server.pages("supplier", [THERE])
    assert send(client, ACME, journal=linked()).outcome is Outcome.UPDATED
    assert server.writes == []


def test_addresses_and_contacts_carry_their_ids(client: Cin7Client, server: Any) -> None:
    """Without them a PUT would add them once more; those of others go along as they are."""
    server.pages("supplier", [THERE])
    answers(server, "PUT", THERE)
    payload = {**ACME, "Addresses.Billing.Line1": "2 Low St", "Contacts.Name": "Bob", "Contacts.Phone": "5"}
    send(client, payload, journal=linked())
    (body,) = server.bodies("PUT", "supplier")
    assert body["Addresses"] == [
        {"ID": "a-1", "Line1": "2 Low St", "Country": "Australia", "Type": "Billing"},
        {"ID": "a-2", "Line1": "Dock 4", "Country": "Australia", "Type": "Shipping", "DefaultForType": False},
    ]
    assert body["Contacts"] == [{"ID": "c-1", "Name": "Bob", "Email": "bob@example.com", "Phone": "5"}]


def test_a_list_that_shows_no_ids(client: Cin7Client, server: Any) -> None:
    """The first PUT goes without addresses, its answer has the ids, the second changes what is there."""
    bare = {**THERE, "Addresses": [{"Type": "Billing", "Line1": "x", "Country": "Australia"}], "Contacts": []}
    server.pages("supplier", [bare])
    answers(server, "PUT", {**THERE, "Addresses": [{"ID": "a-1", "Type": "Billing", "Line1": "x", "Country": "Au"}]})
    send(client, {key: value for key, value in ACME.items() if "Contacts" not in key}, journal=linked())
    first, second = server.bodies("PUT", "supplier")
    assert "Addresses" not in first
    assert [each["ID"] for each in second["Addresses"]] == ["a-1"]


def test_ids_that_never_show_leave_the_addresses_alone(client: Cin7Client, server: Any) -> None:
    """Doubling them would be worse; the record is not told as written."""
    bare = {**THERE, "Addresses": [{"Type": "Billing", "Line1": "x", "Country": "Australia"}]}
    server.pages("supplier", [bare])
    answers(server, "PUT", bare)
    result = send(client, ACME, journal=linked())
    assert (result.outcome, result.code) == (Outcome.REJECTED, "no_ids")
    assert [list(body) for body in server.bodies("PUT", "supplier") if "Addresses" in body] == []


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        ({"PaymentTerm": "Cash"}, "unknown_payment_term", "PaymentTerm: Cin7 has no active payment term 'Cash'"),
        ({"TaxRule": "GST on Income"}, "unknown_tax_rule", "Cin7 has no tax rule for purchases"),
        ({"AccountPayable": "801"}, "not_payable", "not an accounts payable"),
        ({"AccountPayable": "9"}, "unknown_account", "no account '9'; payable accounts: 800"),
        ({"PaymentTerm": "Cash", "TaxRule": "x"}, "several_reasons", "payment term 'Cash'.*tax rule for purchases 'x'"),
    ],
)
def test_unknown_names_are_refused_before_any_write(
    client: Cin7Client, server: Any, payload: dict[str, Any], code: str, words: str
) -> None:
    """Cin7 creates none of them; all are told at once, with what there is."""
    result = send(client, {**ACME, **payload})
    assert (result.outcome, result.code) == (Outcome.REJECTED, code)
    with pytest.raises(RecordRejected, match=words):
        raise RecordRejected(str(result.message), code="")
    assert server.writes == []


def test_the_only_payable_account_needs_no_default(make_client: Callable[..., Cin7Client], server: Any) -> None:
    """Nor do the term that Cin7 marks as its default and the account's own currency; a tax rule is a decision."""
    answers(server, "POST", THERE)
    client = make_client(defaults=Defaults(tax_rule="tax exempt"))
    assert send(client, ACME).outcome is Outcome.CREATED
    (body,) = server.bodies("POST", "supplier")
    assert [body[name] for name in ("Currency", "PaymentTerm", "TaxRule", "AccountPayable")] == [
        "USD", "30 days", "Tax Exempt", "800"
    ]  # fmt: skip
    result = send(make_client(defaults=Defaults()), ACME)
    assert (result.code, result.message) == (
        "missing_value", "TaxRule: the record has none, and the Connection no default"
    )  # fmt: skip


def test_a_lost_answer_is_looked_for_and_not_sent_again(client: Cin7Client, server: Any, clock: Any) -> None:
    """The supplier shows up only at the second look."""
    server.answer("POST", "supplier", requests.ReadTimeout("late"))
    page = {"Total": 0, "SupplierList": []}
    server.answer("GET", "supplier", page, page, page, {"Total": 1, "SupplierList": [THERE]})
    assert send(client, ACME) == RowResult(Outcome.CREATED, "g-1")
    assert server.writes == ["POST supplier"]
    assert clock.slept == [1.0]


def test_an_answer_lost_before_it_was_done_is_sent_again(client: Cin7Client, server: Any, clock: Any) -> None:
    """After looking long enough, and not in the same task: what was cut off may still be done."""
    good = {"json": {"SupplierList": [THERE]}, "status_code": 200}
    server.answer("POST", "supplier", requests.ConnectionError("cut"), good)
    journal, ready = MemoryJournal(), Ready("1001", ACME)
    suppliers = Suppliers(client, journal)
    assert [suppliers.deliver("", [ready])[0].outcome for _ in range(2)] == [Outcome.PENDING] * 2
    assert (server.writes, sum(clock.slept)) == (["POST supplier"], 120.0)
    assert Suppliers(client, journal).deliver("", [ready])[0].outcome is Outcome.CREATED
    assert server.writes == ["POST supplier"] * 2


def test_a_body_that_cin7_fails_on_does_not_stop_the_run(client: Cin7Client, server: Any) -> None:
    """500 each time, and everything else works: it is this record."""
    server.answer("POST", "supplier", {"status_code": 500, "json": {}})
    result = send(client, ACME)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "500")


@pytest.mark.parametrize("owner", ["[ERP 555]", "[ERP 2044]"])
def test_a_supplier_that_bears_another_records_mark_is_not_taken(client: Cin7Client, server: Any, owner: str) -> None:
    """Another worker made it a moment ago, or another ledger: its mark says whose it is, though no link does."""
    server.pages("supplier", [{**THERE, "AdditionalAttribute9": owner}])
    result = send(client, ACME)
    assert (result.outcome, result.code, server.writes) == (Outcome.REJECTED, "name_taken", [])
    server.pages("supplier", [{**THERE, "AdditionalAttribute9": "[ERP 1001]"}, {**THERE, "ID": "g-2"}])
    assert send(client, ACME).target_id == "g-1"


def test_a_supplier_in_doubt_is_its_own_whatever_name_it_has_now(client: Cin7Client, server: Any, clock: Any) -> None:
    """Renamed to a name that is taken: what the lost try has made is found by its mark, not orphaned."""
    journal = linked("9", "g-9")
    journal.begin(Ready("1001", ACME), clock.now() - timedelta(hours=1))
    made = {**THERE, "ID": "g-1", "Name": "Acme before", "AdditionalAttribute10": "[ERP 1001]"}
    server.pages("supplier", [{**THERE, "ID": "g-9"}, made])
    answers(server, "PUT", {**THERE, "ID": "g-1"})
    send(client, ACME, journal=journal)
    entry = journal.entry("1001")
    assert entry is not None
    assert (entry.guid, server.bodies("PUT", "supplier")[0]["ID"]) == ("g-1", "g-1")


def test_a_lost_put_is_waited_for_before_it_is_sent_again(client: Cin7Client, server: Any, clock: Any) -> None:
    """An address without an id comes through late: the PUT is not repeated while it may."""
    bare = {"Total": 1, "SupplierList": [{**THERE, "Addresses": []}]}
    server.answer("GET", "supplier", *[bare] * 4, {"Total": 1, "SupplierList": [THERE]})
    server.answer("PUT", "supplier", requests.ReadTimeout("late"))
    assert send(client, ACME, journal=linked()).outcome is Outcome.UPDATED
    assert (server.writes, sum(clock.slept) > 1) == (["PUT supplier"], True)


def test_a_renamed_supplier_keeps_its_contact(client: Cin7Client, server: Any) -> None:
    """Its name is the supplier's where the source has none: it is renamed with it, not doubled."""
    contact = {"ID": "c-1", "Name": "Acme before", "Phone": "555", "Default": True}
    server.pages("supplier", [{**THERE, "Name": "Acme before", "Contacts": [contact]}])
    answers(server, "PUT", THERE)
    send(client, {"Name": "Acme Tools", "Contacts.Phone": "555"}, journal=linked())
    (sent,) = server.bodies("PUT", "supplier")[0]["Contacts"]
    assert (sent["ID"], sent["Name"]) == ("c-1", "Acme Tools")


def test_a_lost_put_that_added_an_address_does_not_add_it_twice(client: Cin7Client, server: Any) -> None:
    """A PUT with a part that has no id is looked at before it is sent again."""
    there = {**THERE, "Addresses": []}
    server.answer("GET", "supplier", *({"Total": 1, "SupplierList": [each]} for each in (there, THERE)))
    server.answer("PUT", "supplier", requests.ReadTimeout("late"))
    assert send(client, ACME, journal=linked()).outcome is Outcome.UPDATED
    assert server.writes == ["PUT supplier"]


def test_two_records_of_one_name(client: Cin7Client, server: Any) -> None:
    """The second does not take the first one's supplier, nor make one that Cin7 may refuse."""
    server.pages("supplier", [THERE])
    journal = linked("1001")
    result = send(client, ACME, key="1002", journal=journal)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "name_taken")
    assert "from 1001" in str(result.message)
    assert server.writes == []


def test_several_suppliers_of_one_name(client: Cin7Client, server: Any) -> None:
    """The active one is meant; of several active ones nobody knows."""
    other = {**THERE, "ID": "g-2"}
    server.pages("supplier", [THERE, other])
    assert send(client, ACME).code == "ambiguous_name"
    server.pages("supplier", [THERE, {**other, "Status": "Deprecated"}])
    assert send(client, ACME).target_id == "g-1"


def test_many_records_read_all_suppliers(client: Cin7Client, server: Any) -> None:
    """After three questions, in one call; then each that is new or changed takes one, and none that is as it was."""
    server.pages("supplier", [THERE])
    answers(server, "POST", *({**THERE, "ID": f"n-{n}", "Name": f"New {n}"} for n in range(10)))
    suppliers = Suppliers(client)
    for _ in range(2):
        for number in range(10):
            suppliers.deliver("suppliers", [Ready(str(number), {"Name": f"New {number}"})])
        suppliers.deliver("suppliers", [Ready("x", ACME)])
    assert (len(server.requests("GET", "supplier")), server.writes) == (4, ["POST supplier"] * 10)


def test_a_long_directory_is_not_read_for_a_few(client: Cin7Client, server: Any) -> None:
    """The first page tells how long it is."""

    def answer(request: Any, context: Any) -> Any:
        context.headers["Content-Type"] = "application/json"
        return {"Total": 1 if "id" in request.qs else 9, "SupplierList": [THERE]}

    server.mocker.get("https://inventory.dearsystems.com/ExternalApi/v2/supplier", json=answer)
    for _ in range(6):
        client.directory.by_id("g-1")
    assert [query.get("ID") for query in server.queries("GET", "supplier")] == [["g-1"]] * 3 + [None] + [["g-1"]] * 3


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({}, "Name: a supplier needs one"),
        ({"Name": "x" * 257}, "Name: is longer than 256"),
        ({"Name": "x", "Discount": "101", "Status": "Gone"}, "Discount: is not a number from 0 to 100; Status"),
        ({"Name": "x", "Addresses.Billing.Postcode": "1" * 21}, "Postcode: is longer than 20"),
        ({"Name": "x", "Contacts.Phone": "1" * 51}, "Phone: is longer than 50"),
        ({"Name": "x", "Currency": "US"}, "Currency: is not a code"),
        ({"Name": "x", "Bank": "y"}, "Bank: a Cin7 supplier has no such field"),
    ],
)
def test_what_cin7_would_refuse_is_not_sent(payload: dict[str, Any], words: str) -> None:
    """Fields, lengths, ranges: every one that is wrong is named."""
    with pytest.raises(RecordRejected, match=words):
        check_supplier(payload)


def test_a_refusal_leaves_the_record_as_never_sent(client: Cin7Client, server: Any, failure: Any) -> None:
    """Nothing was made, so that the next try starts afresh."""
    server.answer("POST", "supplier", failure("Currency is wrong"))
    journal = MemoryJournal()
    result = send(client, ACME, journal=journal)
    assert (result.outcome, result.code, result.detail) == (Outcome.REJECTED, "400", "Currency is wrong")
    assert journal.entry("1001") is None


def test_a_supplier_renamed_after_its_answer_was_lost_is_found(client: Cin7Client, server: Any, clock: Any) -> None:
    """By its marker among those made since: its name is another by now."""
    journal = MemoryJournal()
    journal.begin(Ready("1001", {}), clock.now())
    made = {**THERE, "Name": "Acme before", "AdditionalAttribute10": "[ERP 1001]"}
    server.pages("supplier", [made, {**THERE, "ID": "g-9", "Name": "Other"}])
    answers(server, "PUT", made)
    assert send(client, ACME, journal=journal) == RowResult(Outcome.CREATED, "g-1")
    assert "POST supplier" not in server.writes
    assert server.queries("GET", "supplier")[0]["ModifiedSince"] == ["2026-07-01T11:50:00.000"]


def test_what_became_of_a_supplier_that_is_not_sent_any_more(client: Cin7Client, server: Any, clock: Any) -> None:
    """It is told by its marker; where nothing bears it, nothing was made."""
    journal = MemoryJournal()
    journal.begin(Ready("1001", {}), clock.now() - timedelta(hours=1))
    assert Suppliers(client, journal).settle("1001", "1001", {}) is None
    journal.begin(Ready("1001", {}), clock.now() - timedelta(hours=1))
    server.pages("supplier", [{**THERE, "AdditionalAttribute10": "[ERP 1001]"}])
    assert Suppliers(client, journal).settle("1001", "1001", {}) == RowResult(Outcome.CREATED, "g-1")
    assert isinstance(Suppliers(client, journal), Settles)


def test_payment_terms_are_mapped_by_the_connection(make_client: Callable[..., Cin7Client], server: Any) -> None:
    """A code that the map lacks rejects the supplier before anything is sent."""
    answers(server, "POST", THERE)
    mapped = make_client(payment_term_map={"N60": "60 days"})
    assert send(mapped, {**ACME, "SourceTerms": "N60"}).outcome is Outcome.CREATED
    assert server.bodies("POST", "supplier")[0]["PaymentTerm"] == "60 days"
    assert send(mapped, {**ACME, "SourceTerms": "N7"}, key="2").code == "unknown_code"


def test_all_suppliers_can_be_listed(client: Cin7Client, server: Any) -> None:
    """By their ids, deprecated ones too: they are there."""
    server.answer("GET", "supplier", {"Total": 2, "Page": 1, "SupplierList": [THERE, {**THERE, "ID": "g-2"}]})
    assert list(Suppliers(client).keys()) == ["g-1", "g-2"]
