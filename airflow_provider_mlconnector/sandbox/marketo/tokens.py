"""Page tokens: numbers, in letters that say nothing to the caller."""

from __future__ import annotations

import base64

from airflow_provider_mlconnector.sandbox.marketo.errors import Refused


def pack(*numbers: int) -> str:
    """Return the token for some numbers."""
    return base64.b32encode(".".join(str(each) for each in numbers).encode()).decode()


def unpack(token: str, count: int) -> list[int]:
    """Return the `count` numbers of a token; raises `Refused` 1003 when it is not one of ours."""
    try:
        found = [int(part) for part in base64.b32decode(token).decode().split(".")]
    except ValueError:
        found = []
    if len(found) != count:
        raise invalid_token()
    return found


def invalid_token() -> Refused:
    """Return the refusal of a token that does not belong here."""
    return Refused("1003", message="Invalid nextPageToken")
