"""Encryption of what is kept: AES-GCM, keys derived from Airflow's Fernet key, the key's id beside the text.

A sealed blob is `key id (4 bytes) | nonce (12) | ciphertext and tag`. `core.fernet_key` may hold several keys, newest
first, as Airflow's own rotation has it; a blob is opened by whichever of them it names.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.exceptions import ConfigurationError

ID_BYTES, NONCE_BYTES = 4, 12
HEAD_BYTES = ID_BYTES + NONCE_BYTES


class Keyring:
    """Seals with the first key, opens with any."""

    def __init__(self, passphrases: Sequence[str]):
        if not passphrases:
            raise ConfigurationError("no encryption key: set [core] fernet_key or [mlconnector] encryption_key")
        self._keys = {key_id: AESGCM(key) for key_id, key in map(_derive, reversed(passphrases))}
        self.key_id, first = _derive(passphrases[0])
        self._first = AESGCM(first)

    def seal(self, data: bytes, about: bytes = b"") -> bytes:
        """Encrypt with the newest key.

        :param about: what the data is about; the blob opens for that alone, so that it cannot stand elsewhere.
        """
        nonce = os.urandom(NONCE_BYTES)
        return self.key_id + nonce + self._first.encrypt(nonce, data, self.key_id + about)

    def open(self, blob: bytes, about: bytes = b"") -> bytes:
        """Decrypt.

        :raises ConfigurationError: when its key is not among ours, or the blob was changed, or is about something else.
        """
        key_id, nonce, text = bytes(blob[:ID_BYTES]), blob[ID_BYTES:HEAD_BYTES], blob[HEAD_BYTES:]
        key = self._keys.get(key_id)
        if key is None:
            raise ConfigurationError(
                f"encrypted with key {key_id.hex()}, which is not among the present keys; "
                "keep the old key behind the new one in [core] fernet_key (or [mlconnector] encryption_key)"
            )
        try:
            return key.decrypt(nonce, text, key_id + about)
        except (InvalidTag, ValueError):
            raise ConfigurationError(
                f"a blob of key {key_id.hex()} was changed or cut short, or stands where it does not belong"
            ) from None

    def is_whole(self, blob: bytes) -> bool:
        """Whether a blob is as it was sealed; also when its key is not there, and nobody can tell.

        Everything is decrypted to know.
        """
        if blob[:ID_BYTES] not in self._keys and len(blob) >= ID_BYTES:
            return True
        try:
            self.open(blob)
        except ConfigurationError:
            return False
        return True

    def is_current(self, blob: bytes) -> bool:
        """Whether a blob is sealed with the newest key."""
        return bytes(blob[:ID_BYTES]) == self.key_id


@lru_cache(maxsize=16)
def _derive(passphrase: str) -> tuple[bytes, bytes]:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mlconnector aes-gcm").derive(passphrase.encode())
    return hashlib.sha256(key).digest()[:ID_BYTES], key


def default_keyring() -> Keyring:
    """Return the keyring of this installation.

    `[mlconnector] encryption_key`, else `[core] fernet_key`, each a comma-separated list, newest first; where Airflow
    itself runs without a key, one made here and kept beside the ledger.
    """
    text = config.option("encryption_key") or config.read("core", "fernet_key")
    keys = [part.strip() for part in text.split(",") if part.strip()]
    return Keyring(keys or [_own_key(config.home() / "encryption.key")])


def _own_key(path: Path) -> str:
    if not path.exists():
        # Written whole before it gets its name: another process may be looking for it at this moment.
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(os.urandom(32).hex())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
