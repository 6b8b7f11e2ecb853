from __future__ import annotations

import base64

import pytest
import requests

from airflow_provider_mlconnector.sandbox.core import SandboxAdapter
from airflow_provider_mlconnector.sandbox.mailchimp import KEY
from tests.sandbox.mailchimp.client import ADA, LIST, MEMBERS, URL, Api, key_of, path_of


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("user", ["", "anything", "key"])
def test_basic_takes_any_user(user: str) -> None:
    """The key is the password; the user name is nobody's business."""
    assert Api().send("GET", "/ping", auth=(user, KEY)).json() == {"health_status": "Everything's Chimpy!"}


def test_the_key_works_as_bearer() -> None:
    """An OAuth token's place takes the key too."""
    assert Api().session.get(f"{URL}/3.0/ping", headers=bearer(KEY)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "title"),
    [
        ({}, "API Key Missing"),
        ({"Authorization": "OAuth x"}, "API Key Missing"),
        (bearer("0" * 32 + "-us21"), "API Key Invalid"),
        (bearer(KEY.replace("-us21", "")), "API Key Invalid"),
        (bearer(KEY.replace("us21", "us6")), "API Key Invalid"),
        ({"Authorization": "Basic " + base64.b64encode(KEY.encode()).decode()}, "API Key Invalid"),
        ({"Authorization": "Basic !!!"}, "API Key Invalid"),
    ],
)
def test_other_keys_are_401(headers: dict[str, str], title: str) -> None:
    """No key, a wrong key, and a key of another data centre are told apart from a refusal by title."""
    answer = Api().session.get(f"{URL}/3.0/ping", headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (401, title)


def test_another_data_centres_host_is_401() -> None:
    """A host is one data centre; the account is not in the others."""
    api, session = Api(), requests.Session()
    for host in ("https://us21.api.mailchimp.com", "https://us6.api.mailchimp.com"):
        session.mount(host, SandboxAdapter(api.sandbox))
    assert session.get("https://us21.api.mailchimp.com/3.0/ping", headers=bearer(KEY)).status_code == 200
    assert session.get("https://us6.api.mailchimp.com/3.0/ping", headers=bearer(KEY)).status_code == 401


def test_every_answer_has_a_request_id() -> None:
    """`X-Request-Id` differs each time, and is a problem's `instance`."""
    api = Api()
    good, bad = api.send("GET", "/lists"), api.send("GET", f"{LIST}/nothing")
    assert good.headers["x-request-id"] != bad.headers["x-request-id"] == bad.json()["instance"]
    assert good.headers["content-type"] == "application/json; charset=utf-8"
    assert bad.headers["content-type"] == "application/problem+json; charset=utf-8"
    assert 'rel="describedBy"' in bad.headers["link"]


def test_unknown_paths_and_methods() -> None:
    """404 in the vendor's words; 405 with the methods there are."""
    api = Api()
    assert api.refused("GET", "/nothing")["detail"] == "The requested resource could not be found."
    assert api.session.get(f"{URL}/ping", headers=bearer(KEY)).status_code == 404
    assert api.status("GET", "/lists/ffffffffff/members") == 404
    answer = api.send("PUT", "/lists")
    assert (answer.status_code, answer.json()["title"], answer.headers["allow"]) == (405, "Method Not Allowed", "GET")


def test_the_account_and_its_audience() -> None:
    """Root, lists with constraints, one list; an object has `_links`."""
    api = Api()
    api.put(ADA)
    assert api.get("/")["total_subscribers"] == 1
    found = api.get("/lists")
    assert set(found["constraints"]) == {"may_create", "max_instances", "current_total_instances"}
    assert found["lists"][0]["stats"]["member_count"] == api.get(LIST)["stats"]["member_count"] == 1
    assert found["lists"][0]["_links"][0]["rel"] == "self"


def test_method_override() -> None:
    """The override header goes with POST alone."""
    api = Api()
    api.put(ADA)
    override = {"X-HTTP-Method-Override": "GET"}
    assert api.session.post(f"{URL}/3.0/ping", headers=bearer(KEY) | override).status_code == 200
    assert api.session.get(f"{URL}/3.0/ping", headers=bearer(KEY) | override).status_code == 422


@pytest.mark.parametrize(
    ("body", "title"),
    [("{", "JSON Parse Error"), ("NaN", "JSON Parse Error"), ("[]", "Invalid Resource"), ("", "Invalid Resource")],
)
def test_bodies_must_be_json_objects(body: str, title: str) -> None:
    """What cannot be read is told apart from what is not valid."""
    answer = Api().send("POST", MEMBERS, data=body)
    assert (answer.status_code, answer.json()["title"]) == (400, title)


def test_wrong_types_are_told_by_field() -> None:
    """A body is checked against the schema; each fault names its field."""
    problem = Api().put_refused(ADA, vip="yes", status_if_new="archived", language=None, location={"latitude": "x"})
    assert problem["title"] == "Invalid Resource"
    assert {error["field"]: error["message"] for error in problem["errors"]} == {
        "vip": "Schema describes boolean, string found instead",
        "status_if_new": "Value must be one of: subscribed, unsubscribed, cleaned, pending, transactional",
        "language": "Schema describes string, NULL found instead",
        "location.latitude": "Schema describes number, string found instead",
    }


def test_paging() -> None:
    """Ten at a time unless asked, a thousand at most; the count is of all."""
    api = Api()
    for n in range(1005):
        api.sandbox.change({"add_member": {"email_address": f"m{n}@krol-odlewnia.pl"}})
    assert len(api.get(MEMBERS)["members"]) == 10
    page = api.get(MEMBERS, count=5000, fields="members.id,total_items")
    assert (len(page["members"]), page["total_items"]) == (1000, 1005)
    last = api.get(MEMBERS, count=10, offset=1000, fields="members.email_address")
    assert [each["email_address"] for each in last["members"]] == [f"m{n}@krol-odlewnia.pl" for n in range(1000, 1005)]
    assert api.status("GET", MEMBERS, count="ten") == 400
    assert api.status("GET", MEMBERS, offset="-1") == 400


def test_choosing_fields() -> None:
    """`fields` and `exclude_fields` take dotted names, also within lists."""
    api = Api()
    api.put(ADA, merge_fields={"FNAME": "Ada"})
    found = api.get(MEMBERS, fields="members.email_address,members.merge_fields.FNAME")
    assert found == {"members": [{"email_address": ADA, "merge_fields": {"FNAME": "Ada"}}]}
    rest = api.get(path_of(ADA), exclude_fields="_links,merge_fields.FNAME,stats")
    assert "_links" not in rest
    assert "stats" not in rest
    assert set(rest["merge_fields"]) == {"LNAME", "ADDRESS", "PHONE"}


def test_a_key_that_may_not_write() -> None:
    """403 with a JSON body is a matter of permission."""
    api = Api(read_only_key=True)
    assert api.status("GET", "/lists") == 200
    assert api.put_refused(ADA)["title"] == "Forbidden"
    assert key_of(ADA) not in api.sandbox.account.members
