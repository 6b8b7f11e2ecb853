from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    CursorExpired,
    PermissionDenied,
    QuotaExhausted,
    Stop,
    Throttled,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.marketo.bulk import BulkExtract, ranges
from airflow_provider_mlconnector.hooks.marketo.bulk_job import ExportJob
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

LEADS, ACTIVITIES = "/bulk/v1/leads/export", "/bulk/v1/activities/export"
CREATE, ENQUEUE, STATUS = f"{LEADS}/create.json", f"{LEADS}/e-1/enqueue.json", f"{LEADS}/e-1/status.json"
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
Build = Callable[..., dict[str, Any]]


def job(status: str, export_id: str = "e-1", **more: Any) -> dict[str, Any]:
    return {"exportId": export_id, "status": status, "format": "CSV", **more}


@pytest.fixture
def bulk(client: MarketoClient) -> BulkExtract:
    """The export jobs of leads."""
    return BulkExtract(client, "leads")


def new(bulk: BulkExtract) -> Callable[[], ExportJob]:
    return lambda: bulk.create_leads(["id"], NOON, NOON + timedelta(days=1))


# Jobs


def test_a_job_from_its_making_to_its_end(bulk: BulkExtract, server: Any, success: Build, clock: Any) -> None:
    """Made, remembered, queued, asked for once a minute until it is completed."""
    server.answer("POST", CREATE, success(job("Created")))
    server.answer("POST", ENQUEUE, success(job("Queued")))
    done = job("Completed", numberOfRecords=3, fileSize=9, fileChecksum="sha256:AB", finishedAt="2026-07-01T12:00:00Z")
    server.answer("GET", STATUS, success(job("Queued")), success(job("Processing")), success(done))
    remembered: list[str] = []
    found = bulk.run(new(bulk), remember=remembered.append)
    assert (found.state, found.number_of_records, found.sha256, found.by) == ("completed", 3, "ab", "updatedAt")
    assert (remembered, clock.slept) == (["e-1"], [60.0] * 3)
    assert server.bodies(CREATE) == [
        {
            "fields": ["id"],
            "format": "CSV",
            "filter": {"updatedAt": {"startAt": "2026-07-01T12:00:00Z", "endAt": "2026-07-02T12:00:00Z"}},
        }
    ]


def test_activities_of_some_types(client: MarketoClient, server: Any, success: Build) -> None:
    """By creation, with all columns; deletions of leads are not exported."""
    server.answer("POST", f"{ACTIVITIES}/create.json", success(job("Created")))
    bulk = BulkExtract(client, "activities")
    bulk.create_activities(NOON, NOON + timedelta(days=1), [1, 34])
    (body,) = server.bodies(f"{ACTIVITIES}/create.json")
    assert body["filter"].keys() == {"createdAt", "activityTypeIds"}
    assert {"marketoGUID", "attributes"} <= set(body["fields"])
    with pytest.raises(ValueError, match="deleted_leads"):
        bulk.create_activities(NOON, NOON, [37])


@pytest.mark.parametrize("status", ["Canceled", "Cancelled", "cancel", "CANCELED"])
def test_cancelled_in_any_spelling(bulk: BulkExtract, server: Any, success: Build, status: str) -> None:
    """It is the end of the job, and no status to wait on."""
    server.answer("GET", STATUS, success(job(status)))
    with pytest.raises(CursorExpired, match="cancelled"):
        bulk.finish(bulk.status("e-1"))


@pytest.mark.parametrize("status", ["completed", "COMPLETED"])
def test_status_in_any_case(bulk: BulkExtract, server: Any, success: Build, status: str) -> None:
    """The case of the letters says nothing."""
    server.answer("GET", STATUS, success(job(status, fileSize="12", numberOfRecords=None)))
    found = bulk.finish(bulk.status("e-1"))
    assert (found.file_size, found.number_of_records) == (12, None)


def test_a_new_job_that_fails_is_made_anew_by_the_next_try(
    bulk: BulkExtract, server: Any, success: Build, clock: Any
) -> None:
    """The error is one to retry, with the vendor's reason; the next try finds the failed job and makes another."""
    server.answer("POST", CREATE, success(job("Created")), success(job("Created", "e-2")))
    server.answer("POST", ENQUEUE, success(job("Queued")))
    server.answer("GET", STATUS, success(job("Failed", errorMsg="out of disk")))
    with pytest.raises(Unavailable, match=r"e-1 of leads has failed: out of disk"):
        bulk.run(new(bulk))
    server.answer("POST", f"{LEADS}/e-2/enqueue.json", success(job("Queued", "e-2")))
    server.answer("GET", f"{LEADS}/e-2/status.json", success(job("Completed", "e-2")))
    assert bulk.run(new(bulk), export_id="e-1").export_id == "e-2"


@pytest.mark.parametrize("status", ["Created", "Queued", "Processing", "Completed"])
def test_a_job_is_found_again(bulk: BulkExtract, server: Any, success: Build, status: str) -> None:
    """A retry goes on at the status of the job that the first try made; no second one is made."""
    server.answer("GET", STATUS, success(job(status)), success(job("Completed")))
    server.answer("POST", ENQUEUE, success(job("Queued")))
    assert bulk.run(new(bulk), export_id="e-1").state == "completed"
    assert len(server.requests(ENQUEUE)) == (status == "Created")
    assert not server.requests(CREATE)


