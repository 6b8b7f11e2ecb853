from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import CursorExpired, PermissionDenied, Stop, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.bulk import BulkExtract
from airflow_provider_mlconnector.hooks.marketo.bulk_csv import LONGEST, read_activity, read_rows
from airflow_provider_mlconnector.hooks.marketo.bulk_file import PART, BulkFile
from airflow_provider_mlconnector.hooks.marketo.bulk_job import ExportJob
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

PATH = "/bulk/v1/leads/export/e-1/file.json"
CSV = b'id,email\n1,ann@example.com\n2,null\n3,"b\xc3\xb6b@example.com"\n'
SHA = hashlib.sha256(CSV).hexdigest()
Build = Callable[..., dict[str, Any]]


def answer(body: bytes, start: int | None = None, **more: Any) -> dict[str, Any]:
    headers = {"Content-Type": "text/csv;charset=UTF-8"}
    if start is not None:
        headers["Content-Range"] = f"bytes {start}-{start + len(body) - 1}/{len(CSV)}"
    return {"content": body, "status_code": 200 if start is None else 206, "headers": headers, **more}


class Broken(io.BytesIO):
    """A body whose connection breaks after some bytes."""

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(size)
        if not part:
            raise requests.ConnectionError
        return part


def broken(body: bytes, start: int | None = None) -> dict[str, Any]:
    return {**answer(body, start), "content": None, "body": Broken(body)}


@pytest.fixture
def open_file(client: MarketoClient) -> Callable[..., BulkFile]:
    """The file of a job that has completed."""

    def build(**known: Any) -> BulkFile:
        told = {"number_of_records": 3, "file_size": len(CSV), "file_checksum": f"sha256:{SHA}", **known}
        return BulkExtract(client, "leads").file(ExportJob(export_id="e-1", status="Completed", **told))

    return build


def ranges_of(server: Any) -> list[str | None]:
    return [request.headers.get("Range") for request in server.requests(PATH)]


# Fetching


def test_rows_of_a_file(open_file: Callable[..., BulkFile], server: Any) -> None:
    """One call, nothing on disk; `null` is nothing."""
    server.answer("GET", PATH, answer(CSV))
    assert list(open_file().rows()) == [
        {"id": "1", "email": "ann@example.com"},
        {"id": "2", "email": None},
        {"id": "3", "email": "böb@example.com"},
    ]
    (request,) = server.requests(PATH)
    assert (request.headers["Accept-Encoding"], request.headers.get("Range")) == ("identity", None)


def test_no_records_no_call(open_file: Callable[..., BulkFile], server: Any, tmp_path: Path) -> None:
    """A job without records has no file worth a call."""
    assert list(open_file(number_of_records=0).rows()) == []
    open_file(number_of_records=0).download(tmp_path / "file.csv")
    assert (tmp_path / "file.csv").read_bytes() == b""
    assert not server.mocker.request_history


def test_a_broken_connection_is_gone_on_with(
    open_file: Callable[..., BulkFile], server: Any, clock: Any, tmp_path: Path
) -> None:
    """From the part that is missing to the last byte; the checksum is that of the whole."""
    data = b"id,email\n" + b"1,ann@example.com\n" * 20_000
    told = {"file_size": len(data), "file_checksum": hashlib.sha256(data).hexdigest()}
    server.answer(
        "GET", PATH, broken(data[:100_000]), broken(data[PART : 2 * PART + 9], PART), answer(data[2 * PART :], 2 * PART)
    )
    open_file(**told).download(tmp_path / "file.csv")
    assert (tmp_path / "file.csv").read_bytes() == data
    assert ranges_of(server) == [None, *(f"bytes={start}-{len(data) - 1}" for start in (PART, 2 * PART))]


def test_a_file_cut_short_is_gone_on_with(open_file: Callable[..., BulkFile], server: Any) -> None:
    """Also where the connection ends as if all were well."""
    server.answer("GET", PATH, answer(CSV[:10]), answer(CSV[10:], 10))
    assert b"".join(open_file().chunks()) == CSV


def test_a_server_that_ignores_the_range(open_file: Callable[..., BulkFile], server: Any) -> None:
    """It sends the file from its beginning; what is there already is skipped."""
    server.answer("GET", PATH, answer(CSV[:10]), answer(CSV))
    assert b"".join(open_file().chunks()) == CSV


