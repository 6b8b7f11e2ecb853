from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.hooks.cin7.accounts import Accounts
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Ready

NEW = {"Account": "40.6100", "Name": "Travel", "Type": "EXPENSE", "Class": "expense"}
CREATED = {"Code": "6100", "Name": "Travel", "Type": "EXPENSE", "Status": "ACTIVE"}
MADE = {"AccountsList": [CREATED]}


def align(client: Cin7Client, *payloads: dict[str, Any]) -> list[RowResult]:
    batch = [Ready(str(number), payload) for number, payload in enumerate(payloads)]
    return Accounts(client).deliver("accounts", batch)


def test_accounts_are_matched_without_a_call_each(client: Cin7Client, server: Any) -> None:
    """The chart is loaded once; the result is Cin7's code, as Cin7 has it."""
    accounts = ["30.5010", "31.5010.01", "30.5020", "40.6100", "1.5090"]
    found = align(client, *({"Account": account} for account in accounts))
    assert [(each.outcome, each.target_id, each.code) for each in found] == [
        (Outcome.CREATED, "5010", None), (Outcome.CREATED, "5010", None), (Outcome.CREATED, "30.5020", None),
        (Outcome.REJECTED, None, "unmatched"), (Outcome.REJECTED, None, "inactive_account"),
    ]  # fmt: skip
    assert "no account 6100 nor 40.6100" in str(found[3].message)
    assert len(server.requests()) == 1


def test_what_takes_no_postings_is_skipped(client: Cin7Client) -> None:
    """With its reason."""
    found = align(client, {"Account": "30.5010", "Posting": False}, {"Account": "30.5010", "Posting": True})
    assert [each.code for each in found] == ["non_posting", None]


def test_the_users_map_comes_first(make_client: Callable[..., Cin7Client]) -> None:
    """Also over a code that would match."""
    found = align(make_client(account_map={"30.5010": "801"}), {"Account": "30.5010"}, {"Account": "31.5010"})
    assert [each.target_id for each in found] == ["801", "5010"]


def test_missing_accounts_are_created_where_that_is_asked_for(
    make_client: Callable[..., Cin7Client], server: Any
) -> None:
    """Once, by their object; before the first, a change that changes nothing shows whether the chart is ours."""
    server.answer("PUT", "ref/account", {"AccountsList": [{"Code": "801"}]})
    server.answer("POST", "ref/account", MADE)
    found = align(make_client(create_missing_accounts=True), NEW, {**NEW, "Account": "41.6100"})
    assert found == [RowResult(Outcome.CREATED, "6100"), RowResult(Outcome.CREATED, "6100")]
    assert server.bodies("POST", "ref/account") == [
        {"Code": "6100", "Status": "ACTIVE", "Name": "Travel", "Type": "EXPENSE", "Class": "EXPENSE"}
    ]
    assert server.bodies("PUT", "ref/account") == [
        {"Code": "801", "Name": "Other", "Type": "CURRLIAB", "Status": "ACTIVE"}
    ]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
@pytest.mark.parametrize("body", [{"json": {"ErrorCode": 400, "Exception": "Not while Xero is on"}}, {"json": {}}])
def test_a_chart_tied_to_xero_or_quickbooks_is_never_written(
    make_client: Callable[..., Cin7Client], server: Any, status: int, body: dict[str, Any]
) -> None:
    """Whether or not a POST would be accepted; asked once."""
    server.answer("PUT", "ref/account", {"status_code": status, **body})
    found = align(make_client(create_missing_accounts=True), NEW, {**NEW, "Account": "1.7000"}, {"Account": "5010"})
    assert [each.code for each in found] == ["chart_not_ours", "chart_not_ours", None]
    assert "may be tied to Xero" in str(found[0].message)
    assert set(server.writes) == {"PUT ref/account"}


def test_a_new_accounts_type_is_told_by_its_number(make_client: Callable[..., Cin7Client], server: Any) -> None:
    """The longest beginning counts; what the field map says goes first."""
    server.answer("PUT", "ref/account", {"AccountsList": [{"Code": "801"}]})
    server.answer("POST", "ref/account", MADE)
    client = make_client(create_missing_accounts=True, account_types={"6": "EXPENSE", "61": "OVERHEADS"})
    plain = {"Account": "30.6999", "Name": "A"}
    align(client, plain, {**plain, "Account": "30.6101"}, {**NEW, "Account": "1.6102"})
    sent = [(body["Code"], body["Type"]) for body in server.bodies("POST", "ref/account")]
    assert sent == [("6999", "EXPENSE"), ("6101", "OVERHEADS"), ("6102", "EXPENSE")]


@pytest.mark.parametrize(
    ("payload", "words"),
    [({"Account": "40.A1", "Type": ""}, "Type: a new account"), ({"Name": ""}, "Name: a new account needs one"),
     ({"Type": "BANK"}, "create it in Cin7"), ({"Class": "X"}, "Class: is none of"), ({"Name": "x" * 257}, "longer")],
)  # fmt: skip
def test_what_cannot_be_created_is_reported(
    make_client: Callable[..., Cin7Client], server: Any, payload: dict[str, Any], words: str
) -> None:
    """Before any write."""
    (result,) = align(make_client(create_missing_accounts=True), {**NEW, **payload})
    assert (result.code, server.writes) == ("not_creatable", [])
    assert words in str(result.message)


def test_a_lost_answer_is_looked_for(make_client: Callable[..., Cin7Client], server: Any) -> None:
    """In the chart, read anew."""
    server.answer("PUT", "ref/account", {"AccountsList": [{"Code": "801"}]})
    server.answer("POST", "ref/account", requests.ReadTimeout("late"))
    old: dict[str, Any] = {"AccountsList": [{"Code": "801", "Status": "ACTIVE"}], "Total": 1}
    server.answer("GET", "ref/account", old, {"AccountsList": [*old["AccountsList"], CREATED], "Total": 2})
    (result,) = align(make_client(create_missing_accounts=True), NEW)
    assert (result, server.writes.count("POST ref/account")) == (RowResult(Outcome.CREATED, "6100"), 1)
