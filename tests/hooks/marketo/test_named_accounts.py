from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ObjectReadOnly, PermissionDenied
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.target import MOVE, UPSERT, MarketoObject, plan
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.ports import Ready

PATH = "/rest/v1/namedaccounts.json"
DESCRIBE = "/rest/v1/namedaccounts/describe.json"
LEADS = "/rest/v1/leads/describe.json"
COMPANIES = "/rest/v1/companies/describe.json"
GUID = "dff23271-f996-47d7-984f-f2676861b5fb"
ACCOUNTS = FieldMap((to("name", "T.NAME"), to("city", "T.CITY", optional=True), to("color", "T.X", optional=True)))
NAMED = {
    "name": "NamedAccount",
    "idField": "marketoGUID",
    "dedupeFields": ["name"],
    "searchableFields": [["marketoGUID"], ["name"]],
    "fields": [
        {"name": "marketoGUID", "dataType": "string", "length": 36, "updateable": False},
        {"name": "name", "dataType": "string", "length": 255, "updateable": True},
        {"name": "city", "dataType": "string", "length": 255, "updateable": True},
    ],
}
Build = Callable[..., dict[str, Any]]


def ready(key: str, name: str, moved_from: str | None = None) -> Ready:
    return Ready(key, {"name": name, "city": key}, moved_from)


def posts(server: Any) -> list[Any]:
    return [request.json() for request in server.requests(PATH) if request.method == "POST"]


def test_accounts_are_keyed_by_name(client: MarketoClient, server: Any, success: Build) -> None:
    """A plain batch is an upsert by the default key; `dedupeBy` is not sent, as only updateOnly takes it."""
    server.answer("POST", PATH, success({"seq": 0, "status": "created", "marketoGUID": GUID}))
    target = MarketoObject(client, "named_accounts")
    assert (target.group(ready("1", "A")), target.group(ready("1", "A", GUID))) == (UPSERT, MOVE)
    (result,) = target.deliver(UPSERT, [ready("1", "A")])
    assert (result.outcome, result.target_id) == (Outcome.CREATED, GUID)
    assert posts(server) == [{"action": "createOrUpdate", "input": [{"name": "A", "city": "1"}]}]


def test_a_rename_is_an_update_by_guid(client: MarketoClient, server: Any, success: Build) -> None:
    """The account keeps its history under the new name, which may have a comma."""
    server.answer("GET", PATH, success())
    server.answer("POST", PATH, success({"seq": 0, "status": "updated", "marketoGUID": GUID}))
    (result,) = MarketoObject(client, "named_accounts").deliver(MOVE, [ready("1", "Acme, Inc.", GUID)])
    assert (result.outcome, result.target_id) == (Outcome.UPDATED, GUID)
    assert posts(server) == [
        {
            "action": "updateOnly",
            "dedupeBy": "idField",
            "input": [{"name": "Acme, Inc.", "city": "1", "marketoGUID": GUID}],
        }
    ]


def test_a_name_that_is_taken_decides(client: MarketoClient, server: Any, success: Build) -> None:
    """The account of that name is updated; the old one is left as it is, not merged."""
    server.answer("GET", PATH, success({"marketoGUID": "other", "name": "ACME"}))
    server.answer("POST", PATH, success({"seq": 0, "status": "updated", "marketoGUID": "other"}))
    MarketoObject(client, "named_accounts").deliver(MOVE, [ready("1", "Acme", GUID)])
    assert [body["action"] for body in posts(server)] == ["createOrUpdate"]


@pytest.mark.parametrize("code", ["1013", "1017", "1005"])
def test_a_rename_that_cannot_be(client: MarketoClient, server: Any, success: Build, code: str) -> None:
    """The account is gone, or the name was taken unseen: the name decides, in a second call."""
    refused = {"seq": 0, "status": "skipped", "reasons": [{"code": code, "message": "no"}]}
    server.answer("GET", PATH, success())
    server.answer("POST", PATH, success(refused), success({"seq": 0, "status": "created", "marketoGUID": "g2"}))
    (result,) = MarketoObject(client, "named_accounts").deliver(MOVE, [ready("1", "Acme", GUID)])
    assert (result.outcome, result.target_id) == (Outcome.CREATED, "g2")


def test_accounts_are_planned_without_asking_for_companies(client: MarketoClient, server: Any, success: Build) -> None:
    """They have no link; rows for fields that the instance has not are left out."""
    server.answer("GET", DESCRIBE, success(NAMED))
    found = plan(client, "named_accounts", ACCOUNTS)
    assert [row["target"] for row in found.rows] == ["name", "city"]
    assert not server.requests(COMPANIES)


@pytest.mark.parametrize("code", ["603", "616", "703"])
def test_a_subscription_without_them_skips_them(
    client: MarketoClient, server: Any, success: Build, failure: Build, code: str
) -> None:
    """Without Target Account Management the run is green, its records skipped with the vendor's code."""
    server.answer("GET", DESCRIBE, failure(code))
    server.answer("GET", LEADS, success())
    found = plan(client, "named_accounts", ACCOUNTS)
    assert found.read_only is not None
    assert found.read_only[0] == code
    assert "Target Account Management" in found.read_only[1]


def test_a_machine_that_may_nothing_is_not_without_a_feature(
    client: MarketoClient, server: Any, failure: Build
) -> None:
    """603 for leads as well is an address that is not allowed, or a role without rights: that stops the run."""
    server.answer("GET", DESCRIBE, failure("603"))
    server.answer("GET", LEADS, failure("603"))
    with pytest.raises(PermissionDenied):
        plan(client, "named_accounts", ACCOUNTS)


def test_a_feature_switched_off_meanwhile_is_noticed_at_the_write(
    client: MarketoClient, server: Any, failure: Build
) -> None:
    """The object is skipped as if describe had said so; a missing right to write is said as such."""
    server.answer("POST", PATH, failure("703"))
    with pytest.raises(ObjectReadOnly, match="Target Account Management"):
        client.upsert("named_accounts", [{"name": "A"}])
    server.answer("POST", PATH, failure("603"))
    with pytest.raises(PermissionDenied):
        client.upsert("named_accounts", [{"name": "A"}])
