from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.marketo import SERVICE, Service
from tests.sandbox.marketo.client import CREDENTIALS, Api, code

NOVEMBER = {"startAt": "2026-11-01T00:00:00Z", "endAt": "2026-11-30T00:00:00Z"}
LEADS = {"fields": ["id", "email"], "filter": {"createdAt": NOVEMBER}}
ACTIVITIES = {"filter": {"createdAt": NOVEMBER}}
OTHER = Service("other-client", "other-secret", "other@marketo.sandbox")


def made(api: Api, path: str = "leads", body: Any = None) -> str:
    """Make a job and return its id."""
    answer = api.export(f"{path}/export/create", body or LEADS)
    assert answer["success"], answer["errors"]
    return str(answer["result"][0]["exportId"])


def queued(api: Api, path: str = "leads", body: Any = None) -> str:
    """Make and enqueue a job and return its id."""
    export_id = made(api, path, body)
    answer = api.export(f"{path}/export/{export_id}/enqueue")
    assert answer["success"], answer["errors"]
    return export_id


def status(api: Api, export_id: str, path: str = "leads") -> dict[str, Any]:
    """Return what the status says."""
    found: dict[str, Any] = api.export(f"{path}/export/{export_id}/status")["result"][0]
    return found


def message(answer: dict[str, Any]) -> str:
    """Return why a call was refused for 1029."""
    assert code(answer) == "1029"
    return str(answer["errors"][0]["message"])


def test_life_of_a_job() -> None:
    """Created, queued, processing, completed; the status is renewed once a minute."""
    api = Api()
    api.sync("leads", {"email": "a@example.com"})
    created = api.export("leads/export/create", LEADS)["result"][0]
    assert (created["status"], created["format"]) == ("Created", "CSV")
    assert api.export(f"leads/export/{created['exportId']}/enqueue")["result"][0]["status"] == "Queued"
    seen = []
    for _ in range(13):
        seen.append(status(api, created["exportId"])["status"])
        api.clock.advance(10)
    assert seen == ["Queued"] * 6 + ["Processing"] * 6 + ["Completed"]
    done = status(api, created["exportId"])
    assert done["numberOfRecords"] == 1
    assert done["fileSize"] == len(b"id,email\n1001,a@example.com\n")
    assert done["fileChecksum"].startswith("sha256:")
    assert done["finishedAt"] == "2026-11-20T18:01:31Z"


def test_two_run_at_a_time() -> None:
    """Leads and activities share one queue: two run, the third starts when one of them has ended."""
    api = Api(export_status_seconds=0)
    first, second, third = queued(api), queued(api, "activities", ACTIVITIES), queued(api)
    api.clock.advance(60)
    states = [status(api, first), status(api, second, "activities"), status(api, third)]
    assert [each["status"] for each in states] == ["Processing", "Processing", "Queued"]
    api.clock.advance(60)
    assert [status(api, each)["status"] for each in (first, third)] == ["Completed", "Processing"]


def test_three_meanings_of_1029() -> None:
    """1029 is a full queue, a job that is queued already, or the day's bytes used up – which midnight Central ends."""
    api = Api(export_daily_bytes=5)
    jobs = [queued(api) for _ in range(10)]
    eleventh = made(api)
    assert message(api.export(f"leads/export/{jobs[0]}/enqueue")) == "Job already queued"
    assert message(api.export(f"leads/export/{eleventh}/enqueue")) == "Too many jobs in queue"
    api.clock.advance(3 * 60)
    used_up = "Export daily quota 0MB exceeded"
    assert message(api.export(f"leads/export/{eleventh}/enqueue")) == used_up
    assert message(api.export("leads/export/create", LEADS)) == used_up
    api.clock.advance(13 * 3600)
    api.renew()
    assert all(status(api, each)["status"] == "Completed" for each in jobs)
    assert api.export(f"leads/export/{eleventh}/enqueue")["success"]


@pytest.mark.parametrize("after", [0, 30])
def test_cancel(after: int) -> None:
    """A cancelled job frees its place; the answer says Cancelled, status and list say Canceled."""
    api = Api(export_queue=1)
    job = queued(api)
    api.clock.advance(after)
    assert api.export(f"leads/export/{job}/cancel")["result"][0]["status"] == "Cancelled"
    assert status(api, job)["status"] == "Canceled"
    queued(api)
    assert code(api.export(f"leads/export/{job}/cancel")) == "1003"
    assert code(api.export(f"leads/export/{job}/enqueue")) == "1003"
    for spelling in ("cancelled", "Canceled"):
        assert [each["exportId"] for each in api.export("leads/export", status=spelling)["result"]] == [job]


def test_failed() -> None:
    """A job may fail; its status says why, and there is no file."""
    api = Api(faults={"export_failed": True})
    job = queued(api)
    api.clock.advance(120)
    found = status(api, job)
    assert (found["status"], found["errorMsg"]) == ("Failed", "Export job failed")
    assert api.send("GET", f"/bulk/v1/leads/export/{job}/file.json").status_code == 404


def test_jobs_belong_to_their_user() -> None:
    """Another API user sees a job nowhere, nor does the other object; its place in the queue counts for all."""
    api = Api(services=(SERVICE, OTHER), export_queue=1)
    job = queued(api)
    login = CREDENTIALS | {"client_id": OTHER.client_id, "client_secret": OTHER.client_secret}
    api.token = str(api.login(**login).json()["access_token"])
    assert code(api.export(f"leads/export/{job}/status")) == "1003"
    assert api.export("leads/export")["result"] == []
    assert api.send("GET", f"/bulk/v1/leads/export/{job}/file.json").status_code == 404
    other = made(api)
    assert message(api.export(f"leads/export/{other}/enqueue")) == "Too many jobs in queue"
    assert code(api.export(f"activities/export/{other}/status")) == "1003"


