"""The published list of converters: small, named, pure.

Each takes the values of a row's source fields (never None, but for those that join several) and returns the target's
value, or None for "nothing to send". What cannot be converted raises ValueError with a text that does not repeat it.
`name:argument` in a field map passes the argument, e.g. `left:40`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_mlconnector.digits import bounded, exact

Converter = Callable[..., Any]

# ASCII only, one @, a dot in the domain: what marketing systems accept without asking DNS.
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z0-9-]{1,62}")
TOO_LARGE = 2**63
"""Of JSON numbers, every system takes whole ones of 64 bits."""
YES, NO = ("y", "yes", "1", "t", "true"), ("n", "no", "0", "f", "false", "")


def _plain(value: Any) -> str:
    if type(value) is str:  # nearly every value, so it takes the short way
        return value.strip()
    return format(bounded(value), "f") if isinstance(value, Decimal) else str(value).strip()


def _joined(mark: str, values: Iterable[Any]) -> str | None:
    return mark.join([text for value in values if value is not None and (text := _plain(value))]) or None


def _filled(values: Iterable[Any]) -> Iterator[Any]:
    return (value for value in values if value is not None and str(value).strip())


def text(value: Any) -> str | None:
    """The value as text, without surrounding blanks; a number without an exponent."""
    return _plain(value) or None


def upper(value: Any) -> str:
    """Upper case."""
    return _plain(value).upper()


def lower(value: Any) -> str:
    """Lower case."""
    return _plain(value).lower()


def digits(value: Any) -> str | None:
    """Only the digits."""
    return re.sub(r"[^0-9]", "", _plain(value)) or None


def integer(value: Any) -> int:
    """A whole number."""
    number = decimal(value)
    if abs(number) >= TOO_LARGE:
        raise ValueError("is not a whole number of 64 bits")
    if number != number.to_integral_value():
        raise ValueError("is not a whole number")
    return int(number)


def decimal(value: Any) -> Decimal:
    """An exact decimal number."""
    return Decimal(value) if type(value) is int and abs(value) < TOO_LARGE else exact(str(value).strip())


def boolean(value: Any) -> bool:
    """Y, 1, true and the like are true; N, 0, false are false."""
    word = str(value).strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError("is neither yes nor no")


def date(value: Any) -> str:
    """A date as YYYY-MM-DD."""
    try:
        return datetime.fromisoformat(str(value)).date().isoformat()
    except ValueError:
        raise ValueError("is not an ISO date") from None


def instant(value: Any) -> str:
    """An instant as YYYY-MM-DDTHH:MM:SS with its offset."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("is not an ISO date and time") from None
    if moment.tzinfo is None:
        raise ValueError("has no offset from UTC")
    return moment.isoformat(timespec="seconds")


def email(value: Any) -> str:
    """An e-mail address (ASCII, as marketing systems require)."""
    address = str(value).strip()
    if not EMAIL.fullmatch(address) or ".." in address or len(address) > 254:
        raise ValueError("is not a valid e-mail address")
    return address


def url(value: Any) -> str | None:
    """A web address with its scheme; `www.acme.com` becomes `https://www.acme.com`."""
    address = str(value).strip()
    return address if not address or "://" in address else f"https://{address}"


def domain(value: Any) -> str | None:
    """The domain of a web address, without `www.`: `https://www.acme.com/shop` becomes `acme.com`."""
    try:
        host = urlsplit(url(value) or "").hostname or ""
    except ValueError:
        raise ValueError("is no web address") from None
    return host.removeprefix("www.") or None


def first(*values: Any) -> Any:
    """The first that is not blank."""
    return next(_filled(values), None)


def join(*values: Any) -> str | None:
    """All that are not blank, with a space between."""
    return _joined(" ", values)


def join_comma(*values: Any) -> str | None:
    """All that are not blank, with a comma between."""
    return _joined(", ", values)


def join_lines(*values: Any) -> str | None:
    """All that are not blank, each on its line."""
    return _joined("\n", values)


def left(value: Any, length: str) -> str:
    """The first so many characters: `left:40`."""
    return _plain(value)[: int(length)]


def prefix(value: Any, start: str) -> str:
    """The text with something before it: `prefix:ERP-`."""
    return f"{start}{_plain(value)}"


SEVERAL = ("first", "join", "join_comma", "join_lines")
"""Converters that take several source fields, any of which may be None."""


def each(entries: Any) -> list[Any]:
    """The rows of a list: `lines` from `F4311.LINES`; rows with targets such as `lines[].quantity` say what of each."""
    if not isinstance(entries, list | tuple):
        raise ValueError("is not a list")  # noqa: TRY004 - what cannot be converted
    return list(entries)


TEXT = text.__name__
EACH = each.__name__
"""The converter of a list, whose entries have rows of their own."""

WITH_ARGUMENT = {"left": "left:40", "prefix": "prefix:ERP-"}
"""Converters that take an argument, with an example."""

CONVERTERS: dict[str, Converter] = {
    function.__name__: function
    for function in (
        text, upper, lower, digits, integer, decimal, boolean, date, instant, email, url, domain,
        first, join, join_comma, join_lines, left, prefix, each,
    )
}  # fmt: skip
