"""A little AIS server behind requests-mock: enough rules of the data service to catch a reader that trusts it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import requests_mock

BASE = "https://ais.example.com:9300"
Row = dict[str, Any]
Handler = Callable[[Any, Any], Any]

COMPARE: dict[str, Callable[[Any, list[Any]], bool]] = {
    "EQUAL": lambda held, wanted: held == wanted[0],
    "NOT_EQUAL": lambda held, wanted: held != wanted[0],
    "GREATER": lambda held, wanted: held > wanted[0],
    "GREATER_EQUAL": lambda held, wanted: held >= wanted[0],
    "LESS_EQUAL": lambda held, wanted: held <= wanted[0],
    "BETWEEN": lambda held, wanted: wanted[0] <= held <= wanted[1],
    "LIST": lambda held, wanted: held in wanted,
    "STR_BLANK": lambda held, wanted: not str(held).strip(),
    "STR_NOT_BLANK": lambda held, wanted: bool(str(held).strip()),
}


class FakeAis:
    """Tables of rows keyed by alias, dates as YYYYMMDD; literals of dates are read as dd/MM/yyyy.

    `answers` holds prepared answers, taken before the fake thinks for itself: (path ending → list of keyword
    arguments of a requests-mock response).
    """

    def __init__(self, mocker: requests_mock.Mocker):
        self.tables: dict[str, list[Row]] = {}
        self.user_info: Row = {"simpleDateFormat": "dd/MM/yyyy", "timeZoneOffset": "UTC-05:00", "decimalFormat": "."}
        self.cap = 10_000
        self.lacking: set[str] = set()
        """Columns (`F0116.UPMJ`) that the site's tables do not have; asking for one fails the whole read."""
        self.unknown: dict[str, Any] = {"status": 500}
        """How the fake refuses them, besides its words."""
        self.forbidden: set[str] = set()
        """Tables that the user may not read."""
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.runs: dict[str, Callable[[Any], dict[str, Any]]] = {}
        """Orchestrations: path ending → what it does with a body, returning an answer as above."""
        self.calls: list[Any] = []
        self.logins = 0
        self.valid: set[str] = set()
        self._cursors: dict[str, tuple[Row, list[Row]]] = {}
        mocker.register_uri(requests_mock.ANY, requests_mock.ANY, content=self._answer)

    def bodies(self, ending: str = "/dataservice") -> list[Any]:
        """Return the JSON bodies that came in at a path."""
        return [json.loads(call.text or "null") for call in self.calls if urlsplit(call.url).path.endswith(ending)]

    def reads(self, table: str) -> int:
        """Return how many BROWSE requests came for a table."""
        return sum(1 for body in self.bodies() if body["targetName"] == table)

    def _answer(self, request: Any, context: Any) -> bytes:
        self.calls.append(request)
        path = urlsplit(request.url).path
        context.headers["Content-Type"] = "application/json"
        if prepared := next((given for ending, given in self.answers.items() if given and path.endswith(ending)), None):
            return self._prepared(prepared.pop(0), context)
        if path.endswith("/tokenrequest"):
            return self._login()
        if path.endswith(("/logout", "/defaultconfig")):
            return b'{"aisVersion": "9.2.8", "requiredCapabilityMissing": false}'
        if request.headers.get("jde-AIS-Auth") not in self.valid and "Authorization" not in request.headers:
            return self._prepared({"status": 444, "json": {"message": "Invalid Token"}}, context)
        if path.endswith("/dataservice/next"):
            return self._next(request, context)
        run = next((run for ending, run in self.runs.items() if path.endswith(ending)), None)
        if run:
            return self._prepared(run(request.json()), context)
        return self._refused(request, context) or self._browse(request.json())

    def _refused(self, request: Any, context: Any) -> bytes:
        if request.json()["targetName"] in self.forbidden:
            return self._prepared({"status": 403, "json": {"message": "Authorization Failure"}}, context)
        asked = set(re.findall(r"F\w+\.\w+", request.text)) & self.lacking
        if asked:
            refusal = {"json": {"message": f"Column {min(asked)} is not valid", "exception": "a.B"}, **self.unknown}
            return self._prepared(refusal, context)
        return b""

    def _prepared(self, answer: dict[str, Any], context: Any) -> bytes:
        if "exc" in answer:
            raise answer["exc"]
        context.status_code = answer.get("status", 200)
        if "json" in answer:
            return json.dumps(answer["json"]).encode()
        context.headers["Content-Type"] = "text/html"
        return str(answer["text"]).encode()

    def _login(self) -> bytes:
        self.logins += 1
        token = f"044token{self.logins}+/="
        self.valid.add(token)
        return json.dumps({"username": "SVC", "userInfo": {**self.user_info, "token": token}}).encode()

    def _browse(self, body: Row) -> bytes:
        table = body["targetName"]
        rows = [row for row in self.tables.get(table, []) if self._matches(row, body.get("query"))]
        if body["dataServiceType"] == "COUNT":
            return json.dumps({f"ds_{table}": {"count": len(rows)}}).encode()
        order = [entry["column"].partition(".")[2] for entry in body.get("aggregation", {}).get("orderBy", [])]
        rows.sort(key=lambda row: [row.get(alias, 0) for alias in order])
        return self._page(body, rows)

    def _page(self, body: Row, rows: list[Row]) -> bytes:
        table, size = body["targetName"], min(int(body["maxPageSize"]), self.cap)
        columns = [name.partition(".")[2] for name in body["returnControlIDs"].split("|")]
        shown = [{f"{table}_{alias}": row[alias] for alias in columns if alias in row} for row in rows[:size]]
        rest = rows[size:]
        answer: Row = {
            f"fs_DATABROWSE_{table}": {
                "data": {"gridData": {"rowset": shown, "summary": {"records": len(shown), "moreRecords": bool(rest)}}},
                "errors": [],
                "warnings": [],
            },
            "sysErrors": [],
        }
        if body["enableNextPageProcessing"] and rest:
            rid = f"r{len(self._cursors)}"
            self._cursors[rid] = (body, rest)
            href = f"http://ais-internal:7001/jderest/v2/dataservice/next?rid={rid}&token=raw+/=&outputType=GRID_DATA"
            answer["links"] = [{"rel": "next", "href": href}]
        return json.dumps(answer).encode()

    def expire_cursors(self) -> None:
        """What JAS does after 60 seconds."""
        self._cursors = {rid: ({}, []) for rid in self._cursors}

    def _next(self, request: Any, context: Any) -> bytes:
        query = parse_qs(urlsplit(request.url).query)
        body, rows = self._cursors[query["rid"][0]]
        if not body:
            gone = {"sysErrors": [{"TITLE": "JAS_MSG347: results expired", "DESC": "JAS_MSG347"}]}
            return self._prepared({"status": 500, "json": gone}, context)
        return self._page(body, rows)

    def _matches(self, row: Row, query: Row | None) -> bool:
        if not query:
            return True
        if "complexQuery" in query:
            result = True
            for part in query["complexQuery"]:
                holds = self._matches(row, part["query"])
                result = (result and holds) if part["andOr"] == "AND" else (result or holds)
            return result
        found = [self._holds(row, condition) for condition in query["condition"]]
        return all(found) if query["matchType"] == "MATCH_ALL" else any(found)

    def _holds(self, row: Row, condition: Row) -> bool:
        alias = condition["controlId"].partition(".")[2]
        held = row.get(alias, "")
        wanted = [self._literal(held, value["content"]) for value in condition["value"]]
        return COMPARE[condition["operator"]](held, wanted) if None not in wanted else False

    @staticmethod
    def _literal(held: Any, content: str) -> Any:
        if "/" in content:
            day, month, year = content.split("/")
            # A literal that is no date in the user's format matches nothing, and nothing is said about it.
            return f"{year}{month}{day}" if int(month) <= 12 and len(year) == 4 else None
        if isinstance(held, int | float):
            return float(content)
        is_date = isinstance(held, str) and len(held) == 8 and held.isdigit() and held[:2] in ("19", "20")
        # MCU is stored right-justified, and literals are justified like it.
        return None if is_date else content.rjust(len(held)) if isinstance(held, str) and held[:1] == " " else content


def timed_out() -> dict[str, Any]:
    """Return a prepared answer that never comes."""
    return {"exc": requests.exceptions.ReadTimeout("too late")}
