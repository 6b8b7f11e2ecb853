from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from airflow_provider_mlconnector.exceptions import (
    BatchRefused,
    CredentialsRejected,
    ObjectReadOnly,
    QuotaExhausted,
    RecordRejected,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.outcomes import Outcome
from tests.hooks.marketo.world import World


def people(count: int) -> list[dict[str, Any]]:
    return [{"email": f"person{n}@example.com", "lastName": f"Nº {n}"} for n in range(count)]


def outcomes(results: list[Any]) -> set[Outcome]:
    return {result.outcome for result in results}


def test_check() -> None:
    """A fresh instance can be logged in to, described and asked for its usage."""
    lines = World().client.check()
    assert [line.split(":")[0] for line in lines[1:4]] == ["leads", "companies", "opportunities"]
    assert all("can be written" in line for line in lines[1:4])
    assert lines[-1] == "8 of 50000 calls used today"


def test_create_then_update() -> None:
    """The same batch twice creates each lead once, and then updates it."""
    world = World()
    first, second = (world.client.upsert("leads", people(300)) for _ in range(2))
    assert (outcomes(first), outcomes(second)) == ({Outcome.CREATED}, {Outcome.UPDATED})
    assert [result.target_id for result in first] == [result.target_id for result in second]
    assert len(world.records("leads")) == 300


def test_leads_with_their_company() -> None:
    """A lead is tied to its company by externalCompanyId; company fields on the lead do not get in the way."""
    world = World()
    world.client.upsert("companies", [{"externalCompanyId": "1001", "company": "Acme", "billingCity": "Zürich"}])
    (result,) = world.client.upsert("leads", [{**people(1)[0], "externalCompanyId": "1001", "company": "Other"}])
    assert result.outcome is Outcome.CREATED
    (lead,) = world.records("leads")
    assert lead["externalCompanyId"] == "1001"
    (company,) = world.records("companies")
    assert company["company"] == "Acme"


def test_opportunities_by_both_keys() -> None:
    """An opportunity is written by its external id, and updated by its GUID."""
    world = World()
    (first,) = world.client.upsert("opportunities", [{"externalOpportunityId": "o1", "name": "Deal", "amount": 7}])
    (second,) = world.client.upsert(
        "opportunities", [{"marketoGUID": first.target_id, "name": "Bigger"}], action="updateOnly", by="marketoGUID"
    )
    assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.UPDATED)
    assert world.records("opportunities")[0]["name"] == "Bigger"


def test_moved_email() -> None:
    """A contact's new address moves the lead instead of creating a second one."""
    world = World()
    (created,) = world.client.upsert("leads", people(1))
    moved = {"id": int(created.target_id or 0), "email": "moved@example.com"}
    (result,) = world.client.upsert("leads", [moved], action="updateOnly", by="id")
    assert (result.outcome, result.target_id) == (Outcome.UPDATED, created.target_id)
    assert [lead["email"] for lead in world.records("leads")] == ["moved@example.com"]


@pytest.mark.parametrize("fault", ["601", "602", "expires_in_0", "606", "608", "611", "615", "713", "502", "503"])
def test_faults_are_survived(fault: str) -> None:
    """Whatever strikes every third call, each lead is created exactly once."""
    world = World(faults={fault: {"every": 3}})
    for start in range(0, 60, 10):
        results = world.client.upsert("leads", people(60)[start : start + 10])
        assert outcomes(results) == {Outcome.CREATED}
    assert len(world.records("leads")) == 60


@pytest.mark.parametrize("fault", ["drop_after_commit", "drop_before", "604", "604_after_commit", "504"])
def test_lost_answers_create_no_duplicate(fault: str) -> None:
    """Whether or not the lost call was executed, each lead is there once."""
    world = World(faults={fault: {"at": [2], "path": "/rest/v1/leads.json"} if "drop" in fault else {"at": [1]}})
    results = world.client.upsert("leads", people(10))
    assert outcomes(results) <= {Outcome.CREATED, Outcome.UPDATED}
    assert len(world.records("leads")) == 10


def test_restart_is_survived() -> None:
    """When the vendor loses all tokens, the next call logs in again."""
    world = World()
    world.client.upsert("leads", people(1))
    world.sandbox.restart()
    assert outcomes(world.client.upsert("leads", people(2))) == {Outcome.CREATED, Outcome.UPDATED}


def test_token_at_its_end() -> None:
    """A token's last seconds are waited out, and the call goes with its successor."""
    world = World()
    world.client.usage()
    world.clock.advance(3598)
    assert world.connect().usage() >= 1
    assert 0 < world.slept < 10


def test_short_answer_is_noticed() -> None:
    """An answer with fewer lines than records is never joined to them."""
    world = World(faults={"short_answer": {"at": [1]}})
    with pytest.raises(UnexpectedAnswer, match="9 answers for 10 records"):
        world.client.upsert("leads", people(10))


def test_partial_refusals_keep_their_places() -> None:
    """Refused records are reported where they stand; the others are written."""
    world = World(faults={"partial_skip": {"at": [2, 5]}})
    results = world.client.upsert("leads", people(6))
    assert [index for index, result in enumerate(results) if result.outcome is Outcome.REJECTED] == [1, 4]
    assert {result.code for result in results if result.outcome is Outcome.REJECTED} == {"1003"}
    assert len(world.records("leads")) == 4


