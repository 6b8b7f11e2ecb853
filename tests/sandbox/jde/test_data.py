from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.jde import JdeSandbox
from airflow_provider_mlconnector.sandbox.scenarios.jde_parties import Party, owners
from airflow_provider_mlconnector.sandbox.scenarios.jde_truth import AddressBook
from tests.sandbox.jde.client import make_server

Rows = list[dict[str, Any]]
TODAY = "20261121"


@pytest.fixture(scope="module")
def tables() -> dict[str, Rows]:
    """The tables of a server of scale 1."""
    found: dict[str, Rows] = make_server(scale=1).state()["tables"]
    return found


def customers(tables: dict[str, Rows]) -> set[int]:
    return {row["AN8"] for row in tables["F03012"]} & {row["AN8"] for row in tables["F0101"]}


def e_mails(tables: dict[str, Rows]) -> dict[tuple[int, int], Rows]:
    found = defaultdict(list)
    for row in tables["F01151"]:
        found[row["AN8"], row["IDLN"]].append(row)
    return found


def test_the_size_is_as_promised(tables: dict[str, Rows]) -> None:
    """Scale 1: about 400 customers, 900 contacts of them, 60 suppliers."""
    known = customers(tables)
    contacts = [row for row in tables["F0111"] if row["IDLN"] and row["AN8"] in known]
    assert len(known) == 400
    assert 800 <= len(contacts) <= 1000
    assert len(tables["F0401"]) == 60
    assert 5 <= len(known & {row["AN8"] for row in tables["F0401"]}) <= 20


def test_the_same_seed_gives_the_same_company() -> None:
    """Seed, scale and day decide everything."""
    same, other = make_server(seed=7), make_server(seed=8)
    assert make_server(seed=7).state()["tables"] == same.state()["tables"]
    assert other.state()["tables"] != same.state()["tables"]


def test_scale_zero_is_an_empty_company() -> None:
    """No customers, no suppliers."""
    tables = make_server(scale=0).state()["tables"]
    assert (tables["F0101"], tables["F03012"], tables["F0401"]) == ([], [], [])


def test_customers_have_rows_of_several_companies(tables: dict[str, Rows]) -> None:
    """Some have 00000 and more, some no 00000 at all, some more than one without it."""
    companies = defaultdict(list)
    for row in tables["F03012"]:
        companies[row["AN8"]].append(row["CO"])
    shapes = Counter((len(found), "00000" in found) for found in companies.values())
    assert all(shapes[shape] > 5 for shape in ((1, True), (2, True), (1, False), (2, False)))


def test_not_everyone_is_a_customer(tables: dict[str, Rows]) -> None:
    """Employees and pure suppliers have e-mails; a master row lacks its address book row, and the other way round."""
    known = customers(tables)
    kinds = Counter(row["AT1"] for row in tables["F0101"] if row["AN8"] not in known)
    assert kinds["E"] == 40
    assert kinds["V"] > 40
    assert kinds["C"] == 1
    assert len({row["AN8"] for row in tables["F03012"]} - known) == 1
    with_mail = {row["AN8"] for row in tables["F01151"] if row["ETP"] == "E"}
    assert {row["AN8"] for row in tables["F0101"] if row["AT1"] == "E"} <= with_mail


def test_electronic_addresses_are_as_dirty_as_promised(tables: dict[str, Rows]) -> None:
    """Missing, web only, several, web first, invalid, upper case, shared by contacts of two customers."""
    known, found = customers(tables), e_mails(tables)
    contacts = [(row["AN8"], row["IDLN"]) for row in tables["F0111"] if row["IDLN"] and row["AN8"] in known]
    types = Counter("".join(row["ETP"] for row in found.get(contact, [])) for contact in contacts)
    assert all(types[kinds] > 5 for kinds in ("", "I", "E", "EE", "IE", "EIE"))
    addresses = [row["EMAL"] for contact in contacts for row in found.get(contact, []) if row["ETP"] == "E"]
    assert sum("." not in address.partition("@")[2] for address in addresses) > 5
    owners = defaultdict(set)
    for (an8, line), rows in found.items():
        for row in rows:
            if line and row["ETP"] == "E" and row["EMAL"].count("@") == 1:
                owners[row["EMAL"].lower()].add(an8)
    shared = [owner for address, owner in owners.items() if len(owner) == 2 and not address.startswith(("info@", "@"))]
    assert len(shared) > 5
    assert any(address != address.lower() for address in addresses)


