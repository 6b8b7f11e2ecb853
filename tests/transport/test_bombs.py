"""An answer of a few kilobytes that unpacks to gigabytes costs little memory."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator

import pytest
import requests

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.transport import ApiClient, body
from tests.fuzz.tape import Reply, wired

MEBIBYTE = 1 << 20


class Bomb(requests.adapters.BaseAdapter):
    def send(self, request: requests.PreparedRequest, *args: object, **named: object) -> requests.Response:
        packed = gzip.compress(bytes(64 * MEBIBYTE))
        return Reply(200, (("Content-Encoding", "gzip"),), packed).to(request)

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_a_packed_answer_is_not_unpacked_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call ends with what to change; a small part of what was packed has been in memory."""
    monkeypatch.setattr(body.take, "__defaults__", (4 * MEBIBYTE,))
    packed = Bomb().send(requests.Request("GET", "http://127.0.0.1:9000/").prepare())
    monkeypatch.setattr(Bomb, "send", lambda *_args, **_named: packed)
    tracemalloc.reset_peak()
    with wired(Bomb()), pytest.raises(UnexpectedAnswer, match=r"127\.0\.0\.1 answered with more than 4194304 bytes"):
        ApiClient("http://127.0.0.1:9000").request("GET", "x")
    assert tracemalloc.get_traced_memory()[1] < 24 * MEBIBYTE
