"""Suppliers and parties from the simulated AIS server, against what its tables say to a reader of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jde.address_book import read_suppliers
from airflow_provider_mlconnector.hooks.jde.changes import changed_keys
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.parties import PARTIES, read_parties
from airflow_provider_mlconnector.hooks.jde.source import parties, party_customers, suppliers
from airflow_provider_mlconnector.pipeline.ports import ReadRequest, Source
from airflow_provider_mlconnector.pipeline.window import Window
from airflow_provider_mlconnector.sandbox.core.clock import Clock
from airflow_provider_mlconnector.sandbox.jde import JdeSandbox
from airflow_provider_mlconnector.sandbox.scenarios.jde_truth import AddressBook

START = datetime(2026, 3, 10, 18, tzinfo=UTC)
EVERYTHING = Window(None, START, True, "first load")
TEXTS = [
    "PARTY.TYPE", "F0101.ALPH", "F0111.GNNM", "F0111.SRNM", "F0115.PH1", "F01151.EMAL", "F01151_I.EMAL", "F0116.ADD1",
]  # fmt: skip
COLUMNS = [*TEXTS, "F03012.CRCD", "F0401.CRRP"]
Make = Callable[..., JdeClient]


@pytest.fixture
def server() -> JdeSandbox:
    """A company with all kinds of parties; its clock stands still until it is advanced."""
    return JdeSandbox(seed=3, scale=0.3, clock=Clock(START, speed=0, real=lambda: 0.0))


def book_of(server: JdeSandbox) -> AddressBook:
    return AddressBook(server.state())


def records(source: Source, window: Window = EVERYTHING, columns: list[str] = COLUMNS) -> dict[str, dict[str, Any]]:
    batches = source.batches(ReadRequest(window, frozenset(columns)))
    return {row["record_key"]: row for batch in batches for row in batch.rows}


def instant(server: JdeSandbox, stamp: tuple[str, int]) -> datetime:
    text = f"{stamp[0]}{stamp[1]:06d}"
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=server.settings.zone).astimezone(UTC)


@pytest.mark.parametrize("extra", [{}, {"page_size": 7}, {"page_mode": "next_link", "page_size": 40}])
def test_every_party_is_as_the_tables_say(server: JdeSandbox, connect: Make, extra: dict[str, Any]) -> None:
    """Type, name, e-mail and its person, phone, web, address and time of change, in either way of paging."""
    found, due = records(parties(connect(**extra)), columns=COLUMNS), book_of(server).parties
    assert [int(key) for key in found] == list(due)
    for party in due.values():
        row = found[party.key]
        phone, address = party.phone or {}, party.address or {}
        texts = [party.type, party.name, party.given, party.surname, phone.get("PH1"), party.email, party.web]
        assert [row[name] for name in TEXTS] == [text or None for text in [*texts, address.get("ADD1")]]
        assert row["changed_at"] == instant(server, party.stamp())
    kinds = {party.type for party in due.values()} | {party.line and "contact" for party in due.values()}
    assert kinds == {"Customer", "Vendor", "Customer and vendor", "contact", 0, None}


def test_customers_alone(server: JdeSandbox, connect: Make) -> None:
    """The customers among them, with the same records."""
    client = connect()
    everybody, customers = records(parties(client)), records(party_customers(client))
    assert customers == {key: everybody[key] for key in map(str, sorted(book_of(server).customers))}


def test_every_supplier(server: JdeSandbox, connect: Make) -> None:
    """Each F0401 number with an F0101 row, in order, with its terms as the table holds them."""
    found = records(suppliers(connect(page_size=7)), columns=["F0401.CRRP", "F0401.MCUP", "F0401.TRAP", "F0401.CRCA"])
    assert [int(key) for key in found] == sorted(book_of(server).vendors)
    for held in server.state()["tables"]["F0401"]:
        row = found[str(held["AN8"])]
        assert [row[f"F0401.{alias}"] for alias in ("CRRP", "MCUP", "TRAP", "CRCA")] == [
            held[alias] or None for alias in ("CRRP", "MCUP", "TRAP", "CRCA")
        ]
    assert len(found) > 10


@pytest.mark.parametrize("days", [0, 40, 400])
def test_changed_parties(server: JdeSandbox, connect: Make, days: int) -> None:
    """Exactly those with a row changed, or an address coming into force, in the days."""
    today, client = START.date(), connect(page_size=30)
    first = today - timedelta(days=days)
    keys = list(changed_keys(client, DayRange(first, today), PARTIES))
    assert keys == sorted(set(keys))
    found = {int(row["record_key"]) for row in read_parties(client, keys, columns=["PARTY.TYPE"])}
    assert found == book_of(server).touched_parties(first.strftime("%Y%m%d"), today.strftime("%Y%m%d"))


def test_a_change_of_the_payables_alone(server: JdeSandbox, connect: Make) -> None:
    """New terms of a vendor are found the day they are entered, as a supplier and as a party, and as no customer."""
    vendor = next(number for number in sorted(book_of(server).vendors - book_of(server).customers))
    server.clock.advance(3 * 86400)
    server.change({"table": "F0401", "set": {"TRAP": "N99"}, "where": {"AN8": vendor}})
    now = server.clock.datetime()
    window = Window(now - timedelta(hours=1), now, True, "watermark")
    client, columns = connect(), ["F0401.TRAP"]
    for source in (suppliers(client), parties(client)):
        row = records(source, window, columns)[str(vendor)]
        assert row["F0401.TRAP"] == "N99"
        assert row["changed_at"] == instant(server, (now.astimezone(server.settings.zone).strftime("%Y%m%d"), 0))
    assert str(vendor) not in records(party_customers(client), window, columns)


def test_a_customer_becomes_a_vendor_and_loses_its_own_mailbox(server: JdeSandbox, connect: Make) -> None:
    """What is entered by hand comes out: the type, and the contact's e-mail once the company's is gone."""
    contacts = [{"name": "Ann Lee", "email": "ann@acme-tools.com", "phone": "555-1"}]
    server.change(
        {"new_customer": {"AN8": 999001, "name": "Acme", "email": "info@acme-tools.com", "contacts": contacts}}
    )
    client = connect()
    (acme,) = read_parties(client, [999001])
    assert (acme["PARTY.TYPE"], acme["F01151.EMAL"], acme["F0111.GNNM"]) == ("Customer", "info@acme-tools.com", None)
    server.change({"table": "F0401", "insert": {"AN8": 999001, "CRRP": "USD"}})
    server.change({"table": "F01151", "delete": {"AN8": 999001, "IDLN": 0}})
    (acme,) = read_parties(client, [999001])
    assert (acme["PARTY.TYPE"], acme["F0401.CRRP"]) == ("Customer and vendor", "USD")
    person = ("F01151.EMAL", "F0111.GNNM", "F0111.SRNM", "F0115.PH1")
    assert [acme[name] for name in person] == ["ann@acme-tools.com", "Ann", "Lee", "555-1"]
    assert [row["record_key"] for row in read_suppliers(client, [999001])] == ["999001"]
