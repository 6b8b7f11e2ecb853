from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.qad.client import BROWSES, CUSTOMERS, HEALTH, Tenant, codes


def page(tenant: Tenant, number: int) -> requests.Response:
    action = "first" if number == 1 else "next"
    return tenant.get(BROWSES, browseId=CUSTOMERS, page=number, pageSize=25, pageAction=action)


def statuses(tenant: Tenant, count: int = 3) -> list[int]:
    return [page(tenant, number).status_code for number in range(1, count + 1)]


def test_a_token_may_end_mid_paging(tenant: Tenant) -> None:
    """The second page is a 401, and stays one until somebody logs in again; first pages are spared."""
    tenant.sandbox.faults.replace({"401_mid_paging": {"first": 1}})
    assert statuses(tenant) == [200, 401, 401]
    tenant.log_in()
    assert statuses(tenant) == [200, 200, 200]


def test_any_call_may_be_a_401(tenant: Tenant) -> None:
    """On the path that the rule names; the token is gone for all."""
    tenant.sandbox.faults.replace({"401": {"at": [1], "path": "browses"}})
    assert tenant.get(HEALTH).status_code == 200
    assert page(tenant, 1).status_code == 401
    assert tenant.get(HEALTH).status_code == 401


def test_tokens_expire_after_n_calls(tenant: Tenant) -> None:
    """`expire_after: 2 calls` kills each token after its second call."""
    tenant.sandbox.faults.replace({"expire_after": "2 calls"})
    assert statuses(tenant) == [200, 200, 401]


def test_a_refresh_may_be_refused(tenant: Tenant) -> None:
    """Then only a new login helps."""
    first = tenant.grant().json()
    tenant.sandbox.faults.replace({"refresh_refused": True})
    answer = tenant.grant(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_repeated_page_is_the_first_again(tenant: Tenant) -> None:
    """For ever, with more to come each time: only a loop guard ends this."""
    tenant.sandbox.faults.replace({"repeated_page": True})
    found = [page(tenant, number).json() for number in range(1, 8)]
    assert all(each == found[0] for each in found)
    assert found[0]["auxillaryData"]["HasMoreParams"] == "true"


def test_a_shifted_page_repeats_one_row(tenant: Tenant) -> None:
    """As when somebody inserts a row before it: one duplicate is no loop."""
    tenant.sandbox.faults.replace({"shifted_page": {"first": 1}})
    first, second, third = (codes(page(tenant, number).json()["data"]) for number in (1, 2, 3))
    assert second[0] == first[-1]
    assert third[0] > second[-1]


def test_the_first_page_may_be_empty(tenant: Tenant) -> None:
    """200 and no rows, though there are some."""
    tenant.sandbox.faults.replace({"empty_first_page": {"first": 1}})
    assert (page(tenant, 1).json()["data"], len(page(tenant, 1).json()["data"])) == ([], 25)


def test_somebody_edits_mid_paging(tenant: Tenant) -> None:
    """The first customer changes under the reader's hands."""
    before = tenant.held()[0]["street3"]
    tenant.sandbox.faults.replace({"edited_mid_paging": {"first": 1}})
    assert statuses(tenant) == [200, 200, 200]
    assert (before, tenant.held()[0]["street3"]) == ("", "Edited 12:00:00")


@pytest.mark.parametrize(("fault", "status", "member"), [("403", 403, "errors"), ("errors_200", 200, "errors"),
                                                         ("submit_result", 200, "submitResult")])  # fmt: skip
def test_failures_come_in_two_envelopes(tenant: Tenant, fault: str, status: int, member: str) -> None:
    """Bare errors, also inside a 200, and submitResult without success; no data in any."""
    tenant.sandbox.faults.replace({fault: {"first": 1}})
    answer = page(tenant, 1)
    assert (answer.status_code, list(answer.json())) == (status, [member])
    assert page(tenant, 1).json()["data"]


def test_throttling_says_when_to_come_back(tenant: Tenant) -> None:
    """429 with Retry-After in seconds."""
    tenant.sandbox.faults.replace({"429": {"first": 1}})
    answer = page(tenant, 1)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")


@pytest.mark.parametrize(("fault", "expected"), [("502", 502), ("503", 503), ("drop_before", 0)])
def test_generic_faults_strike_too(tenant: Tenant, fault: str, expected: int) -> None:
    """A proxy's HTML page, or no answer at all."""
    tenant.sandbox.faults.replace({fault: {"first": 1}})
    if expected:
        answer = page(tenant, 1)
        assert (answer.status_code, "html" in answer.headers["content-type"]) == (expected, True)
    else:
        with pytest.raises(requests.ConnectionError):
            page(tenant, 1)
    assert page(tenant, 1).status_code == 200


def test_slow_pages_wait_before_they_answer() -> None:
    """Browse pages only; nobody sleeps in this test."""
    waited: list[float] = []

    async def note(seconds: float) -> Any:
        waited.append(seconds)

    tenant = Tenant(scale=0.01, sleep=note, faults={"slow_page_ms": 1500}).log_in()
    tenant.get(HEALTH)
    page(tenant, 1)
    assert waited == [1.5]
