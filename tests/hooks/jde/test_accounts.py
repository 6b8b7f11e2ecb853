"""GL accounts and business units: tables whose key is a text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer, UnknownField
from airflow_provider_mlconnector.hooks.jde.accounts import accounts, business_units
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.posting import normal_account, refusal, takes_entries
from airflow_provider_mlconnector.pipeline.ports import Batch, ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from tests.hooks.jde.fakes import FakeAis

Make = Callable[..., JdeClient]
OLD, NEW = "20200115", "20260309"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIRST = Window(None, NOW, True, "first load")
DAILY = Window(NOW - timedelta(days=1), NOW, True, "watermark")


def account(aid: int, sub: str = "", pec: str = " ", upmj: str = OLD) -> dict[str, Any]:
    key = {"AID": f"{aid:08d}", "MCU": "         M30", "OBJ": "6110  ", "SUB": sub}
    return {**key, "CO": "00001", "DL01": "Supplies", "LDA": "6", "PEC": pec, "UPMJ": upmj}


def unit(mcu: str, upmj: str = OLD, pecc: str = " ") -> dict[str, Any]:
    return {"MCU": mcu.rjust(12), "STYL": "BP", "CO": "00001", "DL01": mcu, "RMCU1": "", "PECC": pecc, "UPMJ": upmj}


@pytest.fixture
def book(ais: FakeAis) -> FakeAis:
    """Twelve accounts, five units; two of each changed yesterday."""
    ais.tables = {
        "F0901": [account(number, sub=f"{number:04d}") for number in range(1, 11)]
        + [account(11, pec="N", upmj=NEW), account(12, pec="L", upmj=NEW)],
        "F0006": [unit("1"), unit("30", NEW), unit("M30", NEW, "N"), unit("M40", pecc="K"), unit("100")],
    }
    return ais


def records(client: JdeClient, make: Any, window: Window = FIRST, **request: Any) -> dict[str, dict[str, Any]]:
    batches: list[Batch] = list(
        make(client).batches(ReadRequest(window, request.pop("columns", frozenset()), **request))
    )
    rows = [row for batch in batches for row in batch.rows]
    found = {row["record_key"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_every_account_and_unit_once(book: FakeAis, make_client: Make, size: int, mode: str) -> None:
    """Page by page by a key that is a text, right-justified or zero-filled."""
    client = make_client(page_size=size, page_mode=mode)
    assert sorted(records(client, accounts)) == [f"{number:08d}" for number in range(1, 13)]
    assert sorted(records(client, business_units)) == ["1", "100", "30", "M30", "M40"]


def test_the_account_string_and_what_may_be_posted(book: FakeAis, make_client: Make) -> None:
    """MCU.OBJ.SUB without padding; blank PEC takes entries, N none, others on a condition."""
    found = records(make_client(), accounts)
    assert found["00000001"] | {"F0901.ACCOUNT": "M30.6110.0001", "F0901.POSTING": True} == found["00000001"]
    assert found["00000011"]["F0901.ACCOUNT"] == "M30.6110"
    assert [found[key]["F0901.POSTING"] for key in ("00000011", "00000012")] == [False, True]
    units = records(make_client(), business_units)
    assert [units[key]["F0006.POSTING"] for key in ("30", "M30", "M40")] == [True, False, True]


def test_changed_ones_and_those_taken_up_again(book: FakeAis, make_client: Make) -> None:
    """By their days, and by their keys first."""
    assert list(records(make_client(), accounts, DAILY)) == ["00000011", "00000012"]
    assert sorted(records(make_client(), business_units, DAILY, also=("1", "M30", "GONE"))) == ["1", "30", "M30"]
    batches = list(business_units(make_client()).batches(ReadRequest(DAILY, frozenset(), also=("1",))))
    assert [batch.cursor for batch in batches] == ["again", ["M30"]]


def test_reading_goes_on_behind_the_cursor(book: FakeAis, make_client: Make) -> None:
    """What was staged is not read again, what is taken up again neither."""
    after: Any = ["00000009"]
    assert sorted(records(make_client(page_size=2), accounts, also=("00000001",), after=after)) == [
        "00000010",
        "00000011",
        "00000012",
    ]
    assert len(records(make_client(), accounts, also=("00000001",), after="again")) == 11


def test_a_key_that_is_not_compared_as_it_is_sent(book: FakeAis, make_client: Make, monkeypatch: Any) -> None:
    """A server that does not justify literals would end the read after a page: that is an error, not the end."""
    monkeypatch.setattr(FakeAis, "_literal", staticmethod(lambda held, content: content))
    assert len(records(make_client(), business_units)) == 5
    for after in (None, ["1"]):
        with pytest.raises(UnexpectedAnswer, match=r"F0006\.MCU.*next_link"):
            records(make_client(page_size=2), business_units, after=after)
    assert len(records(make_client(page_size=2, page_mode="next_link"), business_units)) == 5


def test_only_the_columns_of_the_map_are_asked_for(book: FakeAis, make_client: Make) -> None:
    """And those that the derived ones are told from."""
    book.lacking = {"F0901.LDA", "F0901.DL01"}
    found = records(make_client(), accounts, columns=frozenset({"F0901.ACCOUNT", "F0901.CO"}))
    assert found["00000001"]["F0901.ACCOUNT"] == "M30.6110.0001"
    with pytest.raises(UnknownField, match="F0006"):
        records(make_client(), accounts, columns=frozenset({"F0006.DL01"}))


@pytest.mark.parametrize(
    ("code", "subledger", "allowed"),
    [
        (None, None, True),
        (" ", None, True),
        ("N", None, False),
        ("I", None, False),
        ("B", None, False),
        ("M", None, False),
        ("L", None, False),
        ("L", "1001", True),
        ("S", "1001", True),
        ("X", None, True),
        ("X", "1001", False),
        ("U", None, False),
        ("?", None, False),
    ],
)
def test_the_posting_edit_of_an_amount(code: str | None, subledger: str | None, allowed: bool) -> None:
    """What the code forbids, or allows only with what is not there, is refused before it is sent."""
    assert (refusal(code, subledger) is None) is allowed
    assert takes_entries("?") is False


def test_account_strings_are_compared_without_padding() -> None:
    """In JD Edwards the unit stands right-justified in its twelve characters."""
    assert normal_account("         M30.6110  .") == "M30.6110"
    assert normal_account("M30.6110.0001") == "M30.6110.0001"
    assert normal_account(" ") is None
