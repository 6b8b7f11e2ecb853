"""The results of a batch: a gzip tar of JSON files at an address that is signed, not ours, and short-lived.

Facts: Mailchimp's guide `run-async-requests-batch-endpoint`. The storage refuses a call that carries a login. Files
may be empty, the order is any, and each result's `response` is JSON as a text. Neither the address nor the archive is
trusted: both are what somebody else has written.
"""

from __future__ import annotations

import gzip
import io
import logging
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import msgspec
import requests

from airflow_provider_mlconnector.exceptions import CursorExpired, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.mailchimp.errors import read_problem
from airflow_provider_mlconnector.transport.body import loads
from airflow_provider_mlconnector.transport.errors import host_of
from airflow_provider_mlconnector.transport.http import ApiClient
from airflow_provider_mlconnector.transport.session import HttpOptions

log = logging.getLogger(__name__)

MAX_DOWNLOAD = 64 * 1024 * 1024
"""Bytes of the file; 500 answers of some kilobytes each are far below."""
MAX_UNPACKED = 256 * 1024 * 1024
MAX_FILES = 10_000
"""Of an archive; there is one for some operations, never more than one each."""
MAX_HOPS = 5
GZIP = b"\x1f\x8b"
BROKEN_FILE = (tarfile.TarError, EOFError, OSError, zlib.error)


@dataclass(frozen=True, slots=True)
class Result:
    """What one operation was answered; `body` is {} where that was no JSON object."""

    status_code: int
    body: dict[str, Any]


class ResultStorage:
    """Fetches results without the login of the API, over the Connection's proxies and certificates.

    :param inside: whether the address may lead to this machine or into this network, and be unencrypted: the
        Connection's own does.
    """

    def __init__(
        self,
        options: HttpOptions,
        *,
        inside: bool,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        random: Callable[[], float],
    ):
        self._hops = min(options.max_redirects, MAX_HOPS)
        # Each redirect is looked at before it is followed.
        self._options = replace(options, cert=None, max_redirects=0, public_only=not inside)
        self._inside = inside
        self._timing: dict[str, Any] = {"clock": clock, "sleep": sleep, "random": random}
        self._hosts: dict[str, ApiClient] = {}
        self._lock = threading.Lock()

    def host(self, url: str) -> ApiClient:
        """Return the client for the host of an address; it has no login."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._hosts:
                self._hosts[origin] = ApiClient(origin, options=self._options, classify=_judge, **self._timing)
            return self._hosts[origin]

    def close(self) -> None:
        """Close the connections."""
        for host in self._hosts.values():
            host.close()

    def fetch(self, url: str) -> dict[str, Result]:
        """Return the results by operation id.

        :raises CursorExpired: the address is no longer valid; ask the batch for a new one.
        :raises Unavailable: the file cannot be had, or is cut short.
        :raises UnexpectedAnswer: the file is too large, or lies where it could be read on the way.
        """
        with self._open(url) as response:
            packed = _read(response)
        try:
            return dict(_results(packed))
        except BROKEN_FILE as error:
            raise Unavailable(
                f"the batch's results from {host_of(url)} cannot be unpacked: {type(error).__name__}"
            ) from None

    def _open(self, url: str) -> requests.Response:
        location = url
        for _ in range(self._hops + 1):
            url = self._checked(url, location)
            response = self.host(url).request("GET", url, headers={"Accept": "*/*"}, authenticated=False, stream=True)
            if not response.is_redirect:
                return response
            response.close()
            location = response.headers["Location"]
        raise UnexpectedAnswer(f"the storage of the batch's results redirects more than {self._hops} times")

    def _checked(self, base: str, location: str) -> str:
        try:
            url = urljoin(base, location)
            parts = urlsplit(url)
        except ValueError:
            raise UnexpectedAnswer("the batch's results lie at what is no address") from None
        if parts.scheme == "https" or (parts.scheme == "http" and self._inside):
            return url
        raise UnexpectedAnswer(f"the batch's results lie at an address that is not https: {parts.hostname}")


def _judge(response: requests.Response) -> None:
    status = response.status_code
    if status < 300 or response.is_redirect:
        return
    response.close()
    code, host = str(status), host_of(response.url)
    if status >= 500 or status == 429:
        raise Unavailable(f"{host} fails to give the batch's results: HTTP {status}", code=code)
    raise CursorExpired(f"{host} refuses the batch's results: HTTP {status}", code=code)


def _read(response: requests.Response) -> bytes:
    held = io.BytesIO()
    try:
        for piece in response.iter_content(64 * 1024):
            held.write(piece)
            if held.tell() > MAX_DOWNLOAD:
                raise UnexpectedAnswer(f"the batch's results are larger than {MAX_DOWNLOAD} bytes")
    except requests.exceptions.RequestException as error:
        raise Unavailable(
            f"the batch's results from {host_of(response.url)} were cut short: {type(error).__name__}"
        ) from None
    return held.getvalue()


class _Bounded:
    """A file that refuses to go on for ever; what unpacks from it, headers included, is no more than is read of it."""

    def __init__(self, file: IO[bytes]):
        self._file, self._left = file, MAX_UNPACKED

    def read(self, size: int) -> bytes:
        """Read as files do."""
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise UnexpectedAnswer(f"the batch's results are larger than {MAX_UNPACKED} bytes unpacked")
        return piece


def _results(packed: bytes) -> Iterator[tuple[str, Result]]:
    held = io.BytesIO(packed)
    # Where the storage declares the gzip as an encoding, it has been taken off on the way.
    unpacked: Any = gzip.GzipFile(fileobj=held) if packed.startswith(GZIP) else held
    file: Any = _Bounded(unpacked)
    # As a stream: the archive is read once, from its beginning, and nothing of it is looked up by place.
    with tarfile.open(fileobj=file, mode="r|") as archive:
        for number, entry in enumerate(archive, 1):
            if number > MAX_FILES:
                raise UnexpectedAnswer(f"the batch's results are more than {MAX_FILES} files")
            content = archive.extractfile(entry) if entry.isreg() and not entry.issparse() else None
            if content is not None:
                yield from _entries(content.read())


def _entries(content: bytes) -> Iterator[tuple[str, Result]]:
    try:
        listed = loads(content) if content.strip() else []
    except msgspec.DecodeError:
        log.debug("mailchimp batch: a file of the results is no JSON")
        return
    for entry in listed if isinstance(listed, list) else [listed]:
        if isinstance(entry, dict) and entry.get("operation_id"):
            yield str(entry["operation_id"]), Result(_status(entry.get("status_code")), _body(entry.get("response")))


def _status(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _body(response: Any) -> dict[str, Any]:
    if isinstance(response, dict):
        return response
    return read_problem(response) if isinstance(response, str) else {}
