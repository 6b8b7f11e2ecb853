"""Whether a record in JAGGAER has all that would be sent: then a try whose answer was lost has done its work."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.hooks.jaggaer.models import MIDNIGHT, flag_of, number_of, text_of


def holds(held: Any, sent: Any) -> bool:
    """Whether what is held has each value that is sent; it may have more, and write numbers and days its own way."""
    if isinstance(sent, Mapping):
        return isinstance(held, Mapping) and all(holds(held.get(name), value) for name, value in sent.items())
    if isinstance(sent, list | tuple):
        return isinstance(held, list) and len(held) == len(sent) and all(map(holds, held, sent))
    if isinstance(sent, bool):
        return flag_of(held) is sent
    if isinstance(sent, int | Decimal):
        return _number(held) == sent
    wanted, found = text_of(sent), text_of(held)
    return found == wanted or (wanted.endswith(MIDNIGHT) and found[:10] == wanted[:10])


def _number(held: Any) -> Decimal | None:
    try:
        return number_of(held)
    except ValueError:
        return None
