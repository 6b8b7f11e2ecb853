"""JSON in and out: exact decimals both ways, and a clear error for an answer that is no JSON, or one made to harm."""

from __future__ import annotations

from typing import Any

import msgspec
import requests

from airflow_provider_mlconnector.digits import exact
from airflow_provider_mlconnector.exceptions import Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.transport.errors import host_of

_decoder = msgspec.json.Decoder(float_hook=exact)
_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_json(obj: Any) -> bytes:
    """Encode as UTF-8 JSON; `Decimal` becomes a JSON number with the same digits."""
    return _encoder.encode(obj)


def loads(data: bytes) -> Any:
    """Decode JSON bytes; a number with a fraction becomes `Decimal`.

    :raises msgspec.DecodeError: for anything else, also for what is nested too deep and for numbers out of range.
    """
    try:
        return _decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(f"no JSON that can be taken: {type(error).__name__}") from None


def decode_json(response: requests.Response) -> Any:
    """Return the body of an answer, floats as `Decimal`.

    :raises Unavailable: a 5xx whose body is no JSON (a proxy's HTML page).
    :raises UnexpectedAnswer: any other body that is no JSON.
    """
    try:
        return loads(response.content)
    except msgspec.DecodeError:
        kind = response.headers.get("Content-Type", "no content type")[:100]
        text = f"HTTP {response.status_code} with {kind} from {host_of(response.url)} instead of JSON"
        if response.status_code >= 500:
            raise Unavailable(text, code=str(response.status_code)) from None
        raise UnexpectedAnswer(f"{text}; check the host of the Connection", code=str(response.status_code)) from None
