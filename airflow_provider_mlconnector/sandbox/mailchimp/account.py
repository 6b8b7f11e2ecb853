"""The data of one simulated account: its audience's members and fields, its store, what became of past contacts."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.core import Clock, Faults
from airflow_provider_mlconnector.sandbox.mailchimp.emails import check_email, subscriber_hash
from airflow_provider_mlconnector.sandbox.mailchimp.errors import BUSY, invalid, not_found
from airflow_provider_mlconnector.sandbox.mailchimp.fields import MergeField, default_fields, field_of
from airflow_provider_mlconnector.sandbox.mailchimp.member import Member, shown, stamp
from airflow_provider_mlconnector.sandbox.mailchimp.options import DC, LIST_ID, Options
from airflow_provider_mlconnector.sandbox.mailchimp.queue import Queue
from airflow_provider_mlconnector.sandbox.mailchimp.storage import Storage

SCHEMA = "https://us21.api.mailchimp.com/schema/3.0"


class Account:
    """Members by their hash; forgotten addresses by theirs; stores with their customers; the queue of batches.

    `buyers` finds a customer's id by store and address in lower case.
    """

    def __init__(self, options: Options, clock: Clock, faults: Faults, seed: int) -> None:
        self.options = options
        self.clock = clock
        self.faults = faults
        self.list_id = LIST_ID
        self.created = clock.now()
        self.fields: list[MergeField] = default_fields(options.phone_format)
        self.queue = Queue(options, clock, faults, seed)
        self.storage = Storage(self.queue, clock, faults, seed, options)
        self._chance = random.Random(f"{seed}:ids")
        self._numbers = itertools.count(400_000_001)
        self.clear()

    def clear(self) -> None:
        """Forget all contacts, stores and batches; the merge fields stay."""
        self.members: dict[str, Member] = {}
        self.forgotten: dict[str, str] = {}
        self.busy: set[str] = set()
        self.stores: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, dict[str, Any]]] = {}
        self.buyers: dict[tuple[str, str], str] = {}
        self.unknown_fields: set[str] = set()
        self.queue.batches.clear()
        self._contacts: dict[str, Member] = {}
        self._tag_ids: dict[str, int] = {}

    def now(self) -> str:
        """Return the present instant as the vendor writes it."""
        return stamp(self.clock.now())

    def request_id(self) -> str:
        """Return a new id for a call."""
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def check_list(self, list_id: str) -> None:
        """Raise `Problem` when the audience is not this account's."""
        if list_id != self.list_id:
            raise not_found()

    def find(self, key: str) -> Member | None:
        """Return the member whose hash, address or contact id `key` is."""
        if key in self._contacts:
            return self._contacts[key]
        return self.members.get(subscriber_hash(key) if "@" in key else key)

    def member(self, key: str) -> Member:
        """Return the member whose hash, address or contact id `key` is; raises `Problem`."""
        found = self.find(key)
        if found is None:
            raise not_found()
        return found

    def check_signup(self, email: str) -> None:
        """Raise `Problem` when an address cannot be taken in: malformed, fake, or signed up too often of late."""
        check_email(email, self.options.roles)
        if subscriber_hash(email) in self.busy or self.faults.hit("too_many_signups"):
            raise invalid(BUSY % email)

    def add_member(self, email: str, status: str, by: str, source: str = "API - Generic") -> Member:
        """Take in a new member."""
        now = self.clock.now()
        ids = (f"{self._chance.getrandbits(128):032x}", f"{self._chance.getrandbits(40):010x}")
        member = Member(email, *ids, next(self._numbers), now, source=source, changed=now)
        member.turn(status, by, now)
        self.members[member.id] = self._contacts[member.contact_id] = member
        return member

    def rename(self, member: Member, email: str) -> None:
        """Give a member another address; its `contact_id` stays."""
        del self.members[member.id]
        member.email = email
        self.members[member.id] = member

    def forget(self, member: Member) -> None:
        """Delete a member for good."""
        del self.members[member.id], self._contacts[member.contact_id]
        self.forgotten[member.id] = member.email

    def tag(self, member: Member, name: str, *, active: bool = True) -> None:
        """Give a member a tag, known or new, or take it away."""
        self._tag_ids.setdefault(name, len(self._tag_ids) + 1)
        if active and name not in member.tags:
            member.tags.append(name)
        elif not active and name in member.tags:
            member.tags.remove(name)

    def tag_id(self, name: str) -> int:
        """Return the number of a tag."""
        return self._tag_ids[name]

    def show(self, member: Member) -> dict[str, Any]:
        """Return a member as the vendor answers it."""
        body = shown(member, self.fields, self._tag_ids, self.list_id)
        return body | self.links(f"/lists/{self.list_id}/members/{member.id}")

    def add_field(self, described: Mapping[str, Any]) -> MergeField:
        """Add a merge field described as in the body of its POST; raises `Problem`."""
        made = field_of(described, self.fields, self.options.max_merge_fields)
        self.fields.append(made)
        return made

    def field(self, tag: str) -> MergeField:
        """Return the merge field with this tag; raises `KeyError`."""
        for each in self.fields:
            if each.tag == tag:
                return each
        raise KeyError(f"no merge field {tag!r}; there are {', '.join(each.tag for each in self.fields)}")

    def remove_field(self, field: MergeField) -> None:
        """Remove a merge field and all its values."""
        self.fields.remove(field)
        for member in self.members.values():
            member.merge.pop(field.tag, None)

    def links(self, path: str) -> dict[str, Any]:
        """Return the `_links` of an object."""
        href = f"https://{DC}.api.mailchimp.com/3.0{path}"
        return {"_links": [{"rel": "self", "href": href, "method": "GET", "targetSchema": f"{SCHEMA}/Definitions"}]}
