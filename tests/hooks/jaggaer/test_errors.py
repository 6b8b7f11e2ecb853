from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    MLConnectorError,
    OutcomeUnknown,
    PermissionDenied,
    RecordRejected,
    Stop,
    Throttled,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.errors import NotFound, is_duplicate

SUPPLIERS = "ja/v1/companyprofiles"
ORDERS = "ji/v1/purchaseorders"
Make = Callable[..., JaggaerClient]


def read(client: JaggaerClient) -> int:
    return sum(len(page.rows) for page in client.pages("suppliers"))


def write(client: JaggaerClient) -> None:
    client.send("purchase_orders", {"header": {"poNumber": "1"}}, new=True)


@pytest.mark.parametrize("code", [0, "0", " 0 ", None, ""])
def test_return_codes_of_success(client: JaggaerClient, server: Any, companies: Any, code: Any) -> None:
    """The number 0, the text "0", and no code at all are success."""
    server.answer("GET", SUPPLIERS, {**companies(1, 1, (1, "a")), "returnCode": code})
    assert read(client) == 1


def test_codes_of_the_connection(make_client: Make, server: Any, companies: Any) -> None:
    """Another tenant's envelope is a setting."""
    page = companies(1, 1, (1, "a"))
    server.answer("GET", SUPPLIERS, {**page, "returnCode": "OK"})
    with pytest.raises(Stop):
        read(make_client())
    assert read(make_client(envelope={"ok": ["OK"]})) == 1


@pytest.mark.parametrize("kind", ["; charset=UTF-8", "text/plain", "application/json;charset=UTF-8", None])
def test_content_type_does_not_matter(client: JaggaerClient, server: Any, companies: Any, kind: str | None) -> None:
    """JSON is known by its content; some answers have no media type."""
    headers = {"Content-Type": kind} if kind is not None else {}
    server.answer("GET", SUPPLIERS, {"json": companies(1, 1, (1, "a")), "status_code": 200, "headers": headers})
    assert read(client) == 1


def test_failure_inside_a_200_stops_a_read(client: JaggaerClient, server: Any) -> None:
    """A return code that is not success ends the read, with the vendor's words, whatever the status."""
    server.answer("GET", SUPPLIERS, {"returnCode": "-17", "returnMessage": "unknown filter field", "totRecords": 0})
    with pytest.raises(Stop, match=r"GET /j1p.*unknown filter field.*-17"):
        read(client)
    assert len(server.requests(SUPPLIERS)) == 1


def test_failure_inside_a_200_rejects_a_record(client: JaggaerClient, server: Any) -> None:
    """What a write is refused for is the record's, its words kept apart from our message."""
    server.answer("POST", ORDERS, {"returnCode": -3, "returnMessage": "Jane Doe is no buyer"})
    with pytest.raises(RecordRejected) as caught:
        write(client)
    assert (caught.value.code, caught.value.detail) == ("-3", "Jane Doe is no buyer")
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 409, 422])
def test_refused_by_status(client: JaggaerClient, server: Any, status: int) -> None:
    """400, 409 and 422 are the record's too; the vendor's own code is kept where it says one."""
    server.answer("POST", ORDERS, {"json": {"returnCode": "17", "returnMessage": "bad date"}, "status_code": status})
    with pytest.raises(RecordRejected) as caught:
        write(client)
    assert (caught.value.code, caught.value.detail) == ("17", "bad date")


def test_duplicate_is_recognised(client: JaggaerClient, server: Any) -> None:
    """A number that must be unique is told from other refusals."""
    server.answer("POST", ORDERS, {"returnCode": 9, "returnMessage": "Duplicate order number"})
    with pytest.raises(RecordRejected) as caught:
        write(client)
    assert is_duplicate(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status_code": 403}, PermissionDenied),
        ({"status_code": 404}, NotFound),
        ({"status_code": 400, "json": {"message": "bad"}}, Stop),
        ({"text": "<html>login</html>", "headers": {"Content-Type": "text/html"}}, UnexpectedAnswer),
        ({"text": ""}, UnexpectedAnswer),
        ({"text": "[1, 2]"}, UnexpectedAnswer),
        ({"returnCode": "403", "returnMessage": "x"}, PermissionDenied),
        ({"returnCode": 5, "returnMessage": "Not authorized for this module"}, PermissionDenied),
    ],
)
def test_what_ends_a_read_at_once(client: JaggaerClient, server: Any, answer: Any, kind: type[Exception]) -> None:
    """What no retry mends is asked once."""
    server.answer("GET", SUPPLIERS, answer)
    with pytest.raises(kind):
        read(client)
    assert len(server.requests(SUPPLIERS)) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_outage_is_waited_out(client: JaggaerClient, server: Any, companies: Any, clock: Any, status: int) -> None:
    """A burst of outages costs waits that double, up to the cap."""
    outage = {"status_code": status, "text": "<html>"}
    server.answer("GET", SUPPLIERS, *[outage] * 5, companies(1, 1, (1, "a")))
    assert read(client) == 1
    assert clock.slept == [1, 2, 4, 8, 16]


def test_tries_are_bounded(client: JaggaerClient, server: Any) -> None:
    """Six tries in all, then the error goes to Airflow."""
    server.answer("GET", SUPPLIERS, {"status_code": 503})
    with pytest.raises(Unavailable, match="503"):
        read(client)
    assert len(server.requests(SUPPLIERS)) == 6


