from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, Unavailable
from airflow_provider_mlconnector.hooks.jaggaer import source
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.source import invoices, order_of
from airflow_provider_mlconnector.pipeline.ports import ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window

INVOICES = "ji/v1/invoices"
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)
Make = Callable[..., JaggaerClient]


def request(start: datetime | None = None, origin: str = "watermark", **more: Any) -> ReadRequest:
    columns = frozenset({"INVOICE.TOTAL", "INVOICE.supplier_name", "INVOICE.custom_none"})
    return ReadRequest(Window(start, JULY, True, origin), columns, **more)


@pytest.fixture
def stock(server: Any, samples: Any) -> Callable[..., None]:
    """Put invoices on the server: the list two at a time, each one by itself."""

    def put(*found: dict[str, Any]) -> None:
        pages = [samples.listing(at + 1, len(found), *found[at : at + 2]) for at in range(0, len(found), 2)]
        server.answer("GET", INVOICES, *(pages or [samples.listing(1, 0)]))
        for each in found:
            server.answer("GET", f"{INVOICES}/{each['header']['invoiceId']}", each)

    return put


def keys(client: JaggaerClient, wanted: ReadRequest) -> list[str]:
    return [row["record_key"] for batch in invoices(client).batches(wanted) for row in batch.rows]


def test_each_invoice_is_read_whole_in_order_of_its_id(
    client: JaggaerClient, server: Any, samples: Any, stock: Any
) -> None:
    """Listed by header, one detail read each; ids ascend as numbers, so that the order repeats."""
    stock(*(samples.invoice(n) for n in (10, 9, 100)))
    (batch,) = invoices(client).batches(request())
    assert [row["record_key"] for row in batch.rows] == ["9", "10", "100"]
    assert (batch.cursor, batch.read_at) == ("100", client.now())
    row = batch.rows[0]
    assert (str(row["INVOICE.TOTAL"]), row["INVOICE.supplier_name"], row["INVOICE.custom_none"]) == (
        "1012.50",
        "Acme",
        None,
    )
    assert row["INVOICE.LINES"][0]["splits"][0]["account"] == "30.5110.01"
    assert "INVOICE.supplier_duns" not in row
    assert "flt" not in server.queries(INVOICES)[0]


def test_no_filter_is_known(client: JaggaerClient, server: Any, samples: Any, stock: Any) -> None:
    """Without a filter for the change, the headers are compared; unchanged invoices are not read."""
    old = samples.invoice(1, lastUpdate="2026-05-31T23:59:59.999Z")
    stock(old, samples.invoice(2), samples.invoice(3, lastUpdate=None))
    assert keys(client, request(JUNE)) == ["2", "3"]
    assert server.requests(f"{INVOICES}/1") == []


def test_filter_of_the_connection(make_client: Make, server: Any, samples: Any, stock: Any) -> None:
    """Where the tenant has a filter it is used, and what comes back is compared all the same."""
    stock(samples.invoice(1, lastUpdate="2026-05-31T23:59:59Z"), samples.invoice(2))
    client = make_client(resources={"invoices": {"modified_filter": "LASTUPDATE"}})
    assert keys(client, request(JUNE)) == ["2"]
    assert server.queries(INVOICES)[0]["flt"] == "LASTUPDATE>=20260601000000"


@pytest.mark.parametrize(("origin", "expected"), [("watermark", ["1"]), ("params", []), ("backfill", [])])
def test_end_of_the_window(client: JaggaerClient, samples: Any, stock: Any, origin: str, expected: list[str]) -> None:
    """A window that someone bounded ends there; the others go up to the present."""
    stock(samples.invoice(1, lastUpdate=(JULY + timedelta(seconds=1)).isoformat()))
    assert keys(client, request(JUNE, origin)) == expected


def test_also(client: JaggaerClient, samples: Any, stock: Any) -> None:
    """Records that were refused before are read again although they did not change; each once."""
    stock(samples.invoice(1, lastUpdate="2026-01-01T00:00:00Z"), samples.invoice(2))
    assert keys(client, request(JUNE, also=("1", "2"))) == ["1", "2"]


