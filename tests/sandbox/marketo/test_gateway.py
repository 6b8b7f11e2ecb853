from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core import SandboxServer
from tests.sandbox.marketo.client import CREDENTIALS, Api, code

LEADS = "/rest/v1/leads.json"


@pytest.mark.parametrize(
    "path",
    ["/rest/v1/nothing.json", "/rest//v1/leads.json", "/rest/asset/v1/emails.json", "/bulk/v1/nothing/export.json"],
)
def test_unknown_resource(path: str) -> None:
    """Whatever the instance does not serve is 610 inside HTTP 200, bulk paths without `/rest` included."""
    answer = Api().send("GET", path)
    assert answer.status_code == 200
    assert code(answer.json()) == "610"


def test_method_not_supported() -> None:
    """A wrong method is 605 and is not counted."""
    api = Api(calls_per_window=1)
    assert code(api.send("PUT", LEADS).json()) == "605"
    assert api.get("stats/usage")["success"]


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        (None, b"{}", "612"),
        ("text/plain", b"{}", "612"),
        ("application/json", b"", "609"),
        ("application/json", b"{", "609"),
        ("application/json", b"[]", "609"),
        ("application/json", b'{"input": {}}', "609"),
        ("application/json", b'{"input": [1]}', "609"),
        ("application/json", b'{"input": [{"email": NaN}]}', "609"),
        ("application/json", b'{"input": [{"email": "a@b.co", "email": "c@d.co"}]}', "609"),
        ("application/json", b'{"input": [{"email": "\xff"}]}', "609"),
        ("application/json", b'{"input": [{"email": "a@b.co"}], "typo": 1}', "609"),
        ("application/json", b'{"action": "createOnly"}', "1002"),
        ("application/json", b'{"input": []}', "701"),
    ],
)
def test_bad_bodies(content_type: str | None, body: bytes, expected: str) -> None:
    """A POST that is not the JSON the endpoint wants is refused as a whole."""
    headers = {"Content-Type": content_type} if content_type else {}
    assert code(Api().send("POST", LEADS, data=body, headers=headers).json()) == expected


def test_json_content_type_with_charset() -> None:
    """A charset beside the content type is no reason for 612."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    body = json.dumps({"input": [{"email": "a@example.com", "lastName": "Größe"}]}, ensure_ascii=False)
    assert Api().send("POST", LEADS, data=body.encode(), headers=headers).json()["success"]


def test_body_over_one_megabyte() -> None:
    """A body over 1 MB is HTTP 413, one of exactly 1 MB is read."""
    api = Api()
    headers = {"Content-Type": "application/json"}
    body = b'{"input": []}'.ljust(1024 * 1024)
    assert code(api.send("POST", LEADS, data=body, headers=headers).json()) == "701"
    assert api.send("POST", LEADS, data=body + b" ", headers=headers).status_code == 413


def test_long_uri_and_its_way_out() -> None:
    """A URI over 8 KB is HTTP 414; the same query as a form with `_method=GET` is answered."""
    api = Api()
    emails = [f"someone.with.a.long.address.{number}@example.com" for number in range(200)]
    assert api.sync("leads", {"email": emails[7]}) == ["created"]
    query = {"filterType": "email", "filterValues": ",".join(emails)}
    assert api.send("GET", LEADS, params=query).status_code == 414
    answer = api.send("POST", LEADS, params={"_method": "GET"}, data=query).json()
    assert [lead["email"] for lead in answer["result"]] == [emails[7]]


def test_method_get_wants_a_form() -> None:
    """`_method=GET` with a JSON body is 612."""
    answer = Api().send("POST", LEADS, params={"_method": "GET"}, json={"filterType": "id", "filterValues": "1"})
    assert code(answer.json()) == "612"


@pytest.mark.parametrize(
    ("accept", "path", "packed"),
    [("gzip", "leads/describe2", True), ("identity", "leads/describe2", False), ("gzip", "stats/usage", False)],
)
def test_gzip(accept: str, path: str, packed: bool) -> None:
    """Answers are compressed only for a caller who asks, and only from 1,024 bytes on."""
    answer = Api().send("GET", f"/rest/v1/{path}.json", headers={"Accept-Encoding": accept})
    assert ("content-encoding" in answer.headers) is packed
    assert answer.json()["success"]


def test_request_ids_differ() -> None:
    """Every answer has a request id of its own, in the vendor's form."""
    api = Api()
    ids = {api.get("stats/usage")["requestId"] for _ in range(20)}
    assert len(ids) == 20
    assert all("#" in each for each in ids)


def test_denied() -> None:
    """A user without the permission gets 603."""
    assert code(Api(denied=("companies",)).get("companies/describe")) == "603"


def test_over_a_socket() -> None:
    """The same instance serves a real port."""
    import requests

    with SandboxServer(["marketo"]) as server, requests.Session() as session:
        session.trust_env = False
        url = server.url("marketo")
        token = session.get(f"{url}/identity/oauth/token", params=CREDENTIALS).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer: Any = session.get(f"{url}/rest/v1/companies/describe.json", headers=headers).json()
        assert answer["result"][0]["dedupeFields"] == ["externalCompanyId"]
