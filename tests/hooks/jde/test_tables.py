from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection
from airflow_provider_mlconnector.hooks.jde.tables import items
from airflow_provider_mlconnector.pipeline.ports import ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.jde import JdeSandbox

URL = "http://localhost:1"
NOON = datetime(2026, 11, 20, 18, tzinfo=UTC)
COLUMNS = frozenset({"F4101.ITM", "F4101.DSC1"})
ALL = Window(None, NOON, True, "first")


class World:
    """A JD Edwards with items, and a client of it."""

    def __init__(self, **extra: Any):
        self.sandbox = JdeSandbox(clock=Clock(NOON, speed=0), scale=0.1)
        made = self.sandbox.connection(URL)
        connection = JdeConnection(
            conn_id="jde_default", host=URL, login=made["login"], password=made["password"], **(made["extra"] | extra)
        )
        self.client = JdeClient(connection, sleep=lambda _: None, now=lambda: NOON)
        self.client.api.session.mount(URL, SandboxAdapter(self.sandbox))

    def read(self, window: Window = ALL, **request: Any) -> list[dict[str, Any]]:
        batches = items(self.client).batches(ReadRequest(window=window, columns=COLUMNS, **request))
        return [row for batch in batches for row in batch.rows]

    def held(self) -> dict[int, dict[str, Any]]:
        return {row["ITM"]: row for row in self.sandbox.state()["tables"]["F4101"]}


def test_every_item_is_read_once_in_the_order_of_its_number() -> None:
    """With the columns that the map reads, the key as text and the day of its change."""
    world = World(page_size=7)
    rows = world.read()
    held = world.held()
    assert [row["F4101.ITM"] for row in rows] == sorted(held)
    assert [row["record_key"] for row in rows] == [str(number) for number in sorted(held)]
    assert {row["F4101.DSC1"] for row in rows} == {row["DSC1"] or None for row in held.values()}
    assert all(row["changed_at"] for row in rows)


def test_only_what_changed_is_read() -> None:
    """By the days that the window touches."""
    world = World()
    number = min(world.held())
    world.sandbox.change({"table": "F4101", "set": {"DSC1": "New"}, "where": {"ITM": number}})
    rows = world.read(Window(NOON - timedelta(hours=2), NOON, True, "watermark"))
    assert str(number) in {row["record_key"] for row in rows}
    assert len(rows) < len(world.held())


def test_what_is_taken_up_again_comes_first_and_once() -> None:
    """Whether or not it changed; what is gone is passed over."""
    world = World()
    last = max(world.held())
    keys = [row["record_key"] for row in world.read(also=(str(last), "1"))]
    assert keys[0] == str(last)
    assert len(keys) == len(set(keys)) == len(world.held())


@pytest.mark.parametrize("stop", [1, 2, 4])
def test_reading_goes_on_behind_a_cursor(stop: int) -> None:
    """After a crash no batch that was staged is read again, and none is left out."""
    world = World(page_size=5)
    request: dict[str, Any] = {"window": ALL, "columns": COLUMNS, "also": (str(max(world.held())),)}
    batches = list(items(world.client).batches(ReadRequest(**request)))
    rest = list(items(world.client).batches(ReadRequest(**request, after=batches[stop - 1].cursor)))
    assert [batch.rows for batch in rest] == [batch.rows for batch in batches[stop:]]


def test_a_column_of_another_table_is_refused() -> None:
    """A field map may only read what is read here."""
    with pytest.raises(UnknownField, match=r"F0101\.ALPH"):
        list(items(World().client).batches(ReadRequest(window=ALL, columns=frozenset({"F0101.ALPH"}))))
