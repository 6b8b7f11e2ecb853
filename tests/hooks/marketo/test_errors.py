from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector import exceptions
from airflow_provider_mlconnector.exceptions import (
    BatchRefused,
    CredentialsRejected,
    LoginExpired,
    MLConnectorError,
    ObjectReadOnly,
    PermissionDenied,
    QuotaExhausted,
    RetryLater,
    Stop,
    Throttled,
    Unavailable,
    UnexpectedAnswer,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.marketo.codes import CODES, UNKNOWN, Meaning, meaning_of
from airflow_provider_mlconnector.hooks.marketo.errors import Classifier, row_result
from airflow_provider_mlconnector.hooks.marketo.models import Problem, RowAnswer
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.transport.body import encode_json

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


LEADS = "https://m/rest/v1/leads.json"
JSON = {"Content-Type": "application/json"}


def answer(
    body: Any, *, status: int = 200, method: str = "POST", url: str = LEADS, headers: dict[str, str] = JSON
) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.request = requests.Request(method, url).prepare()
    response.headers.update(headers)
    response._content = body if isinstance(body, bytes) else encode_json(body)
    return response


def failed(code: Any, message: str = "") -> dict[str, Any]:
    return {"requestId": "r#1", "success": False, "errors": [{"code": code, "message": message}]}


def classifier(now: datetime = NOON, random: float = 1.0, window: float = 20) -> Classifier:
    return Classifier("marketo_default", window, now=lambda: now, random=lambda: random)


def error_of(body: Any, **request: Any) -> MLConnectorError:
    with pytest.raises(MLConnectorError) as caught:
        classifier()(answer(body, **request))
    return caught.value


CONSEQUENCES: list[tuple[type[MLConnectorError], list[str]]] = [
    (LoginExpired, ["600", "601", "602"]),
    (PermissionDenied, ["603"]),
    (Throttled, ["606", "615", "1016", "1019"]),
    (Unavailable, ["604", "608", "611", "614", "713", "719"]),
    (QuotaExhausted, ["607", "1020"]),
    (Stop, ["605", "609", "610", "612", "613", "616", "699", "701", "702", "703", "704", "709", "712", "714", "799"]),
    (Stop, ["1026", "1035"]),
    (UnknownField, ["1006", "1011"]),
    (ObjectReadOnly, ["1018"]),
    (BatchRefused, ["718", "1001", "1002", "1003", "1004", "1005", "1007", "1008", "1013", "1036", "1077", "1999"]),
]


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in CONSEQUENCES for code in codes])
def test_consequence_of_each_code(kind: type[MLConnectorError], code: str) -> None:
    """Each code of a failed write has one consequence, and code and request id are kept for the vendor's support."""
    error = error_of(failed(code))
    assert type(error) is kind
    assert (error.code, error.request_id) == (code, "r#1")


def test_every_code_has_words_for_a_person() -> None:
    """The table is complete: a known kind of error and words of our own for each code."""
    for code, meaning in {**CODES, **UNKNOWN}.items():
        assert code.isdigit()
        assert getattr(exceptions, meaning.kind.__name__) is meaning.kind
        assert len(meaning.text) > 8, code
        assert meaning.text[0].islower(), code


def test_codes_as_numbers() -> None:
    """Some answers carry the code as a number; it means the same."""
    assert type(error_of(failed(606))) is Throttled


def test_only_data_codes_change_for_a_read() -> None:
    """A question has no batch to halve: the same code stops a read."""
    error = error_of(failed("1003", "Too many results match the filter"), method="GET")
    assert type(error) is Stop
    posted = error_of(failed("1003"), url="https://m/rest/v1/leads.json?_method=GET")
    assert type(posted) is Stop


def test_vendors_words_stay_in_detail() -> None:
    """The vendor's words may quote a value; they go into `detail`, our own into the message."""
    error = error_of(failed("1001", "Invalid value 'ann@example.com'. Required of type 'integer'"))
    assert isinstance(error, BatchRefused)
    assert "ann@example.com" not in str(error)
    assert error.detail == "Invalid value 'ann@example.com'. Required of type 'integer'"


