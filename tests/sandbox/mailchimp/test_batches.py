from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.mailchimp import KEY
from tests.sandbox.mailchimp.client import ADA, BOB, MEMBERS, URL, Api, key_of, path_of, unpacked


def put_operation(email: str, **body: Any) -> dict[str, Any]:
    given = {"email_address": email, "status_if_new": "subscribed"} | body
    return {"method": "PUT", "path": path_of(email), "body": json.dumps(given), "operation_id": email}


def test_states() -> None:
    """Zeros and "" after the POST; then five states; what was done counts at the end."""
    api = Api()
    made = api.batch(put_operation(ADA), put_operation("x@example.com"))
    assert [made[name] for name in ("status", "total_operations", "finished_operations", "completed_at")] == [
        "pending", 0, 0, "",
    ]  # fmt: skip
    seen = [api.get(f"/batches/{made['id']}") for _ in range(5)]
    assert [each["status"] for each in seen] == ["preprocessing", "started", "finalizing", "finished", "finished"]
    assert [each["total_operations"] for each in seen] == [2] * 5
    assert [each["errored_operations"] for each in seen][-1] == 1
    assert [bool(each["response_body_url"]) for each in seen] == [False, False, False, True, True]
    assert seen[-1]["completed_at"] == "2026-11-20T12:00:00+00:00"


def test_operations_run_through_the_same_endpoints() -> None:
    """Each has the status and the body that its own call would have had, as a JSON string."""
    api = Api()
    api.change(delete_permanent=BOB)
    operations: list[dict[str, Any]] = [
        put_operation(ADA, merge_fields={"FNAME": "Ada"}),
        put_operation(BOB),
        {"method": "GET", "path": MEMBERS, "params": {"count": 1, "fields": "total_items"}, "operation_id": "list"},
        {
            "method": "POST",
            "path": f"{path_of(ADA)}/tags",
            "body": '{"tags": [{"name": "a", "status": "active"}]}',
            "operation_id": "tag",
        },
        {"method": "PUT", "path": path_of(ADA), "body": "{", "operation_id": "bad"},
        {"method": "GET", "path": "/3.0/lists", "operation_id": "base"},
        {"method": "POST", "path": "/batches", "body": '{"operations": []}', "operation_id": "batch"},
    ]
    results = api.results(api.finished(api.batch(*operations)))
    assert {name: status for name, (status, _) in results.items()} == {
        ADA: 200, BOB: 400, "list": 200, "tag": 204, "bad": 400, "base": 404, "batch": 400,
    }  # fmt: skip
    assert results[ADA][1]["merge_fields"]["FNAME"] == "Ada"
    assert results[BOB][1]["title"] == "Forgotten Email Not Subscribed"
    assert results["list"][1] == {"total_items": 1}
    assert results["bad"][1]["title"] == "JSON Parse Error"
    assert api.held(ADA)["tags"] == ["a"]


@pytest.mark.parametrize(
    "operation",
    [
        {"method": "PUT", "path": "/ping", "body": {"a": 1}},
        {"method": "HEAD", "path": "/ping"},
        {"method": "GET"},
        {"method": "GET", "path": "ping"},
    ],
)
def test_batches_that_are_refused(operation: dict[str, Any]) -> None:
    """A body is a string, a path begins with a slash, a method is one of five."""
    assert Api().status("POST", "/batches", {"operations": [operation]}) == 400


def test_an_empty_batch_is_refused() -> None:
    """There must be something to do."""
    assert Api().status("POST", "/batches", {"operations": []}) == 400


def test_the_archive() -> None:
    """Several files in no order, one without any bytes, one with an empty list."""
    api = Api()
    batch = api.finished(api.batch(*(put_operation(f"m{n}@krol-odlewnia.pl") for n in range(40))))
    contents = unpacked(api.session.get(batch["response_body_url"]).content)
    assert len(contents) == 5
    assert {b"", b"[]"} <= set(contents)
    ids = [each["operation_id"] for content in contents if content for each in json.loads(content)]
    assert len(ids) == 40
    assert ids != sorted(ids, key=lambda name: int(name[1:].partition("@")[0]))