def test_resume(client: JaggaerClient, server: Any, samples: Any, stock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash no invoice that was staged is read again."""
    monkeypatch.setattr(source, "AT_ONCE", 2)
    stock(*(samples.invoice(n) for n in (1, 2, 3, 4, 5)))
    first = next(invoices(client).batches(request()))
    stock(*(samples.invoice(n) for n in (1, 2, 3, 4, 5)))
    assert first.cursor == "2"
    assert keys(client, request(after=first.cursor)) == ["3", "4", "5"]
    assert [len(server.requests(f"{INVOICES}/{n}")) for n in (1, 2, 3)] == [1, 1, 1]


def test_invoice_that_has_gone(client: JaggaerClient, server: Any, samples: Any, stock: Any) -> None:
    """One that is listed and not found is told; one that was asked for besides is left out. The cursor passes both."""
    stock(samples.invoice(1), samples.invoice(2))
    for number in (2, 3):
        server.answer("GET", f"{INVOICES}/{number}", {"status_code": 404})
    (batch,) = invoices(client).batches(request(also=("3",)))
    assert ([row["record_key"] for row in batch.rows], batch.cursor) == (["1", "2"], "3")
    assert "not found" in batch.rows[1]["INVOICE.PROBLEM"]


@pytest.mark.parametrize("answer", [{"status_code": 403}, {"text": "<html>", "headers": {"Content-Type": "text/html"}}])
def test_one_that_cannot_be_read(client: JaggaerClient, server: Any, samples: Any, stock: Any, answer: Any) -> None:
    """It says so, to be rejected; the others are read."""
    stock(samples.invoice(1), samples.invoice(2))
    server.answer("GET", f"{INVOICES}/2", answer)
    (batch,) = invoices(client).batches(request())
    assert [bool(row["INVOICE.PROBLEM"]) for row in batch.rows] == [False, True]


def test_detail_path_that_is_wrong(client: JaggaerClient, server: Any, samples: Any, stock: Any) -> None:
    """When none of many listed invoices is found, it is the path that is wrong, not the invoices that are gone."""
    stock(*(samples.invoice(number) for number in range(1, 6)))
    for number in range(1, 6):
        server.answer("GET", f"{INVOICES}/{number}", {"status_code": 404})
    with pytest.raises(ConfigurationError, match=r"resources.invoices.detail"):
        keys(client, request())


def test_empty_list(client: JaggaerClient, stock: Any) -> None:
    """No invoices: no batch, no error."""
    stock()
    assert list(invoices(client).batches(request())) == []


def test_outage_ends_the_read(client: JaggaerClient, server: Any, samples: Any, stock: Any) -> None:
    """A detail that stays away is not skipped."""
    stock(samples.invoice(1), samples.invoice(2))
    server.answer("GET", f"{INVOICES}/2", {"status_code": 503})
    with pytest.raises(Unavailable):
        keys(client, request())


def test_bounded_concurrency(make_client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many calls at once as the Connection allows, and never more, whoever makes them."""
    client = make_client(max_concurrency=2)
    flying, highest, lock, pair = 0, 0, threading.Lock(), threading.Barrier(2)

    def call(*_args: Any, **_more: Any) -> None:
        nonlocal flying, highest
        with lock:
            flying += 1
            highest = max(highest, flying)
        pair.wait(10)
        with lock:
            flying -= 1

    client.auth.current()
    monkeypatch.setattr(client.api, "request", call)
    with ThreadPoolExecutor(6) as others:
        list(others.map(lambda key: client.request("GET", str(key)), range(6)))
    client.at_once(lambda key: client.request("GET", key), ["a", "b", "c", "d"])
    assert highest == 2


def test_order_of_ids() -> None:
    """Numbers come by their value, before texts."""
    assert sorted(["b", "10", "9", "a10"], key=order_of) == ["9", "10", "a10", "b"]
