"""The key under which personal target keys (e-mail addresses) are hashed; made once, kept sealed in the ledger.

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
    """Hashes personal keys so that equal ones stay equal and none can be read."""

    def __init__(self, database: Database):
        self._database = database

    def hash(self, text: str) -> str:
        """Return a keyed hash, 32 hex digits."""
        return hmac.new(self._value, text.encode(), hashlib.sha256).hexdigest()[:32]

    @cached_property
    def _value(self) -> bytes:
        with self._database.write() as connection:
            blob = connection.scalar(select(schema.meta.c.value).where(schema.meta.c.name == NAME))
            if blob is None:
                blob = self._database.keyring.seal(os.urandom(32))
                insert = self._database.insert(schema.meta).values(name=NAME, value=blob)
                connection.execute(insert.on_conflict_do_nothing())
                blob = connection.scalar(select(schema.meta.c.value).where(schema.meta.c.name == NAME))
        return self._database.keyring.open(blob or b"")

    def reseal(self) -> None:
        """Seal it with the newest encryption key."""
        blob = self._database.keyring.seal(self._value)
        with self._database.write() as connection:
            connection.execute(update(schema.meta).where(schema.meta.c.name == NAME).values(value=blob))
