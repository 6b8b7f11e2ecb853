from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mlconnector.exceptions import MLConnectorError, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.transport import decode_json, encode_json
from airflow_provider_mlconnector.transport.body import loads


def response(status: int, body: bytes, kind: str = "text/html") -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.headers["Content-Type"] = kind
    answer._content = body
    return answer


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_decimals_survive(value: Decimal) -> None:
    """A decimal that is written and read again has the same digits; none passes through a float."""
    assert Decimal(loads(encode_json([value]))[0]) == value


@pytest.mark.parametrize("text", ["0.1", "1.10", "-0.00", "12345678901234567890.123456789", "1e-7", "2.50E+3"])
def test_digits_are_kept(text: str) -> None:
    """The digits a vendor wrote are the digits that come out, trailing zeros included."""
    value = loads(f'{{"amount": {text}}}'.encode())["amount"]
    assert isinstance(value, Decimal)
    assert value.as_tuple() == Decimal(text).as_tuple()


def test_decimal_is_a_number() -> None:
    """A decimal goes out as a JSON number, not as a string."""
    assert encode_json({"a": Decimal("1.10"), "b": "é"}) == '{"a":1.10,"b":"é"}'.encode()


def test_integers_stay_integers() -> None:
    """Ids are integers, beyond what a float could hold."""
    assert loads(b'{"id": 9007199254740993}') == {"id": 9007199254740993}


@pytest.mark.parametrize(("status", "kind"), [(200, UnexpectedAnswer), (404, UnexpectedAnswer), (502, Unavailable)])
@pytest.mark.parametrize("body", [b"<html>Login</html>", b"", b'{"cut": '])
def test_html_instead_of_json(status: int, kind: type[MLConnectorError], body: bytes) -> None:
    """A page instead of JSON is an outage on 5xx and a wrong host otherwise; its text is not repeated."""
    with pytest.raises(MLConnectorError) as caught:
        decode_json(response(status, body))
    assert type(caught.value) is kind
    assert "text/html" in str(caught.value)
    assert "Login" not in str(caught.value)


def test_good_json() -> None:
    """JSON is decoded whatever its content type says."""
    assert decode_json(response(200, b'{"x": [1, 2.5]}')) == {"x": [1, Decimal("2.5")]}


@pytest.mark.parametrize(
    "content", [b'"\xff"', b"[" * 100_000, b'{"a":' * 100_000, b"1e999999999", b"1e99999999999999999999"]
)
def test_what_no_json_library_would_write_is_no_json(content: bytes) -> None:
    """Invalid UTF-8, nesting without end and numbers out of range are an answer that is no JSON, and no crash."""
    with pytest.raises(msgspec.DecodeError):
        loads(content)
