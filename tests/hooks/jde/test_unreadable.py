"""Cells that are not what their column holds: a customized table, a damaged row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde import orders
from airflow_provider_mlconnector.hooks.jde.accounts import ACCOUNTS, CodeTableSource
from airflow_provider_mlconnector.hooks.jde.address_book import read_contacts, read_customers
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.numbered import rows_of
from airflow_provider_mlconnector.hooks.jde.orders import purchase_orders
from airflow_provider_mlconnector.hooks.jde.parties import read_parties
from airflow_provider_mlconnector.hooks.jde.tables import items
from airflow_provider_mlconnector.outcomes import UNREADABLE
from airflow_provider_mlconnector.pipeline.ports import ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from tests.hooks.jde.fakes import FakeAis
from tests.hooks.jde.test_orders import header, line

Make = Callable[..., JdeClient]
DAY = "20200115"
FIRST = Window(None, datetime(2026, 3, 10, 12, tzinfo=UTC), True, "first load")
WORDS = "between you and me"


def stamped(**columns: Any) -> dict[str, Any]:
    return {"UPMJ": DAY, "UPMT": 0, **columns}


@pytest.fixture
def book(ais: FakeAis) -> FakeAis:
    """Two customers with a contact each, one of them a vendor, too."""
    ais.tables = {
        "F03012": [stamped(AN8=number, CO="00000", CRCD="EUR", ACL=5000) for number in (1, 2)],
        "F0401": [stamped(AN8=2)],
        "F0101": [stamped(AN8=number, ALPH=f"Customer {number}") for number in (1, 2)],
        "F0111": [stamped(AN8=number, IDLN=line, GNNM="Ann") for number in (1, 2) for line in (0, 1)],
        "F0115": [],
        "F01151": [stamped(AN8=number, IDLN=1, RCK7=1, ETP="E", EMAL=f"ann@{number}.example.com") for number in (1, 2)],
        "F0116": [stamped(AN8=number, EFTB=day, ADD1=day) for number in (1, 2) for day in (DAY, "20210101")],
    }
    return ais


def row_of(ais: FakeAis, table: str, number: int, **where: Any) -> dict[str, Any]:
    """The row of the fake."""
    return next(row for row in ais.tables[table] if row["AN8"] == number and where.items() <= row.items())


def rows(client: JdeClient, source: Any, **request: Any) -> dict[str, dict[str, Any]]:
    batches = source.batches(ReadRequest(FIRST, request.pop("columns", frozenset()), **request))
    return {row["record_key"]: row for batch in batches for row in batch.rows}


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        ("F03012", "ACL", "F03012.ACL is no number"),
        ("F0101", "UPMJ", "F0101.UPMJ is no date in any known format"),
        ("F0116", "EFTB", "F0116.EFTB is no date in any known format"),
    ],
)
def test_the_record_says_what_cannot_be_read(
    book: FakeAis, make_client: Make, table: str, column: str, said: str
) -> None:
    """Its own rows alone, the other record is as ever; what stands there is not repeated.

    A row that would not have been chosen counts: whether it would be hangs on what cannot be read.
    """
    row_of(book, table, 1)[column] = WORDS
    bad, good = read_customers(make_client(), [1, 2], columns=["F03012.ACL", "F0101.ALPH", "F0116.ADD1"])
    assert bad[UNREADABLE] == said
    assert bad["F0101.ALPH"] == "Customer 1"
    assert UNREADABLE not in good
    assert good["F03012.ACL"] == 5000


def test_contacts_have_their_own_lines(book: FakeAis, make_client: Make) -> None:
    """A contact is told by its own line and by its company's rows, and by no other contact's."""
    row_of(book, "F01151", 1)["RCK7"] = WORDS
    bad, good = read_contacts(make_client(), [1, 2])
    assert bad[UNREADABLE] == "F01151.RCK7 is no number"
    assert UNREADABLE not in good


def test_a_party_is_told_by_the_line_of_its_e_mail(book: FakeAis, make_client: Make) -> None:
    """Whose line that is hangs on what cannot be read of any of its lines' addresses."""
    row_of(book, "F01151", 2)["RCK7"] = WORDS
    good, bad = read_parties(make_client(), [1, 2])
    assert bad[UNREADABLE] == "F01151.RCK7 is no number"
    assert UNREADABLE not in good


def test_an_order_is_told_by_its_lines(ais: FakeAis, make_client: Make) -> None:
    """A price that is none in one line of one order holds up no other order, and adds no column to its line."""
    ais.tables = {"F4301": [header(1), header(2)], "F4311": [line(1, 1, PRRC=2.5), line(2, 1), line(2, 2)]}
    ais.tables["F4311"][2]["PRRC"] = WORDS
    client = make_client()
    found = rows(client, purchase_orders(client))
    assert found["00001-OP-2-000"][UNREADABLE] == "F4311.PRRC is no number"
    assert UNREADABLE not in found["00001-OP-1-000"]
    assert {len(each) for order in found.values() for each in order["F4311.LINES"]} == {
        len(found["00001-OP-1-000"]["F4311.LINES"][0])
    }


