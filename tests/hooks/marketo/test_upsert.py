from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    BatchRefused,
    ObjectReadOnly,
    QuotaExhausted,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.objects import COMPANY_FIELDS, MAX_BODY
from airflow_provider_mlconnector.outcomes import Outcome

LEADS = "/rest/v1/leads.json"
COMPANIES = "/rest/v1/companies.json"
OPPORTUNITIES = "/rest/v1/opportunities.json"
NAMED = "/rest/v1/namedaccounts.json"
ITEMS = "/rest/v1/customobjects/item_c.json"
Success = Callable[..., dict[str, Any]]


def lead(number: int, **more: Any) -> dict[str, Any]:
    return {"email": f"person{number}@example.com", **more}


def created(*ids: int) -> list[dict[str, Any]]:
    return [{"id": each, "status": "created"} for each in ids]


def test_leads_body(client: MarketoClient, server: Any, success: Success) -> None:
    """Leads are found by e-mail unless another field is named; the body is JSON and says so."""
    server.answer("POST", LEADS, success(*created(1, 2)))
    client.upsert("leads", [lead(1), lead(2)])
    client.upsert("leads", [{"crmId": "1", "lastName": "A"}, {"crmId": "2"}], by="crmId", action="updateOnly")
    assert server.bodies(LEADS) == [
        {"action": "createOrUpdate", "lookupField": "email", "input": [lead(1), lead(2)]},
        {"action": "updateOnly", "lookupField": "crmId", "input": [{"crmId": "1", "lastName": "A"}, {"crmId": "2"}]},
    ]
    assert server.requests(LEADS)[0].headers["Content-Type"] == "application/json"


def test_moved_email(client: MarketoClient, server: Any, success: Success) -> None:
    """A changed address is an update by id, which carries the new e-mail as data."""
    server.answer("POST", LEADS, success({"id": 7, "status": "updated"}))
    (result,) = client.upsert("leads", [{"id": 7, "email": "new@example.com"}], action="updateOnly", by="id")
    assert (result.outcome, result.target_id) == (Outcome.UPDATED, "7")
    assert server.bodies(LEADS) == [
        {"action": "updateOnly", "lookupField": "id", "input": [{"id": 7, "email": "new@example.com"}]}
    ]


def test_companies_by_their_external_id(client: MarketoClient, server: Any, success: Success) -> None:
    """Companies go by externalCompanyId, the default: dedupeBy is not sent, since only updateOnly surely takes it."""
    server.answer("POST", COMPANIES, success({"seq": 0, "status": "created", "id": 1}))
    client.upsert("companies", [{"externalCompanyId": "1001", "company": "Acme"}])
    assert server.bodies(COMPANIES) == [
        {"action": "createOrUpdate", "input": [{"externalCompanyId": "1001", "company": "Acme"}]}
    ]


@pytest.mark.parametrize(
    ("obj", "path", "id_field", "data"),
    [
        ("companies", COMPANIES, "id", {"company": "Acme"}),
        ("opportunities", OPPORTUNITIES, "marketoGUID", {"name": "Deal"}),
        ("named_accounts", NAMED, "marketoGUID", {"name": "Acme renamed"}),
    ],
)
def test_update_by_id(
    client: MarketoClient, server: Any, success: Success, obj: str, path: str, id_field: str, data: dict[str, Any]
) -> None:
    """An id finds a record only for updateOnly, and then dedupeBy says so."""
    server.answer("POST", path, success({"seq": 0, "status": "updated", id_field: "5"}))
    client.upsert(obj, [{id_field: "5", **data}], action="updateOnly", by=id_field)
    assert server.bodies(path) == [{"action": "updateOnly", "dedupeBy": "idField", "input": [{id_field: "5", **data}]}]


