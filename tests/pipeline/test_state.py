from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.pipeline.state import MemoryState, SyncState

AT = datetime(2026, 3, 10, 2, tzinfo=UTC)
KEY = "mlconnector__a_to_b__things__watermark"


@pytest.fixture
def port() -> MemoryState:
    return MemoryState()


@pytest.fixture
def state(port: MemoryState) -> SyncState:
    return SyncState(port, "a_to_b.things")


def test_the_watermark_is_one_readable_variable(port: MemoryState, state: SyncState) -> None:
    """Its name and its four members are contract: people read it, and set it by hand."""
    state.move_watermark("abc", AT, "run-1")
    assert set(port.values) == {KEY}
    stored = json.loads(port.values[KEY])
    assert stored | {"committed_at": ""} == {
        "watermark": "2026-03-10T02:00:00Z", "instance": "abc", "run_id": "run-1", "committed_at": "",
    }  # fmt: skip
    assert datetime.fromisoformat(stored["committed_at"]).tzinfo


def test_the_watermark_never_goes_back(state: SyncState) -> None:
    """An older run that is cleared, or ends late, leaves what a newer one has reached."""
    state.move_watermark("abc", AT, "new")
    assert state.move_watermark("abc", AT - timedelta(days=1), "old").run_id == "new"
    assert state.move_watermark("abc", AT, "same").run_id == "new"
    found = state.watermark()
    assert found
    assert (found.watermark, found.run_id) == (AT, "new")
    assert state.move_watermark("abc", AT + timedelta(seconds=1), "newer").run_id == "newer"


def test_another_instance_starts_its_own(state: SyncState) -> None:
    """Between other systems, an earlier watermark is no step back."""
    state.move_watermark("abc", AT, "new")
    assert state.move_watermark("def", AT - timedelta(days=1), "other").instance == "def"


def test_syncs_keep_theirs_apart(port: MemoryState, state: SyncState) -> None:
    """One sync's watermark says nothing about another's."""
    state.move_watermark("abc", AT, "run")
    assert SyncState(port, "a_to_b.other").watermark() is None


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "{}",
        '{"watermark": "2026-03-10T02:00:00", "instance": "a", "run_id": "r", "committed_at": "2026-03-10T02:00:00Z"}',
    ],
)
def test_a_watermark_edited_by_hand_into_nonsense_is_named(port: MemoryState, state: SyncState, text: str) -> None:
    """The error names the Variable; an instant without its zone is refused rather than guessed at."""
    port.values[KEY] = text
    with pytest.raises(ConfigurationError, match=f"Variable {KEY} cannot be read"):
        state.watermark()


def test_a_resume_point_is_kept_until_it_is_dropped(port: MemoryState, state: SyncState) -> None:
    """Kept per run, deleted with the run's end; dropping twice is no error."""
    state.save_resume("run-1", {"read": 5, "cursor": [1, "a"]})
    assert state.resume("run-1") == {"read": 5, "cursor": [1, "a"]}
    assert state.resume("run-2") is None
    state.drop_resume("run-1")
    state.drop_resume("run-1")
    assert not port.values


def test_runs_whose_ids_differ_only_in_signs_do_not_share_a_resume_point(port: MemoryState, state: SyncState) -> None:
    """`+00:00` and `-00:00`, `:` and `/`: a resume point taken for another run's would skip records for good."""
    ids = [
        "manual__2026-03-10T02:00:00+00:00",
        "manual__2026-03-10T02:00:00/00:00",
        "manual__2026-03-10T02_00_00_00_00",
    ]
    for index, run_id in enumerate(ids):
        state.save_resume(run_id, {"read": index})
    found = [state.resume(run_id) for run_id in ids]
    assert found == [{"read": 0}, {"read": 1}, {"read": 2}]


def test_a_resume_points_name_fits_where_variables_are_kept(port: MemoryState, state: SyncState) -> None:
    """Airflow's names have 250 characters, and so may a run's id alone; long ones stay apart, too."""
    for end in "ab":
        state.save_resume("r" * 249 + end, {"end": end})
    assert {len(key) <= 250 for key in port.values} == {True}
    assert state.resume("r" * 249 + "a") == {"end": "a"}


def test_the_users_rows_are_read_as_json(port: MemoryState, state: SyncState) -> None:
    """Absent or empty means none; anything but an object is named as wrong."""
    assert state.field_map() == {}
    key = "mlconnector__a_to_b__things__field_map"
    port.values[key] = '{"name": "T.NAME", "old": null}'
    assert state.field_map() == {"name": "T.NAME", "old": None}
    for text, said in (("[1]", "is no JSON object"), ("{name}", "is no JSON")):
        port.values[key] = text
        with pytest.raises(ConfigurationError, match=f"Variable {key} {said}"):
            state.field_map()
