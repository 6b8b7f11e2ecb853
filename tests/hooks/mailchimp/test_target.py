from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnknownField
from airflow_provider_mlconnector.hooks.mailchimp.client import subscriber_hash
from airflow_provider_mlconnector.hooks.mailchimp.target import has_customer_field, has_member_field, plan_customers
from airflow_provider_mlconnector.mapping import FieldMap, Row, constant, to
from airflow_provider_mlconnector.pipeline.ports import Plan
from tests.hooks.mailchimp.world import World

WANTED = {"REGION": ("Region", "text"), "CREDITLIM": ("Credit limit", "number")}
NINE = [{"tag": f"X{n}", "name": f"X {n}", "type": "text"} for n in range(9)]


def rows(*targets: str, optional: bool = True) -> FieldMap:
    return FieldMap((to("email_address", "T.E"), *(to(target, "T.X", optional=optional) for target in targets)))


def targets(plan: Plan) -> set[str]:
    return {row["target"] for row in plan.rows}


def test_a_missing_merge_field_is_planned_and_not_yet_made() -> None:
    """With the name and type of the default map; a user's own is a text; a dry run must write nothing."""
    world = World(fields=NINE)
    map_ = rows("merge_fields.FNAME", "merge_fields.REGION", "merge_fields.CREDITLIM", "merge_fields.X8")
    plan = world.plan(map_.plus([to("merge_fields.OWN", "T.O")]), WANTED)
    assert plan.schema is not None
    assert plan.schema["create"] == ["REGION", "CREDITLIM", "OWN"]
    assert plan.schema["fields"]["CREDITLIM"]["type"] == "number"
    assert plan.schema["fields"]["OWN"] == {"name": "Own", "type": "text", "options": {}}
    assert plan.schema["fields"]["FNAME"]["type"] == "text"
    assert world.calls("/merge-fields", "POST") == 0


def test_a_missing_merge_field_that_may_not_be_made_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Default rows go with a warning that names them and the way out; a row of the user's own is an error."""
    world = World(extra={"create_missing": False})
    plan = world.plan(rows("merge_fields.FNAME", "merge_fields.REGION"), WANTED)
    assert targets(plan) == {"email_address", "merge_fields.FNAME"}
    assert "no merge fields REGION" in caplog.text
    assert "create_missing" in caplog.text
    with pytest.raises(ConfigurationError, match="no merge fields OWN; create them"):
        world.plan(rows("merge_fields.OWN", optional=False))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("status", "never sent"),
        ("email_adress", "did you mean 'email_address'"),
        ("zzz", "there are email_address"),
        ("tags.", "did you mean|there are"),
        ("merge_fields.much_too_long", "at most 10 characters"),
        ("merge_fields.MUCHTOOLONG", "at most 10 characters"),
        ("merge_fields.ADDRESS", "name its parts"),
        ("merge_fields.ADDRESS.street", "addr1, addr2"),
        ("merge_fields.FNAME.x", "only a merge field of type address"),
    ],
)
def test_a_row_for_a_field_that_no_member_has_is_refused(target: str, said: str) -> None:
    """Before anything is read, with what to write instead."""
    with pytest.raises(UnknownField, match=said):
        World().plan(rows(target, optional=False))


def test_interior_parts_make_an_address() -> None:
    """A new merge field whose parts are mapped is created as an address."""
    plan = World().plan(rows("merge_fields.SHIPTO.addr1", "merge_fields.SHIPTO.city", optional=False))
    assert plan.schema is not None
    assert plan.schema["fields"]["SHIPTO"]["type"] == "address"


def test_a_phone_of_us_format_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """It would refuse the whole member for any other number; the log says which setting to change."""
    map_ = rows("merge_fields.PHONE")
    assert targets(World().plan(map_)) == {"email_address", "merge_fields.PHONE"}
    assert targets(World(phone_format="US").plan(map_)) == {"email_address"}
    assert "PHONE takes US numbers only" in caplog.text


def test_an_audience_must_be_named() -> None:
    """The error lists those there are; one that is not there likewise."""
    for list_id in ("", "deadbeef00"):
        with pytest.raises(ConfigurationError, match="a1b2c3d4e5"):
            World(extra={"list_id": list_id}).plan(rows())


def test_a_customers_row_must_be_one_of_its_fields() -> None:
    """With the nearest one."""
    world = World()
    plan = plan_customers(None, world.client, FieldMap((constant("company", "X"),)))
    assert plan.not_configured is None
    with pytest.raises(UnknownField, match=r"did you mean 'address\.city'"):
        plan_customers(None, world.client, FieldMap((constant("address.cty", "X"),)))


@pytest.mark.parametrize("row", [constant("opt_in_status", value=True), to("opt_in_status", "T.X")])
def test_a_customer_may_not_be_made_to_opt_in(row: Row) -> None:
    """Said before anything is read."""
    with pytest.raises(ConfigurationError, match="'opt_in_status' is always false"):
        plan_customers(None, World().client, FieldMap((row,)))


@pytest.mark.parametrize(
    ("extra", "stores", "said"),
    [
        ({"create_missing": False}, [], "has no store 'jde'"),
        ({}, [{"id": "jde", "list_id": "other00001"}], "other00001"),
    ],
)
def test_a_store_that_cannot_be_used_stops_the_run(extra: dict[str, Any], stores: list[Any], said: str) -> None:
    """Missing and not to be made; or bound to another audience, which cannot be changed."""
    world = World(extra=extra)
    for store in stores:
        world.sandbox.account.stores[store["id"]] = {**store, "name": "S", "currency_code": "USD"}
    with pytest.raises(ConfigurationError, match=said):
        plan_customers(None, world.client, FieldMap((constant("company", "X"),)))


def test_without_a_store_the_sync_is_not_configured() -> None:
    """A green run that says which option is missing; no call."""
    world = World(extra={"store_id": ""})
    plan = plan_customers(None, world.client, FieldMap((constant("company", "X"),)))
    assert plan.not_configured
    assert "store_id" in plan.not_configured
    assert len(world.sandbox.calls) == 0


def test_rows_of_a_run_find_their_sync() -> None:
    """A param's row goes to the object that has the field; `status` goes to members, to be refused there."""
    client = World().client
    assert has_member_field(client, "merge_fields.X")
    assert has_member_field(client, "status")
    assert not has_member_field(client, "company")
    assert has_customer_field(client, "company")
    assert not has_customer_field(client, "tags.X")


def test_the_audience_can_be_listed() -> None:
    """Every member's id but those of archived ones, who are not in it any more."""
    world = World()
    for address in ("ann@acme-tools.com", "bob@acme-tools.com"):
        world.sandbox.change({"add_member": {"email_address": address}})
    world.sandbox.change({"archive": "bob@acme-tools.com"})
    assert list(world.target().keys()) == [subscriber_hash("ann@acme-tools.com")]