def test_custom_object_by_its_described_key(client: MarketoClient, server: Any, success: Success) -> None:
    """A custom object's key is what describe says; a compound key is all of its fields."""
    described = {"name": "item_c", "idField": "marketoGUID", "dedupeFields": ["itemNumber", "branch"]}
    fields = [{"name": name, "dataType": "string", "length": 25} for name in ("itemNumber", "branch")]
    server.answer("GET", "/rest/v1/customobjects/item_c/describe.json", success({**described, "fields": fields}))
    server.answer("POST", ITEMS, success(*({"seq": n, "status": "created", "marketoGUID": f"g{n}"} for n in (0, 1))))
    results = client.upsert("item_c", [{"itemNumber": "1", "branch": "A"}, {"itemNumber": "1", "branch": "B"}])
    assert [each.target_id for each in results] == ["g0", "g1"]
    with pytest.raises(BatchRefused, match="has no itemNumber\\+branch"):
        client.upsert("item_c", [{"itemNumber": "1"}])


@pytest.mark.parametrize(
    ("obj", "records", "arguments"),
    [
        ("leads", [{"id": 1, "lastName": "A"}], {"by": "id"}),
        ("leads", [{"id": 1, "email": "a@example.com"}], {}),
        ("leads", [{"id": 1, "email": "a@example.com"}], {"action": "updateOnly"}),
        ("leads", [lead(1)], {"action": "createDuplicate"}),
        ("leads", [lead(n) for n in range(301)], {}),
        ("companies", [{"id": 1, "externalCompanyId": "1"}], {}),
        ("companies", [{"id": 1}], {"by": "id", "action": "createOnly"}),
        ("companies", [{"id": 1, "externalCompanyId": "1"}], {"by": "id", "action": "updateOnly"}),
        ("companies", [{"company": "Acme"}], {"by": "company"}),
        ("../leads", [lead(1)], {}),
    ],
)
def test_calls_that_cannot_be_right(client: MarketoClient, server: Any, obj: str, records: Any, arguments: Any) -> None:
    """A misplaced id, an unknown action or object, 301 records: the caller is wrong, so nothing is sent."""
    with pytest.raises(ValueError, match=r"."):
        client.upsert(obj, records, **arguments)
    assert not server.mocker.request_history


@pytest.mark.parametrize(
    ("obj", "records"),
    [
        ("leads", [lead(1), {"email": "PERSON1@example.com"}]),
        ("companies", [{"externalCompanyId": "a1"}, {"externalCompanyId": "A1"}]),
    ],
)
def test_same_key_twice_is_never_sent(client: MarketoClient, server: Any, obj: str, records: Any) -> None:
    """Twice one key in a batch makes duplicates or a refusal; keys do not tell upper from lower case."""
    with pytest.raises(BatchRefused) as caught:
        client.upsert(obj, records)
    assert caught.value.code == "1036"
    assert not server.mocker.request_history


@pytest.mark.parametrize("value", [None, ""])
def test_missing_key_is_never_sent(client: MarketoClient, server: Any, value: Any) -> None:
    """A record without its key is a batch to halve, until that record stands alone."""
    with pytest.raises(BatchRefused) as caught:
        client.upsert("leads", [lead(1), {"email": value}])
    assert caught.value.code == "missing_key"
    assert not server.mocker.request_history


def test_too_large_a_body_is_never_sent(client: MarketoClient, server: Any) -> None:
    """Over 1 MB the vendor answers 413; the batch is refused here already, and below it the batcher stops."""
    records = [lead(n, comments="x" * 29_000) for n in range(40)]
    with pytest.raises(BatchRefused) as caught:
        client.upsert("leads", records)
    assert caught.value.code == "413"
    assert not server.mocker.request_history
    assert client.max_bytes < MAX_BODY <= 1_000_000


def test_413_of_the_vendor(client: MarketoClient, server: Any) -> None:
    """A 413 is a batch to halve, not an error to retry."""
    server.answer("POST", LEADS, {"status_code": 413, "text": "<html>too large</html>"})
    with pytest.raises(BatchRefused) as caught:
        client.upsert("leads", [lead(1)])
    assert caught.value.code == "413"
    assert len(server.requests(LEADS)) == 1


def test_exact_decimals(client: MarketoClient, server: Any, success: Success) -> None:
    """An amount arrives with the digits it has."""
    server.answer("POST", COMPANIES, success({"seq": 0, "status": "created", "id": 1}))
    client.upsert("companies", [{"externalCompanyId": "1", "annualRevenue": Decimal("1234567890.10")}])
    assert b'"annualRevenue":1234567890.10' in server.requests(COMPANIES)[0].body


