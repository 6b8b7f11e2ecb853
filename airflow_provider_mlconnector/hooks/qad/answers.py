"""What an instance answers: JSON documents, the failures in them, and the pages of a browse.

A refusal usually comes with HTTP 200: `{"submitResult": {"success": false, "errors": [...]}}`, or bare
`{"errors": [{"severity", "code", "message", "fieldName"}]}` from the gateway. Fields may be absent, null or "" alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import requests

from airflow_provider_mlconnector.digits import count
from airflow_provider_mlconnector.transport.body import loads

LOGIN_PAGE = re.compile(
    rb"j_spring_security_check|j_password|type=[\"']?password|<title>[^<]*\b(?:log|sign)[ -]?[io]n\b", re.IGNORECASE
)
MARKUP = re.compile(rb"\s*<(?:!doctype|html|head|body|form|\?xml)", re.IGNORECASE)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a browse: flat rows with dotted names; `more` is None where the answer does not say.

    :param number: from 1.
    :param read_at: when it was asked for (UTC).
    """

    rows: list[Row]
    number: int
    more: bool | None
    read_at: datetime
    ms: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One error entry: the vendor's code, words and field."""

    code: str
    message: str
    field: str

    @classmethod
    def of(cls, entry: Any) -> Problem:
        """Read an entry, which may be its words alone."""
        if not isinstance(entry, Mapping):
            return cls("", str(entry), "")
        texts = (entry.get(name) for name in ("code", "message", "fieldName"))
        return cls(*("" if text is None else str(text).strip() for text in texts))


def document_of(response: requests.Response) -> Any:
    """Return the JSON of an answer, None where it has none; decoded once."""
    known: tuple[Any] | None = getattr(response, "mlc_document", None)
    if known is None:
        try:
            known = (loads(response.content),)
        except msgspec.DecodeError:
            known = (None,)
        response.mlc_document = known  # type: ignore[attr-defined]
    return known[0]


def is_markup(response: requests.Response) -> bool:
    """Whether the answer is a page for people."""
    return "html" in response.headers.get("Content-Type", "").lower() or bool(MARKUP.match(response.content[:512]))


def is_login_page(response: requests.Response) -> bool:
    """Whether the answer is the page that asks people to log in."""
    return is_markup(response) and bool(LOGIN_PAGE.search(response.content[:100_000]))


def submit_failed(document: Any) -> list[Problem] | None:
    """Return the problems of a refused submit; None where nothing was submitted or it was accepted."""
    result = document.get("submitResult") if isinstance(document, Mapping) else None
    if not isinstance(result, Mapping):
        return None
    problems = [Problem.of(entry) for entry in listed(result.get("errors"))]
    success = result.get("success")
    if is_false(success) or (success is None and problems):
        return problems
    return None


def bare_problems(document: Any) -> list[Problem]:
    """Return the errors that stand in an answer on their own."""
    if not isinstance(document, Mapping) or isinstance(document.get("submitResult"), Mapping):
        return []
    return [Problem.of(entry) for entry in listed(document.get("errors"))]


def rows_of(document: Any) -> list[Row]:
    """Return the rows of a browse's answer."""
    data = document.get("data") if isinstance(document, Mapping) else None
    if isinstance(data, Mapping):
        data = next((value for value in data.values() if isinstance(value, list)), None)
    return [row for row in listed(data) if isinstance(row, dict)]


def more_of(document: Any) -> bool | None:
    """Return the flag for further pages, a string in practice; the vendor's spelling of its place is his own."""
    for place in ("auxillaryData", "auxiliaryData"):
        found = document.get(place) if isinstance(document, Mapping) else None
        if isinstance(found, Mapping):
            flag = found.get("HasMoreParams", found.get("hasMoreParams"))
            if flag not in (None, ""):
                return not is_false(flag)
    return None


def records_of(document: Any, plural: str) -> list[Row]:
    """Return the records of a document read: under `data` or at the top level."""
    for place in _places(document):
        found = place.get(plural)
        if found is None:
            found = next((value for name, value in place.items() if name.lower() == plural.lower()), None)
        if found is not None:
            return [entry for entry in listed(found) if isinstance(entry, dict)]
    data = document.get("data") if isinstance(document, Mapping) else None
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


def _places(document: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, Mapping):
        if isinstance(document.get("data"), Mapping):
            yield document["data"]
        yield document


def number_in(document: Any) -> int | None:
    """Return the one number of a count's answer, wherever it stands; None where there is none."""
    if isinstance(document, bool) or document is None:
        return None
    if isinstance(document, int):
        return document
    if isinstance(document, str):
        return count(document)
    if isinstance(document, Mapping):
        entries = {str(name).lower(): value for name, value in document.items()}
        ordered = [entries[name] for name in ("totalcount", "count", "total", "data") if name in entries]
        return next((n for n in map(number_in, [*ordered, *entries.values()]) if n is not None), None)
    if isinstance(document, list):
        return number_in(document[0]) if len(document) == 1 else None
    return None


def is_false(value: Any) -> bool:
    """Whether a flag says no; flags come as booleans and as text."""
    return str(value).strip().lower() in ("false", "no", "n", "0")


def plain(value: Any) -> Any:
    """Return a value stripped, None when it is blank."""
    return (value.strip() or None) if isinstance(value, str) else value


def listed(value: Any) -> list[Any]:
    """Return a list whether the server sends one, a single entry or nothing."""
    return value if isinstance(value, list) else [value] if value else []