def test_unknown_field_names_the_field_only() -> None:
    """1006 names the field, which a user needs, and nothing else of the vendor's words."""
    assert str(error_of(failed("1006", "Field 'sicCod' not found"))).count("'sicCod'") == 1
    assert "x@y.z" not in str(error_of(failed("1006", "Lookup field 'x@y.z' not found")))


def test_permission_says_what_to_change() -> None:
    """603 is either a missing permission or the IP allowlist; the message names both, and the Connection."""
    text = str(error_of(failed("603", "Access denied")))
    assert "permission" in text
    assert "allowlist" in text
    assert "'marketo_default'" in text


def test_rate_limit_waits_up_to_the_window() -> None:
    """After a 606 callers come back spread over the window, never all at once and never later than it."""
    waits = []
    for random in (0.0, 0.5, 1.0):
        with pytest.raises(Throttled) as caught:
            classifier(random=random, window=20)(answer(failed("606")))
        waits.append(caught.value.retry_after)
    assert waits == [5.0, 12.5, 20.0]


def test_concurrency_limit_waits_shortly() -> None:
    """A 615 is over as soon as any call ends."""
    error = error_of(failed("615"))
    assert isinstance(error, RetryLater)
    assert error.retry_after == 2.0


@pytest.mark.parametrize(
    ("now", "reset"),
    [
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), datetime(2026, 7, 2, 5, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 4, 59, tzinfo=UTC), datetime(2026, 7, 1, 5, 0, tzinfo=UTC)),
        (datetime(2026, 1, 1, 12, 0, tzinfo=UTC), datetime(2026, 1, 2, 6, 0, tzinfo=UTC)),
        (datetime(2026, 3, 8, 7, 0, tzinfo=UTC), datetime(2026, 3, 9, 5, 0, tzinfo=UTC)),
    ],
)
def test_daily_quota_resets_at_central_midnight(now: datetime, reset: datetime) -> None:
    """A spent quota is whole again at midnight US Central, in summer and winter time."""
    with pytest.raises(QuotaExhausted) as caught:
        classifier(now=now)(answer(failed("607", "Daily quota reached")))
    assert caught.value.reset_at == reset


def test_three_meanings_of_1029() -> None:
    """1029 is a full queue, a spent export quota, or no error at all; the words tell which."""
    assert type(error_of(failed("1029", "Too many jobs (10) in queue"))) is Throttled
    assert type(error_of(failed("1029", "Export daily quota 500MB exceeded."))) is QuotaExhausted
    classifier()(answer(failed("1029", "Job already queued")))
    assert meaning_of("1029", "Job already queued") is None


@pytest.mark.parametrize(("status", "kind"), [(413, BatchRefused), (414, Stop)])
@pytest.mark.parametrize("body", [b"<html>Request Entity Too Large</html>", b"", b"{}"])
def test_too_large(status: int, kind: type[MLConnectorError], body: bytes) -> None:
    """413 is a batch to halve and 414 a call to change, whatever the body says."""
    error = error_of(body, status=status)
    assert (type(error), error.code) == (kind, str(status))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (401, CredentialsRejected),
        (404, Stop),
        (429, Throttled),
    ],
)
@pytest.mark.parametrize("content_type", ["text/html", "application/json", ""])
def test_status_without_an_envelope(status: int, kind: type[MLConnectorError], content_type: str) -> None:
    """A proxy's page has no code of Marketo's; the HTTP status decides."""
    assert type(error_of(b"<html>sorry</html>", status=status, headers={"Content-Type": content_type})) is kind


def test_envelope_decides_over_the_status() -> None:
    """An envelope is read whatever the status: the code says more."""
    assert type(error_of(failed("611"), status=500)) is Unavailable
    assert error_of(failed("611"), status=500).code == "611"
    assert type(error_of(failed("610"), status=404)) is Stop


@pytest.mark.parametrize("body", [b"<html>hotel wifi</html>", b"[]", b'{"hello": 1}', b'{"success": tru', b""])
def test_200_that_is_no_answer(body: bytes) -> None:
    """A good status with something else than an envelope breaks the contract."""
    assert type(error_of(body)) is UnexpectedAnswer


def test_failure_without_a_code() -> None:
    """A failure that names no error is not taken for success."""
    assert type(error_of({"requestId": "r#1", "success": False})) is UnexpectedAnswer