def test_nothing_to_send(client: MarketoClient, server: Any) -> None:
    """An empty batch costs no call."""
    assert client.upsert("leads", []) == []
    assert not server.mocker.request_history


def test_company_fields_stay_off_leads(
    client: MarketoClient, server: Any, success: Success, caplog: pytest.LogCaptureFixture
) -> None:
    """Company fields on a lead would change the whole company; only the link is sent, and one warning says so."""
    server.answer("POST", LEADS, success(*created(1)))
    sent = dict.fromkeys(COMPANY_FIELDS, "x") | lead(1, externalCompanyId="1001", phone="1")
    client.upsert("leads", [sent])
    client.upsert("leads", [sent])
    assert [body["input"] for body in server.bodies(LEADS)] == [[lead(1, externalCompanyId="1001", phone="1")]] * 2
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert all(name in warning.getMessage() for name in COMPANY_FIELDS)
    assert sent["company"] == "x"


def test_answers_by_position(client: MarketoClient, server: Any, success: Success) -> None:
    """Leads' answers have no seq; they come in the order of the input."""
    server.answer(
        "POST",
        LEADS,
        success(
            {"id": 50, "status": "created"},
            {"status": "skipped", "reasons": [{"code": "1005", "message": "Lead already exists"}]},
            {"id": 52, "status": "updated"},
        ),
    )
    results = client.upsert("leads", [lead(1), lead(2), lead(3)])
    assert [(each.outcome, each.target_id, each.code) for each in results] == [
        (Outcome.CREATED, "50", None),
        (Outcome.REJECTED, None, "1005"),
        (Outcome.UPDATED, "52", None),
    ]


def test_answers_by_seq(client: MarketoClient, server: Any, success: Success) -> None:
    """Where answers carry seq, it decides, whatever their order."""
    server.answer(
        "POST",
        COMPANIES,
        success({"seq": 1, "status": "updated", "id": 2}, {"seq": 0, "status": "created", "id": 1}),
    )
    results = client.upsert("companies", [{"externalCompanyId": "1"}, {"externalCompanyId": "2"}])
    assert [each.target_id for each in results] == ["1", "2"]


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"seq": 0, "status": "created", "id": 1}],
        [{"seq": 5, "status": "created", "id": 1}, {"seq": 0, "status": "created", "id": 2}],
        [{"id": n, "status": "created"} for n in range(3)],
        [None, {"seq": 1, "status": "created", "id": 1}],
        ["created", "created"],
    ],
)
def test_answers_that_do_not_fit(client: MarketoClient, server: Any, success: Success, items: Any) -> None:
    """Answers that cannot be joined to the records put the whole batch in doubt; nothing is guessed."""
    server.answer("POST", COMPANIES, success(*items))
    with pytest.raises(UnexpectedAnswer):
        client.upsert("companies", [{"externalCompanyId": "1"}, {"externalCompanyId": "2"}])


def test_result_may_be_absent(client: MarketoClient, server: Any) -> None:
    """A success without `result` is no answer about the records."""
    server.answer("POST", LEADS, {"requestId": "r#1", "success": True})
    with pytest.raises(UnexpectedAnswer, match="0 answers for 1 records"):
        client.upsert("leads", [lead(1)])


def test_batch_refused_as_a_whole(client: MarketoClient, server: Any, failure: Callable[..., Any]) -> None:
    """Data errors also come for the whole request; the caller halves, so it is sent once and not retried."""
    server.answer("POST", LEADS, failure("1003", "Invalid data for ann@example.com"))
    with pytest.raises(BatchRefused) as caught:
        client.upsert("leads", [lead(1)])
    assert (caught.value.code, caught.value.detail) == ("1003", "Invalid data for ann@example.com")
    assert "ann@" not in str(caught.value)
    assert len(server.requests(LEADS)) == 1


