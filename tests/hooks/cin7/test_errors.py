from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    OutcomeUnknown,
    PermissionDenied,
    RecordRejected,
    Stop,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.errors import Classifier, NotFound

ME = {"Company": "Acme", "Currency": "USD"}
SENTENCE = "You have reached 60 calls per 60 seconds API limit."
JSON = {"Content-Type": "application/json"}
HTML = {"status_code": 200, "text": "<html>Page not found</html>", "headers": {"Content-Type": "text/html"}}
THROTTLED: list[tuple[str, dict[str, Any], float]] = [
    ("429 with words", {"status_code": 429, "text": "", "headers": {"Retry-After": "60 Seconds"}}, 60),
    ("429 with seconds", {"status_code": 429, "text": "", "headers": {"Retry-After": "30"}}, 30),
    ("429 glued", {"status_code": 429, "text": "", "headers": {"Retry-After": "45Seconds"}}, 45),
    ("429 in the body", {"status_code": 429, "text": "60 Seconds"}, 60),
    ("429 bare", {"status_code": 429, "text": ""}, 60),
    ("503 bare", {"status_code": 503, "text": ""}, 60),
    ("503 with a wait", {"status_code": 503, "text": "", "headers": {"Retry-After": "12"}}, 12),
    ("503 page", {"status_code": 503, "text": "<html>busy</html>", "headers": {"Content-Type": "text/html"}}, 60),
    ("400 array", {"status_code": 400, "json": [{"ErrorCode": 400, "Exception": SENTENCE}]}, 60),
    ("400 object", {"status_code": 400, "json": {"ErrorCode": 400, "Exception": SENTENCE}}, 60),
    ("200 with it", {"status_code": 200, "json": [{"ErrorCode": 429, "Exception": SENTENCE}], "headers": JSON}, 60),
]


@pytest.mark.parametrize(("answer", "wait"), [each[1:] for each in THROTTLED], ids=[each[0] for each in THROTTLED])
def test_throttling_in_each_form_is_waited_out(
    client: Cin7Client, server: Any, clock: Any, answer: dict[str, Any], wait: float
) -> None:
    """As long as Cin7 says, and it uses up no retry: more throttlings than retries end in the answer."""
    server.answer("GET", "me", *[answer] * 4, ME)
    assert client.me.company == "Acme"
    assert [round(seconds) for seconds in clock.slept] == [round(wait + 0.25)] * 4


def test_a_shorter_minute_is_waited_for_shorter(
    make_client: Callable[..., Cin7Client], server: Any, clock: Any
) -> None:
    """The vendor's minute lasts `window_seconds`: a compressed clock does not make anybody wait a real minute."""
    server.answer("GET", "me", {"status_code": 429, "text": "", "headers": {"Retry-After": "60 Seconds"}}, ME)
    assert make_client(window_seconds=3.0).me.company == "Acme"
    assert clock.slept == [3.25]


def test_a_post_that_a_gateway_refused_is_looked_for(client: Cin7Client, server: Any) -> None:
    """A 503 does not say whether Cin7 has run the call, unless it names the limit or when to come back."""
    silent: list[dict[str, Any]] = [
        {"text": "<html>Busy</html>"},
        {"text": "upstream reset"},
        {"text": ""},
        {"json": {}},
    ]
    for said in silent:
        server.answer("POST", "advanced-purchase", {"status_code": 503, **said})
        with pytest.raises(OutcomeUnknown):
            client.create_purchase({})
        server.answer("POST", "supplier", {"status_code": 503, **said})
        with pytest.raises(OutcomeUnknown):
            client.post_supplier({})
    telling: list[dict[str, Any]] = [{"text": SENTENCE}, {"text": "", "headers": {"Retry-After": "5"}}]
    for said in telling:
        server.answer("POST", "advanced-purchase", {"status_code": 503, **said}, {"ID": "g"})
        assert client.create_purchase({}).id == "g"
    server.answer("POST", "purchase/order", {"status_code": 503, "text": ""}, {"Lines": []})
    assert client.post_order({}).lines == ()


def one_of_many(
    client: Cin7Client, server: Any, answer: dict[str, Any], *, others: int
) -> list[type[MLConnectorError]]:
    """Create purchases: some good, then those that are answered so."""
    kinds = list[type[MLConnectorError]]()
    server.answer("POST", "advanced-purchase", {"ID": "g"})
    for _ in range(others):
        client.create_purchase({})
    server.answer("POST", "advanced-purchase", answer)
    for _ in range(6):
        with pytest.raises(MLConnectorError) as caught:
            client.create_purchase({})
        kinds.append(type(caught.value))
    return kinds


