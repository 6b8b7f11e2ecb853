from __future__ import annotations

from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import CursorExpired, Stop, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.mailchimp import results as module
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.results import Result
from tests.hooks.mailchimp.fakes import RESULTS, FakeMailchimp, packed, result

BOTH = {"a": Result(200, {"id": "1"}), "b": Result(400, {"title": "BadRequest"})}
A, B = result("a", 200, {"id": "1"}), result("b", 400, {"title": "BadRequest"})


@pytest.mark.parametrize(
    "files",
    [
        {"x.json": [A, B]},
        {"x.json": [A], "y.json": [B]},
        {"dir": None, "dir/x.json": [B], "dir/empty.json": b"", "dir/blank.json": b" \n", "dir/y.json": [A]},
        {"x.json": [A, B, None, 7, {"status_code": 200}], "readme.txt": b"not JSON", "._x.json": b"\x00\x05"},
        {"x.json": A, "y.json": B},
        {"x.json": [{**A, "response": {"id": "1"}}, {**B, "status_code": "400"}]},
    ],
)
def test_files_of_any_shape(client: MailchimpClient, server: FakeMailchimp, files: dict[str, Any]) -> None:
    """Results lie in any order in any number of files; empty ones, folders and what is no JSON are passed over."""
    server.results(packed(files))
    assert client.storage.fetch(RESULTS) == BOTH


def test_gzip_taken_off_on_the_way(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A storage that declares the gzip as an encoding delivers a plain tar."""
    server.results(packed({"x.json": [A, B]}, compress=False))
    assert client.storage.fetch(RESULTS) == BOTH


@pytest.mark.parametrize("answer", ["<html>", "[]", "", None, 7])
def test_answers_without_an_object(client: MailchimpClient, server: FakeMailchimp, answer: Any) -> None:
    """An operation's answer need not be JSON, as that of a CDN; its status is kept."""
    server.results(packed({"x.json": [{"operation_id": "a", "status_code": 502, "response": answer}]}))
    assert client.storage.fetch(RESULTS) == {"a": Result(502, {})}


@pytest.mark.parametrize("status", [300, 403, 404])
def test_expired(client: MailchimpClient, server: FakeMailchimp, status: int) -> None:
    """An address that is no longer valid is not asked twice."""
    server.results({"status_code": status})
    with pytest.raises(CursorExpired):
        client.storage.fetch(RESULTS)
    assert len(server.mocker.request_history) == 1


@pytest.mark.parametrize("answer", [{"status_code": 503}, {"status_code": 429}, {"exc": requests.ConnectionError}])
def test_outage_of_the_storage(client: MailchimpClient, server: FakeMailchimp, answer: dict[str, Any]) -> None:
    """An outage is tried again at the same address."""
    server.results(answer, packed({"x.json": [A, B]}))
    assert client.storage.fetch(RESULTS) == BOTH


def test_too_large(client: MailchimpClient, server: FakeMailchimp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that would fill the memory is not read to its end, packed or unpacked."""
    server.results(packed({"x.json": b"0" * 100_000}))
    monkeypatch.setattr(module, "MAX_UNPACKED", 50_000)
    with pytest.raises(UnexpectedAnswer, match="unpacked"):
        client.storage.fetch(RESULTS)
    monkeypatch.setattr(module, "MAX_DOWNLOAD", 50)
    with pytest.raises(UnexpectedAnswer, match="larger than 50"):
        client.storage.fetch(RESULTS)


def test_cut_short(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A torn file is an outage, whose text has no address."""
    server.results(packed({"x.json": [A] * 500})[:-40])
    with pytest.raises(Unavailable) as error:
        client.storage.fetch(RESULTS)
    assert "s3cr3t" not in str(error.value)


def test_not_redirected_to_plain_http(client: MailchimpClient, server: FakeMailchimp) -> None:
    """The file is not taken from where the storage's redirect makes it readable on the way."""
    server.results({"status_code": 302, "headers": {"Location": "http://elsewhere.test/x"}})
    server.mocker.get("http://elsewhere.test/x", content=packed({"x.json": [A]}))
    with pytest.raises(UnexpectedAnswer, match="not https"):
        client.storage.fetch(RESULTS)


def test_tls_problems_say_so(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A certificate that is refused is no outage."""
    server.results({"exc": requests.exceptions.SSLError})
    with pytest.raises(Stop, match="verify"):
        client.storage.fetch(RESULTS)


def test_connections_are_closed(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Closing the client closes the storage's connections, too; one client serves one host."""
    server.results(packed({"x.json": [A]}))
    client.storage.fetch(RESULTS)
    assert client.storage.host(RESULTS) is client.storage.host(RESULTS + "&x=1")
    client.close()
