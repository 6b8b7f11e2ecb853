from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.marketo.client import Api

TYPES = {
    "aBoolean": "boolean",
    "aDate": "date",
    "aDatetime": "datetime",
    "aFloat": "float",
    "aCurrency": "currency",
    "anInteger": "integer",
    "aPercent": "percent",
    "anEmail": "email",
    "aPhone": "phone",
    "aUrl": "url",
    "aString": "string",
    "aText": "text",
}


@pytest.fixture(scope="module")
def api() -> Api:
    fields = [
        {"object": "companies", "name": name, "dataType": kind, "length": 10 if kind == "string" else None}
        for name, kind in TYPES.items()
    ]
    return Api(fields=fields, calls_per_window=1000)


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("aBoolean", False, False),
        ("aDate", "2026-02-28", "2026-02-28"),
        ("aDatetime", "2026-02-28T23:30:00-05:00", "2026-03-01T04:30:00Z"),
        ("aDatetime", "2026-02-28T23:30:00Z", "2026-02-28T23:30:00Z"),
        ("aDatetime", "2026-02-28T23:30:00+0100", "2026-02-28T22:30:00Z"),
        ("aFloat", 1.5, 1.5),
        ("aFloat", -2, -2),
        ("aCurrency", 1604.47, 1604.47),
        ("aCurrency", "1604.47", 1604.47),
        ("anInteger", 2**63 - 1, 2**63 - 1),
        ("aPercent", 0, 0),
        ("anEmail", "o'brien+x@sub.example.co", "o'brien+x@sub.example.co"),
        ("aPhone", "+47 22 00 00 00 ext 5", "+47 22 00 00 00 ext 5"),
        ("aUrl", "https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("aString", "0123456789", "0123456789"),
        ("aText", "Grüße\n" * 1000, "Grüße\n" * 1000),
    ],
)
def test_good_values(api: Api, name: str, value: Any, stored: Any) -> None:
    """A value of the right type is stored; times read back in UTC with a `Z`."""
    assert api.sync("companies", {"externalCompanyId": "K", name: value}) in (["created"], ["updated"])
    query = {"filterType": "externalCompanyId", "filterValues": "K", "fields": name}
    assert api.get("companies", **query)["result"][0][name] == stored


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("aBoolean", 1, "1001"),
        ("aBoolean", "true", "1001"),
        ("aDate", "2026-02-30", "1001"),
        ("aDate", "20260228", "1001"),
        ("aDate", "2026-02-28T00:00:00Z", "1001"),
        ("aDatetime", "2026-02-28", "1001"),
        ("aDatetime", "2026-02-28T23:30:00", "1001"),
        ("aDatetime", "2026-02-28 23:30:00Z", "1001"),
        ("aDatetime", 1767225600, "1001"),
        ("aFloat", "a lot", "1001"),
        ("aFloat", True, "1001"),
        ("aCurrency", "1,604.47", "1001"),
        ("anInteger", "5", "1001"),
        ("anInteger", 5.5, "1001"),
        ("anInteger", 2**63, "1001"),
        ("anInteger", True, "1001"),
        ("anEmail", "a@b", "1003"),
        ("anEmail", 5, "1001"),
        ("aUrl", "example.com", "1001"),
        ("aString", 5, "1001"),
        ("aString", ["a"], "1001"),
        ("aString", {"a": 1}, "1001"),
        ("aString", "0123456789x", "1077"),
        ("aText", "x" * 30_001, "1077"),
        ("aText", "ü" * 15_001, "1077"),
    ],
)
def test_bad_values(api: Api, name: str, value: Any, expected: str) -> None:
    """A value of the wrong type is skipped with 1001, a text too long (texts count bytes) with 1077."""
    assert api.sync("companies", {"externalCompanyId": "K", name: value}) == [expected]


def test_message_of_a_wrong_type(api: Api) -> None:
    """The reason names the value and the type."""
    reason = api.post("companies", input=[{"externalCompanyId": "K", "anInteger": "x"}])["result"][0]["reasons"][0]
    assert reason["message"] == "Invalid value 'x'. Required of type 'integer'"


def test_infinity(api: Api) -> None:
    """A number too large for a double is no number."""
    body = b'{"input": [{"externalCompanyId": "K", "aFloat": 1e999}]}'
    headers = {"Content-Type": "application/json"}
    answer = api.send("POST", "/rest/v1/companies.json", data=body, headers=headers).json()
    assert answer["result"][0]["reasons"][0]["code"] == "1001"