def test_crm_at_response_level(client: MarketoClient, server: Any, failure: Callable[..., Any]) -> None:
    """A good describe proves nothing: the first write's 1018 still means that the object is read-only."""
    server.answer("POST", COMPANIES, failure("1018", "Company API disabled"))
    with pytest.raises(ObjectReadOnly) as caught:
        client.upsert("companies", [{"externalCompanyId": "1"}])
    assert caught.value.code == "1018"


@pytest.mark.parametrize("obj", ["companies", "opportunities"])
def test_crm_read_only_by_configuration(
    make_client: Callable[..., MarketoClient], server: Any, success: Success, obj: str
) -> None:
    """`crm_sync: read_only` spares the vendor every call; leads are written all the same."""
    client = make_client(crm_sync="read_only")
    with pytest.raises(ObjectReadOnly):
        client.upsert(obj, [{"externalCompanyId": "1"}])
    with pytest.raises(ObjectReadOnly):
        client.describe(obj)
    assert not server.mocker.request_history
    server.answer("POST", LEADS, success(*created(1)))
    assert client.upsert("leads", [lead(1)])[0].outcome is Outcome.CREATED


def test_writable_is_not_believed(
    make_client: Callable[..., MarketoClient], server: Any, failure: Callable[..., Any]
) -> None:
    """`crm_sync: writable` promises nothing: the vendor's 1018 is heard all the same."""
    server.answer("POST", COMPANIES, failure("1018"))
    with pytest.raises(ObjectReadOnly):
        make_client(crm_sync="writable").upsert("companies", [{"externalCompanyId": "1"}])


def test_throttling_is_waited_out(
    client: MarketoClient, server: Any, clock: Any, failure: Callable[..., Any], success: Success
) -> None:
    """606 and 615 are waited out in the call, however often they come."""
    server.answer("POST", LEADS, *[failure("606")] * 7, failure("615"), success(*created(1)))
    (result,) = client.upsert("leads", [lead(1)])
    assert result.outcome is Outcome.CREATED
    assert len(clock.slept) == 8
    assert max(clock.slept) <= 20.5


def test_quota_is_not_waited_for(client: MarketoClient, server: Any, clock: Any, failure: Callable[..., Any]) -> None:
    """A spent daily quota goes to the caller at once, with the instant of its reset."""
    server.answer("POST", LEADS, failure("607"))
    with pytest.raises(QuotaExhausted, match="2026-07-02 05:00 UTC"):
        client.upsert("leads", [lead(1)])
    assert clock.slept == []


def test_renewed_login_repeats_a_write_once(
    client: MarketoClient, server: Any, failure: Callable[..., Any], success: Success
) -> None:
    """A 601 was not executed: the batch goes once more, with the new token."""
    server.tokens("token-1", "token-2")
    server.answer("POST", LEADS, failure("601"), success(*created(1)))
    client.upsert("leads", [lead(1)])
    assert [request.headers["Authorization"] for request in server.requests(LEADS)] == [
        "Bearer token-1", "Bearer token-2",
    ]  # fmt: skip


def test_one_line_per_batch(
    client: MarketoClient, server: Any, success: Success, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has one line per batch: counts, request id, time; nothing of the records."""
    caplog.set_level(logging.INFO)
    server.answer("POST", LEADS, success(*created(1), {"status": "skipped", "reasons": [{"code": "1007"}]}))
    client.upsert("leads", [lead(1), lead(2)])
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert line == "marketo leads: 2 sent, 1 created, 0 updated, 0 skipped, 1 rejected, request e42b#2, 0 ms"
    assert "@example.com" not in caplog.text


def test_time_outs_exceed_the_servers(client: MarketoClient, server: Any, success: Success) -> None:
    """Reading times out after the server does: 120 s, and longer for named accounts, which may take 120 s."""
    server.answer("POST", LEADS, success(*created(1)))
    server.answer("POST", NAMED, success({"seq": 0, "status": "created", "marketoGUID": "g"}))
    client.upsert("leads", [lead(1)])
    client.upsert("named_accounts", [{"name": "Acme"}])
    assert server.requests(LEADS)[0].timeout == (15.0, 120.0)
    assert server.requests(NAMED)[0].timeout == (15.0, 150.0)
