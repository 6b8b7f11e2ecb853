"""Instances that lack a page, spell an answer in their own way, or have other fields than most."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    ObjectReadOnly,
    PermissionDenied,
    QuotaExhausted,
    RecordRejected,
    Stop,
    Unavailable,
    UnexpectedAnswer,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.target import has_field, plan, validator
from airflow_provider_mlconnector.mapping import FieldMap, Row, to
from airflow_provider_mlconnector.syncs.jde_to_marketo import COMPANIES, LEADS, OPPORTUNITIES

DESCRIBE2, DESCRIBE = "/rest/v1/leads/describe2.json", "/rest/v1/leads/describe.json"
COMPANY, OPPORTUNITY = "/rest/v1/companies/describe.json", "/rest/v1/opportunities/describe.json"
USAGE = "/rest/v1/stats/usage.json"
ERRORS = "/rest/v1/stats/errors.json"
PAGES = (
    COMPANY,
    OPPORTUNITY,
    "/rest/v1/opportunities/roles/describe.json",
    "/rest/v1/salespersons/describe.json",
    "/rest/v1/namedaccounts/describe.json",
)
WRITE = "/rest/v1/companies.json"
OLD = [{"dataType": "email", "length": 255, "rest": {"name": "email", "readOnly": False}}]
Build = Callable[..., dict[str, Any]]


def described(**types: str) -> dict[str, Any]:
    return {"fields": [{"name": name, "dataType": kind, "updateable": True} for name, kind in types.items()]}


@pytest.fixture
def instance(server: Any, success: Build) -> Any:
    """An instance with the keys alone."""
    server.answer("GET", DESCRIBE2, success(described(email="email")))
    server.answer("GET", COMPANY, success(described(externalCompanyId="string")))
    server.answer("GET", OPPORTUNITY, success(described(externalOpportunityId="string")))
    for path in (*PAGES[2:], ERRORS):
        server.answer("GET", path, {"status_code": 404, "text": "nothing here"})
    return server


# Default rows


@pytest.mark.parametrize(
    ("name", "rows", "sent"),
    [
        ("companies", COMPANIES, ["externalCompanyId"]),
        ("leads", LEADS, ["email", "externalCompanyId"]),
        ("opportunities", OPPORTUNITIES, ["externalOpportunityId", "externalCompanyId"]),
    ],
)
def test_default_rows_need_only_the_key(
    client: MarketoClient, instance: Any, name: str, rows: FieldMap, sent: list[str]
) -> None:
    """A default row goes where the instance has the field; the link to the company is there unlisted, too."""
    assert [row["target"] for row in plan(client, name, rows).rows] == sent


@pytest.mark.parametrize("rows", [COMPANIES, LEADS, OPPORTUNITIES])
def test_a_key_is_not_optional(rows: FieldMap) -> None:
    """Without its key no record can be written, so a key that is missing stops the run."""
    assert [row.target for row in rows.rows if not row.optional] == [rows.rows[0].target]


def test_a_users_row_stays_strict(client: MarketoClient, instance: Any) -> None:
    """The user's own row for a field that the instance has not is a mistake, also where the default is optional."""
    with pytest.raises(UnknownField, match="'fax'"):
        plan(client, "leads", LEADS.plus([Row("fax", ("F0115.PH1",))]))


def test_an_unlisted_link_has_its_length(client: MarketoClient, instance: Any) -> None:
    """A lead's link to its company is a text of up to 100 characters."""
    check = client.validator("leads")
    check({"externalCompanyId": "x" * 100})
    with pytest.raises(RecordRejected, match="longer than 100"):
        check({"externalCompanyId": "x" * 101})


# Describe


@pytest.mark.parametrize("missing", [405, 500, 501, "702", "611", "605", "1099"])
def test_describe2_that_does_not_work(
    client: MarketoClient, server: Any, success: Build, failure: Build, missing: int | str
) -> None:
    """Whatever an instance without the newer describe of leads says, the older one is asked."""
    server.answer("GET", DESCRIBE2, {"status_code": missing} if isinstance(missing, int) else failure(missing))
    server.answer("GET", DESCRIBE, success(*OLD))
    assert "email" in client.describe("leads").fields


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ("603", PermissionDenied),
        ("607", QuotaExhausted),
        ("1018", ObjectReadOnly),
        ({"status_code": 401}, CredentialsRejected),
        (requests.ConnectionError(), Unavailable),
    ],
)
def test_refusals_that_hold_for_both_describes(
    client: MarketoClient, server: Any, success: Build, failure: Build, refusal: Any, kind: type[Exception]
) -> None:
    """Login, permission, quota, CRM and a dead line are no matter of the older describe."""
    server.answer("GET", DESCRIBE2, failure(refusal) if isinstance(refusal, str) else refusal)
    server.answer("GET", DESCRIBE, success(*OLD))
    with pytest.raises(kind):
        client.describe("leads")
    assert not server.requests(DESCRIBE)


