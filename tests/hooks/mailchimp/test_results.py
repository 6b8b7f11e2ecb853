from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock

from airflow_provider_mlconnector.exceptions import CursorExpired, Stop, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.mailchimp import results as module
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.results import Result
from tests.hooks.mailchimp.fakes import RESULTS, Clock, FakeMailchimp, packed, result

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
    """Where the storage's redirect would make the file readable on the way, nobody is asked."""
    server.results({"status_code": 302, "headers": {"Location": "http://elsewhere.test/x"}})
    server.mocker.get("http://elsewhere.test/x", content=packed({"x.json": [A]}))
    with pytest.raises(UnexpectedAnswer, match="not https"):
        client.storage.fetch(RESULTS)
    assert len(server.mocker.request_history) == 1


def test_redirects_of_the_storage(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Storages redirect to the region of a bucket: that is followed, without a login, and not for ever."""
    there = "https://results.s3.eu-west-1.amazonaws.com/b1.tar.gz"
    server.results({"status_code": 307, "headers": {"Location": there}})
    server.mocker.get(
        there, [{"content": packed({"x.json": [A, B]})}, {"status_code": 302, "headers": {"Location": there}}]
    )
    assert client.storage.fetch(RESULTS) == BOTH
    assert not any("Authorization" in request.headers for request in server.mocker.request_history)
    with pytest.raises(UnexpectedAnswer, match="more than 5 times"):
        client.storage.fetch(RESULTS)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8080/x",
        "http://localhost:8080/x",
        "http://169.254.169.254/latest/meta-data/",
        "ftp://elsewhere.test/x",
        "file:///etc/passwd",
        "https://[x",
        "//elsewhere.test/x",
        "elsewhere",
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
def test_addresses_that_are_not_asked(
    client: MailchimpClient, server: FakeMailchimp, address: str, redirected: bool
) -> None:
    """An address that a vendor names, or redirects to, is https or it is not asked: this machine's neither."""
    server.mocker.register_uri(requests_mock.ANY, requests_mock.ANY, content=packed({"x.json": [A, B]}))
    if redirected and "://" not in address:
        address = "http://elsewhere.test/x"
    server.results({"status_code": 302, "headers": {"Location": address}})
    with pytest.raises(UnexpectedAnswer, match=r"not https|no address"):
        client.storage.fetch(RESULTS if redirected else address)
    assert len(server.mocker.request_history) == redirected


def test_addresses_inside_of_the_network(make_client: Callable[..., MailchimpClient], clock: Clock) -> None:
    """By https, too, only public addresses are asked, unless the Connection itself leads inside."""
    inner = [make_client(**extra) for extra in ({"host": "http://127.0.0.1:1"}, {"allow_http": True})]
    for client, public in ((make_client(), True), *((client, False) for client in inner)):
        assert client.storage.host("https://x.test/y").options.public_only is public


Write = Callable[[tarfile.TarFile], None]


def archive(write: Write) -> bytes:
    """Return an archive, written as nobody in good faith does, on the wire."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.GNU_FORMAT) as made:
        write(made)
    return gzip.compress(held.getvalue())


def header(kind: bytes, size: int, name: str = "x") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size = kind, size
    return entry


def long_header(made: tarfile.TarFile) -> None:
    """A header that goes on for 40 MB, which tarfile reads as a whole."""
    made.addfile(header(tarfile.XHDTYPE, 40 << 20), io.BytesIO(bytes(40 << 20)))
    made.addfile(header(tarfile.REGTYPE, 0))


def long_name(made: tarfile.TarFile) -> None:
    """A name of 40 MB."""
    made.addfile(header(tarfile.GNUTYPE_LONGNAME, 40 << 20), io.BytesIO(b"n" * (40 << 20)))
    made.addfile(header(tarfile.REGTYPE, 0))


def skipped(made: tarfile.TarFile) -> None:
    """40 MB that belong to no file."""
    made.addfile(header(b"Z", 40 << 20), io.BytesIO(bytes(40 << 20)))


def crowd(made: tarfile.TarFile) -> None:
    """More files than there can be."""
    for number in range(20_001):
        made.addfile(header(tarfile.REGTYPE, 0, str(number)))


@pytest.mark.parametrize("write", [long_header, long_name, skipped, crowd])
def test_archives_made_to_harm(
    client: MailchimpClient, server: FakeMailchimp, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """What unpacks to far more than it is on the wire, outside of its files as well, is given up at the bound."""
    monkeypatch.setattr(module, "MAX_UNPACKED", 16 << 20)
    made = archive(write)
    assert len(made) < 1 << 20
    server.results(made)
    tracemalloc.start()
    with pytest.raises(UnexpectedAnswer, match=r"larger than|more than"):
        client.storage.fetch(RESULTS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 << 20


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices(client: MailchimpClient, server: FakeMailchimp, kind: bytes, tmp_path: Path) -> None:
    """Nothing is unpacked into a folder, and no link is followed to a file of this machine."""
    secret = tmp_path / "secret.json"
    secret.write_text('[{"operation_id": "a", "status_code": 200, "response": "{}"}]')

    def write(made: tarfile.TarFile) -> None:
        entry = header(kind, 0, f"../..{tmp_path}/out.json")
        entry.linkname = str(secret)
        made.addfile(entry)

    server.results(archive(write))
    assert client.storage.fetch(RESULTS) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["secret.json"]


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_other_packings(client: MailchimpClient, server: FakeMailchimp, pack: Callable[[bytes], bytes]) -> None:
    """Only what the vendor says it sends is unpacked."""
    server.results(pack(packed({"x.json": [A, B]}, compress=False)))
    with pytest.raises(Unavailable, match=r"from https?://\S+ cannot be unpacked"):
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