def test_statuses_of_the_connection(make_client: Make, server: Any, companies: Any) -> None:
    """A 500 is left to Airflow's retry, unless the Connection lists it."""
    server.answer("GET", SUPPLIERS, {"status_code": 500}, companies(1, 1, (1, "a")))
    with pytest.raises(Unavailable):
        read(make_client())
    server.answer("GET", SUPPLIERS, {"status_code": 500}, companies(1, 1, (1, "a")))
    assert read(make_client(retry={"statuses": [500]})) == 1


def test_cut_off_json_is_read_again(client: JaggaerClient, server: Any, companies: Any) -> None:
    """An answer that ends in the middle is no answer."""
    server.answer("GET", SUPPLIERS, {"text": '{"returnCode": "0", "returnC'}, companies(1, 1, (1, "a")))
    assert read(client) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("7 Seconds", 7),
        ("Wed, 01 Jul 2026 12:00:09 GMT", 9),
        ("Wed, 01 Jul 2026 11:00:00 GMT", 0),
        (None, 15),
    ],
)
def test_retry_after(
    client: JaggaerClient, server: Any, companies: Any, clock: Any, header: str | None, seconds: float
) -> None:
    """429 is waited out for as long as the vendor says, in whichever form; 15 s where it does not say."""
    headers = {"Retry-After": header} if header else {}
    server.answer("GET", SUPPLIERS, {"status_code": 429, "headers": headers}, companies(1, 1, (1, "a")))
    assert read(client) == 1
    assert clock.slept == [seconds + 0.5]


def test_throttling_uses_up_no_try(client: JaggaerClient, server: Any, companies: Any) -> None:
    """Any number of 429 is waited out."""
    slow = {"status_code": 429, "headers": {"Retry-After": "1"}}
    server.answer("GET", SUPPLIERS, *[slow] * 20, companies(1, 1, (1, "a")))
    assert read(client) == 1


def test_absurd_wait_goes_to_airflow(client: JaggaerClient, server: Any, clock: Any) -> None:
    """An hour is not waited in the task; the wish is passed on."""
    server.answer("GET", SUPPLIERS, {"status_code": 429, "headers": {"Retry-After": "3600"}})
    with pytest.raises(Throttled) as caught:
        read(client)
    assert (caught.value.retry_after, clock.slept) == (3600, [])


@pytest.mark.parametrize(
    "words", ["Service temporarily unavailable", "Too many requests", "Request timed out", "Unexpected error"]
)
def test_passing_failure_inside_a_200(client: JaggaerClient, server: Any, companies: Any, words: str) -> None:
    """A passing failure is one, also where it comes as a return code."""
    server.answer("GET", SUPPLIERS, {"returnCode": -1, "returnMessage": words}, companies(1, 1, (1, "a")))
    assert read(client) == 1


@pytest.mark.parametrize(
    "answer",
    [
        requests.exceptions.ReadTimeout(),
        requests.exceptions.ConnectionError("cut"),
        requests.exceptions.ChunkedEncodingError(),
        {"status_code": 503},
        {"status_code": 500, "json": {"returnMessage": "x"}},
        {"text": '{"returnCode": 0, "purch'},
        {"text": "<html>proxy</html>"},
        {"returnCode": -1, "returnMessage": "Request timed out"},
    ],
)
def test_write_without_an_answer_is_not_repeated(client: JaggaerClient, server: Any, answer: Any) -> None:
    """Nobody knows what became of it, so nothing is sent before the target has been asked."""
    server.answer("POST", ORDERS, answer)
    with pytest.raises(OutcomeUnknown):
        write(client)
    assert len(server.requests(ORDERS)) == 1


@pytest.mark.parametrize("answer", [{"status_code": 429}, {"status_code": 401}, requests.exceptions.ConnectTimeout()])
def test_write_that_was_not_run_is_repeated(client: JaggaerClient, server: Any, answer: Any) -> None:
    """What was certainly not executed is sent again: throttled, token refused, never connected."""
    server.answer("POST", ORDERS, answer, {"returnCode": 0, "purchaseOrderId": 5})
    write(client)
    assert len(server.requests(ORDERS)) == 2


def test_wrong_path_for_a_write(client: JaggaerClient, server: Any) -> None:
    """A path that is not there, or takes no POST, is the Connection's to correct, not the record's."""
    for status in (404, 405):
        server.answer("POST", ORDERS, {"status_code": status})
        with pytest.raises(ConfigurationError):
            write(client)


def test_request_id_is_kept(client: JaggaerClient, server: Any) -> None:
    """The vendor's id of the call stands in the error."""
    headers = {"X-Request-Id": "r-7"}
    server.answer("POST", ORDERS, {"status_code": 400, "headers": headers})
    with pytest.raises(MLConnectorError) as caught:
        write(client)
    assert caught.value.request_id == "r-7"


def test_attachment_is_left_alone(client: JaggaerClient, server: Any) -> None:
    """A file is handed out as it is, also one that begins like JSON."""
    headers = {"Content-Type": "application/pdf"}
    server.answer("GET", "ja/v1/attachments", {"content": b"{%PDF", "status_code": 200, "headers": headers})
    assert client.request("GET", "ja/v1/attachments").content == b"{%PDF"