def test_the_result_wants_no_credentials() -> None:
    """The address is signed: the key is refused there, and a changed signature too."""
    api = Api()
    url = api.finished(api.batch(put_operation(ADA)))["response_body_url"]
    assert url.startswith(URL)
    assert "/3.0" not in url
    answer = api.session.get(url, auth=("x", KEY))
    assert (answer.status_code, "InvalidArgument" in answer.text) == (400, True)
    assert api.session.get(url[:-1] + "g").status_code == 403
    assert api.session.get(url).headers["content-type"] == "application/x-gzip"


def test_the_result_expires() -> None:
    """An old address is refused; a new status read brings a new one."""
    api = Api(batch_url_seconds=60)
    batch = api.finished(api.batch(put_operation(ADA)))
    api.clock.advance(61)
    assert api.session.get(batch["response_body_url"]).status_code == 403
    assert api.results(api.get(f"/batches/{batch['id']}"))[ADA][0] == 200


def test_one_batch_at_a_time() -> None:
    """The second waits for the first, whichever is asked about."""
    api = Api()
    one, two = api.batch(put_operation(ADA)), api.batch(put_operation(BOB))
    assert [api.get(f"/batches/{two['id']}")["status"] for _ in range(5)] == ["pending"] * 4 + ["preprocessing"]
    assert api.get(f"/batches/{one['id']}")["status"] == "finished"
    assert api.get("/batches")["total_items"] == 2


def test_time_moves_batches_too() -> None:
    """Without any status read a batch is done when its seconds have passed, one batch after the other."""
    api = Api(batch_reads=0, batch_seconds=10, batch_operation_seconds=5)
    one, two = api.batch(put_operation(ADA)), api.batch(put_operation(BOB))
    assert api.get(f"/batches/{one['id']}")["status"] == "pending"
    api.clock.advance(44)
    assert [api.get(f"/batches/{each['id']}")["status"] for each in (one, two)] == ["finalizing", "pending"]
    api.clock.advance(1)
    assert [api.get(f"/batches/{each['id']}")["status"] for each in (one, two)] == ["finished", "pending"]
    api.clock.advance(45)
    assert api.get(f"/batches/{two['id']}")["completed_at"] == "2026-11-20T12:01:30+00:00"
    assert set(api.sandbox.account.members) == {key_of(ADA), key_of(BOB)}


def test_a_batch_can_be_stopped() -> None:
    """What was not done stays undone, and the batch is gone."""
    api = Api()
    batch = api.batch(put_operation(ADA))
    assert api.status("DELETE", f"/batches/{batch['id']}") == 204
    assert api.status("GET", f"/batches/{batch['id']}") == 404
    assert api.state()["members"] == []


def test_too_many_pending_batches() -> None:
    """The account has a limit of batches that wait."""
    api = Api(max_pending_batches=2)
    for _ in range(2):
        api.batch(put_operation(ADA))
    assert api.refused("POST", "/batches", {"operations": [put_operation(BOB)]})["title"] == "TooManyRequests"


def test_faults_of_batches() -> None:
    """Finished without an address, an operation that broke, a result that is not in the archive."""
    api = Api(faults={"finished_without_url": {"first": 2}, "operation_500": {"at": [1]}, "result_lost": {"at": [3]}})
    batch = api.finished(api.batch(*(put_operation(f"m{n}@krol-odlewnia.pl") for n in range(3))))
    assert batch["response_body_url"] == ""
    assert api.get(f"/batches/{batch['id']}")["response_body_url"] == ""
    results = api.results(api.get(f"/batches/{batch['id']}"))
    assert len(results) == 2
    assert len(api.state()["members"]) == 2
    assert batch["errored_operations"] == 1


def test_a_restart_ends_addresses() -> None:
    """Batches outlive a restart, addresses do not."""
    api = Api()
    batch = api.finished(api.batch(put_operation(ADA)))
    api.sandbox.restart()
    assert api.session.get(batch["response_body_url"]).status_code == 403
    assert api.get(f"/batches/{batch['id']}")["response_body_url"]
