"""The columns of `mlc_account_context`: what a payload may have, and the row that it becomes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_mlconnector.exceptions import RecordRejected, UnknownField
from airflow_provider_mlconnector.ledger import schema

if TYPE_CHECKING:
    from airflow_provider_mlconnector.pipeline.ports import Plan

Row = dict[str, Any]

_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def as_json(value: Any) -> str:
    """Return a value as the JSON that a row keeps; exact numbers, members in order."""
    return _encoder.encode(value).decode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else format(value, "f") if isinstance(value, Decimal) else str(value)


def _count(value: Any) -> int:
    number = Decimal(str(value))
    if isinstance(value, bool) or number != int(number):
        raise ValueError
    return int(number)


def _amount(value: Any) -> Decimal:
    number = Decimal(str(value))
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError
    return number


def _instant(value: Any) -> datetime:
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


COLUMNS: dict[str, Callable[[Any], Any]] = {
    "account_key": _text,
    "account_name": _text,
    "opportunity_count": _count,
    "open_amount": _amount,
    "currency": _text,
    "opportunities": as_json,
    "sales_person": _text,
    "last_activity_type": _text,
    "last_activity_at": _instant,
    "activity_count": _count,
    "reasons": as_json,
    "activity_days": as_json,
}
"""What a payload may have, and how it is stored; `as_of` is the run's own."""

EXPORTED = (*list(COLUMNS)[:10], "as_of", "reasons")
"""The columns of the contract, in its order, and why some are NULL."""


def row_of(payload: Mapping[str, Any]) -> Row:
    """Return a payload as the row that it becomes; what it does not have is NULL.

    :raises RecordRejected: for a value that the column cannot hold.
    """
    row: Row = {}
    for name, convert in COLUMNS.items():
        value = payload.get(name)
        try:
            row[name] = None if value is None else convert(value)
        except (ValueError, TypeError, ArithmeticError):
            raise RecordRejected(f"{name}: the value does not fit the column", code="invalid_value") from None
    return row


def validator(_plan: Plan) -> Callable[[Mapping[str, Any]], None]:
    """Return the check of a payload against the columns."""

    def check(payload: Mapping[str, Any]) -> None:
        row_of(payload)

    return check


def has_field(_client: Any, field: str) -> bool:
    """Whether a row has this column."""
    return field in COLUMNS


def check_columns(names: Sequence[str]) -> None:
    """Refuse names that are no columns.

    :raises UnknownField: naming the nearest.
    """
    for name in names:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=3) or list(COLUMNS)
            raise UnknownField(
                f"{schema.account_context.name} has no column '{name}' to fill; nearest are: {', '.join(near)}"
            )
