"""As much of an AIS server as reading customers needs."""

from __future__ import annotations

import json

import msgspec

from benchmarks.book import Book
from benchmarks.data import FIRST, PATTERNS, changed_numbers, tails

TOKEN = "044bench"
VENDORS = "F0401"
"""There are none; who looks for vendors finds an empty table."""
OF_PATTERN, OWN = b'"info@', b'"info-%d@'
"""An e-mail address as its pattern has it, and as the customer does: no two have the same."""


class Literal(msgspec.Struct):
    """A value of a condition."""

    content: str


class Condition(msgspec.Struct):
    """One comparison."""

    control: str = msgspec.field(name="controlId")
    operator: str = ""
    value: list[Literal] = []


class Where(msgspec.Struct):
    """A flat query: all conditions hold."""

    condition: list[Condition]


class Request(msgspec.Struct):
    """A BROWSE."""

    target: str = msgspec.field(name="targetName")
    columns: str = msgspec.field(name="returnControlIDs", default="")
    size: str = msgspec.field(name="maxPageSize", default="100")
    query: Where | None = None


_request = msgspec.json.Decoder(Request)


class Ais:
    """Answers logins and data requests about customers `FIRST` … `FIRST + customers - 1`."""

    def __init__(self, customers: int, book: Book):
        self._end, self._book = FIRST + customers, book
        self._changed = changed_numbers(customers)
        info = {"token": TOKEN, "simpleDateFormat": "yyyyMMdd", "decimalFormat": ".", "timeZoneOffset": "UTC-05:00"}
        self._login = json.dumps({"username": "BENCH", "environment": "JPD920", "userInfo": info}).encode()

    def login(self, _: bytes) -> tuple[bytes, float]:
        """Any user may."""
        return self._login, self._book.read

    def logout(self, _: bytes) -> tuple[bytes, float]:
        """There is no session to end."""
        return b"{}", 0.0

    def data(self, body: bytes) -> tuple[bytes, float]:
        """Answer a BROWSE: rows of a LIST of numbers, or numbers in ascending order."""
        request = _request.decode(body)
        size = int(request.size)
        conditions = request.query.condition if request.query else []
        numbers, listed = self._numbers(conditions, size) if request.target != VENDORS else ([], False)
        self._book.page((request.target, request.columns, listed, numbers[0] if numbers else 0))
        names = tuple(column.partition(".")[2] for column in request.columns.split("|"))
        table = request.target
        made = self._rows(table, tuple(name for name in names if name != "AN8"), numbers)
        more = len(made) > size
        return _grid(table, made[:size], more=more), self._book.read

    def _numbers(self, conditions: list[Condition], size: int) -> tuple[list[int], bool]:
        after, dated = FIRST - 1, False
        for condition in conditions:
            alias = condition.control.partition(".")[2]
            if condition.operator == "LIST":
                return [int(literal.content) for literal in condition.value], True
            if alias == "AN8":
                after = int(condition.value[0].content)
            dated = dated or alias in ("UPMJ", "EFTB")
        if dated:
            return [number for number in self._changed if number > after][: size + 1], False
        return list(range(after + 1, min(after + size + 2, self._end))), False

    @staticmethod
    def _rows(table: str, aliases: tuple[str, ...], numbers: list[int]) -> list[bytes]:
        name = b'{"%s_AN8":%%d' % table.encode()
        if not aliases:
            return [name % number + b"}" for number in numbers]
        of_pattern = tails(table, aliases)
        if table != "F01151":
            return [name % number + tail for number in numbers for tail in of_pattern[number % PATTERNS]]
        own = [(number, OWN % number) for number in numbers]
        return [name % n + tail.replace(OF_PATTERN, mail) for n, mail in own for tail in of_pattern[n % PATTERNS]]


def _grid(table: str, rows: list[bytes], *, more: bool) -> bytes:
    head = b'{"fs_DATABROWSE_%s":{"title":"Data Browser","data":{"gridData":{"id":54,"rowset":[' % table.encode()
    tail = b'],"summary":{"records":%d,"moreRecords":%s}}},"errors":[],"warnings":[]},"sysErrors":[]}'
    return head + b",".join(rows) + tail % (len(rows), b"true" if more else b"false")