@pytest.mark.parametrize(
    "answer",
    [{"status_code": 404, "json": [{"ErrorCode": 404, "Exception": "Supplier not found"}]},
     {"status_code": 403, "json": [{"ErrorCode": 403, "Exception": "Jane Doe is locked"}]},
     {"status_code": 405, "json": {"ErrorCode": 405, "Exception": "no"}},
     {"status_code": 400, "text": "Line 1 is not valid", "headers": {"Content-Type": "text/plain"}}],
)  # fmt: skip
def test_one_records_bad_answer_does_not_stop_the_run(client: Cin7Client, server: Any, answer: dict[str, Any]) -> None:
    """Where others are taken it is this record; where none ever was, many alike end the task."""
    assert (
        one_of_many(client, server, answer, others=1)
        == [RecordRejected if answer["status_code"] != 404 else NotFound] * 6
    )


def test_many_bad_answers_alike_stop_the_run(client: Cin7Client, server: Any) -> None:
    """None was ever taken: it is no record's fault. What was said of a write is not in the message."""
    answer = {"status_code": 403, "json": [{"ErrorCode": 403, "Exception": "Jane Doe is locked"}]}
    assert one_of_many(client, server, answer, others=0) == [RecordRejected] * 4 + [PermissionDenied] * 2
    with pytest.raises(PermissionDenied) as caught:
        client.create_purchase({})
    assert "Jane" not in caught.value.message


@pytest.mark.parametrize("answer", [{"status_code": 204, "text": ""}, {"Success": True}, {"ID": "g"}])
def test_voiding_may_be_answered_in_any_form(client: Cin7Client, server: Any, answer: dict[str, Any]) -> None:
    """With the purchase, with a word, with nothing; only a plain no is a no."""
    server.answer("DELETE", "purchase", answer)
    client.void_purchase("g", "Simple Purchase")
    server.answer("DELETE", "purchase", {"Success": False})
    with pytest.raises(RecordRejected):
        client.void_purchase("g", "Simple Purchase")


def test_a_supplier_that_is_gone_may_be_told_by_a_sentence(client: Cin7Client, server: Any, failure: Any) -> None:
    """HTTP 400 and words, where others answer an empty list."""
    server.answer("GET", "supplier", failure("Supplier with specified ID not found"))
    assert client.directory.by_id("g") is None


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"status_code": 403, "text": '"Incorrect credentials!"'}, CredentialsRejected, "application key"),
        ({"status_code": 403, "text": "Incorrect credentials!", "headers": {}}, CredentialsRejected, "account id"),
        ({"status_code": 401, "text": ""}, CredentialsRejected, "Integrations & API"),
        ({"status_code": 403, "json": [{"ErrorCode": 403, "Exception": "Not in your plan"}]}, PermissionDenied, "plan"),
        ({"status_code": 404, "text": "gone", "headers": {}}, Stop, "check the host"),
        ({"status_code": 404, "json": {}}, Stop, "no such path"),
        ({"status_code": 405, "json": {}}, Stop, "405"),
        ({"status_code": 302, "headers": {"Location": "/ExternalApi/v2/me"}}, UnexpectedAnswer, "redirect"),
        (HTML, UnexpectedAnswer, "does not know"),
        ({"status_code": 200, "text": "{}", "headers": {"Content-Type": "text/plain"}}, UnexpectedAnswer, "JSON"),
        ({"Other": 1}, UnexpectedAnswer, "no Company"),
        ({"status_code": 200, "json": [ME]}, UnexpectedAnswer, "no Company"),
        ({"status_code": 200, "text": "{cut"}, UnexpectedAnswer, "no Company"),
        ({"status_code": 500, "json": {}}, Unavailable, "HTTP 500"),
    ],
)  # fmt: skip
def test_each_failure_says_what_to_do(client: Cin7Client, server: Any, answer: Any, kind: type, words: str) -> None:
    """By consequence, naming the Connection."""
    server.answer("GET", "me", answer)
    with pytest.raises(kind, match=f"cin7_default.*{words}|{words}.*cin7_default") as caught:
        _ = client.me
    assert isinstance(caught.value, kind)


def test_a_redirect_is_not_followed(client: Cin7Client, server: Any) -> None:
    """One call, wherever it points."""
    server.answer("GET", "me", {"status_code": 301, "headers": {"Location": "https://elsewhere.example.com/"}})
    with pytest.raises(UnexpectedAnswer):
        _ = client.me
    assert len(server.requests()) == 1


