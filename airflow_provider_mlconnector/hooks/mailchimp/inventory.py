"""Which members an audience has, asked once for a large load instead of once a record."""

from __future__ import annotations

import logging
from array import array
from bisect import bisect_left
from threading import Lock

from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient

log = logging.getLogger(__name__)

DIGITS = 16
"""Hex digits kept of each MD5: eight bytes a member, so that a million take eight megabytes."""


class Inventory:
    """The audience's members as they were when first asked for."""

    def __init__(self, client: MailchimpClient):
        self._client = client
        self._lock = Lock()
        self._all: array[int] | None = None
        self._archived: frozenset[int] = frozenset()

    def has(self, subscriber: str) -> bool | None:
        """Whether the audience has the member with this hash; None where it is archived."""
        with self._lock:
            if self._all is None:
                self._all, self._archived = self._read()
        short = _short(subscriber)
        if short in self._archived:
            return None
        at = bisect_left(self._all, short)
        return at < len(self._all) and self._all[at] == short

    def _read(self) -> tuple[array[int], frozenset[int]]:
        found, archived = array("Q"), set[int]()
        for subscriber, status in self._client.member_ids():
            short = _short(subscriber)
            found.append(short)
            if status == "archived":
                archived.add(short)
        log.info("mailchimp: the audience has %d members", len(found))
        return array("Q", sorted(found)), frozenset(archived)


def _short(subscriber: str) -> int:
    return int(subscriber[:DIGITS], 16)