@pytest.mark.parametrize("scale", [0.05, 1])
def test_parties_are_of_all_kinds(scale: float) -> None:
    """Customers, vendors, both; the e-mail on line 0, on a contact's only, nowhere; one shared by a vendor."""
    parties = AddressBook(make_server(scale=scale).state()).parties.values()
    assert {party.type for party in parties} == {"Customer", "Vendor", "Customer and vendor"}
    places = Counter("none" if party.line is None else "contact" if party.line else "company" for party in parties)
    assert min(places[place] for place in ("none", "contact", "company")) >= (5 if scale == 1 else 1)
    sharing = Counter(party.email.casefold() for party in parties if party.email)
    shared = [party for party in parties if sharing[party.email.casefold()] > 1]
    assert {party.type for party in shared} >= {"Customer", "Vendor"}
    if scale == 1:
        assert any(party.email.isupper() for party in shared)
        assert any("@" not in party.email for party in parties if party.email)


def test_domains_are_plausible(tables: dict[str, Rows]) -> None:
    """Targets refuse what is reserved for examples and tests, as their real services do."""
    reserved = re.compile(r"(^|[@.])(example|test|invalid|localhost)(\.|$)")
    assert [row["EMAL"] for row in tables["F01151"] if reserved.search(row["EMAL"].lower())] == []


def test_the_mailbox_belongs_to_the_party_that_changed_last() -> None:
    """Of a shared e-mail; of equal changes to the lower key. Only the rows that a map reads count."""
    state = make_server(scale=0.05).state()
    stamps = {"F0101": ("20260101", 5), "F0401": ("20260601", 0)}
    one, two, three = (replace(party, email="A@b.com", stamps=stamps) for party in _three(AddressBook(state)))
    older = replace(two, stamps={"F0101": ("20260102", 0), "F0401": ("20260101", 0)})
    assert owners([three, one, replace(two, email="")]) == {"a@b.com": one}
    assert owners([one, older]) == {"a@b.com": one}
    assert owners([one, older], {"F0101"}) == {"a@b.com": older}


def _three(book: AddressBook) -> list[Party]:
    return list(book.parties.values())[:3]


def test_addresses_by_date_have_a_past_and_a_future(tables: dict[str, Rows]) -> None:
    """Several rows per number; blank, past and future beginnings; always one in force."""
    by_number = defaultdict(list)
    for row in tables["F0116"]:
        by_number[row["AN8"]].append(row["EFTB"])
    assert all(min(days) <= TODAY for days in by_number.values())
    assert sum(len(days) > 1 for days in by_number.values()) > 100
    assert sum("" in days for days in by_number.values()) > 100
    assert sum(max(days) > TODAY for days in by_number.values()) > 20


def test_names_are_not_ascii_only(tables: dict[str, Rows]) -> None:
    """German, Polish and Japanese letters occur, within the column's 40 characters."""
    text = "".join(row["ALPH"] for row in tables["F0101"])
    assert all(letter in text for letter in "üłß鋳")
    assert max(len(row["ALPH"]) for row in tables["F0101"]) <= 40


@pytest.mark.parametrize("table", ["F0101", "F0111", "F0115", "F01151", "F0116", "F03012"])
def test_changes_are_spread(tables: dict[str, Rows], table: str) -> None:
    """Over two years, many in the last 90 days, none today or later."""
    days = [row["UPMJ"] for row in tables[table]]
    recent = (date(2026, 11, 21) - timedelta(days=90)).strftime("%Y%m%d")
    assert max(days) < TODAY
    assert min(days) < "20250101"
    assert 0.3 < sum(day >= recent for day in days) / len(days) < 0.7


def test_some_customer_changed_on_each_of_the_last_90_days(tables: dict[str, Rows]) -> None:
    """A backfill of any recent day has work."""
    known = customers(tables)
    days = {row["UPMJ"] for name in ("F0101", "F0111", "F01151") for row in tables[name] if row["AN8"] in known}
    wanted = {(date(2026, 11, 21) - timedelta(days=back)).strftime("%Y%m%d") for back in range(1, 91)}
    assert wanted <= days


def test_every_company_has_its_own_line(tables: dict[str, Rows]) -> None:
    """F0111 line 0 exists for each address book number."""
    assert {row["AN8"] for row in tables["F0111"] if row["IDLN"] == 0} == {row["AN8"] for row in tables["F0101"]}


def test_tables_are_in_key_order(tables: dict[str, Rows]) -> None:
    """Keys are unique and sorted, as the bisection needs them."""
    server = JdeSandbox(scale=0.1)
    for table in server.store.tables.values():
        width = len(table.definition.key)
        keys = [row[:width] for row in table.rows]
        assert keys == sorted(set(keys))
