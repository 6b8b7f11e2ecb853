"""The results of a batch: a gzip tar of JSON files at an address that is signed, not ours, and short-lived.

Facts: Mailchimp's guide `run-async-requests-batch-endpoint`. The storage refuses a call that carries a login. Files
may be empty, the order is any, and each result's `response` is JSON as a text.
"""

from __future__ import annotations

import io
import logging
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from airflow_provider_mlconnector.exceptions import CursorExpired, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.connection import is_loopback
from airflow_provider_mlconnector.hooks.mailchimp.errors import read_problem
from airflow_provider_mlconnector.transport.body import loads
from airflow_provider_mlconnector.transport.http import ApiClient
from airflow_provider_mlconnector.transport.session import HttpOptions

log = logging.getLogger(__name__)

MAX_DOWNLOAD = 64 * 1024 * 1024
"""Bytes of the file; 500 answers of some kilobytes each are far below."""
MAX_UNPACKED = 256 * 1024 * 1024
BROKEN_FILE = (tarfile.TarError, EOFError, OSError, zlib.error)


@dataclass(frozen=True, slots=True)
class Result:
    """What one operation was answered; `body` is {} where that was no JSON object."""

    status_code: int
    body: dict[str, Any]


class ResultStorage:
    """Fetches results without the login of the API, over the Connection's proxies and certificates.

    :param plain_http: whether the Connection allows unencrypted hosts other than this machine.
    """

    def __init__(
        self,
        options: HttpOptions,
        *,
        plain_http: bool,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        random: Callable[[], float],
    ):
        self._options = replace(options, cert=None, max_redirects=min(options.max_redirects, 5))
        self._plain_http = plain_http
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
        self._check(url)
        response = self.host(url).request("GET", url, headers={"Accept": "*/*"}, authenticated=False, stream=True)
        with response:
            self._check(response.url)
            packed = _read(response)
        try:
            return dict(_results(packed))
        except BROKEN_FILE as error:
            raise Unavailable(f"the batch's results cannot be unpacked: {type(error).__name__}") from None

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "https" or (
            parts.scheme == "http" and (self._plain_http or is_loopback(parts.hostname or ""))
        ):
            return
        raise UnexpectedAnswer(f"the batch's results lie at an address that is not https: {parts.hostname}")


def _judge(response: requests.Response) -> None:
    status = response.status_code
    if status < 300:
        return
    response.close()
    code = str(status)
    if status >= 500 or status == 429:
        raise Unavailable(f"the storage of the batch's results failed with HTTP {status}", code=code)
    raise CursorExpired(f"the storage refuses the batch's results with HTTP {status}", code=code)


def _read(response: requests.Response) -> bytes:
    held = io.BytesIO()
    try:
        for piece in response.iter_content(64 * 1024):
            held.write(piece)
            if held.tell() > MAX_DOWNLOAD:
                raise UnexpectedAnswer(f"the batch's results are larger than {MAX_DOWNLOAD} bytes")
    except requests.exceptions.RequestException as error:
        raise Unavailable(f"the batch's results were cut short: {type(error).__name__}") from None
    return held.getvalue()


def _results(packed: bytes) -> Iterator[tuple[str, Result]]:
    unpacked = 0
    # `r:*`: where the storage declares the gzip as an encoding, it has been taken off on the way.
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:*") as archive:
        for entry in archive:
            unpacked += entry.size
            if unpacked > MAX_UNPACKED:
                raise UnexpectedAnswer(f"the batch's results are larger than {MAX_UNPACKED} bytes unpacked")
            file = archive.extractfile(entry) if entry.isfile() else None
            if file is not None:
                yield from _entries(file.read())


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
