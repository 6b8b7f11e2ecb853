from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mlconnector.crypto import Keyring, default_keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError

TEXT = b"Acme GmbH, 4711"


@given(st.binary(max_size=5_000))
def test_sealed_opens(data: bytes) -> None:
    """What is sealed opens as it was, whatever it was."""
    keyring = Keyring(["key"])
    assert keyring.open(keyring.seal(data)) == data


def test_ciphertext_tells_nothing() -> None:
    """The blob holds no plain text, and the same text never gives the same blob."""
    keyring = Keyring(["key"])
    blobs = {keyring.seal(TEXT) for _ in range(100)}
    assert len(blobs) == 100
    assert not any(b"Acme" in blob for blob in blobs)


def test_rotation() -> None:
    """With the new key first and the old one behind it everything opens, and what is new is sealed with the new."""
    old, rotated, new = Keyring(["old"]), Keyring(["new", "old"]), Keyring(["new"])
    before, after = old.seal(TEXT), rotated.seal(TEXT)
    assert rotated.open(before) == rotated.open(after) == new.open(after) == TEXT
    assert [rotated.is_current(blob) for blob in (before, after)] == [False, True]


def test_order_of_keys_decides() -> None:
    """The first key of the list seals, whatever follows."""
    assert Keyring(["b", "a"]).key_id == Keyring(["b"]).key_id != Keyring(["a", "b"]).key_id


def test_repeated_key() -> None:
    """The same key twice in the list is one key."""
    keyring = Keyring(["a", "a"])
    assert keyring.open(keyring.seal(TEXT)) == TEXT


def test_unknown_key_is_named() -> None:
    """A blob of a key that is gone says which key it was and what to do, and prints no key."""
    blob = Keyring(["gone-passphrase"]).seal(TEXT)
    with pytest.raises(ConfigurationError) as caught:
        Keyring(["present-passphrase"]).open(blob)
    text = str(caught.value)
    assert blob[:4].hex() in text
    assert "keep the old key behind the new one" in text
    assert "passphrase" not in text


@given(st.integers(0, 200), st.integers(1, 255))
def test_tampering_is_noticed(position: int, change: int) -> None:
    """A blob of which any byte was changed does not open."""
    keyring = Keyring(["key"])
    blob = bytearray(keyring.seal(TEXT))
    blob[position % len(blob)] ^= change
    with pytest.raises(ConfigurationError):
        keyring.open(bytes(blob))


@pytest.mark.parametrize(
    "kept",
    [
        4,
        16,
        20,
        -1,
    ],
)
def test_cut_blob(kept: int) -> None:
    """A blob that was cut short does not open."""
    keyring = Keyring(["key"])
    with pytest.raises(ConfigurationError, match="changed or cut short"):
        keyring.open(keyring.seal(TEXT)[:kept])


def test_any_bytes_like_opens() -> None:
    """Databases hand out blobs as bytes or as memoryview."""
    keyring = Keyring(["key"])
    assert keyring.open(memoryview(keyring.seal(TEXT))) == TEXT  # type: ignore[arg-type]


def test_no_key() -> None:
    """Without any key it says which options would hold one."""
    with pytest.raises(ConfigurationError, match="fernet_key"):
        Keyring([])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An Airflow home without any key."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    monkeypatch.delenv("AIRFLOW__MLCONNECTOR__ENCRYPTION_KEY", raising=False)
    return tmp_path / "mlconnector"


def test_fernet_key_is_the_default(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's own key list is used, newest first, blanks and all, and no key is made."""
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "new, old,")
    keyring = default_keyring()
    assert keyring.open(Keyring(["old"]).seal(TEXT)) == TEXT
    assert keyring.key_id == Keyring(["new"]).key_id
    assert not (home / "encryption.key").exists()


def test_own_option_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`[mlconnector] encryption_key` replaces Airflow's key."""
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "fernet")
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__ENCRYPTION_KEY", "own")
    assert default_keyring().key_id == Keyring(["own"]).key_id


def test_key_is_made_once(home: Path) -> None:
    """Where Airflow has no key one is made, readable by its owner alone, and found again."""
    first = default_keyring()
    file = home / "encryption.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert default_keyring().open(first.seal(TEXT)) == TEXT
    assert len(file.read_text()) == 64