@pytest.mark.parametrize(
    "body",
    [
        {"requestId": "r#1", "success": True},
        {"requestId": "r#1", "success": True, "result": None, "errors": [], "warnings": ["asset words"]},
        {"requestId": "r#1", "success": True, "result": [{"id": 1}], "moreResult": False, "extra": 1},
    ],
)
def test_good_answers(body: dict[str, Any]) -> None:
    """An absent or null result, empty errors and text warnings are all found in good answers."""
    classifier()(answer(body))


def test_files_are_left_alone() -> None:
    """A bulk file is no envelope; its body is not read, so that it can be streamed."""
    response = answer(b"email\nnull\n", method="GET", headers={"Content-Type": "text/csv;charset=UTF-8"})
    del response._content
    classifier()(response)


def row(item: dict[str, Any], action: str = "createOrUpdate", *, resent: bool = False) -> Any:
    return row_result(RowAnswer.model_validate(item), request_id="r#1", action=action, resent=resent)


def skipped(code: Any, message: str = "words") -> dict[str, Any]:
    return {"seq": 0, "status": "skipped", "reasons": [{"code": code, "message": message}]}


@pytest.mark.parametrize("status", ["created", "updated"])
@pytest.mark.parametrize(("key", "value"), [("id", 50), ("marketoGUID", "dff23271-f996")])
def test_written_rows(status: str, key: str, value: Any) -> None:
    """A written record has its outcome and the vendor's id, be it a number or a GUID."""
    found = row({"status": status, key: value})
    assert (found.outcome, found.target_id, found.code, found.request_id) == (Outcome(status), str(value), None, "r#1")


def test_skipped_row_is_rejected() -> None:
    """What Marketo skipped should have gone: rejected, with its code, our words, and the vendor's in detail."""
    found = row(skipped(1007, "Multiple leads match ann@example.com"))
    assert (found.outcome, found.code) == (Outcome.REJECTED, "1007")
    assert found.message == CODES["1007"].text
    assert found.detail == "Multiple leads match ann@example.com"


def test_crm_row_is_skipped() -> None:
    """1018 on one record means that the CRM owns it: out of scope, no reject."""
    assert row(skipped("1018")).outcome is Outcome.SKIPPED


def test_exists_already() -> None:
    """1005 under createOnly is no failure, and after a lost answer it means that our first try did it."""
    assert row(skipped("1005"), "createOnly").outcome is Outcome.SKIPPED
    assert row(skipped("1005"), "createOnly", resent=True).outcome is Outcome.CREATED
    assert row(skipped("1005"), "updateOnly").outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"reasons": [{"code": "1003", "message": "x"}]}, "1003"),
        ({"status": "skipped", "errors": [{"code": "1003", "message": "x"}]}, "1003"),
        ({"status": "skipped", "reason": {"code": "1003", "message": "x"}}, "1003"),
        ({"status": "skipped"}, "no_reason"),
        ({"id": 5}, "no_status"),
        ({"id": 5, "status": "queued"}, "unknown_status"),
        ({"status": "skipped", "reasons": [{"code": "1999", "message": "x"}]}, "1999"),
    ],
)
def test_anything_else_is_a_failure(item: dict[str, Any], code: str) -> None:
    """Reasons without status, an unknown status, a code never seen: not written as far as we know, so rejected."""
    found = row(item)
    assert (found.outcome, found.code) == (Outcome.REJECTED, code)
    assert found.message


def test_meaning_is_data() -> None:
    """A new code is one line of the table."""
    assert Meaning(Stop, "x") == (Stop, "x", None)
    assert classifier().error(Meaning(Stop, "because"), Problem(code="999"), "r", reading=False).code == "999"


@pytest.mark.parametrize(
    ("body", "kind"), [({"message": "Forbidden"}, "application/json"), (b"<html>no</html>", "text/html"), (b"", "")]
)
def test_a_403_of_a_proxy_denies_no_object(body: Any, kind: str) -> None:
    """Marketo says 603 in a 200. Taken for that, a proxy's 403 would leave links out and call objects read-only."""
    error = error_of(body, status=403, headers={"Content-Type": kind})
    assert type(error) is Stop
    assert "a proxy before it does" in error.message
