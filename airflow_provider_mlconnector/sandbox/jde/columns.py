"""How a JD Edwards column is declared, held and shown.

Tables hold logical values: text without padding, dates as `YYYYMMDD` (blank date = ""), numbers as int or Decimal with
decimals applied. What AIS sends differs by column: padded, `" "`, `""`, or no key at all for a blank (jde.md §3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Value = str | int | Decimal
Row = tuple[Value, ...]

ABSENT = None
"""What `Column.show` returns for a value whose key is left out of the answer."""

TEXT, DATE, INTEGER, DECIMAL = "text", "date", "integer", "decimal"
_KINDS = {"s": TEXT, "m": TEXT, "d": DATE, "n": INTEGER, "t": INTEGER, "a": DECIMAL}


@dataclass(frozen=True)
class Column:
    """One column.

    `kind` is text, date, integer or decimal; `length` in characters (text) or decimals (decimal); `show` turns the held
    value into what AIS puts into a row, None = the key is absent.
    """

    alias: str
    kind: str
    length: int
    title: str
    show: Callable[[Any], Any] = field(compare=False)

    @property
    def blank(self) -> Value:
        """The value of a column nobody filled in."""
        return "" if self.kind in (TEXT, DATE) else 0

    def hold(self, value: Any) -> Value:
        """Return `value` as the table holds it; raises ValueError. Over-long text is kept, for tests that want it."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return self.blank
        if self.kind == TEXT:
            return str(value).strip()
        if self.kind == DATE:
            return _date_text(str(value))
        return int(value) if self.kind == INTEGER else Decimal(str(value))


def _date_text(text: str) -> str:
    digits = text.replace("-", "")
    if not re.fullmatch(r"\d{8}", digits):
        raise ValueError(f"{text!r} is not a date (YYYYMMDD or YYYY-MM-DD)")
    return digits


def parse_columns(declaration: str, titles: dict[str, str]) -> tuple[Column, ...]:
    """Return the columns of a declaration such as `AN8:n ALPH:s40 MCU:m AC01-AC30:s3 ACL:a0 UPMJ:d UPMT:t`.

    Kinds: `sN` text of N characters, `m` business unit (12, right-justified), `n` whole number, `aN` number with N
    decimals, `d` date, `t` time HHMMSS. After a kind: `p` padded with blanks, `?` absent when blank, `-` "" when blank.
    """
    columns: list[Column] = []
    for word in declaration.split():
        names, _, kind = word.partition(":")
        matched = re.fullmatch(r"([smdnta])(\d*)([p?-]?)", kind)
        if matched is None:
            raise ValueError(f"cannot read column declaration {word!r}")
        letter, length, flag = matched.groups()
        for alias in _aliases(names):
            show = _shower(letter, int(length or 0), flag)
            columns.append(Column(alias, _KINDS[letter], int(length or 0), titles.get(alias, alias), show))
    return tuple(columns)


def _aliases(names: str) -> list[str]:
    """Expand `AC01-AC30`."""
    first, _, last = names.partition("-")
    if not last:
        return [first]
    stem, start = re.fullmatch(r"(.*?)(\d+)", first).groups()  # type: ignore[union-attr]
    end = last[len(stem) :]
    return [f"{stem}{number:0{len(start)}d}" for number in range(int(start), int(end) + 1)]


def _shower(letter: str, length: int, flag: str) -> Callable[[Any], Any]:
    if letter == "m":
        return lambda text: text.rjust(12) if text else " "
    if letter == "d":
        return (lambda text: text or ABSENT) if flag == "?" else (lambda text: text)
    if letter != "s":
        return lambda number: number
    if flag == "p":
        return lambda text: text.ljust(length)
    blank = {"?": ABSENT, "-": ""}.get(flag, " ")
    return lambda text: text or blank