@pytest.mark.parametrize("refusal", [{"status_code": 404, "text": "no such job"}, "1013", "610", "1003"])
def test_a_job_that_is_gone(bulk: BulkExtract, server: Any, success: Build, failure: Build, refusal: Any) -> None:
    """A job of another API user, or of long ago, is made anew."""
    server.answer("GET", STATUS, failure(refusal) if isinstance(refusal, str) else refusal)
    with pytest.raises(CursorExpired):
        bulk.status("e-1")
    server.answer("POST", CREATE, success(job("Completed", "e-2")))
    assert bulk.run(new(bulk), export_id="e-1").export_id == "e-2"


def test_a_missing_permission_is_no_missing_job(bulk: BulkExtract, server: Any, failure: Build) -> None:
    """It is said as such, and no new job is made."""
    server.answer("GET", STATUS, failure("603"))
    with pytest.raises(PermissionDenied):
        bulk.run(new(bulk), export_id="e-1")


def test_a_job_that_takes_too_long(client: MarketoClient, server: Any, success: Build, clock: Any) -> None:
    """The worker is released; the job goes on at the vendor."""
    server.answer("GET", STATUS, success(job("Processing")))
    with pytest.raises(Unavailable, match="ask again later"):
        BulkExtract(client, "leads", deadline=300).run(lambda: ExportJob(export_id="never"), export_id="e-1")
    assert sum(clock.slept) <= 300
    with pytest.raises(ValueError, match="once a minute"):
        BulkExtract(client, "leads", every=5)


def test_the_jobs_of_the_last_days(bulk: BulkExtract, server: Any, success: Build) -> None:
    """They are walked page by page; states are the vendor's, in lower case."""
    server.answer("GET", f"{LEADS}.json", success(job("Queued"), nextPageToken="T"), success(job("Created", "e-2")))
    assert [each.export_id for each in bulk.jobs("created", "queued")] == ["e-1", "e-2"]
    assert server.queries(f"{LEADS}.json")[0]["status"] == ["created", "queued"]


def test_a_job_is_taken_back(bulk: BulkExtract, server: Any, success: Build) -> None:
    """The answer's spelling is read as any other."""
    server.answer("POST", f"{LEADS}/e-1/cancel.json", success(job("Cancelled")))
    assert bulk.cancel("e-1").state == "canceled"


def test_an_answer_without_a_job(bulk: BulkExtract, server: Any, success: Build) -> None:
    """It is not taken for one."""
    server.answer("GET", STATUS, success(), success({"status": "Queued"}))
    for _ in range(2):
        with pytest.raises(UnexpectedAnswer):
            bulk.status("e-1")


# 1029 in its three meanings, and 1035


def test_a_full_queue_is_waited_out(bulk: BulkExtract, server: Any, success: Build, failure: Build, clock: Any) -> None:
    """Minutes, not seconds; when it stays full the caller may come again later."""
    full = failure("1029", "Too many jobs (10) in queue")
    server.answer("POST", ENQUEUE, full, full, success(job("Queued")))
    bulk.enqueue("e-1")
    assert len(clock.slept) == 2
    assert min(clock.slept) >= 60
    server.answer("POST", ENQUEUE, full)
    with pytest.raises(Throttled):
        bulk.enqueue("e-1")


@pytest.mark.parametrize("words", ["Export daily quota 500MB exceeded.", "Export daily quota exceeded"])
def test_a_spent_export_quota(bulk: BulkExtract, server: Any, failure: Build, clock: Any, words: str) -> None:
    """Nothing is repeated: the worker is released until midnight US Central."""
    server.answer("POST", CREATE, failure("1029", words))
    with pytest.raises(QuotaExhausted) as caught:
        bulk.run(new(bulk))
    assert (caught.value.reset_at, clock.slept) == (datetime(2026, 7, 2, 5, tzinfo=UTC), [])


def test_a_job_queued_already_is_queued(bulk: BulkExtract, server: Any, success: Build, failure: Build) -> None:
    """The status lags behind, so that a job may be queued twice: that is no error."""
    server.answer("POST", ENQUEUE, failure("1029", "Job already queued"))
    server.answer("GET", STATUS, success(job("Created")), success(job("Completed")))
    assert bulk.finish(bulk.status("e-1")).state == "completed"


def test_a_subscription_without_the_filter_by_change(
    bulk: BulkExtract, server: Any, success: Build, failure: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """The export is by creation, and both the job and the log say what is missing from it."""
    caplog.set_level(logging.WARNING)
    refused = failure("1035", "Unsupported filter type for target subscription")
    server.answer("POST", CREATE, refused, success(job("Created")), refused)
    assert new(bulk)().by == "createdAt"
    assert "without those that were only changed" in caplog.text
    assert [list(body["filter"]) for body in server.bodies(CREATE)] == [["updatedAt"], ["createdAt"]]
    with pytest.raises(Stop):
        bulk.create_leads(["id"], NOON, NOON, by="createdAt")


def test_what_an_export_must_have(bulk: BulkExtract, server: Any) -> None:
    """Fields and a filter are mandatory; without them no call is made."""
    for fields, filters in (([], {"staticListId": 1}), (["id"], {})):
        with pytest.raises(ValueError, match="fields of an export"):
            bulk.create(fields, filters)
    assert not server.mocker.request_history


def test_a_year_is_twelve_jobs() -> None:
    """Each of at most 31 days, both ends inside."""
    pieces = ranges(NOON, NOON + timedelta(days=365))
    assert len(pieces) == 12
    assert max(until - since for since, until in pieces) == timedelta(days=31, seconds=-1)
