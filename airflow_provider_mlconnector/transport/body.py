"""JSON in and out: exact decimals both ways, and a clear error for an answer that is no JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from airflow_provider_mlconnector.digits import exact
from airflow_provider_mlconnector.exceptions import Unavailable, UnexpectedAnswer

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
        raise msgspec.DecodeError(f"no JSON to be read: {type(error).__name__}") from None


MOST_BYTES = 128 * 1024 * 1024
"""Of one answer that is taken as a whole, unpacked: a page of thousands of records has a few."""
PIECE = 64 * 1024


def take(response: requests.Response, most: int = MOST_BYTES) -> None:
    """Take an answer that was asked for with `stream`, so that `content` holds it; never more than so many bytes.

    :raises UnexpectedAnswer: when it is longer, for instance once it is unpacked.
    :raises requests.RequestException: when it breaks off.
    """
    held = bytearray()
    for piece in response.iter_content(PIECE):
        held += piece
        if len(held) > most:
            response.close()
            raise UnexpectedAnswer(
                f"{host_of(response)} answered with more than {most} bytes; lower the page size of the Connection"
            )
    response._content = bytes(held)  # noqa: SLF001 - requests has no other way to bound what it reads


def host_of(response: requests.Response) -> str:
    """Return the host that an answer came from, for a message."""
    return urlsplit(response.url or "").hostname or "the server"


def decode_json(response: requests.Response) -> Any:
    """Return the body of an answer, floats as `Decimal`.

    :raises Unavailable: a 5xx whose body is no JSON (a proxy's HTML page).
    :raises UnexpectedAnswer: any other body that is no JSON.
    """
    try:
        return loads(response.content)
    except msgspec.DecodeError:
        kind = response.headers.get("Content-Type", "no content type")[:100]
        text = f"HTTP {response.status_code} from {host_of(response)} with {kind} instead of JSON"
        if response.status_code >= 500:
            raise Unavailable(text, code=str(response.status_code)) from None
        raise UnexpectedAnswer(f"{text}; check the host of the Connection", code=str(response.status_code)) from None
