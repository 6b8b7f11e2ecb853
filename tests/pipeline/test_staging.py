from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import fsspec  # type: ignore[import-untyped]
import pytest
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.pipeline import bundle
from airflow_provider_mlconnector.pipeline.bundle import chain
from airflow_provider_mlconnector.pipeline.staging import (
    CHUNK_ROWS,
    MAX_CHUNKS,
    ChunkRef,
    Staging,
    root_path,
    rows_of_chunk,
    safe,
    staging_url,
)
from airflow_provider_mlconnector.transport.body import loads

KEYS = Keyring(["a passphrase of the tests"])
PAGES = [[{"name": "Ann Lee", "n": n, "limit": Decimal("10.50")} for n in range(3)] for _ in range(3)]


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging.of_run(tmp_path, "a_to_b.things", "abc", "run:1", KEYS)


def write(staging: Staging, pages: list[Any] = PAGES, *, digest: str = "", first: int = 0) -> ChunkRef:
    path = staging.chunk_path("raw", 0)
    for number, page in enumerate(pages[first:], first):
        digest = chain(digest, staging.write_part(path, number, page))
    return ChunkRef(str(path), sum(map(len, pages)), digest, 0)


def read(staging: Staging, ref: ChunkRef) -> list[Any]:
    return [loads(part) for part in staging.parts(ref)]


def test_what_is_read_is_what_was_written(staging: Staging) -> None:
    """Part by part, digits of decimals included."""
    assert read(staging, write(staging)) == PAGES


def test_a_reference_holds_no_record(staging: Staging) -> None:
    """What goes into an XCom is where, how many, which digest and which number; it can be made again from there."""
    ref = write(staging)
    assert ref.as_dict() == {"uri": ref.uri, "rows": 9, "sha256": ref.sha256, "index": 0}
    assert ChunkRef(**json.loads(json.dumps(ref.as_dict()))) == ref


def test_no_plain_text_reaches_the_disk(tmp_path: Path, staging: Staging) -> None:
    """Neither values nor field names, neither in a part nor in the plan; the manifest holds no record."""
    write(staging)
    staging.write_json("plan.json", {"rows": ["a secret field"]})
    staging.write_manifest({"sync": "a_to_b.things", "read": 9})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 5
    for path in files:
        assert not any(word in path.read_bytes() for word in (b"Ann", b"name", b"secret"))


def test_a_day_and_an_instant_become_their_iso_text(staging: Staging) -> None:
    """What the mapping sees of a date."""
    moment = datetime(2026, 3, 10, 2, tzinfo=UTC)
    ref = write(staging, [[{"day": moment.date(), "at": moment}]])
    assert read(staging, ref) == [[{"day": "2026-03-10", "at": "2026-03-10T02:00:00Z"}]]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_part_that_was_changed_is_not_read(staging: Staging, number: int) -> None:
    """One changed byte is found by the encryption, wherever it is."""
    ref = write(staging)
    part = Path(ref.uri) / f"{number:05d}.part"
    blob = bytearray(part.read_bytes())
    blob[-1] ^= 1
    part.write_bytes(blob)
    with pytest.raises(ConfigurationError, match="was changed or cut short"):
        read(staging, ref)


def test_a_part_of_another_run_does_not_pass_for_this_ones(staging: Staging) -> None:
    """Also one that decrypts: the digest is over the parts in their order."""
    ref = write(staging)
    staging.write_part(Path(ref.uri), 1, [{"name": "somebody else"}])
    with pytest.raises(UnexpectedAnswer, match="incomplete or was changed; clear the extract task"):
        read(staging, ref)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_part_that_is_missing_is_noticed(staging: Staging, number: int) -> None:
    """First, middle or last: the run stops instead of delivering less."""
    ref = write(staging)
    (Path(ref.uri) / f"{number:05d}.part").unlink()
    with pytest.raises(UnexpectedAnswer, match="incomplete"):
        read(staging, ref)


def test_a_part_too_many_is_noticed_and_can_be_dropped(staging: Staging) -> None:
    """A part written by a task that died before it counted it is none of the chunk's."""
    ref = write(staging)
    staging.write_part(Path(ref.uri), 3, [{"name": "once more"}])
    with pytest.raises(UnexpectedAnswer):
        read(staging, ref)
    staging.drop_parts(Path(ref.uri), 3)
    staging.drop_parts(Path(ref.uri), 3)
    assert read(staging, ref) == PAGES


