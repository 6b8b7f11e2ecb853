from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import requests
import requests_mock

from airflow_provider_mlconnector.exceptions import ConfigurationError, MLConnectorError
from airflow_provider_mlconnector.transport import ApiClient, HttpOptions

BASE = "https://api.example.com/ctx"
SECRET = "s3cr3t-value"

Make = Callable[..., ApiClient]
Wire = requests_mock.Adapter

FAILURES: list[dict[str, Any]] = [
    {"exc": requests.exceptions.ConnectionError(f"/ctx/x?client_secret={SECRET}")},
    {"exc": requests.exceptions.SSLError(f"/ctx/x?client_secret={SECRET}")},
    {"exc": requests.exceptions.ReadTimeout(f"/ctx/x?client_secret={SECRET}")},
    {"exc": requests.exceptions.InvalidURL(f"/ctx/x?client_secret={SECRET}")},
    {"exc": requests.exceptions.TooManyRedirects(f"/ctx/x?client_secret={SECRET}")},
    {"status_code": 400},
    {"status_code": 401},
    {"status_code": 404},
    {"status_code": 429},
    {"status_code": 500},
    {"json": {}},
]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
@pytest.mark.parametrize("repeatable", [True, False])
def test_no_secret_in_errors_or_logs(
    failure: dict[str, Any], repeatable: bool, make_client: Make, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails, neither the error, nor what a traceback prints of it, nor the log has the query or a header."""
    wire.register_uri("GET", f"{BASE}/x", **failure)
    caplog.set_level(logging.DEBUG)
    # The fake network's own log stands for nothing.
    caplog.set_level(logging.WARNING, "requests_mock.adapter")
    client = make_client(options=HttpOptions(max_retries=1), headers={"X-Api-Key": SECRET})
    texts = []
    try:
        client.request("GET", "x", params={"client_secret": SECRET}, repeatable=repeatable)
    except MLConnectorError as error:
        texts = [str(error), repr(error), *traceback.format_exception(error)]
    assert SECRET in wire.request_history[0].url
    assert SECRET not in "".join([*texts, caplog.text])


def test_header_with_a_line_break(make_client: Make) -> None:
    """A key with a line break is a wrong Connection; the error does not print it."""
    with pytest.raises(ConfigurationError) as caught:
        make_client(headers={"X-Api-Key": f"{SECRET}\n"}).request("GET", "x")
    assert SECRET not in str(caught.value)
