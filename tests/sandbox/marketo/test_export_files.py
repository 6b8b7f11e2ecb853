from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import pytest

from tests.sandbox.marketo.client import Api
from tests.sandbox.marketo.test_exports import ACTIVITIES, LEADS, NOVEMBER, queued, status


def completed(api: Api, path: str = "leads", body: Any = None) -> str:
    """Make a job, wait until it has ended, and return its id."""
    job = queued(api, path, body)
    api.clock.advance(120)
    return job


def content(api: Api, job: str, path: str = "leads", **headers: str) -> bytes:
    """Return a file, or the part of it that the headers ask for."""
    answer = api.send("GET", f"/bulk/v1/{path}/export/{job}/file.json", headers=headers)
    assert answer.status_code in (200, 206), answer.text
    return bytes(answer.content)


def rows(raw: bytes, delimiter: str = ",") -> list[list[str]]:
    """Return a file's rows as a careful reader sees them."""
    return list(csv.reader(io.StringIO(raw.decode().replace("\x00", ""), newline=""), delimiter=delimiter))


def test_leads() -> None:
    """The header has the API's names or the caller's; an empty value is the word null."""
    api = Api()
    api.sync("leads", {"email": "a@example.com", "unsubscribed": True, "firstName": ""})
    body = LEADS | {"fields": ["email", "firstName", "unsubscribed"], "columnHeaderNames": {"email": "E-mail"}}
    raw = content(api, completed(api, body=body))
    assert raw == b"E-mail,firstName,unsubscribed\na@example.com,null,true\n"


def test_hazardous_texts() -> None:
    """Quotes, newlines, bare carriage returns and separators are quoted; U+2028 is not; NUL bytes come in between."""
    api = Api(faults={"nul_bytes": True})
    texts = ['say "x"', "two\nlines", "bare\rreturn", "a,b;c\td", "line\u2028separator", "null"]
    for number, text in enumerate(texts):
        api.sync("leads", {"email": f"{number}@example.com", "lastName": text})
    raw = content(api, completed(api, body=LEADS | {"fields": ["lastName"]}))
    assert [row[0] for row in rows(raw)[1:]] == texts
    assert b"\x00" in raw
    assert '"' not in next(line for line in raw.decode().split("\n") if "\u2028" in line)


@pytest.mark.parametrize(("format_", "delimiter"), [("CSV", ","), ("TSV", "\t"), ("SSV", ";")])
def test_formats(format_: str, delimiter: str) -> None:
    """The separator follows the format."""
    api = Api()
    api.sync("leads", {"email": "a@example.com", "lastName": "a,b;c\td"})
    raw = content(api, completed(api, body=LEADS | {"fields": ["email", "lastName"], "format": format_}))
    assert rows(raw, delimiter) == [["email", "lastName"], ["a@example.com", "a,b;c\td"]]


@pytest.mark.parametrize("shape", ["object", "list"])
def test_activities(shape: str) -> None:
    """Attributes are JSON in a quoted field; both ends of the range belong to it; deleted leads do not come."""
    api = Api(csv_attributes=shape)
    api.sync("leads", {"email": "a@example.com"}, {"email": "b@example.com"})
    dates = [NOVEMBER["startAt"], NOVEMBER["endAt"], "2026-11-30T00:00:01Z", "2026-10-31T23:59:59Z"]
    api.clock.advance(11 * 86400)
    api.renew()
    for date in dates:
        api.change(activity={"type": 1, "lead": 1001, "date": date, "attributes": {"Webpage URL": 'a "b", c', "N": 1}})
    api.post("leads/delete", input=[{"id": 1002}])
    job = completed(api, "activities", ACTIVITIES)
    header, *found = rows(content(api, job, "activities"))
    assert header[:2] == ["marketoGUID", "leadId"]
    assert [row[header.index("activityDate")] for row in found] == dates[:2]
    assert found[0][header.index("campaignId")] == "null"
    attributes = json.loads(found[0][header.index("attributes")])
    as_pairs = [{"name": "Webpage URL", "value": 'a "b", c'}, {"name": "N", "value": 1}]
    assert attributes == (as_pairs if shape == "list" else {"Webpage URL": 'a "b", c', "N": 1})


def test_activity_filters() -> None:
    """Types and primary attributes narrow an export; late activities are not in it yet."""
    api = Api()
    api.sync("leads", {"email": "a@example.com"})
    for number in (1, 2):
        told = {"type": 2, "lead": 1001, "date": "2026-11-02T00:00:00Z", "primary_id": number}
        api.change(activity=told)
    api.change(activity={"type": 2, "lead": 1001, "date": "2026-11-02T00:00:00Z", "primary_id": 1, "late_by": 9e6})
    api.change(activity={"type": 1, "lead": 1001, "date": "2026-11-02T00:00:00Z", "primary_id": 1})
    filter_ = {"createdAt": NOVEMBER, "activityTypeIds": [2], "primaryAttributeValueIds": [1]}
    body = {"fields": ["activityTypeId", "actionResult"], "filter": filter_}
    found = rows(content(api, completed(api, "activities", body), "activities"))
    assert found == [["activityTypeId", "actionResult"], ["2", "succeeded"]]


