from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

DESCRIBE2 = "/rest/v1/leads/describe2.json"
USAGE, ERRORS = "/rest/v1/stats/usage.json", "/rest/v1/stats/errors.json"
Build = Callable[..., dict[str, Any]]


def described(*names: str) -> dict[str, Any]:
    return {"fields": [{"name": name, "dataType": "string", "updateable": name != "id"} for name in names]}


@pytest.fixture
def instance(server: Any, success: Build, failure: Build) -> Any:
    """A CRM owns companies, the role may not see opportunities, named accounts are not part of the subscription."""
    leads = {"fields": [{"name": "email", "dataType": "email", "crmManaged": True}]}
    server.answer("GET", DESCRIBE2, success(leads))
    server.answer("GET", "/rest/v1/companies/describe.json", failure("1018"))
    server.answer("GET", "/rest/v1/opportunities/describe.json", failure("603"))
    server.answer("GET", "/rest/v1/opportunities/roles/describe.json", success(described("role", "isPrimary")))
    server.answer("GET", "/rest/v1/salespersons/describe.json", success(described("email")))
    server.answer("GET", "/rest/v1/namedaccounts/describe.json", failure("703"))
    server.answer("GET", USAGE, success({"date": "2026-07-01", "total": 42}))
    server.answer("GET", ERRORS, success({"date": "2026-07-01", "errors": [{"errorCode": 606, "count": 3}]}))
    return server


def test_check_tells_what_works(client: MarketoClient, instance: Any) -> None:
    """`check` says in one line each what can be written, who owns it, what is not permitted, not there, and used."""
    lines = client.check()
    assert lines[0] == "logged in to https://123-abc-456.mktorest.com"
    assert lines[1] == "leads: 2 of 2 fields can be written, 1 of them managed by a CRM"
    assert lines[2].startswith("companies: read-only")
    assert lines[3].startswith("opportunities: permission missing")
    assert lines[4] == "opportunity_roles: 2 of 2 fields can be written"
    assert lines[5].startswith("sales_persons: 1 of 1")
    assert lines[6].startswith("named_accounts: not there, they will be skipped")
    assert lines[7:] == ["errors today: 606 × 3", "42 of 50000 calls used today"]


def test_check_looks_for_the_item_object(
    make_client: Callable[..., MarketoClient], instance: Any, success: Build, failure: Build
) -> None:
    """The custom object that the Connection names has its line, also when there is none of that name."""
    instance.answer("GET", "/rest/v1/customobjects/item_c/describe.json", success(described("number", "name")))
    assert "item_c: 2 of 2 fields can be written" in make_client(item_object="item_c").check()
    instance.answer("GET", "/rest/v1/customobjects/itm_c/describe.json", failure("1013"))
    instance.answer("GET", "/rest/v1/customobjects.json", success({"name": "item_c"}))
    (line,) = [line for line in make_client(item_object="itm_c").check() if line.startswith("itm_c")]
    assert "no custom object 'itm_c'" in line
    assert line.endswith("nearest are: item_c")


@pytest.mark.parametrize(
    ("days", "counts"),
    [
        ([{"date": "2026-07-01", "total": 3, "errors": [{"errorCode": "604", "count": "3"}]}], {"604": 3}),
        ([{"date": "2026-06-30", "errors": [{"errorCode": "606", "count": 1}]}, {"date": "2026-07-01"}], {}),
        ([{"date": "2026-07-01", "errors": None}], {}),
        ([], {}),
    ],
)
def test_errors(client: MarketoClient, server: Any, success: Build, days: Any, counts: dict[str, int]) -> None:
    """The newest day's errors are counted by code; a day without any has none."""
    server.answer("GET", ERRORS, success(*days))
    assert client.errors() == counts


def test_odd_errors(client: MarketoClient, server: Any, success: Build) -> None:
    """What is no count is not taken for none."""
    server.answer("GET", ERRORS, success({"date": "2026-07-01", "errors": [{"count": 3}]}))
    with pytest.raises(UnexpectedAnswer, match="no counts"):
        client.errors()