def test_list() -> None:
    """The list covers seven days, filters by status, and comes in pages."""
    api = Api()
    old = made(api)
    api.clock.advance(8 * 86400)
    api.renew()
    new = [made(api) for _ in range(3)]
    assert status(api, old)["status"] == "Created"
    first = api.export("leads/export", batchSize=2)
    second = api.export("leads/export", batchSize=2, nextPageToken=first["nextPageToken"])
    assert [each["exportId"] for page in (first, second) for each in page["result"]] == new
    assert "nextPageToken" not in second
    assert api.export("leads/export", status="Completed,Failed")["result"] == []
    assert code(api.export("leads/export", status="Cancel")) == "1003"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"fields": ["id"]}, "1002"),
        ({"fields": ["id"], "filter": {}}, "1002"),
        ({"filter": {"createdAt": NOVEMBER}}, "1002"),
        ({"fields": ["nothing"], "filter": {"createdAt": NOVEMBER}}, "1006"),
        ({"fields": ["id"], "filter": {"createdAt": NOVEMBER, "updatedAt": NOVEMBER}}, "1003"),
        ({"fields": ["id"], "filter": {"email": "x"}}, "1003"),
        ({"fields": ["id"], "filter": {"staticListId": 5}}, "1013"),
        ({"fields": ["id"], "filter": {"createdAt": NOVEMBER}, "format": "XLS"}, "1003"),
        ({"fields": ["id"], "filter": {"createdAt": NOVEMBER}, "columnHeaderNames": {"email": "E"}}, "1003"),
        ({"fields": ["id"], "filter": {"createdAt": NOVEMBER}, "typo": 1}, "609"),
    ],
)
def test_bad_lead_exports(body: dict[str, Any], expected: str) -> None:
    """An export of leads needs known fields and exactly one filter."""
    assert code(Api().export("leads/export/create", body)) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-01T00:00:00Z", "2026-12-02T00:00:00Z", True),
        ("2026-11-01T00:00:00+0000", "2026-12-01T23:59:59-00:00", True),
        ("2026-11-01T00:00:00Z", "2026-12-02T00:00:01Z", False),
        ("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z", False),
        ("2026-11-01T00:00:00.000Z", "2026-11-02T00:00:00Z", False),
        ("2026-11-01T00:00:00", "2026-11-02T00:00:00Z", False),
        ("2026-11-01", "2026-11-02", False),
        ("2026-11-31T00:00:00Z", "2026-12-02T00:00:00Z", False),
    ],
)
def test_ranges(start: str, end: str, expected: bool) -> None:
    """A range is at most 31 days, with offsets and without milliseconds."""
    filter_ = {"createdAt": {"startAt": start, "endAt": end}}
    assert Api().export("leads/export/create", LEADS | {"filter": filter_})["success"] is expected
    assert Api().export("activities/export/create", {"filter": filter_})["success"] is expected


def test_open_ranges() -> None:
    """Both ends of a range must be given."""
    assert code(Api().export("activities/export/create", {"filter": {"createdAt": {"startAt": "x"}}})) == "1003"
    only = {"startAt": "2026-11-01T00:00:00Z"}
    assert code(Api().export("activities/export/create", {"filter": {"createdAt": only}})) == "1002"


def test_without_corona() -> None:
    """Some subscriptions lack exports by updatedAt and by smart list; those by createdAt they have."""
    api = Api(corona=False)
    for filter_ in ({"updatedAt": NOVEMBER}, {"smartListId": 1}):
        assert code(api.export("leads/export/create", LEADS | {"filter": filter_})) == "1035"
    assert api.export("leads/export/create", LEADS)["success"]
    assert Api().export("leads/export/create", LEADS | {"filter": {"updatedAt": NOVEMBER}})["success"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"activityTypeIds": [37]}, "1003"),
        ({"activityTypeIds": "1"}, "1001"),
        ({"primaryAttributeValueIds": [1]}, "1003"),
        ({"activityTypeIds": [2], "primaryAttributeValueIds": [1], "primaryAttributeValues": ["x"]}, "1003"),
        ({"activityTypeIds": [2], "primaryAttributeValueIds": list(range(51))}, "1003"),
        ({"updatedAt": NOVEMBER}, "1003"),
    ],
)
def test_bad_activity_exports(more: dict[str, Any], expected: str) -> None:
    """Delete Lead cannot be exported; primary attributes need a type, fifty of them at most."""
    body = {"filter": {"createdAt": NOVEMBER} | more}
    assert code(Api().export("activities/export/create", body)) == expected


def test_activity_exports_need_a_range() -> None:
    """Activities are exported by createdAt in any case, and by known fields."""
    assert code(Api().export("activities/export/create", {"filter": {"activityTypeIds": [1]}})) == "1002"
    assert code(Api().export("activities/export/create", ACTIVITIES | {"fields": ["email"]})) == "1006"


@pytest.mark.parametrize(("counted", "expected"), [(True, "606"), (False, None)])
def test_bulk_calls_and_the_limits(counted: bool, expected: str | None) -> None:
    """Bulk calls fill the rate window, unless the instance is set up otherwise."""
    api = Api(calls_per_window=2, bulk_calls_count=counted)
    made(api)
    made(api)
    answer = api.export("leads/export")
    assert answer.get("errors", [{}])[0].get("code") == expected