@pytest.mark.parametrize("refusal", [{"status_code": 404}, {"status_code": 500}, "610", "703"])
def test_leads_go_where_companies_cannot_be_described(
    client: MarketoClient, instance: Any, failure: Build, refusal: Any
) -> None:
    """What the describe of companies says about itself does not stop leads, nor cut their link."""
    instance.answer("GET", COMPANY, failure(refusal) if isinstance(refusal, str) else refusal)
    assert [row["target"] for row in plan(client, "leads", LEADS).rows] == ["email", "externalCompanyId"]
    assert has_field(client, "anything", name="companies")
    with pytest.raises((Stop, Unavailable)):
        plan(client, "companies", COMPANIES)


def test_a_dead_line_is_no_answer_about_companies(client: MarketoClient, instance: Any) -> None:
    """Whether companies are the CRM's is not guessed when nobody answered."""
    instance.answer("GET", COMPANY, requests.ConnectionError())
    with pytest.raises(Unavailable):
        plan(client, "leads", LEADS)


@pytest.mark.parametrize(
    ("length", "limit"), [("10", 10), (10, 10), (10.0, 10), ("", 255), ("long", 255), (None, 255), (0, 255)]
)
def test_a_length_in_another_form(client: MarketoClient, server: Any, success: Build, length: Any, limit: int) -> None:
    """A length may be a text; one that is none leaves the type's own limit."""
    server.answer("GET", COMPANY, success({"fields": [{"name": "company", "dataType": "string", "length": length}]}))
    check = client.validator("companies")
    check({"company": "x" * limit})
    with pytest.raises(RecordRejected, match=f"longer than {limit}"):
        check({"company": "x" * (limit + 1)})


# Values


@pytest.mark.parametrize(
    ("kind", "value", "fitted"),
    [
        ("integer", "7372", 7372),
        ("integer", "-5", -5),
        ("score", "0", 0),
        ("integer", Decimal("5.00"), 5),
        ("float", "12.50", Decimal("12.50")),
        ("currency", "3", 3),
        ("string", 1001, "1001"),
        ("string", Decimal("1.50"), "1.50"),
        ("text", 12, "12"),
    ],
)
def test_a_value_is_made_to_fit(
    client: MarketoClient, server: Any, success: Build, kind: str, value: Any, fitted: Any
) -> None:
    """Where an instance has another type than ours, a value goes over if that loses nothing."""
    server.answer("GET", COMPANY, success(described(externalCompanyId="string", sicCode=kind)))
    check = validator(plan(client, "companies", FieldMap((to("externalCompanyId", "T.A"), to("sicCode", "T.B")))))
    payload = {"externalCompanyId": "1", "sicCode": value}
    check(payload)
    assert (payload["sicCode"], type(payload["sicCode"])) == (fitted, type(fitted))


@pytest.mark.parametrize(
    ("kind", "value"),
    [("integer", "0111"), ("integer", "12a"), ("integer", Decimal("1.5")), ("float", "1e5"), ("string", True)],
)
def test_a_value_that_would_lose_something_is_refused(
    client: MarketoClient, server: Any, success: Build, kind: str, value: Any
) -> None:
    """A leading zero, a fraction or a flag has no place in the other type: the record is refused, not bent."""
    server.answer("GET", COMPANY, success(described(externalCompanyId="string", sicCode=kind)))
    check = validator(plan(client, "companies", FieldMap((to("externalCompanyId", "T.A"), to("sicCode", "T.B")))))
    payload = {"externalCompanyId": "1", "sicCode": value}
    with pytest.raises(RecordRejected, match="sicCode"):
        check(payload)
    assert payload["sicCode"] is value


# Check


@pytest.mark.parametrize("refusal", [{"status_code": 404}, {"status_code": 503}, "610", "607"])
def test_check_goes_on_without_the_other_pages(
    client: MarketoClient, instance: Any, failure: Build, refusal: Any
) -> None:
    """Every page but login and leads may be missing: a line each says so, and the check is good."""
    for path in (*PAGES, USAGE, ERRORS):
        instance.answer("GET", path, failure(refusal) if isinstance(refusal, str) else refusal)
    login, leads, *objects, errors, usage = client.check()
    assert login.startswith("logged in")
    assert leads.startswith("leads: 2 of 2 fields")
    assert len(objects) == 5
    assert all(": not available" in line for line in objects)
    assert errors.startswith("errors today: not available")
    assert "not available" in usage or "all calls of today are used" in usage


@pytest.mark.parametrize("day", [{"date": "2026-07-01", "total": "many"}, "today"])
def test_check_with_an_odd_usage(client: MarketoClient, instance: Any, success: Build, day: Any) -> None:
    """A usage that is no number is no usage."""
    instance.answer("GET", USAGE, success(day))
    assert client.check()[-1].startswith("calls used today: not available")
    with pytest.raises(UnexpectedAnswer):
        client.usage()


def test_check_needs_leads(client: MarketoClient, instance: Any) -> None:
    """Without leads there is nothing to connect to."""
    for path in (DESCRIBE2, DESCRIBE):
        instance.answer("GET", path, {"status_code": 404, "text": "nothing here"})
    with pytest.raises(Stop):
        client.check()