@pytest.mark.parametrize("array", [True, False])
def test_errors_come_as_object_or_array(client: Cin7Client, server: Any, failure: Any, array: bool) -> None:
    """Either way the vendor's code and words arrive."""
    server.answer("PUT", "ref/account", failure("Location 'X' was not found in Locations reference book", array=array))
    with pytest.raises(RecordRejected, match="refused the record: Location") as caught:
        client.put_account({})
    assert (caught.value.code, str(caught.value.detail)[:14]) == ("400", "Location 'X' w")


def test_all_errors_of_an_answer_are_told(client: Cin7Client, server: Any, failure: Any) -> None:
    """Cin7 tells only a few at a time; none of them is lost."""
    server.answer("POST", "supplier", failure("Required attribute Name is not provided.", "Account not found"))
    with pytest.raises(RecordRejected, match="Name, Account") as caught:
        client.post_supplier({})
    assert caught.value.detail == "Required attribute Name is not provided.; Account not found"


def test_personal_words_stay_in_the_detail(client: Cin7Client, server: Any, failure: Any) -> None:
    """The message goes to the ledger in clear: it tells code and fields, and none of the vendor's other words."""
    words = "Contact 'Jane Doe' (bob@example.com): Phone '555 0100' is invalid"
    server.answer("POST", "supplier", failure(words))
    with pytest.raises(RecordRejected) as caught:
        client.post_supplier({})
    assert caught.value.message == "Cin7 refused the record: Contact, Phone (its words are in the audit)"
    assert caught.value.detail == words


def test_a_code_inside_a_400_says_more(client: Cin7Client, server: Any, failure: Any) -> None:
    """404 under HTTP 400 means that there is no such record."""
    server.answer("GET", "purchase", failure("Purchase not found", code=404))
    server.answer("GET", "advanced-purchase", failure("Purchase not found", code=404))
    with pytest.raises(NotFound):
        client.purchase("g")


def test_an_error_inside_a_200_is_an_error(client: Cin7Client, server: Any) -> None:
    """An error model may come with HTTP 200."""
    server.answer("PUT", "ref/account", {"ErrorCode": 400, "Exception": "Account with specified ID not found"})
    with pytest.raises(RecordRejected, match="refused the record: Account"):
        client.put_account({})


@pytest.mark.parametrize("answer", [requests.ConnectionError("cut"), requests.ReadTimeout("late"),
                                    {"status_code": 500, "json": {}}, {"status_code": 200, "json": {}}])  # fmt: skip
def test_a_create_is_never_repeated(client: Cin7Client, server: Any, answer: Any) -> None:
    """No answer, a failure, an answer without an id: what became of it is not known, and it is sent once."""
    server.answer("POST", "advanced-purchase", answer)
    with pytest.raises(OutcomeUnknown):
        client.create_purchase({})
    assert server.writes == ["POST advanced-purchase"]


def test_reads_are_repeated(client: Cin7Client, server: Any) -> None:
    """An outage is waited out as far as the retries go."""
    server.answer("GET", "me", requests.ConnectionError("cut"), {"status_code": 500, "json": {}}, ME)
    assert client.me.company == "Acme"


def test_the_key_goes_in_headers_and_nowhere_else(client: Cin7Client, server: Any, caplog: Any) -> None:
    """Both keys on each call; no error and no log line shows the application key."""
    server.answer("GET", "me", {"status_code": 403, "text": "Incorrect credentials!"})
    with caplog.at_level("DEBUG"), pytest.raises(MLConnectorError) as caught:
        _ = client.me
    (request,) = server.requests()
    assert request.headers["api-auth-accountid"] == "704ef231-cd93"
    key = request.headers["api-auth-applicationkey"]
    assert key not in request.url + caplog.text + str(caught.value)


def test_numbers_are_exact_from_wire_to_wire(client: Cin7Client, server: Any) -> None:
    """0.1 is a tenth on its way in and on its way out."""
    server.answer("POST", "purchase/order", {"status_code": 200, "text": '{"Lines": [], "Total": 1436.5010}'})
    assert client.post_order({"Price": Decimal("0.1000")}).total == Decimal("1436.5010")
    assert server.requests("POST")[0].body == b'{"Price":0.1000}'


def test_the_classifier_reads_a_plain_answer(requests_mock: Any) -> None:
    """An empty answer (204) is a good one."""
    requests_mock.get("https://x.example.com/", status_code=204)
    Classifier("c")(requests.get("https://x.example.com/", timeout=1))


@pytest.mark.parametrize("status", [403, 444])
def test_a_gateways_refusal_is_no_records_fault(client: Cin7Client, server: Any, status: int) -> None:
    """Without Cin7's ErrorCode, or with a status that Cin7 does not have, it is about all records and ends the task."""
    answer = {"status_code": status, "json": {"message": "Forbidden"}}
    assert {issubclass(kind, Stop) for kind in one_of_many(client, server, answer, others=1)} == {True}
