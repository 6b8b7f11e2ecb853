from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    MLConnectorError,
    PermissionDenied,
    RecordRejected,
    Stop,
    Throttled,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.qad.client import QadClient

PATH = "/api/erp/customerV2s"
DENIED = {"errors": [{"severity": 1, "code": "403", "message": "No access to customers", "fieldName": ""}]}
HTML = {"Content-Type": "text/html;charset=UTF-8"}


def test_a_refusal_inside_a_200(client: QadClient, server: Any) -> None:
    """`submitResult.success` false is a refused record; the vendor's words, which may repeat a value, stay apart."""
    problem = {
        "fieldName": "AddressSearchName", "message": "ACME is taken", "fieldValue": "ACME", "code": "7", "severity": 3,
    }  # fmt: skip
    server.put("POST", PATH, {"submitResult": {"success": False, "errors": [problem]}})
    with pytest.raises(RecordRejected) as caught:
        client.api.request("POST", PATH, json={}, repeatable=False)
    assert (caught.value.code, caught.value.detail) == ("7", "ACME is taken")
    assert caught.value.message == "QAD refused the record, field AddressSearchName"


@pytest.mark.parametrize("success", [False, "false", "False"])
def test_flags_may_be_text(client: QadClient, server: Any, success: Any) -> None:
    """A flag says no as a boolean or as text."""
    server.put("POST", PATH, {"submitResult": {"success": success, "errors": None}})
    with pytest.raises(RecordRejected, match="no_code"):
        client.api.request("POST", PATH, json={})


def test_warnings_beside_a_success(client: QadClient, server: Any) -> None:
    """An accepted submit is accepted, whatever it remarks."""
    server.put("POST", PATH, {"submitResult": {"success": True, "errors": [{"code": "1", "severity": 2}]}})
    assert client.api.request("POST", PATH, json={}).status_code == 200


@pytest.mark.parametrize("status", [200, 403])
def test_permission_is_no_matter_of_the_login(client: QadClient, server: Any, status: int) -> None:
    """403, as a status or as a bare error in a 200, is not retried and says what the vendor said."""
    import json

    server.put("GET", PATH, {"status_code": status, "text": json.dumps(DENIED)})
    with pytest.raises(PermissionDenied, match=r"'qad_default'.*grant the role.*No access to customers \(code 403\)"):
        client.get(PATH)
    assert (len(server.calls(PATH)), len(server.calls("/oauth/token"))) == (1, 1)


def test_403_without_json(client: QadClient, server: Any) -> None:
    """A gateway's page is a 403 all the same."""
    server.put("GET", PATH, {"status_code": 403, "text": "<html>Forbidden", "headers": HTML})
    with pytest.raises(PermissionDenied):
        client.get(PATH)


def test_a_bare_401_in_a_200_renews_the_login(client: QadClient, server: Any) -> None:
    """The gateway reports an ended login in its envelope, too."""
    server.put("GET", PATH, {"errors": [{"code": 401, "message": "expired"}]}, {"data": {"ok": 1}})
    assert client.get(PATH) == {"data": {"ok": 1}}
    assert len(server.calls("/oauth/token")) == 2


def test_other_bare_errors_stop(client: QadClient, server: Any) -> None:
    """Anything else in the envelope is an error with its code, words and field."""
    entry = {"severity": 1, "code": "BR-12", "message": "Domain is mandatory", "fieldName": "domainCode"}
    server.put("GET", PATH, {"errors": [entry]})
    with pytest.raises(Stop, match=r"Domain is mandatory \(field domainCode\) \(code BR-12\)"):
        client.get(PATH)


@pytest.mark.parametrize("errors", [None, [], ""])
def test_empty_errors_are_none(client: QadClient, server: Any, errors: Any) -> None:
    """Absent, null and empty are alike."""
    server.put("GET", PATH, {"data": {"x": 1}, "errors": errors})
    assert client.get(PATH)["data"] == {"x": 1}


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ({"status_code": 404, "text": "<html>"}, ConfigurationError, "context root"),
        ({"status_code": 400, "text": '{"errors": [{"code": "9", "message": "bad"}]}'}, Stop, "bad"),
        ({"text": "<!DOCTYPE html><body>Welcome", "headers": HTML}, UnexpectedAnswer, "page for people"),
        ({"text": "plain"}, UnexpectedAnswer, "without JSON"),
        ({"text": "<html><input type='password'>", "headers": HTML}, CredentialsRejected, "login page"),
    ],
)
def test_what_an_answer_means(
    client: QadClient, server: Any, answer: Any, kind: type[MLConnectorError], said: str
) -> None:
    """Each failure has its consequence, and says what to change."""
    server.put("GET", PATH, answer)
    with pytest.raises(kind, match=said) as caught:
        client.get(PATH)
    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_passing_troubles_are_waited_out(client: QadClient, server: Any, status: int) -> None:
    """Throttling and outages are repeated with growing waits."""
    server.put("GET", PATH, {"status_code": status, "text": "<html>", "headers": {"Retry-After": "2"}}, {"data": 1})
    assert client.get(PATH) == {"data": 1}


def test_an_outage_that_lasts(make_client: Any, server: Any) -> None:
    """After the tries are used up Airflow takes over; throttling keeps its own kind."""
    server.put("GET", PATH, {"status_code": 503, "text": ""})
    with pytest.raises(Unavailable):
        make_client(max_retries=1).get(PATH)
    assert len(server.calls(PATH)) == 2
    server.put("GET", PATH, {"status_code": 429, "text": "", "headers": {"Retry-After": "100000"}})
    with pytest.raises(Throttled):
        make_client(max_retries=1).get(PATH)