def bundled(staging: Staging, pages: list[Any]) -> ChunkRef:
    path = staging.chunk_path("mapped", 0)
    with staging.bundle(path) as parts:
        for page in pages:
            parts.add(page)
    return ChunkRef(str(path), sum(map(len, pages)), parts.digest, 0)


@pytest.mark.parametrize(("size", "files"), [(1, 3), (200, 2), (1 << 19, 1)])
def test_several_parts_stand_in_a_file(
    staging: Staging, size: int, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come back one by one, in order; a file is never larger than it must be."""
    monkeypatch.setattr(bundle, "BUNDLE_BYTES", size)
    ref = bundled(staging, PAGES)
    assert len(list(Path(ref.uri).iterdir())) == files
    assert read(staging, ref) == PAGES


def test_a_bundle_made_again_leaves_nothing_of_the_one_before(
    staging: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that is tried again may need fewer files."""
    monkeypatch.setattr(bundle, "BUNDLE_BYTES", 1)
    bundled(staging, PAGES)
    assert read(staging, bundled(staging, PAGES[:1])) == PAGES[:1]
    assert read(staging, bundled(staging, [])) == []


@pytest.mark.parametrize("length", [0, 2, 4, 30, -1])
def test_a_file_of_parts_that_was_cut_short_is_not_read(staging: Staging, length: int) -> None:
    """Wherever it was cut: within a length, within a part, between two, or to nothing."""
    ref = bundled(staging, PAGES)
    file = Path(ref.uri) / "00000.part"
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises((ConfigurationError, UnexpectedAnswer)):
        read(staging, ref)


def test_a_part_alone_is_read_or_is_not_there(staging: Staging) -> None:
    """One that was not written to its end is as good as none; nor is a file of several one part."""
    ref = write(staging)
    packed, text = staging.read_part(Path(ref.uri), 1) or (b"", b"")
    assert (packed, loads(text)) == (staging.pack(PAGES[1]), PAGES[1])
    assert staging.read_part(Path(ref.uri), 3) is None
    file = Path(ref.uri) / "00001.part"
    whole = file.read_bytes()
    for broken in (b"", whole[:3], whole[:-1], whole[1:], whole + whole):
        file.write_bytes(broken)
        assert staging.read_part(Path(ref.uri), 1) is None


def test_a_small_file_is_written_whole_or_not_at_all(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the midst of writing it, what was there before is still there."""
    staging.write_json("plan.json", {"a": 1})

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        staging.write_json("plan.json", {"a": 2})
    assert staging.read_json("plan.json") == {"a": 1}


def test_another_key_opens_nothing(tmp_path: Path, staging: Staging) -> None:
    """The message names the key's id and what to do."""
    ref = write(staging)
    other = Staging.of_run(tmp_path, "a_to_b.things", "abc", "run:1", Keyring(["another"]))
    with pytest.raises(ConfigurationError, match="not among the present keys"):
        read(other, ref)


def test_an_old_key_still_opens_after_a_rotation(tmp_path: Path, staging: Staging) -> None:
    """A run that has begun before a rotation ends after it."""
    ref = write(staging)
    rotated = Keyring(["the new one", "a passphrase of the tests"])
    assert read(Staging.of_run(tmp_path, "a_to_b.things", "abc", "run:1", rotated), ref) == PAGES


@given(st.lists(st.binary(), max_size=6), st.integers(0, 6))
def test_a_digest_carries_on_after_any_part(parts: list[bytes], crash: int) -> None:
    """The digest kept in the resume point is all that is needed to go on: whole and resumed are the same."""
    whole, resumed = "", ""
    for part in parts:
        whole = chain(whole, part)
    for part in parts[:crash]:
        resumed = chain(resumed, part)
    kept = str(resumed)
    for part in parts[crash:]:
        kept = chain(kept, part)
    assert kept == whole


def test_chunks_grow_so_that_a_thousand_hold_any_source() -> None:
    """Task mapping ends at 1,024; a thousand chunks hold two thousand million records."""
    assert rows_of_chunk(0) == rows_of_chunk(99) == CHUNK_ROWS
    assert rows_of_chunk(100) == 2 * CHUNK_ROWS
    sizes = [rows_of_chunk(index) for index in range(MAX_CHUNKS)]
    assert sizes == sorted(sizes)
    assert sum(sizes) > 2_000_000_000


@pytest.mark.parametrize("name", ["a_to_b.things", "manual", "2026-03-10", "a=b"])
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    """Folders are read by people."""
    assert safe(name) == name


@pytest.mark.parametrize("name", ["..", ".", "", "../../etc", "a/b", "r" * 400, "…", "a b", "x\n"])
def test_any_name_is_one_path_component(tmp_path: Path, name: str) -> None:
    """No run id leads out of the staging folder, and none is too long for a file system."""
    (tmp_path / safe(name)).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [safe(name)]


@given(st.lists(st.text(alphabet="a:/+_.-é", max_size=6), unique=True, max_size=30))
def test_no_two_names_share_a_folder(names: list[str]) -> None:
    """Two runs in one folder would send each other's records."""
    assert len({safe(name) for name in names}) == len(names)


def test_runs_whose_ids_differ_only_in_signs_have_folders_of_their_own(tmp_path: Path) -> None:
    """As Airflow's ids may: `manual__…T02:00` beside `manual__…T02_00`."""
    folders = {Staging.of_run(tmp_path, "a.b", "i", run_id, KEYS).folder for run_id in ("r:1", "r_1", "r/1", "r+1")}
    assert len(folders) == 4


def test_a_folder_says_which_sync_instance_and_run(tmp_path: Path, staging: Staging) -> None:
    """`<sync>/<instance>/<run>/`: one can find a run's files, and remove an instance's."""
    sync, instance, run = staging.folder.relative_to(tmp_path).parts
    assert (sync, instance, run.startswith("run_1-")) == ("a_to_b.things", "abc", True)


def test_small_files_come_back_or_are_none(staging: Staging) -> None:
    """No manifest yet means that the extract has not ended."""
    assert staging.manifest() is None
    assert staging.read_json("plan.json") is None
    staging.write_json("plan.json", {"a": [1, Decimal("0.1")]})
    staging.write_manifest({"window": {"start": None}})
    assert staging.read_json("plan.json") == staging.read_known("plan.json") == {"a": [1, Decimal("0.1")]}
    assert staging.manifest() == {"window": {"start": None}}


def test_a_file_that_is_gone_says_what_to_do(staging: Staging) -> None:
    """After the sweep a cleared map or upsert cannot go on; the message says which task to clear instead."""
    with pytest.raises(UnexpectedAnswer, match="clear the extract task"):
        staging.read_known("plan.json")


def test_removing_takes_the_run_and_nothing_beside_it(tmp_path: Path, staging: Staging) -> None:
    """All of the run's files go, those of the next run stay; removing twice is no error."""
    other = Staging.of_run(tmp_path, "a_to_b.things", "abc", "run:2", KEYS)
    write(staging)
    write(other)
    staging.remove()
    staging.remove()
    assert not staging.folder.exists()
    assert other.folder.exists()


def test_a_root_may_be_a_folder_or_any_store_airflow_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain path and `file://` are local; the default lies under $AIRFLOW_HOME."""
    assert root_path(str(tmp_path)) == root_path(f"file://{tmp_path}") == tmp_path
    assert root_path("~/x").is_absolute()
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__STAGING_PATH", "s3://bucket/x")
    assert staging_url() == "s3://bucket/x"
    monkeypatch.delenv("AIRFLOW__MLCONNECTOR__STAGING_PATH")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    assert staging_url() == str(tmp_path / "mlconnector" / "staging")


class FlatStore(MemoryFileSystem):  # type: ignore[misc]
    """A store like S3: a folder is a prefix, there as long as an object is."""

    protocol = "flat"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """There are no folders to make."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """There are no folders to make."""

    def rmdir(self, path: str) -> None:
        """There are none to remove."""
        raise FileNotFoundError(path)


fsspec.register_implementation("flat", FlatStore, clobber=True)


@pytest.mark.filterwarnings("ignore:UPath 'flat' filesystem")
@pytest.mark.parametrize("store", ["memory", "flat"])
def test_an_object_store_takes_the_same_files(store: str) -> None:
    """Written, read, listed and removed through ObjectStoragePath, as on s3:// or gs://."""
    root = root_path(f"{store}://bucket/staging")
    staging = Staging.of_run(root, "a_to_b.things", "abc", "run:1", KEYS)
    ref = write(staging)
    staging.write_json("plan.json", {"a": 1})
    assert ref.uri.startswith(f"{store}://")
    assert read(staging, ref) == PAGES
    assert staging.read_json("plan.json") == {"a": 1}
    staging.chunk_path("raw", 1)
    staging.write_part(root_path(f"{ref.uri[:-1]}1"), 0, PAGES[0])
    staging.drop_chunks("raw", 1)
    assert list(staging.loose_parts("raw", 1)) == []
    assert read(staging, ref) == PAGES
    staging.remove()
    assert staging.read_json("plan.json") is None
    with pytest.raises(UnexpectedAnswer):
        read(staging, ref)