def test_limits_are_kept() -> None:
    """Under the shared limiter the instance never has to refuse a call, and hardly any time is lost."""
    world = World(limited=True, extra={"calls_per_window": 10, "window_seconds": 20}, calls_per_window=10)
    for _ in range(45):
        world.client.usage()
    assert world.sandbox.state()["violations"] == {"606": 0, "615": 0}
    assert world.slept == pytest.approx(80, abs=1)


def test_threads_share_one_client() -> None:
    """Batches of several threads go through one client and one login."""
    world = World()
    batches = [people(100)[start : start + 20] for start in range(0, 100, 20)]
    with ThreadPoolExecutor(4) as pool:
        results = [
            result for part in pool.map(lambda batch: world.client.upsert("leads", batch), batches) for result in part
        ]
    assert outcomes(results) == {Outcome.CREATED}
    assert len(world.records("leads")) == 100


def test_daily_quota() -> None:
    """A spent quota names midnight US Central, and after it calls go again."""
    world = World(daily_calls=3)
    for _ in range(3):
        world.client.usage()
    with pytest.raises(QuotaExhausted) as caught:
        world.client.usage()
    assert caught.value.reset_at == datetime(2026, 11, 21, 6, tzinfo=UTC)
    world.clock.advance((caught.value.reset_at - world.clock.datetime()).total_seconds() + 1)
    assert world.client.usage() == 1


def test_crm_refuses_describe() -> None:
    """With a native CRM sync that switches the API off, describe says so already; leads are written all the same."""
    world = World(crm="disabled_at_describe")
    with pytest.raises(ObjectReadOnly):
        world.client.describe("companies")
    assert outcomes(world.client.upsert("leads", people(2))) == {Outcome.CREATED}


def test_crm_refuses_the_write() -> None:
    """A CRM sync that lets describe pass is noticed at the first write, at response or at record level."""
    acme = [{"externalCompanyId": "1001", "company": "Acme"}]
    at_response = World(crm="readonly_at_write_response").client
    at_response.describe("companies")
    with pytest.raises(ObjectReadOnly):
        at_response.upsert("companies", acme)
    at_record = World(crm="readonly_at_write_record").client
    (result,) = at_record.upsert("companies", acme)
    assert (result.outcome, result.code) == (Outcome.SKIPPED, "1018")


def test_wrong_credentials() -> None:
    """A wrong secret is refused once, and the instance is not asked again."""
    world = World()
    client = world.connect(password=SecretStr("wrong"))
    for _ in range(3):
        with pytest.raises(CredentialsRejected):
            client.usage()
    assert world.sandbox.calls.total == 1


def test_find_what_was_written() -> None:
    """300 keys are found in one question, also when it is longer than an address may be."""
    world = World()
    batch = [{"email": f"somebody.with.a.long.name.{n}@example.com"} for n in range(300)]
    world.client.upsert("leads", batch)
    found = list(world.client.find("leads", "email", [each["email"] for each in batch], ["id", "email"]))
    assert {each["email"] for each in found} == {each["email"] for each in batch}


VALUES: dict[str, list[Any]] = {
    "email": [
        "ann@example.com",
        "josé@example.com",
        "ann@localhost",
        "ann",
        "o'neil+x@mail.example.co.uk",
        "a b@c.de",
        "",
    ],
    "leadScore": [1, 0, -5, "7", 7.5, 2**63, True, None],
    "lastName": ["x" * 255, "x" * 256, "Ünïcödé ☃", 5, "", None],
    "unsubscribed": [True, False, "true", 1, None],
    "dateOfBirth": ["2010-05-07", "2010-13-07", "07.05.2010", "", None],
    "erpModifiedAt": ["2010-05-07T15:41:32-05:00", "2010-05-07T15:41:32Z", "2010-05-07T15:41:32", "2010-05-07", None],
    "address": ["x" * 2000, "x" * 2001, "line\nline"],
    "externalSalesPersonId": ["x" * 256],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in VALUES.items() for value in values])
def test_validator_agrees_with_the_vendor(field: str, value: Any) -> None:
    """What the validator passes is written, and what it rejects the vendor would have refused."""
    world = World()
    record = {"email": "key@example.com", field: value}
    try:
        world.client.validator("leads")(record)
        passed = True
    except RecordRejected:
        passed = False
    try:
        (result,) = world.client.upsert("leads", [record])
        written = result.outcome is Outcome.CREATED
    except BatchRefused:
        written = False
    # An address without a value is no key: that is refused with the batch, not with the value.
    assert passed == written or (field, value) == ("email", "")


def test_described_fields_are_known() -> None:
    """A custom field is described, checked and written; one that only SOAP has is not there."""
    world = World(fields=[{"object": "leads", "name": "favouriteColour", "dataType": "string", "length": 10}])
    world.client.check_fields("leads", ["favouriteColour", "email", "externalCompanyId"])
    with pytest.raises(RecordRejected, match="longer than 10"):
        world.client.validator("leads")({"favouriteColour": "a very long colour"})
    assert "mktoSfdcSyncNote" not in world.client.describe("leads").fields
