"""Which members an audience has: asked for one by one, and read as a whole once many are asked for."""

from __future__ import annotations

import logging
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Lock

from airflow_provider_mlconnector.hooks.mailchimp.answers import ARCHIVED
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient, subscriber_hash
from airflow_provider_mlconnector.hooks.mailchimp.reading import PAGE
from airflow_provider_mlconnector.pipeline.ports import Ready

log = logging.getLogger(__name__)

FEW = 100
"""Below so many, records go one by one and each is asked for; from there on it may pay to read the whole audience."""
DIGITS = 16
"""Hex digits kept of each MD5: eight bytes a member, once all are read."""


def subscriber_of(ready: Ready) -> str:
    """Return the id of the member that a record's address is, or would be."""
    return subscriber_hash(str(ready.payload["email_address"]))


class Inventory:
    """The audience's members, as they were when asked for."""

    def __init__(self, client: MailchimpClient):
        self._client = client
        self._lock, self._asked = Lock(), 0
        self._all: array[int] | None = None
        self._archived: frozenset[int] = frozenset()

    def status(self, subscriber: str) -> str | None:
        """Return `archived`, another status or "" for a member that is there, None where there is none."""
        (status,) = self.statuses([subscriber])
        return status

    def statuses(self, subscribers: Sequence[str]) -> list[str | None]:
        """Return the statuses of several."""
        with self._lock:
            self._asked += len(subscribers)
            if self._all is None and self._asked >= FEW and self._asked >= self._pages:
                self._read()
        if self._all is not None:
            return [self._status_of_all(subscriber) for subscriber in subscribers]
        if len(subscribers) == 1:
            return [self._status_of(subscribers[0])]
        with ThreadPoolExecutor(self._client.connection.max_concurrency, thread_name_prefix="mlc-status") as pool:
            return list(pool.map(self._status_of, subscribers))

    @cached_property
    def _pages(self) -> int:
        """About so many calls it takes to read all of them."""
        return self._client.audience().stats.member_count // PAGE + 2

    def _status_of(self, subscriber: str) -> str | None:
        member = self._client.member(subscriber)
        return None if member is None else member.status

    def _status_of_all(self, subscriber: str) -> str | None:
        short, members = _short(subscriber), self._all or array("Q")
        if short in self._archived:
            return ARCHIVED
        at = bisect_left(members, short)
        return "" if at < len(members) and members[at] == short else None

    def _read(self) -> None:
        found, away = array("Q"), set[int]()
        for subscriber, status in self._client.member_ids():
            short = _short(subscriber)
            found.append(short)
            if status == ARCHIVED:
                away.add(short)
        log.info("mailchimp: the audience has %d members", len(found))
        self._archived, self._all = frozenset(away), array("Q", sorted(found))


def _short(subscriber: str) -> int:
    return int(subscriber[:DIGITS], 16)
