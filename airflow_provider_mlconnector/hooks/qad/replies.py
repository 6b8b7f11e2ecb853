"""Reading the reply of a login: where its parts are, and how long it holds."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from airflow_provider_mlconnector.transport.body import loads


def basic(login: str, password: str) -> str:
    """Return the header of Basic authentication, in UTF-8."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def dig(document: Mapping[str, Any], path: str) -> Any:
    """Return the value under a dotted path, also where it stands within `data`."""
    for place in (document, document.get("data")):
        value: Any = place
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value:
            return value
    return None


def seconds(value: Any) -> float:
    """Return a number of seconds, 0 for what is none."""
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0


def jwt_life(value: str, now: datetime) -> float:
    """Return the seconds that a JWT has left by its own word; 0 for any other text."""
    parts = value.split(".")
    if len(parts) != 3:
        return 0.0
    try:
        claims = loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return 0.0
    end = seconds(claims.get("exp")) if isinstance(claims, dict) else 0.0
    return max(0.0, end - now.timestamp()) if end else 0.0
