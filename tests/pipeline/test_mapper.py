from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from airflow_provider_mlconnector.exceptions import RecordRejected, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.outcomes import UNREADABLE
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.mapper import canonical
from airflow_provider_mlconnector.pipeline.ports import Mapped, Plan
from airflow_provider_mlconnector.syncs import Link
from tests.pipeline.fakes import CHANGED, READ_AT, ROWS, Record, World, make_ledger, make_sync, record


def mapped(world: World, *records: Record, job: Job | None = None) -> list[Mapped]:
    """What the map task leaves of these records."""
    job = job or world.job()
    refs = world.map(job, world.extract(job, list(records)))
    decoder = msgspec.json.Decoder(list[Mapped], float_hook=Decimal)
    return [item for ref in refs for part in job.staging.parts(ref) for item in decoder.decode(part)]


def linked(*, required: bool) -> Any:
    return make_sync(
        "a_to_b.parts",
        rows=ROWS.plus([to("thing", "T.THING", convert="text")]),
        links=(Link("thing", "things", required=required),),
    )


def test_a_record_becomes_a_payload_with_its_facts(world: World) -> None:
    """Key, times and hash go along; numbers keep their digits."""
    (item,) = mapped(world, record(1, "Acme", LIMIT=Decimal("10.50")))
    assert item.payload == {"id": "1", "name": "Acme", "limit": Decimal("10.50")}
    assert (item.status, item.target_key, item.record_key) == ("ready", "1", "1")
    assert (item.read_at, item.changed_at) == (READ_AT, CHANGED)
    content = canonical({"id": "1", "name": "Acme", "limit": Decimal("10.50")})
    assert item.content_hash == world.ledger.pepper.fingerprint(content)


def test_a_mapped_chunk_refers_to_the_same_rows(world: World) -> None:
    """Another place and digest, same number and rows."""
    job = world.job()
    (raw,) = world.extract(job, [record(1), record(2)])
    (ref,) = world.map(job, [raw])
    assert (ref.index, ref.rows) == (raw.index, raw.rows)
    assert ref.uri != raw.uri
    # Mapped again after a crash: the same number of parts, readable.
    (again,) = world.map(job, [raw])
    assert len(list(job.staging.parts(again))) == 1


def test_what_could_not_be_read_is_rejected(world: World) -> None:
    """With what the source says of it, before anybody asks whether it is in scope by what could be read."""
    world.sync = make_sync(skip=lambda record: ("out", "out of scope"))
    (item,) = mapped(world, record(1) | {UNREADABLE: "T.LIMIT is no number"})
    assert (item.status, item.code, item.reason) == ("rejected", "unreadable", "T.LIMIT is no number")
    assert item.content_hash


def test_a_record_without_a_change_time_is_mapped(world: World) -> None:
    """Not every source has one."""
    assert mapped(world, record(1, changed=None))[0].changed_at is None


def test_the_hash_follows_the_payload_and_nothing_else(world: World) -> None:
    """Another change time with the same content is no change; nor is another order of the fields."""
    first, later, other = (
        mapped(world, one)[0].content_hash
        for one in (record(1, "Acme"), record(1, "Acme", changed=None, OTHER="x"), record(1, "Acme Inc"))
    )
    assert first == later != other
    assert canonical({"a": 1, "b": Decimal("0.5")}) == canonical({"b": Decimal("0.5"), "a": 1})


def test_what_cannot_be_mapped_is_rejected_and_the_rest_goes_on(world: World) -> None:
    """With its code and a reason free of the value; no payload is left to send."""
    bad, good = mapped(world, record(1, LIMIT="plenty"), record(2))
    assert (bad.status, bad.code, bad.reason) == ("rejected", "invalid_value", "limit: T.LIMIT is not a number")
    assert (bad.payload, bad.target_key) == (None, None)
    assert good.status == "ready"


def test_what_the_target_would_refuse_is_rejected_before_it_is_asked(world: World) -> None:
    """The validator's own code and words come through."""

    def refuse(payload: Mapping[str, Any]) -> None:
        if len(payload["name"]) > 5:
            raise RecordRejected("name is longer than 5", code="too_long", detail="the value")

    world.sync = make_sync(validator=lambda plan: refuse)
    long, short = mapped(world, record(1, "too long"), record(2, "short"))
    assert (long.status, long.code, long.reason, long.detail) == (
        "rejected", "too_long", "name is longer than 5", "the value",
    )  # fmt: skip
    assert short.status == "ready"


def test_the_validator_is_made_from_the_runs_plan(world: World) -> None:
    """The target described itself to extract; map asks nobody again."""
    world.sync = make_sync(
        plan=lambda source, target, rows: Plan(rows.to_json(), schema={"most": 3}),
        validator=lambda plan: lambda payload: reject_above((plan.schema or {})["most"], payload),
    )
    assert [item.status for item in mapped(world, record(1, "abcd"), record(2, "abc"))] == ["rejected", "ready"]


