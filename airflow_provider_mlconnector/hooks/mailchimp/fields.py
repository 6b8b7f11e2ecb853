"""The merge fields of an audience, asked once and created where they are missing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mlconnector.hooks.mailchimp import reading
from airflow_provider_mlconnector.hooks.mailchimp.errors import NotFound
from airflow_provider_mlconnector.hooks.mailchimp.models import Audience, MergeField, read_model
from airflow_provider_mlconnector.hooks.mailchimp.reading import Call
from airflow_provider_mlconnector.hooks.mailchimp.writing import or_existing

Once = Callable[[Callable[[], MergeField], Callable[[], MergeField | None]], MergeField]


class MergeFields:
    """The merge fields of one audience.

    :param list_id: returns the audience's id as it stands in a path.
    :param audience: says what is wrong where the audience is not there.
    :param once: `write_once` with its retries and waits.
    """

    def __init__(
        self, call: Call, conn_id: str, list_id: Callable[[], str], audience: Callable[[], Audience], once: Once
    ):
        self._call, self._conn_id, self._list_id, self._audience, self._once = call, conn_id, list_id, audience, once
        self._known: dict[str, MergeField] | None = None
        self._lock = threading.RLock()

    def all(self) -> dict[str, MergeField]:
        """Return the fields by tag."""
        with self._lock:
            if self._known is None:
                self._known = self._read()
            return dict(self._known)

    def create(self, tag: str, name: str, kind: str, options: Mapping[str, Any] | None) -> MergeField:
        """Create a field; see MailchimpClient.create_merge_field."""
        body = {"tag": tag, "name": name, "type": kind} | ({"options": dict(options)} if options else {})
        path = f"lists/{self._list_id()}/merge-fields"

        def send() -> MergeField:
            return read_model(MergeField, self._call("POST", path, json=body, repeatable=False).value)

        def find() -> MergeField | None:
            return self._look_again(tag)

        what = f"Connection '{self._conn_id}': the merge field '{tag}'"
        made = or_existing(lambda: self._once(send, find), find, what)
        with self._lock:
            if self._known is not None:
                self._known[made.tag] = made
        return made

    def _read(self) -> dict[str, MergeField]:
        try:
            return reading.merge_fields(self._call, self._list_id())
        except NotFound:
            self._audience()
            raise

    def _look_again(self, tag: str) -> MergeField | None:
        with self._lock:
            self._known = None
            return next((field for field in self.all().values() if field.tag.upper() == tag.upper()), None)