@pytest.mark.parametrize("start", [3, 20])
def test_another_part_than_asked_for(open_file: Callable[..., BulkFile], server: Any, start: int) -> None:
    """An earlier one is used from the right byte on; a later one is refused."""
    server.answer("GET", PATH, answer(CSV[:10]), answer(CSV[start:], start))
    if start < 10:
        assert b"".join(open_file().chunks()) == CSV
    else:
        with pytest.raises(UnexpectedAnswer, match="another part"):
            list(open_file().chunks())


def test_a_part_that_does_not_say_which(open_file: Callable[..., BulkFile], server: Any) -> None:
    """It is not guessed."""
    server.answer("GET", PATH, answer(CSV[:10]), {**answer(CSV[10:]), "status_code": 206})
    with pytest.raises(UnexpectedAnswer, match="without saying which"):
        list(open_file().chunks())


def test_a_connection_that_brings_nothing(open_file: Callable[..., BulkFile], server: Any, clock: Any) -> None:
    """It is given up after some tries, for the task to come again."""
    server.answer("GET", PATH, answer(b""))
    with pytest.raises(Unavailable, match="breaks off at byte 0"):
        list(open_file().rows())
    assert len(server.requests(PATH)) == 6


def test_an_earlier_try_is_gone_on_with(open_file: Callable[..., BulkFile], server: Any, tmp_path: Path) -> None:
    """What it left on disk is not fetched again; a whole file costs no call."""
    target = tmp_path / "file.csv"
    target.write_bytes(CSV[:20])
    server.answer("GET", PATH, answer(CSV[20:], 20))
    for _ in range(2):
        open_file().download(target)
        assert target.read_bytes() == CSV
    assert ranges_of(server) == [f"bytes=20-{len(CSV) - 1}"]


@pytest.mark.parametrize("left", [b"x" * 20, b"x" * len(CSV), b"x" * 500])
def test_an_earlier_try_of_another_file(
    open_file: Callable[..., BulkFile], server: Any, tmp_path: Path, left: bytes
) -> None:
    """The checksum tells; the file is fetched anew."""
    target = tmp_path / "file.csv"
    target.write_bytes(left)
    server.answer("GET", PATH, *([answer(CSV[20:], 20)] if len(left) == 20 else []), answer(CSV))
    open_file().download(target)
    assert target.read_bytes() == CSV


def test_a_damaged_file(open_file: Callable[..., BulkFile], server: Any) -> None:
    """The rows have been read by then, so that the error is what says that they are no good."""
    server.answer("GET", PATH, answer(CSV.replace(b"ann", b"bob")))
    rows = open_file().rows()
    assert [next(rows)["id"] for _ in range(3)] == ["1", "2", "3"]
    with pytest.raises(Unavailable, match="not the one that the job tells of"):
        next(rows)


@pytest.mark.parametrize("checksum", [None, "", SHA.upper(), f"SHA256:{SHA}"])
def test_checksums_as_they_come(open_file: Callable[..., BulkFile], server: Any, checksum: str | None) -> None:
    """With or without the name of the algorithm, in any case, or none; the size may be unknown as well."""
    server.answer("GET", PATH, answer(CSV))
    assert len(list(open_file(file_checksum=checksum, file_size=None, number_of_records=None).rows())) == 3


def test_a_file_that_is_late(open_file: Callable[..., BulkFile], server: Any, clock: Any) -> None:
    """A job may be completed while its file is not there yet."""
    missing = {"status_code": 404, "text": "not ready", "headers": {"Content-Type": "text/plain"}}
    server.answer("GET", PATH, missing, missing, answer(CSV))
    assert len(list(open_file().rows())) == 3
    assert clock.slept == [60.0, 60.0]
    server.answer("GET", PATH, missing)
    with pytest.raises(Unavailable, match="not there yet"):
        list(open_file().rows())


def test_a_file_that_is_no_longer_kept(open_file: Callable[..., BulkFile], server: Any, clock: Any) -> None:
    """After seven days a missing file is not waited for: the job has to be made anew."""
    server.answer("GET", PATH, {"status_code": 404, "text": "gone"})
    with pytest.raises(CursorExpired, match="no longer kept"):
        list(open_file(finished_at=datetime(2026, 6, 20, tzinfo=UTC)).rows())
    assert clock.slept == []


