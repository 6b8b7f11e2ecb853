"""The key under which personal target keys (e-mail addresses) and contents are hashed; made once, kept sealed.

It is no encryption key itself, so that rotating those does not change the hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cached_property

from sqlalchemy import select, update

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database

NAME = "target_key_pepper"


class Pepper:
    """Hashes what is personal so that equal things stay equal, and nobody who has only the hashes can guess one."""

    def __init__(self, database: Database):
        self._database = database

    def hash(self, text: str) -> str:
        """Return a keyed hash, 32 hex digits."""
        return hmac.new(self._value, text.encode(), hashlib.sha256).hexdigest()[:32]

    def fingerprint(self, data: bytes) -> str:
        """Return a keyed hash of some content, 32 hex digits."""
        return hashlib.blake2b(data, digest_size=16, key=self._value).hexdigest()

    @cached_property
    def _value(self) -> bytes:
        kept = select(schema.meta.c.value).where(schema.meta.c.name == NAME)
        with self._database.read() as connection:
            blob = connection.scalar(kept)
        if blob is None:
            with self._database.write() as connection:
                blob = self._database.keyring.seal(os.urandom(32))
                insert = self._database.insert(schema.meta).values(name=NAME, value=blob)
                connection.execute(insert.on_conflict_do_nothing())
                blob = connection.scalar(kept)
        return self._database.keyring.open(blob or b"")

    def reseal(self) -> None:
        """Seal it with the newest encryption key."""
        blob = self._database.keyring.seal(self._value)
        with self._database.write() as connection:
            connection.execute(update(schema.meta).where(schema.meta.c.name == NAME).values(value=blob))
