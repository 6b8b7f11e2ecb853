"""Conditions in FIQL, as `flt` takes them: `FIELD==v`, `FIELD>=v`, `FIELD=in=(a,b)`, joined by `;`.

Values that hold characters of the language are quoted, as in RSQL. A `*` may be read as a wildcard all the same, and a
server may ignore a filter that it does not know, so whoever looks for a record compares what comes back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from airflow_provider_mlconnector.hooks.jaggaer.settings import Filter

Value = str | int | Decimal | date | bool
SPECIAL = re.compile(r"[\s\"'();,=!~<>\\*]")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")


class Fiql:
    """Writes conditions with the Connection's templates."""

    def __init__(self, settings: Filter):
        self._settings = settings

    def eq(self, field: str, value: Value) -> str:
        """Return `field is value`."""
        return self._fill(self._settings.eq, field, self.literal(value))

    def ge(self, field: str, value: Value) -> str:
        """Return `field is value or more`."""
        return self._fill(self._settings.ge, field, self.literal(value))

    def any_of(self, field: str, values: Sequence[Value]) -> str:
        """Return `field is one of values`."""
        if len(values) == 1:
            return self.eq(field, values[0])
        return self._fill("{f}=in=({v})", field, ",".join(self.literal(value) for value in values))

    def both(self, *conditions: str) -> str:
        """Return the condition that needs all of these; empty ones are left out."""
        return self._settings.join.join(condition for condition in conditions if condition)

    def literal(self, value: Value) -> str:
        """Return a value as it stands in a condition; instants in UTC, in the Connection's `time_format`."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, datetime):
            moment = value.astimezone(UTC) if value.tzinfo else value
            return quoted(moment.strftime(self._settings.time_format))
        if isinstance(value, Decimal):
            return format(value, "f")
        return quoted(str(value))

    @staticmethod
    def _fill(template: str, field: str, literal: str) -> str:
        if not NAME.fullmatch(field):
            raise ValueError(f"'{field}' is no name of a field")
        # In one pass: a value that holds {f} or {v} stays as it is.
        return re.sub(r"\{([fv])\}", lambda found: field if found[1] == "f" else literal, template)


def quoted(text: str) -> str:
    """Return a text as a literal: in double quotes where it is empty or holds a character of the language."""
    if text and not SPECIAL.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