def reject_above(most: int, payload: Mapping[str, Any]) -> None:
    if len(payload["name"]) > most:
        raise RecordRejected("too long", code="too_long")


def test_a_rule_skips_before_anything_is_converted(world: World) -> None:
    """Out of scope is out of scope, even with a bad value."""
    world.sync = make_sync(skip=lambda row: ("no_email", "has none") if row["T.ID"] == 1 else None)
    skipped, ready = mapped(world, record(1, LIMIT="bad"), record(2))
    assert (skipped.status, skipped.code, skipped.reason, skipped.payload) == ("skipped", "no_email", "has none", None)
    assert ready.status == "ready"


def test_a_read_only_object_skips_every_record(world: World) -> None:
    """With the vendor's own code, whatever else is the matter with a record."""
    world.sync = make_sync(plan=lambda s, t, rows: Plan(rows.to_json(), read_only=("1018", "read-only")))
    assert {(item.status, item.code) for item in mapped(world, record(1), record(2, LIMIT="bad"))} == {
        ("skipped", "1018")
    }


def test_a_record_without_a_target_key_is_rejected(world: World) -> None:
    """An empty key would make every such record the same object."""
    world.sync = make_sync(rows=FieldMap((to("id", "T.NONE"), to("name", "T.NAME"))))
    (item,) = mapped(world, record(1))
    assert (item.status, item.code) == ("rejected", "missing_key")


def test_a_personal_key_leaves_as_a_keyed_hash(world: World) -> None:
    """An e-mail address is nowhere but in the payload; equal addresses still have equal keys."""
    world.sync = make_sync(personal_key=True, target_key=lambda payload: payload["name"].casefold())
    one, same, other = mapped(world, record(1, "Ann@x.example"), record(2, "ann@X.example"), record(3, "b@x.example"))
    assert one.target_key == same.target_key != other.target_key
    assert one.target_key
    assert "ann" not in one.target_key.lower()


def test_a_link_becomes_the_targets_key(world: World) -> None:
    """What the other sync has delivered is referred to by its key in the target."""
    world.sync = make_sync(target_key=lambda payload: f"EXT-{payload['id']}")
    world.run([record(7)])
    world.sync = linked(required=True)
    (item,) = mapped(world, record(1, THING=7))
    assert item.payload
    assert (item.status, item.payload["thing"], item.waits_for) == ("ready", "EXT-7", None)


def test_an_optional_link_that_is_missing_is_left_out_and_waited_for(world: World) -> None:
    """The record goes without it, says what it waits for, and changes its hash once the link is there."""
    world.sync = linked(required=False)
    waiting, none = mapped(world, record(1, THING=7), record(2))
    assert (waiting.status, waiting.payload) == ("ready", {"id": "1", "name": "name 1"})
    assert (waiting.code, waiting.waits_for) == ("missing_link", "things|7")
    assert (none.code, none.waits_for) == (None, None)
    before = waiting.content_hash
    world.sync = make_sync()
    world.run([record(7)])
    world.sync = linked(required=False)
    assert mapped(world, record(1, THING=7))[0].content_hash != before


def test_a_required_link_that_is_missing_rejects_the_record(world: World) -> None:
    """With the key it misses in the reason; it is not claimed, not sent, and waited for."""
    world.sync = linked(required=True)
    (item,) = mapped(world, record(1, THING=7))
    assert (item.status, item.code) == ("rejected", "missing_link")
    assert (item.reason, item.waits_for) == ("things 7 has not reached the target", "things|7")
    assert not world.ledger.claims.any(world.job(run_id="x").scope)


def test_links_in_the_entries_of_a_list(world: World) -> None:
    """Each entry's key becomes the target's; every one that is missing is told, and the record waits for all."""
    rows = ROWS.plus([to("lines", "L.LINES", convert="each"), to("lines[].thing", "L.THING", convert="text")])
    lists = {"rows": rows, "tables": frozenset({"T", "L"}), "links": (Link("lines[].thing", "things", required=True),)}
    world.sync = make_sync(target_key=lambda payload: f"EXT-{payload['id']}")
    world.run([record(7), record(8)])
    world.sync = make_sync("a_to_b.others", **lists)
    lines = [{"THING": 7}, {"THING": None}, {"THING": 8}]
    found, lost = mapped(world, {**record(1), "L.LINES": lines}, {**record(2), "L.LINES": [{"THING": 9}, {"THING": 5}]})
    assert found.payload
    assert found.payload["lines"] == [{"thing": "EXT-7"}, {}, {"thing": "EXT-8"}]
    assert (lost.status, lost.reason) == ("rejected", "things 9, 5 have not reached the target")
    assert lost.waits_for == "things|9\n5"