def test_other_refusals_are_not_waited_for(
    open_file: Callable[..., BulkFile], server: Any, failure: Build, clock: Any
) -> None:
    """A missing permission is said at once; a token that has expired is renewed."""
    server.tokens("token-1", "token-2")
    server.answer("GET", PATH, failure("602"), answer(CSV), failure("603"), failure("709"))
    assert len(list(open_file().rows())) == 3
    for kind in (PermissionDenied, Stop):
        with pytest.raises(kind):
            list(open_file().rows())
    assert clock.slept == []


# Rows


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_odd_characters(size: int) -> None:
    """NULs go, all other characters stay, wherever the bytes are cut."""
    values = ["a\rb", "line\nline", "line\r\nline", "u\u2028v\u2029w\x85", 'say "hi"', "Zürich ☃", "x,y", " null"]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["n", "value"], *([str(n), v] for n, v in enumerate(values))])
    data = b"\xef\xbb\xbf" + out.getvalue().encode().replace(b"hi", b"h\0i")
    assert [row["value"] for row in read_rows(pieces(data, size))] == values


def test_odd_quotes() -> None:
    """A quote within a value that nobody escaped does not end the file."""
    assert list(read_rows([b'a,b\n1,5" pipe\n2,"x"\n'])) == [{"a": "1", "b": '5" pipe'}, {"a": "2", "b": "x"}]


@pytest.mark.parametrize("data", [b"", b"id,email\n", b"id,email\n\n"])
def test_a_file_without_rows(data: bytes) -> None:
    """There are none."""
    assert list(read_rows([data])) == []


@pytest.mark.parametrize("row", [b"1\n", b"1,2,3\n"])
def test_a_row_that_does_not_fit(row: bytes) -> None:
    """It is named by its number, and stops the reading: what is in which column is not guessed."""
    with pytest.raises(UnexpectedAnswer, match=r"row 2 of the export file has \d values, not 2"):
        list(read_rows([b"id,email\n", b"7,x\n", row]))


@pytest.mark.parametrize("row", [b"1\n", b"1,2,3\n"])
def test_rows_that_do_not_fit_may_be_left_out(row: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """One line of the log says how many."""
    found = list(read_rows([b"id,email\n", row, b"7,x\n", row], lenient=True))
    assert found == [{"id": "7", "email": "x"}]
    assert [record.getMessage() for record in caplog.records] == [
        "marketo export: 2 rows do not fit the header and are left out"
    ]


def test_a_long_value() -> None:
    """Attributes may be longer than what the csv module takes by itself."""
    (row,) = read_rows([b'id,email\n1,"', *([b"x" * 100_000] * 2), b'"\n'])
    assert len(row["email"] or "") == 200_000


def test_a_value_without_an_end() -> None:
    """A quote that is never closed is no endless value."""
    with pytest.raises(UnexpectedAnswer, match="no CSV at line"):
        list(read_rows([b'id,email\n1,"', *([b"x" * 1_000_000] * (LONGEST // 1_000_000 + 1))]))


def test_memory_does_not_grow() -> None:
    """Rows come while the file does."""
    asked: list[int] = []

    def endless() -> Iterator[bytes]:
        yield b"id,email\n"
        while True:
            asked.append(1)
            yield b"1,x\n" * 1000

    rows = read_rows(endless())
    assert [next(rows)["id"] for _ in range(5000)] == ["1"] * 5000
    assert len(asked) < 30


def test_activities_of_a_file() -> None:
    """A row is the same activity as in the feeds."""
    head = b"marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,primaryAttributeValue,"
    line = b'g-1,75.0,2022-02-13T14:06:20Z,104,null,1670,Test,"{""New Status"":""On List"",""Success"":false}"\n'
    (row,) = read_rows([head + b"attributes\n" + line])
    item = read_activity(row)
    assert (item.key, item.lead_id, item.activity_type_id, item.campaign_id) == ("g-1", 75, 104, None)
    assert item.activity_date == datetime(2022, 2, 13, 14, 6, 20, tzinfo=UTC)
    assert item.attributes == {"New Status": "On List", "Success": False}
    with pytest.raises(UnexpectedAnswer, match="cannot be read: leadId"):
        read_activity({**row, "leadId": "x"})
