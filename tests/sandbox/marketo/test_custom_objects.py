from __future__ import annotations

from tests.sandbox.marketo.client import Api, code, outcome

PATH = "customobjects/erpItem_c"
ITEM = {"itemNumber": "I-1", "description": "Bolt"}
CAR = {
    "name": "car_c",
    "dedupeFields": ["plate", "country"],
    "fields": [
        {"name": "plate", "dataType": "string", "length": 20},
        {"name": "country", "dataType": "string", "length": 2},
        {"name": "driver", "dataType": "integer"},
        {"name": "make", "dataType": "string", "length": 40},
    ],
    "relationships": [{"field": "driver", "relatedTo": {"name": "Lead", "field": "id"}}],
}


def test_list_and_describe() -> None:
    """The list names each custom object with its keys and relationships, describe also its fields."""
    api = Api(custom_objects=[CAR])
    listed = {each["name"]: each for each in api.get("customobjects")["result"]}
    assert set(listed) == {"erpItem_c", "car_c"}
    assert "fields" not in listed["car_c"]
    assert [each["name"] for each in api.get("customobjects", names="car_c")["result"]] == ["car_c"]
    found = api.get("customobjects/car_c/describe")["result"][0]
    assert (found["idField"], found["dedupeFields"]) == ("marketoGUID", ["plate", "country"])
    assert found["relationships"][0]["relatedTo"] == {"name": "Lead", "field": "id"}
    assert found["searchableFields"] == [["plate", "country"], ["marketoGUID"], ["driver"]]
    assert {each["name"]: each["updateable"] for each in found["fields"]}["plate"] is False


def test_sync_and_query() -> None:
    """Records are written by their key, or updated by GUID, and found by either."""
    api = Api()
    assert api.sync(PATH, ITEM, {"description": "no key"}) == ["created", "1003"]
    assert api.sync(PATH, ITEM | {"description": "Nut"}, action="updateOnly", dedupeBy="dedupeFields") == ["updated"]
    found = api.get(PATH, filterType="itemNumber", filterValues="i-1", fields="description")["result"][0]
    assert found["description"] == "Nut"
    by_id = {"marketoGUID": found["marketoGUID"], "description": "Washer"}
    assert api.sync(PATH, by_id, action="updateOnly", dedupeBy="idField") == ["updated"]
    assert api.refused(PATH, by_id, dedupeBy="idField") == "1003"
    assert api.sync(PATH, ITEM | {"unheardOf": 1}) == ["1006"]
    assert code(api.get(PATH, filterType="description", filterValues="x")) == "1011"
    answer = api.post(f"{PATH}/delete", deleteBy="dedupeFields", input=[{"itemNumber": "I-1"}, {"itemNumber": "I-2"}])
    assert [outcome(each) for each in answer["result"]] == ["deleted", "1013"]


def test_compound_keys_and_links() -> None:
    """An object with a compound key is looked up in JSON; what it points at must exist."""
    api = Api()
    assert api.change(custom_object=CAR).json() == {"custom_object": "car_c"}
    api.sync("leads", {"email": "a@example.com"})
    car = {"plate": "AB 1", "country": "DE"}
    assert api.sync("customobjects/car_c", car | {"driver": 1001}, car | {"country": "FR", "driver": 7}) == [
        "created",
        "1004",
    ]
    found = api.lookup("customobjects/car_c", filterType="dedupeFields", fields=["driver"], input=[car])
    assert [each["driver"] for each in found["result"]] == [1001]


def test_unknown_and_denied() -> None:
    """An object that does not exist, and one the user may not touch, are refused; the metadata API is not there."""
    api = Api(denied=("/customobjects/erpItem_c",))
    assert code(api.get("customobjects/none_c/describe")) == "1013"
    assert code(api.get(f"{PATH}/describe")) == "603"
    assert code(api.get("customobjects/schema")) == "610"


def test_wrong_definitions_are_told() -> None:
    """A definition without its key field, and one that would lose records, is refused."""
    api = Api()
    assert api.change(custom_object=CAR | {"dedupeFields": ["vin"]}).status_code == 400
    assert api.change(custom_object=CAR | {"fields": [{"name": "plate", "dataType": "text?"}]}).status_code == 400
    api.change(custom_object=CAR)
    api.sync("customobjects/car_c", {"plate": "AB 1", "country": "DE"})
    assert api.change(custom_object=CAR).status_code == 400
