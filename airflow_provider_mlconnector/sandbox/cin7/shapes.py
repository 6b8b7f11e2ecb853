"""Which JSON values the members of a body take.

A member that no shape declares is ignored by the vendor, and so is `null`. Source: the API's blueprint,
https://dearinventory.docs.apiary.io (attribute tables: type, length, required).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol
from uuid import UUID

from airflow_provider_mlconnector.sandbox.cin7.ask import Row, as_moment
from airflow_provider_mlconnector.sandbox.cin7.errors import Refused, missing


class BadValue(Exception):
    """A value that its attribute does not take; `texts` say why."""

    def __init__(self, *texts: str) -> None:
        super().__init__("; ".join(texts))
        self.texts = texts


class Kind(Protocol):
    """What an attribute may hold."""

    def read(self, value: Any, where: str) -> Any:
        """Return the value as it is stored; `where` names the attribute; raises `BadValue`."""


@dataclass(frozen=True)
class Text:
    """A text of at most so many characters; `blank`: "" is a value too where the attribute is required."""

    longest: int
    blank: bool = False
    digits: bool = False

    def read(self, value: Any, where: str) -> Any:
        """Take a text, and where `digits` is set a whole number."""
        if self.digits and type(value) is int:
            value = str(value)
        if not isinstance(value, str):
            raise BadValue(f"Attribute '{where}' must be a string.")
        if len(value) > self.longest:
            raise BadValue(f"Attribute '{where}' is longer than {self.longest} characters.")
        return value


@dataclass(frozen=True)
class Number:
    """A JSON number between two bounds with at most so many decimals."""

    low: Decimal | int | None = None
    high: Decimal | int | None = None
    places: int = 4

    def read(self, value: Any, where: str) -> Any:
        """Take an int or Decimal."""
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise BadValue(f"Attribute '{where}' must be a number.")
        exponent = Decimal(value).normalize().as_tuple().exponent
        if not isinstance(exponent, int) or -exponent > self.places:
            raise BadValue(f"Attribute '{where}' has more than {self.places} decimal places.")
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise BadValue(f"Attribute '{where}' is out of range.")
        return value


@dataclass(frozen=True)
class Percent:
    """A percentage, which the vendor writes as a text with ten decimals."""

    def read(self, value: Any, where: str) -> Any:
        """Take a text that is a number, or a number."""
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            raise BadValue(f"Attribute '{where}' must be a number.")
        return f"{found:.10f}"


@dataclass(frozen=True)
class Choice:
    """One of a set of words, in any case; stored as declared."""

    words: tuple[str, ...]
    as_given: bool = False

    def read(self, value: Any, where: str) -> Any:
        """Take a word."""
        found = next((word for word in self.words if isinstance(value, str) and word.lower() == value.lower()), None)
        if found is None:
            raise BadValue(f"Attribute '{where}' must be one of: {', '.join(self.words)}.")
        return value if self.as_given else found


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, value: Any, where: str) -> Any:
        """Take a boolean."""
        if not isinstance(value, bool):
            raise BadValue(f"Attribute '{where}' must be true or false.")
        return value


@dataclass(frozen=True)
class Guid:
    """A GUID, stored in lower case."""

    def read(self, value: Any, where: str) -> Any:
        """Take a GUID."""
        try:
            return str(UUID(value))
        except (ValueError, TypeError, AttributeError):
            raise BadValue(f"Attribute '{where}' must be a GUID.") from None


@dataclass(frozen=True)
class Day:
    """An ISO 8601 moment of which the UTC day is stored; "" clears it."""

    def read(self, value: Any, where: str) -> Any:
        """Take a moment."""
        if value == "":
            return None
        try:
            return as_moment(value).astimezone(UTC).strftime("%Y-%m-%dT00:00:00")
        except (ValueError, TypeError):
            raise BadValue(f"Attribute '{where}' is not a valid date.") from None


@dataclass(frozen=True)
class Shape:
    """An object: its attributes, and which of them must be there."""

    members: Mapping[str, Kind] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    def read(self, value: Any, where: str = "", *, partial: bool = False) -> Row:
        """Return the attributes given; `partial`: those left out stay as they are. Raises `BadValue`."""
        if not isinstance(value, dict):
            raise BadValue(f"Attribute '{where}' must be an object.")
        texts: list[str] = []
        found: Row = {}
        for name, kind in self.members.items():
            full = f"{where}.{name}" if where else name
            if self._absent(name, kind, value, partial=partial):
                texts.append(missing(full))
            elif value.get(name) is not None:
                try:
                    found[name] = kind.read(value[name], full)
                except BadValue as error:
                    texts += error.texts
        if texts:
            raise BadValue(*texts)
        return found

    def _absent(self, name: str, kind: Kind, value: Mapping[str, Any], *, partial: bool) -> bool:
        if name not in self.required:
            return False
        given = value.get(name)
        blank = isinstance(given, str) and not given.strip() and not getattr(kind, "blank", False)
        return blank or (given is None and not partial)


@dataclass(frozen=True)
class Many:
    """An array of objects."""

    shape: Shape

    def read(self, value: Any, where: str) -> Any:
        """Take an array."""
        if not isinstance(value, list):
            raise BadValue(f"Attribute '{where}' must be an array.")
        texts: list[str] = []
        found = []
        for number, each in enumerate(value):
            try:
                found.append(self.shape.read(each, f"{where}[{number}]"))
            except BadValue as error:
                texts += error.texts
        if texts:
            raise BadValue(*texts)
        return found


def read(shape: Shape, body: Any, *, partial: bool = False) -> Row:
    """Return the attributes of a body; raises `Refused` with everything that is wrong with it."""
    try:
        return shape.read(body, partial=partial)
    except BadValue as error:
        raise Refused(*error.texts) from None


def undeclared(kind: Kind, value: Any, name: str = "") -> Iterator[str]:
    """Yield the dotted names of members that no shape has."""
    if isinstance(kind, Many) and isinstance(value, list):
        for item in value:
            yield from undeclared(kind.shape, item, name)
    elif isinstance(kind, Shape) and isinstance(value, dict):
        for each, part in value.items():
            inner = f"{name}.{each}" if name else each
            if each in kind.members:
                yield from undeclared(kind.members[each], part, inner)
            else:
                yield inner
