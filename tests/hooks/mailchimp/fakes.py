from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests_mock

HOST = "https://us21.api.mailchimp.com"
KEY = "0123456789abcdef0123456789abcdef-us21"
LIST = "a1b2c3d4e5"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
RESULTS = "https://results.s3.amazonaws.com/b1.tar.gz?X-Amz-Signature=s3cr3t"


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class FakeMailchimp:
    """Answers in the order given; the last answer of a path repeats. Paths are behind /3.0."""

    def __init__(self, mocker: requests_mock.Mocker):
        self.mocker = mocker
        self.answer("DELETE", "batches/b1", {"status_code": 204})

    def answer(self, method: str, path: str, *answers: Any) -> None:
        self.mocker.register_uri(method, f"{HOST}/3.0/{path}", [_response(each) for each in answers])

    def results(self, *answers: Any, url: str = RESULTS) -> None:
        self.mocker.get(url, [each if isinstance(each, dict) else {"content": each} for each in answers])

    def requests(self, method: str, path: str) -> list[Any]:
        wanted = f"/3.0/{path}"
        history = self.mocker.request_history
        return [it for it in history if it.method == method and urlsplit(it.url).path == wanted]

    def bodies(self, method: str, path: str) -> list[Any]:
        return [json.loads(request.body) for request in self.requests(method, path)]

    def queries(self, method: str, path: str) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(request.url).query) for request in self.requests(method, path)]


def _response(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Exception):
        return {"exc": answer}
    if callable(answer):
        return {"json": answer, "headers": {"X-Request-Id": "r-1"}}
    if isinstance(answer, dict) and "status_code" in answer:
        return answer
    return {"json": answer, "headers": {"Content-Type": "application/json; charset=utf-8", "X-Request-Id": "r-1"}}


def problem(status: int, title: str, detail: str = "", *errors: tuple[str, str], **more: Any) -> dict[str, Any]:
    """Build a problem document, as an answer."""
    body = {"title": title, "status": status, "detail": detail, "instance": "uuid-1", **more}
    if errors:
        body["errors"] = [{"field": field, "message": message} for field, message in errors]
    return {
        "status_code": status,
        "json": body,
        "headers": {"Content-Type": "application/problem+json; charset=utf-8", "X-Request-Id": "uuid-1"},
    }


def packed(files: Mapping[str, Any], *, compress: bool = True) -> bytes:
    """Build a (gzip) tar of files; None is a folder, a text or bytes go as they are, anything else as JSON."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            data = b""
            if content is None:
                entry.type = tarfile.DIRTYPE
            elif isinstance(content, bytes):
                data = content
            else:
                data = json.dumps(content).encode()
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(held.getvalue()) if compress else held.getvalue()


def result(operation_id: str, status: int = 200, body: Any = None) -> dict[str, Any]:
    """Build one operation's result, its answer as a JSON text."""
    text = "" if body is None else json.dumps(body)
    return {"status_code": status, "operation_id": operation_id, "response": text}
