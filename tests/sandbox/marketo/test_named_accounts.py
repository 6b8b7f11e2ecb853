from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.marketo.client import Api, code, outcome

ACME = {"name": "Acme", "industry": "Steel", "annualRevenue": 12.5}
BY_ID = {"action": "updateOnly", "dedupeBy": "idField"}


def guid(api: Api, name: str) -> str:
    """Return the id of a named account."""
    found = api.get("namedaccounts", filterType="name", filterValues=name)["result"]
    return str(found[0]["marketoGUID"])


def test_keyed_by_name() -> None:
    """The name is the key, without regard to case; the vendor's id is a GUID."""
    api = Api()
    assert api.sync("namedaccounts", ACME, {"name": "Beta"}, {"industry": "no name"}) == ["created", "created", "1003"]
    assert api.sync("namedaccounts", {"name": "ACME", "industry": "Paper"}) == ["updated"]
    found = api.get("namedaccounts", filterType="dedupeFields", filterValues="acme", fields="name,industry")["result"]
    assert [(each["name"], each["industry"]) for each in found] == [("Acme", "Paper")]
    assert len(found[0]["marketoGUID"]) == 36


def test_rename() -> None:
    """A rename is an update by GUID; to a name that another account has, it is skipped."""
    api = Api()
    api.sync("namedaccounts", ACME, {"name": "Beta"})
    acme = guid(api, "Acme")
    assert api.sync("namedaccounts", {"marketoGUID": acme, "name": "Acme Steel"}, **BY_ID) == ["updated"]
    assert guid(api, "acme steel") == acme
    assert api.sync("namedaccounts", {"marketoGUID": acme, "name": "beta"}, **BY_ID) == ["1017"]
    assert api.sync("namedaccounts", {"marketoGUID": "none", "name": "x"}, **BY_ID) == ["1013"]
    assert api.sync("namedaccounts", {"marketoGUID": acme, "name": ""}, **BY_ID) == ["1003"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"dedupeBy": "dedupeFields"}, "1003"),
        ({"dedupeBy": "dedupeFields", "action": "createOrUpdate"}, "1003"),
        ({"dedupeBy": "idField", "action": "createOnly"}, "1003"),
        ({"dedupeBy": "name", "action": "updateOnly"}, "1003"),
    ],
)
def test_dedupe_by_goes_with_update_only(body: dict[str, Any], expected: str) -> None:
    """`dedupeBy` may be given with updateOnly only."""
    assert Api().refused("namedaccounts", ACME, **body) == expected


def test_system_fields() -> None:
    """What the vendor counts cannot be written."""
    assert Api().sync("namedaccounts", ACME | {"opptyCount": 3}) == ["1003"]


def test_searchable_fields() -> None:
    """Accounts are found by each documented field, and by no date."""
    api = Api()
    api.sync("namedaccounts", ACME)
    described = api.get("namedaccounts/describe")["result"][0]
    assert (described["idField"], described["dedupeFields"]) == ("marketoGUID", ["name"])
    searchable = {name for (name,) in described["searchableFields"]}
    assert {"industry", "domainName", "score5", "membershipCount"} <= searchable
    assert not {"updatedAt", "createdAt"} & searchable
    assert len(api.get("namedaccounts", filterType="industry", filterValues="steel")["result"]) == 1
    assert code(api.get("namedaccounts", filterType="updatedAt", filterValues="x")) == "1011"


def test_delete() -> None:
    """Accounts are deleted by name or by GUID."""
    api = Api()
    api.sync("namedaccounts", ACME, {"name": "Beta"})
    beta = guid(api, "Beta")
    answer = api.post("namedaccounts/delete", input=[{"name": "acme"}, {"name": "Gamma"}])
    assert [outcome(each) for each in answer["result"]] == ["deleted", "1013"]
    answer = api.post("namedaccounts/delete", deleteBy="idField", input=[{"marketoGUID": beta}])
    assert [outcome(each) for each in answer["result"]] == ["deleted"]
    assert api.sandbox.state()["namedaccounts"] == []


@pytest.mark.parametrize(("mode", "expected"), [("off_603", "603"), ("off_703", "703")])
def test_without_account_management(mode: str, expected: str) -> None:
    """Without Target Account Management every path of named accounts is refused; leads are not."""
    api = Api(abm=mode)
    assert code(api.get("namedaccounts/describe")) == expected
    assert api.refused("namedaccounts", ACME) == expected
    assert code(api.get("namedAccountLists", filterType="dedupeFields", filterValues="x")) == expected
    assert api.sync("leads", {"email": "a@example.com"}) == ["created"]


def test_native_crm_sync_leaves_them_writable() -> None:
    """A native CRM sync takes companies away, named accounts stay."""
    api = Api(crm="disabled_at_describe")
    assert api.sync("namedaccounts", ACME) == ["created"]


def test_lists() -> None:
    """Lists are created, renamed by GUID, found by their keys only, and deleted."""
    api = Api()
    assert api.sync("namedAccountLists", {"name": "Top"}) == ["created"]
    assert api.sync("namedAccountLists", {"name": "top"}) == ["1017"]
    assert api.refused("namedAccountLists", {"name": "Top"}, action="createOrUpdate") == "1003"
    found = api.get("namedAccountLists", filterType="dedupeFields", filterValues="Top")["result"][0]
    assert (found["type"], found["updateable"]) == ("default", True)
    renamed = {"marketoGUID": found["marketoGUID"], "name": "Best"}
    assert api.sync("namedAccountLists", renamed, **BY_ID) == ["updated"]
    assert code(api.get("namedAccountLists", filterType="name", filterValues="Best")) == "1011"
    assert [outcome(each) for each in api.post("namedAccountLists/delete", input=[{"name": "Best"}])["result"]] == [
        "deleted"
    ]


def test_list_members() -> None:
    """Accounts join and leave a list by GUID; the list is read in pages."""
    api = Api()
    api.sync("namedaccounts", ACME, {"name": "Beta"})
    list_id = api.post("namedAccountLists", input=[{"name": "Top"}])["result"][0]["marketoGUID"]
    path = f"namedAccountList/{list_id}/namedAccounts"
    acme, beta = {"marketoGUID": guid(api, "Acme")}, {"marketoGUID": guid(api, "Beta")}
    added = api.post(path, input=[acme, beta, {"marketoGUID": "none"}])["result"]
    assert [outcome(each) for each in added] == ["added", "added", "1013"]
    first = api.get(path, batchSize=1)
    second = api.get(path, batchSize=1, nextPageToken=first["nextPageToken"])
    assert [each["name"] for page in (first, second) for each in page["result"]] == ["Acme", "Beta"]
    assert "nextPageToken" not in second
    assert [outcome(each) for each in api.post(f"{path}/remove", input=[acme, acme])["result"]] == ["removed", "1013"]
    assert [each["name"] for each in api.get(path)["result"]] == ["Beta"]
    assert code(api.get("namedAccountList/none/namedAccounts")) == "1013"
