from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, RecordRejected, Stop
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.coding import cost_centers, gl_accounts
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

ACCOUNTS = "ji/v1/glaccounts"
Make = Callable[..., JaggaerClient]


def answer(*codes: str, **more: Any) -> dict[str, Any]:
    rows = [{"glAccountId": 100 + at, "code": code, **more} for at, code in enumerate(codes)]
    return {"returnCode": 0, "totRecords": len(rows), "returnedRecords": len(rows), "list": {"account": rows}}


def batch(*codes: str) -> list[Ready]:
    return [Ready(f"r{at}", {"code": code}) for at, code in enumerate(codes)]


def test_codes_are_matched(client: JaggaerClient, server: Any) -> None:
    """Many codes are one question; what has no partner is reported, and nothing is written."""
    server.answer("GET", ACCOUNTS, answer("30.5110.01", "30.5120"))
    results = gl_accounts(client).deliver("", batch("30.5110.01", "30.9999", " 30.5120 ", ""))
    assert [(each.outcome, each.target_id, each.code) for each in results] == [
        (Outcome.CREATED, "30.5110.01", None),
        (Outcome.REJECTED, None, "unmatched"),
        (Outcome.CREATED, "30.5120", None),
        (Outcome.REJECTED, None, "missing_key"),
    ]
    assert server.queries(ACCOUNTS)[0]["flt"] == "code=in=(30.5110.01,30.9999,30.5120)"
    assert server.sent(ACCOUNTS) == ["GET"]


def test_leading_zeros_count(client: JaggaerClient, server: Any) -> None:
    """Codes are texts; case alone does not tell them apart, and the pair is kept as JAGGAER spells it."""
    server.answer("GET", ACCOUNTS, answer("0030", "ab"))
    results = gl_accounts(client).deliver("", batch("30", "AB"))
    assert [each.target_id for each in results] == [None, "ab"]


@pytest.mark.parametrize(
    ("found", "code"), [(answer("30", "30"), "ambiguous"), (answer("30", active="false"), "inactive")]
)
def test_code_without_one_partner(client: JaggaerClient, server: Any, found: Any, code: str) -> None:
    """A code that is there twice, or not active, is no partner."""
    server.answer("GET", ACCOUNTS, found)
    (result,) = gl_accounts(client).deliver("", batch("30"))
    assert (result.outcome, result.code) == (Outcome.REJECTED, code)
    with pytest.raises(RecordRejected):
        gl_accounts(client).find("30")


def test_whole_list_for_many(client: JaggaerClient, server: Any) -> None:
    """A large chunk reads the vendor's list once instead of asking for each batch."""
    server.answer("GET", ACCOUNTS, answer("30", "40"))
    target = gl_accounts(client)
    target.prepare(Plan(), 10_000)
    for code, key in (("30", "30"), ("40", "40"), ("50", None)):
        assert target.deliver("", batch(code))[0].target_id == key
    assert [query.get("flt") for query in server.queries(ACCOUNTS)] == [None]


def test_filter_that_is_not_taken(client: JaggaerClient, server: Any) -> None:
    """A server that does not know the filter is asked for the whole list."""
    refusal = {"returnCode": -1, "returnMessage": "unknown operator"}
    server.answer("GET", ACCOUNTS, refusal, answer("30"))
    assert gl_accounts(client).deliver("", batch("30", "31"))[0].target_id == "30"


def test_refused_whole_list(client: JaggaerClient, server: Any) -> None:
    """Where the whole list is refused too, the task ends."""
    server.answer("GET", ACCOUNTS, {"returnCode": -1, "returnMessage": "no"})
    with pytest.raises(Stop):
        gl_accounts(client).deliver("", batch("30"))


def test_created_only_where_the_connection_says_so(make_client: Make, server: Any) -> None:
    """With `create_missing` a code without a partner is created, under the name that the tenant has for codes."""
    own = {"create_missing": True, "external": "number", "confirmed": True}
    client = make_client(resources={"cost_centers": own})
    nothing = {"returnCode": 0, "totRecords": 0, "returnedRecords": 0}
    server.answer("GET", "ji/v1/costcenters", nothing)
    server.answer("POST", "ji/v1/costcenters", {"returnCode": 0, "costCenterId": 7})
    target = cost_centers(client)
    target.prepare(Plan(), 1)
    (result,) = target.deliver("", [Ready("30", {"number": "30", "name": "Plant"})])
    assert (result.outcome, result.target_id) == (Outcome.CREATED, "30")
    assert server.bodies("ji/v1/costcenters") == [
        {"costCenter": {"operationCode": "CREATE", "number": "30", "name": "Plant"}}
    ]
    assert target.max_batch == 1


def test_path_for_creating_must_be_confirmed(make_client: Make) -> None:
    """The wish alone does not allow it."""
    client = make_client(resources={"cost_centers": {"create_missing": True}}, strict_paths=True)
    with pytest.raises(ConfigurationError, match=r"cost_centers.confirmed"):
        cost_centers(client).prepare(Plan(), 1)