def test_updated_leads() -> None:
    """updatedAt finds leads by any change, the visible updatedAt shows standard fields only."""
    api = Api()
    api.clock.advance(-60 * 86400)
    api.renew()
    api.sync("leads", {"email": "a@example.com"}, {"email": "b@example.com"})
    api.clock.advance(60 * 86400)
    api.renew()
    api.sync("leads", {"email": "a@example.com", "erpSourceId": "7"})
    assert api.leads()[0]["updatedAt"] == "2026-11-20T18:00:00Z"
    api.sync("leads", {"id": 1002, "erpSourceId": "8"}, action="updateOnly", lookupField="id")
    assert api.leads()[1]["updatedAt"] == "2026-09-21T18:00:00Z"
    body = {"fields": ["id"], "filter": {"updatedAt": NOVEMBER}}
    assert rows(content(api, completed(api, body=body))) == [["id"], ["1001"], ["1002"]]
    assert rows(content(api, completed(api, body=LEADS | {"fields": ["id"]}))) == [["id"]]


def test_percentages() -> None:
    """A whole percentage is written with a decimal."""
    api = Api(fields=[{"object": "leads", "name": "share", "dataType": "percent"}])
    api.sync("leads", {"email": "a@example.com", "share": 75})
    assert rows(content(api, completed(api, body=LEADS | {"fields": ["share"]})))[1] == ["75.0"]


def test_a_file_holds_what_was_there_when_its_job_started() -> None:
    """Leads made while a job runs are not in its file."""
    api = Api()
    api.sync("leads", {"email": "a@example.com"})
    job = queued(api)
    api.clock.advance(30)
    api.sync("leads", {"email": "b@example.com"})
    api.clock.advance(90)
    assert status(api, job)["numberOfRecords"] == 1


def test_ranges_and_checksum() -> None:
    """A file is fetched in parts, resumed at any byte, never compressed, and verified by its checksum."""
    api = Api()
    api.sync("leads", *({"email": f"{n}@example.com"} for n in range(200)))
    job = completed(api)
    found = status(api, job)
    whole = api.send("GET", f"/bulk/v1/leads/export/{job}/file.json", headers={"Accept-Encoding": "gzip"})
    assert (whole.headers["content-type"], "content-encoding" in whole.headers) == ("text/csv;charset=UTF-8", False)
    assert found["fileSize"] == len(whole.content)
    assert found["fileChecksum"] == f"sha256:{hashlib.sha256(whole.content).hexdigest()}"
    part = api.send("GET", f"/bulk/v1/leads/export/{job}/file.json", headers={"Range": "bytes=0-99"})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 0-99/{found['fileSize']}")
    assert part.content + content(api, job, Range="bytes=100-") == whole.content
    assert content(api, job, Range="bytes=-5") == whole.content[-5:]
    assert content(api, job, Range="bytes=10-999999") == whole.content[10:]
    assert content(api, job, Range="lines=1-2") == whole.content
    beyond = api.send("GET", f"/bulk/v1/leads/export/{job}/file.json", headers={"Range": "bytes=999999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{found['fileSize']}")


def test_no_file() -> None:
    """Before a job is completed, for an unknown one, and after seven days, the file is 404 in plain text."""
    api = Api()
    job = queued(api)
    for path in (job, "unknown"):
        answer = api.send("GET", f"/bulk/v1/leads/export/{path}/file.json")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    api.clock.advance(8 * 86400)
    api.renew()
    assert status(api, job)["status"] == "Completed"
    assert api.send("GET", f"/bulk/v1/leads/export/{job}/file.json").status_code == 404
    api.clock.advance(30 * 86400)
    api.renew()
    assert api.export(f"leads/export/{job}/status")["success"] is False


def test_faults_of_files() -> None:
    """A file may come late, cut, damaged, or whole although a part was asked for."""
    faults = {name: {"at": [at]} for at, name in enumerate(("late_file", "short_file", "corrupt_file"), 1)}
    api = Api(faults=faults | {"ignore_range": {"at": [4]}})
    api.sync("leads", {"email": "a@example.com"})
    job, whole = completed(api), b"id,email\n1001,a@example.com\n"
    assert api.send("GET", f"/bulk/v1/leads/export/{job}/file.json").status_code == 404
    assert content(api, job) == whole[: len(whole) // 2]
    damaged = content(api, job)
    assert (len(damaged), damaged == whole) == (len(whole), False)
    assert content(api, job, Range="bytes=5-") == whole
    assert content(api, job, Range="bytes=5-") == whole[5:]
