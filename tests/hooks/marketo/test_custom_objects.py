from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, PermissionDenied, Stop, UnknownField
from airflow_provider_mlconnector.hooks.marketo.catalog import custom_objects
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.target import UPSERT, MarketoObject, plan, validator
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

LIST = "/rest/v1/customobjects.json"
PATH, DESCRIBE = "/rest/v1/customobjects/item_c.json", "/rest/v1/customobjects/item_c/describe.json"
Build = Callable[..., dict[str, Any]]


def described(*keys: str) -> dict[str, Any]:
    fields = [{"name": name, "dataType": "string", "length": 10, "updateable": name not in keys} for name in keys]
    more = [
        {"name": "marketoGUID", "dataType": "string", "length": 36, "updateable": False},
        {"name": "title", "dataType": "string", "length": 10, "updateable": True},
    ]
    return {"name": "item_c", "idField": "marketoGUID", "dedupeFields": list(keys), "fields": fields + more}


ITEMS = FieldMap((to("number", "T.ITM", convert="text"), to("title", "T.DSC1")))


def test_an_object_is_written_by_its_own_key(client: MarketoClient, server: Any, success: Build) -> None:
    """What describe names as dedupe field is the key; the plan's validator knows its length."""
    server.answer("GET", DESCRIBE, success(described("number")))
    server.answer("POST", PATH, success({"seq": 0, "status": "created", "marketoGUID": "g1"}))
    found = plan(client, "item_c", ITEMS)
    validator(Plan(found.rows, found.schema))({"number": "7", "title": "Bolt"})
    (result,) = MarketoObject(client, "item_c").deliver(UPSERT, [Ready("7", {"number": "7", "title": "Bolt"})])
    assert (result.outcome, result.target_id) == (Outcome.CREATED, "g1")
    assert server.bodies(PATH) == [{"action": "createOrUpdate", "input": [{"number": "7", "title": "Bolt"}]}]


def test_a_key_of_two_fields(client: MarketoClient, server: Any, success: Build) -> None:
    """Records that differ in one of them are different records."""
    server.answer("GET", DESCRIBE, success(described("number", "branch")))
    server.answer("POST", PATH, success(*({"seq": n, "status": "created", "marketoGUID": str(n)} for n in (0, 1))))
    items = [{"number": "7", "branch": "A"}, {"number": "7", "branch": "B"}]
    assert [result.target_id for result in client.upsert("item_c", items)] == ["0", "1"]


def test_a_changed_key_is_another_record(client: MarketoClient) -> None:
    """The key of a custom object cannot be changed, so nothing moves."""
    assert MarketoObject(client, "item_c").group(Ready("7", {"number": "8"}, "g1")) == UPSERT


def test_an_object_needs_a_key_that_the_map_fills(client: MarketoClient, server: Any, success: Build) -> None:
    """Before anything is read; the message names the object and the field."""
    server.answer("GET", DESCRIBE, success(described("branch")))
    with pytest.raises(ConfigurationError, match=r"'marketo_default'.*'item_c' is keyed by branch"):
        plan(client, "item_c", FieldMap((to("title", "T.DSC1"),)))
    client = MarketoClient(client.connection)
    server.answer("GET", DESCRIBE, success(described()))
    with pytest.raises(ConfigurationError, match="no dedupe field"):
        plan(client, "item_c", FieldMap((to("title", "T.DSC1"),)))


@pytest.mark.parametrize("refusal", ["1013", "610", "702", "1003", "nothing", "404"])
def test_an_object_that_is_not_there(
    client: MarketoClient, server: Any, success: Build, failure: Build, refusal: str
) -> None:
    """Whatever the vendor says, the message names the nearest objects that it has."""
    answers: dict[str, Any] = {"nothing": success(), "404": {"status_code": 404, "text": "not found"}}
    server.answer("GET", DESCRIBE, answers.get(refusal) or failure(refusal))
    server.answer("GET", LIST, success({"name": "items_c"}, {"apiName": "car_c", "name": None}))
    with pytest.raises(UnknownField, match=r"'marketo_default'.*no custom object 'item_c'.*nearest are: items_c"):
        plan(client, "item_c", ITEMS)


def test_an_instance_without_any(client: MarketoClient, server: Any, success: Build, failure: Build) -> None:
    """There is nothing near, and the message says so."""
    server.answer("GET", DESCRIBE, failure("1013"))
    server.answer("GET", LIST, success())
    with pytest.raises(UnknownField, match="there are: none"):
        client.describe("item_c")


def test_an_object_that_is_not_approved(client: MarketoClient, server: Any, success: Build, failure: Build) -> None:
    """A draft can be seen and not used; the message says what to do."""
    server.answer("GET", DESCRIBE, failure("1013"))
    server.answer("GET", LIST, success({"name": "item_c", "state": "draft"}, {"name": "b_c", "state": "approved"}))
    assert custom_objects(client.call) == {"item_c": False, "b_c": True}
    with pytest.raises(UnknownField, match="is a draft; approve it"):
        client.describe("item_c")


def test_a_refusal_that_the_list_does_not_explain(
    client: MarketoClient, server: Any, success: Build, failure: Build
) -> None:
    """The vendor's own refusal stays: the object is there, or there is no list."""
    server.answer("GET", DESCRIBE, failure("709"))
    server.answer("GET", LIST, success({"name": "item_c"}), failure("603"))
    for _ in range(2):
        with pytest.raises(Stop) as caught:
            client.describe("item_c")
        assert caught.value.code == "709"


@pytest.mark.parametrize(("code", "kind"), [("603", PermissionDenied), ("1026", Stop)])
def test_a_missing_permission_is_no_missing_object(
    client: MarketoClient, server: Any, failure: Build, code: str, kind: type[Stop]
) -> None:
    """No right to custom objects, or none in the subscription: said as such, and the list is not asked for."""
    server.answer("GET", DESCRIBE, failure(code))
    with pytest.raises(kind) as caught:
        client.describe("item_c")
    assert (caught.value.code, server.requests(LIST)) == (code, [])
