from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import RecordRejected, UnknownField
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.target import (
    MOVE,
    UPSERT,
    MarketoObject,
    has_field,
    plan,
    prefixed,
    validator,
)
from airflow_provider_mlconnector.mapping import FieldMap, Row, to
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

LEADS, FIND = "/rest/v1/leads.json", "/rest/v1/leads.json"
COMPANIES = "/rest/v1/companies/describe.json"
LEAD_MAP = FieldMap((to("email", "T.MAIL"), to("externalCompanyId", "T.AN8", convert="text"), to("title", "T.X")))


def described(*names: str, **more: Any) -> dict[str, Any]:
    fields = [{"name": name, "dataType": "string", "length": 10, "updateable": True} for name in names]
    return {"fields": fields, **more}


@pytest.fixture
def instance(server: Any, success: Callable[..., Any]) -> Any:
    """Leads and companies with a few fields."""
    leads = described("email", "title", "externalCompanyId", "score", dedupeFields=["email"], idField="id")
    companies = described("externalCompanyId", "company", dedupeFields=["externalCompanyId"], idField="id")
    server.answer("GET", "/rest/v1/leads/describe2.json", success(leads))
    server.answer("GET", COMPANIES, success(companies))
    return server


def ready(key: str, email: str, moved_from: str | None = None) -> Ready:
    return Ready(key, {"email": email, "title": key}, moved_from)


def ok(*statuses: str) -> list[dict[str, Any]]:
    return [{"id": n, "status": status} for n, status in enumerate(statuses, 1)]


def skipped(code: str) -> dict[str, Any]:
    return {"status": "skipped", "reasons": [{"code": code, "message": "no such lead"}]}


# Batches


def test_an_object_tells_its_limits(make_client: Callable[..., MarketoClient]) -> None:
    """Batch and bytes of the vendor, concurrency of the Connection, at least one."""
    target = MarketoObject(make_client(max_concurrency=2.5), "leads")
    assert (target.max_batch, target.max_bytes, target.concurrency) == (300, 950_000, 2)
    assert MarketoObject(make_client(max_concurrency=0.5), "leads").concurrency == 1


def test_only_leads_with_a_new_address_move(client: MarketoClient) -> None:
    """They go apart, and first; another object's key is not its address."""
    assert MOVE < UPSERT
    leads, companies = MarketoObject(client, "leads"), MarketoObject(client, "companies")
    assert (leads.group(ready("1", "a@x.example", "5")), leads.group(ready("1", "a@x.example"))) == (MOVE, UPSERT)
    assert companies.group(ready("1", "a@x.example", "5")) == UPSERT


def test_a_plain_batch_is_one_upsert(client: MarketoClient, server: Any, success: Callable[..., Any]) -> None:
    """By the object's own key, one answer per record."""
    server.answer("POST", LEADS, success(*ok("created", "updated")))
    results = MarketoObject(client, "leads").deliver(UPSERT, [ready("1", "a@x.example"), ready("2", "b@x.example")])
    assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.UPDATED]
    (body,) = server.bodies(LEADS)
    assert (body["action"], body["lookupField"]) == ("createOrUpdate", "email")


def posts(server: Any) -> list[Any]:
    return [request.json() for request in server.requests(LEADS) if request.method == "POST"]


def test_a_lead_gets_its_new_address_by_its_id(client: MarketoClient, server: Any, success: Callable[..., Any]) -> None:
    """The address is free: the lead keeps its history under the new one."""
    server.answer("GET", FIND, success())
    server.answer("POST", LEADS, success(*ok("updated")))
    (result,) = MarketoObject(client, "leads").deliver(MOVE, [ready("1", "new@x.example", "55")])
    assert result.outcome is Outcome.UPDATED
    (body,) = posts(server)
    assert (body["action"], body["lookupField"]) == ("updateOnly", "id")
    assert body["input"] == [{"email": "new@x.example", "title": "1", "id": 55}]


def test_an_address_that_is_taken_decides(client: MarketoClient, server: Any, success: Callable[..., Any]) -> None:
    """The lead that has it is updated, whatever the case of its letters; no two leads get one address."""
    server.answer("GET", FIND, success({"id": 9, "email": "New@X.example"}))
    server.answer("POST", LEADS, success(*ok("updated")))
    MarketoObject(client, "leads").deliver(MOVE, [ready("1", "NEW@x.example", "55")])
    (body,) = posts(server)
    assert (body["action"], body["lookupField"]) == ("createOrUpdate", "email")
    assert "id" not in body["input"][0]


@pytest.mark.parametrize("code", ["1004", "1013"])
def test_a_lead_that_is_gone_is_made_anew(
    client: MarketoClient, server: Any, success: Callable[..., Any], code: str
) -> None:
    """Someone has deleted or merged it; its answers come back in the batch's order."""
    server.answer("GET", FIND, success())
    server.answer(
        "POST", LEADS, success(skipped(code), {"id": 56, "status": "updated"}), success({"id": 70, "status": "created"})
    )
    batch = [ready("1", "a@x.example", "55"), ready("2", "b@x.example", "56")]
    results = MarketoObject(client, "leads").deliver(MOVE, batch)
    assert [(result.outcome, result.target_id) for result in results] == [
        (Outcome.CREATED, "70"),
        (Outcome.UPDATED, "56"),
    ]
    assert [record["email"] for record in posts(server)[1]["input"]] == ["a@x.example"]


def test_a_lead_refused_for_another_reason_stays_refused(
    client: MarketoClient, server: Any, success: Callable[..., Any]
) -> None:
    """It is not sent a second time under its address."""
    server.answer("GET", FIND, success())
    server.answer("POST", LEADS, success(skipped("1006")))
    (result,) = MarketoObject(client, "leads").deliver(MOVE, [ready("1", "a@x.example", "55")])
    assert (result.outcome, result.code, len(posts(server))) == (Outcome.REJECTED, "1006", 1)


