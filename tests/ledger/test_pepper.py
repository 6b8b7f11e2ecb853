from __future__ import annotations

import pytest

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger import Ledger, open_ledger


def test_equal_keys_hash_equal(ledger: Ledger, url: str, keyring: Keyring) -> None:
    """Equal keys have equal hashes, in every process that opens the ledger; different ones differ."""
    first = ledger.pepper.hash("a@example.com")
    assert open_ledger(url, keyring).pepper.hash("a@example.com") == first
    assert ledger.pepper.hash("b@example.com") != first
    assert len(first) == 32
    content = ledger.pepper.fingerprint(b"all of a record")
    assert open_ledger(url, keyring).pepper.fingerprint(b"all of a record") == content
    assert len(content) == 32


def test_hash_needs_this_ledger(ledger: Ledger, url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another ledger hashes otherwise, so that no hash can be looked up in a list of addresses, nor of contents."""
    other = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('other')}/ledger.db", Keyring(["first passphrase"]))
    assert other.pepper.hash("a@example.com") != ledger.pepper.hash("a@example.com")
    assert other.pepper.fingerprint(b"all of a record") != ledger.pepper.fingerprint(b"all of a record")
    other.database.engine.dispose()


def test_stable_across_key_rotation(ledger: Ledger, url: str) -> None:
    """Hashes stay what they were when the encryption key is rotated, and after the old key is gone."""
    before = ledger.pepper.hash("a@example.com")
    rotated = open_ledger(url, Keyring(["second", "first passphrase"]))
    assert rotated.pepper.hash("a@example.com") == before
    rotated.pepper.reseal()
    assert open_ledger(url, Keyring(["second"])).pepper.hash("a@example.com") == before
    with pytest.raises(ConfigurationError, match="not among the present keys"):
        open_ledger(url, Keyring(["first passphrase"])).pepper.hash("a@example.com")