@pytest.mark.parametrize("again", [False, True])
def test_rows_that_are_records(ais: FakeAis, make_client: Make, again: bool) -> None:
    """Items and accounts, in the window and taken up again."""
    ais.tables = {
        "F4101": [stamped(ITM=1, DSC1="One"), stamped(ITM=2, DSC1="Two") | {"UPMJ": WORDS}],
        "F0901": [stamped(AID="0001", MCU="M30", OBJ="1110", PEC="") | {"UPMJ": WORDS}, stamped(AID="0002", PEC="")],
    }
    client = make_client()
    made = rows(client, items(client), columns=frozenset({"F4101.DSC1"}), also=("1", "2") if again else ())
    assert {key: row.get(UNREADABLE) for key, row in made.items()} == {
        "1": None,
        "2": "F4101.UPMJ is no date in any known format",
    }
    source = CodeTableSource(client, ACCOUNTS)
    made = rows(client, source, also=("0001", "0002") if again else ())
    assert {key: row.get(UNREADABLE) is None for key, row in made.items()} == {"0001": False, "0002": True}


def test_whose_row_it_is_must_be_known(ais: FakeAis, make_client: Make) -> None:
    """A row whose number cannot be read may be anybody's, so that the read ends."""
    rowset = [{"F0116_AN8": 1, "F0116_ADD1": "Yard 1"}, {"F0116_AN8": WORDS, "F0116_ADD1": "Yard 2"}]
    grid = {"gridData": {"rowset": rowset, "summary": {"moreRecords": False}}}
    ais.answers["/dataservice"] = [{"json": {"fs_DATABROWSE_F0116": {"data": grid}}}]
    client = make_client()
    with pytest.raises(UnexpectedAnswer, match=r"F0116\.AN8 is no number"):
        list(rows_of(client, "F0116", columns=["F0116.AN8", "F0116.ADD1"], number="F0116.AN8", keys=[1]))


def test_a_column_of_which_nothing_can_be_read(ais: FakeAis, make_client: Make) -> None:
    """That is another table or another date format than the Connection says, and no reject for each record."""
    ais.tables = {"F4101": [stamped(ITM=number, DSC1="One") | {"UPMJ": WORDS} for number in range(1, 11)]}
    client = make_client()
    with pytest.raises(UnexpectedAnswer, match=r"F4101\.UPMJ.*`tables`.*`filter_date_format`"):
        rows(client, items(client), columns=frozenset({"F4101.DSC1"}))


def test_who_does_not_ask_for_it_gets_an_error(ais: FakeAis, make_client: Make) -> None:
    """A read that looks for something, a voucher for example, must not take what cannot be read for blank."""
    ais.tables = {"F0411Z1": [{"EDUS": "SVC", "EDLN": WORDS}]}
    client = make_client()
    with pytest.raises(UnexpectedAnswer, match=r"F0411Z1\.EDLN is no number"):
        list(client.read("F0411Z1", columns=["F0411Z1.EDLN"], key=["F0411Z1.EDUS"], after=None))


def test_an_order_whose_change_cannot_be_read_is_told(
    ais: FakeAis, make_client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server found it changed, by the date it holds: it is rejected in an incremental run, not left out."""
    ais.tables = {"F4301": [header(1), header(2)], "F4311": [line(1, 1), line(2, 1)]}
    for row in (ais.tables["F4301"][0], ais.tables["F4311"][0]):
        row["UPMJ"] = "15.Okt.2025"
    # The fake has but the text by which it could find them.
    monkeypatch.setattr(orders, "changed_numbers", lambda *_, **__: iter([1, 2]))
    client = make_client()
    since = Window(datetime(2026, 3, 9, tzinfo=UTC), FIRST.end, True, "watermark")
    batches = purchase_orders(client).batches(ReadRequest(since, frozenset()))
    found = {row["record_key"]: row.get(UNREADABLE) for batch in batches for row in batch.rows}
    assert list(found) == ["00001-OP-1-000"]
    assert "F4301.UPMJ is no date" in str(found["00001-OP-1-000"])


def test_a_blank_key_is_no_unreadable_one(ais: FakeAis, make_client: Make) -> None:
    """A row without a key is nobody's, whatever else cannot be read of it, and the others are read."""
    ais.tables = {"F0901": [stamped(AID="", PEC="") | {"UPMJ": WORDS}, stamped(AID="0002", PEC="")]}
    client = make_client()
    assert list(rows(client, CodeTableSource(client, ACCOUNTS))) == ["0002"]