def test_one_lead_moves_once(client: MarketoClient, server: Any, success: Callable[..., Any]) -> None:
    """Two contacts that shared a lead, each with an address of its own now: the second must not take it away."""
    server.answer("GET", FIND, success())
    server.answer("POST", LEADS, success(*ok("updated")), success(*ok("created")), success(*ok("created")))
    target = MarketoObject(client, "leads")
    target.deliver(MOVE, [ready("1", "a@x.example", "55"), ready("2", "b@x.example", "55")])
    target.deliver(MOVE, [ready("3", "c@x.example", "55")])
    by_id, *others = posts(server)
    assert [record["email"] for record in by_id["input"]] == ["a@x.example"]
    assert [[record["email"] for record in body["input"]] for body in others] == [["b@x.example"], ["c@x.example"]]


# Plans


def test_optional_rows_that_the_instance_has_not_are_dropped(client: MarketoClient, instance: Any) -> None:
    """A default row for a custom field is sent only where there is one; the schema is of what is sent."""
    found = plan(client, "leads", LEAD_MAP.plus([to("sicCode", "T.SIC", optional=True)]))
    assert [row["target"] for row in found.rows] == ["email", "externalCompanyId", "title"]
    assert {field["name"] for field in (found.schema or {})["fields"]} == {"email", "externalCompanyId", "title"}
    assert (found.read_only, found.not_configured) == (None, None)


def test_a_users_row_for_an_unknown_field_is_refused_with_the_nearest(client: MarketoClient, instance: Any) -> None:
    """Before anything is read."""
    with pytest.raises(UnknownField, match=r"has no field 'titel'; nearest are: title"):
        plan(client, "leads", LEAD_MAP.plus([Row("titel", ("T.X",))]))


def test_leads_go_without_their_company_where_companies_are_read_only(
    client: MarketoClient, instance: Any, failure: Callable[..., Any]
) -> None:
    """The native CRM sync owns companies: leads are written, without the link."""
    instance.answer("GET", COMPANIES, failure("1018"))
    assert [row["target"] for row in plan(client, "leads", LEAD_MAP).rows] == ["email", "title"]
    found = plan(client, "companies", FieldMap((to("company", "T.X"),)))
    assert (found.read_only or ("",))[0] == "1018"
    assert found.schema is None
    validator(found)({"anything": 1})


def test_leads_go_without_their_company_where_the_user_may_not_see_companies(
    client: MarketoClient, instance: Any, failure: Callable[..., Any]
) -> None:
    """A service without permission for companies still writes leads."""
    instance.answer("GET", COMPANIES, failure("603"))
    assert [row["target"] for row in plan(client, "leads", LEAD_MAP).rows] == ["email", "title"]


def test_the_sources_id_and_change_time_go_where_the_connection_says(
    make_client: Callable[..., MarketoClient], instance: Any
) -> None:
    """Each into its custom field; one that the instance has not is left out."""
    found = plan(make_client(source_id_field="score", source_modified_field="nowhere"), "leads", LEAD_MAP)
    (row,) = [row for row in found.rows if row["target"] in ("score", "nowhere")]
    assert (row["target"], row["sources"]) == ("score", ("record_key",))


@pytest.mark.parametrize(("kind", "convert"), [("date", "date"), ("datetime", "instant"), ("string", "instant")])
def test_the_change_time_goes_as_its_field_takes_it(
    make_client: Callable[..., MarketoClient], instance: Any, success: Callable[..., Any], kind: str, convert: str
) -> None:
    """A custom field of days gets the day: an instant would be refused, and with it every record."""
    leads = described("email", "title", "externalCompanyId", dedupeFields=["email"], idField="id")
    leads["fields"].append({"name": "erpChanged", "dataType": kind, "updateable": True})
    instance.answer("GET", "/rest/v1/leads/describe2.json", success(leads))
    found = plan(make_client(source_modified_field="erpChanged"), "leads", LEAD_MAP)
    assert [row["convert"] for row in found.rows if row["target"] == "erpChanged"] == [convert]


def test_a_prefix_keeps_two_sources_apart(make_client: Callable[..., MarketoClient]) -> None:
    """Before the object's key, behind whatever the row converts; no other row has it."""
    rows = FieldMap((to("id", "T.A", "T.B"), to("other", "T.A")))
    changed = prefixed(make_client(external_id_prefix="JDE-"), rows, "id")
    assert changed.function({"T.A": 1, "T.B": 2}) == {"id": "JDE-1 2", "other": 1}
    assert prefixed(make_client(), rows, "id") is rows
    assert changed.version != rows.version


def test_the_validator_knows_types_and_lengths_from_the_staged_plan(client: MarketoClient, instance: Any) -> None:
    """A value that the vendor would refuse is refused here, by the field's name and without the value."""
    found = plan(client, "leads", LEAD_MAP)
    check = validator(Plan(found.rows, found.schema))
    check({"email": "a@x.io", "title": "short"})
    with pytest.raises(RecordRejected, match="title") as refused:
        check({"email": "a@x.io", "title": "much longer than ten"})
    assert "much longer" not in refused.value.message


def test_whether_a_field_is_there(client: MarketoClient, instance: Any, failure: Callable[..., Any]) -> None:
    """An object that cannot be described may have any: its rows are not another sync's mistake."""
    assert has_field(client, "title", name="leads")
    assert not has_field(client, "color", name="leads")
    for code in ("1018", "603"):
        instance.answer("GET", COMPANIES, failure(code))
        assert has_field(client, "color", name="companies")