def test_a_link_that_leads_the_other_way(world: World) -> None:
    """The field holds the key by which the mirror sync has delivered; it becomes the source's, in any case."""
    job = world.job()
    world.ledger.links("mirror", ("b", "a"), "things").put("A-7", "Ext-7", READ_AT)
    links = (Link("thing", "things", required=True, reverse=True),)
    world.sync = make_sync("a_to_b.others", rows=ROWS.plus([to("thing", "T.THING", convert="text")]), links=links)
    job = replace(world.job(), mirror="mirror")
    found, lost = mapped(world, record(1, THING="EXT-7"), record(2, THING="x"), job=job)
    assert found.payload
    assert (found.status, found.payload["thing"]) == ("ready", "A-7")
    assert (lost.reason, lost.waits_for) == (
        "things x is not linked; b_to_a.things links what it has delivered",
        "~things|x",
    )


def test_a_link_that_leads_to_several(world: World) -> None:
    """None of them is meant alone, so none is taken."""
    links = world.ledger.links("abc", ("b", "a"), "things")
    for key in ("A-7", "A-8"):
        links.put(key, "Ext", READ_AT)
    rows = ROWS.plus([to("thing", "T.THING", convert="text")])
    world.sync = make_sync("a_to_b.others", rows=rows, links=(Link("thing", "things", required=True, reverse=True),))
    (item,) = mapped(world, record(1, THING="ext"), job=replace(world.job(), mirror="abc"))
    assert (item.status, item.code) == ("rejected", "missing_link")
    assert "several records are linked" in (item.reason or "")


def test_a_link_that_the_plan_does_without(world: World) -> None:
    """The source's keys are the target's own there: nothing is looked up."""
    world.sync = linked(required=True)
    world.sync = replace(world.sync, plan=lambda source, target, rows: Plan(rows.to_json(), unlinked=["thing"]))
    (item,) = mapped(world, record(1, THING=7))
    assert item.payload
    assert (item.status, item.payload["thing"]) == ("ready", "7")


def test_a_payload_is_checked_with_its_links_in_it(world: World) -> None:
    """The key and the check see what will be sent, not what the source calls it."""
    world.sync = make_sync(target_key=lambda payload: f"EXT-{payload['id']}")
    world.run([record(7)])
    seen: list[object] = []
    world.sync = replace(
        linked(required=True),
        validator=lambda plan: lambda payload: seen.append(payload["thing"]),
        target_key=lambda payload: payload["thing"],
    )
    (item,) = mapped(world, record(1, THING=7))
    assert (seen, item.target_key) == (["EXT-7"], "EXT-7")


def test_what_is_due_and_cannot_go_is_rejected(world: World) -> None:
    """The rule that says what is out of scope may refuse a record, too."""

    def skip(record: dict[str, object]) -> tuple[str, str] | None:
        if record["T.NAME"] == "bad":
            raise RecordRejected("it is uncoded", code="not_coded")
        return None

    world.sync = make_sync(skip=skip)
    good, bad = mapped(world, record(1), record(2, name="bad"))
    assert (good.status, bad.status, bad.code, bad.reason) == ("ready", "rejected", "not_coded", "it is uncoded")
    assert bad.content_hash


def test_a_link_whose_row_is_not_in_the_plan_is_no_link(world: World) -> None:
    """Where the target's companies are closed, the plan has no row for them, and nothing waits."""
    world.sync = linked(required=False)
    job = world.job({"field_map": {"thing": None}})
    (item,) = mapped(world, record(1, THING=7), job=job)
    assert (item.status, item.waits_for) == ("ready", None)


def test_mapping_without_the_staged_plan_says_what_to_clear(world: World) -> None:
    """A map task cleared after the sweep cannot go on."""
    job = world.job()
    refs = world.extract(job, [record(1)])
    job.staging.remove()
    with pytest.raises(UnexpectedAnswer, match="clear the extract task"):
        world.map(job, refs)


def test_a_dry_run_claims_nothing(world: World) -> None:
    """Nothing is left behind that a real run would see."""
    job = world.job({"dry_run": True})
    mapped(world, record(1), job=job)
    assert not world.ledger.claims.any(job.scope)


def test_nothing_is_mapped_with_a_ledger_that_does_not_know_the_run(world: World, tmp_path: Path) -> None:
    """An empty one, as a worker without the ledger's Connection finds it, has no links: records would go without."""
    job = world.job()
    refs = world.extract(job, [record(1)])
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(Unavailable, match="the ledger does not know run"):
        world.map(replace(job, ledger=make_ledger(tmp_path / "elsewhere")), refs)


def test_what_could_not_be_read_keeps_what_it_holds(world: World) -> None:
    """One odd cell is no reason to leave the target's object to another record."""
    world.run([record(1)])
    mapped(world, record(1) | {UNREADABLE: "T.LIMIT is no number"})
    job = world.job()
    assert world.ledger.claims.others(job.target, "b_to_a.things", [("1", "9")]) == {"1": (job.sync.name, "1")}
