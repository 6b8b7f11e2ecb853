"""Answers of a batch that are spelled otherwise: they come after the write, so reading them must not fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import Stop
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.outcomes import Outcome

WRITE = "/rest/v1/companies.json"
USAGE = "/rest/v1/stats/usage.json"
Build = Callable[..., dict[str, Any]]
RECORDS = [{"externalCompanyId": str(n)} for n in range(3)]


@pytest.mark.parametrize(
    ("seqs", "ids"),
    [
        ([1, 2, 3], ["0", "1", "2"]),
        ([0, 0, 0], ["0", "1", "2"]),
        ([7, 7, 7], ["0", "1", "2"]),
        (["0", "1", "2"], ["0", "1", "2"]),
        ([0, None, 1], ["0", "1", "2"]),
        ([3, 1, 2], ["1", "2", "0"]),
        ([2, 0, 1], ["1", "2", "0"]),
    ],
)
def test_seq_in_other_ways(client: MarketoClient, server: Any, success: Build, seqs: Any, ids: list[str]) -> None:
    """`seq` may count from one; where it counts nothing, the answers stand in the order of the input."""
    server.answer("POST", WRITE, success(*({"seq": s, "status": "updated", "id": n} for n, s in enumerate(seqs))))
    assert [result.target_id for result in client.upsert("companies", RECORDS)] == ids


def test_request_id_as_a_number(client: MarketoClient, server: Any, success: Build) -> None:
    """A request id is kept as text, whatever it came as."""
    server.answer("POST", WRITE, {**success({"seq": 0, "status": "created", "id": 1}), "requestId": 4711})
    (result,) = client.upsert("companies", RECORDS[:1])
    assert (result.outcome, result.request_id) == (Outcome.CREATED, "4711")


@pytest.mark.parametrize("request_id", [None, "absent"])
def test_no_request_id(client: MarketoClient, server: Any, success: Build, request_id: Any) -> None:
    """An answer without a request id, or with null, has none."""
    answer = {**success({"seq": 0, "status": "created", "id": 1}), "requestId": None}
    if request_id:
        del answer["requestId"]
    server.answer("POST", WRITE, answer)
    assert client.upsert("companies", RECORDS[:1])[0].request_id is None


PROBLEM = {"code": "1003", "message": "words"}


@pytest.mark.parametrize(
    "said",
    [
        {"reasons": [PROBLEM]},
        {"reasons": PROBLEM},
        {"reason": [PROBLEM]},
        {"reason": PROBLEM},
        {"errors": PROBLEM},
        {"reasons": None, "reason": PROBLEM},
        {"reasons": [{"code": 1003, "message": "words"}]},
    ],
)
def test_reasons_in_other_shapes(client: MarketoClient, server: Any, success: Build, said: dict[str, Any]) -> None:
    """One reason or a list of them, under any of its names, is read alike."""
    server.answer("POST", WRITE, success({"seq": 0, "status": "skipped", **said}))
    (result,) = client.upsert("companies", RECORDS[:1])
    assert (result.outcome, result.code, result.detail) == (Outcome.REJECTED, "1003", "words")


@pytest.mark.parametrize("reasons", ["not allowed", ["not allowed"], [{"code": None, "message": "not allowed"}]])
def test_a_reason_of_words_alone(client: MarketoClient, server: Any, success: Build, reasons: Any) -> None:
    """Words without a code are kept as the vendor's own."""
    server.answer("POST", WRITE, success({"seq": 0, "status": "skipped", "reasons": reasons}))
    (result,) = client.upsert("companies", RECORDS[:1])
    assert (result.outcome, result.code, result.detail) == (Outcome.REJECTED, "no_reason", "not allowed")


def test_one_error_that_is_no_list(client: MarketoClient, server: Any) -> None:
    """A whole answer's error may stand alone, too."""
    server.answer("GET", USAGE, {"requestId": 5, "success": False, "errors": {"code": 610, "message": "words"}})
    with pytest.raises(Stop) as refused:
        client.usage()
    assert (refused.value.code, refused.value.request_id) == ("610", "5")
