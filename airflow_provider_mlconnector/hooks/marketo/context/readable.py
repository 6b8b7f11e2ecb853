"""One object of the instance, as far as it can be read: which of some fields it has, or why nothing is known of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import ObjectReadOnly, PermissionDenied
from airflow_provider_mlconnector.hooks.marketo.lookup import lookup
from airflow_provider_mlconnector.hooks.marketo.schema import ObjectSchema

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

log = logging.getLogger(__name__)

CRM_OWNED = "a native CRM sync owns Marketo's {name}, which cannot be read (1018)"
ABSENT = "Marketo's {name} cannot be read: the subscription or the API user's role does not include them"


class Readable:
    """An object and the fields that are wanted of it; nothing is asked before the first of them.

    :param wanted: fields; those that the object does not have are left out of every question.
    """

    def __init__(self, client: MarketoClient, name: str, wanted: Iterable[str]):
        self._client, self._name, self._wanted = client, name, tuple(wanted)
        self.why: str | None = None
        """Why it cannot be read; None as long as it can."""

    @property
    def title(self) -> str:
        """The object's name in words."""
        return self._name.replace("_", " ")

    @cached_property
    def schema(self) -> ObjectSchema | None:
        """What the object is made of; None where it cannot be read, see `why`."""
        try:
            return self._client.describe(self._name, to_write=False)
        except (ObjectReadOnly, PermissionDenied) as refusal:
            self._close(refusal)
            return None

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Those of the wanted fields that there are; its keys each object has, also where describe leaves them out."""
        if self.schema is None:
            return ()
        there = {*self.schema.fields, *self.schema.dedupe_fields, self.schema.id_field}
        return tuple(name for name in self._wanted if name in there)

    def find(self, by: str, values: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """Yield the records whose field has one of the values, an absent field as None; none where it is closed."""
        if self.schema is None or self.why:
            return
        try:
            for record in lookup(self._client, self._name, by, values, self.fields):
                yield {**dict.fromkeys(self._wanted), **record}
        except (ObjectReadOnly, PermissionDenied) as refusal:
            self._close(refusal)

    def _close(self, refusal: ObjectReadOnly | PermissionDenied) -> None:
        text = CRM_OWNED if refusal.code == "1018" else ABSENT
        self.why = text.format(name=self.title)
        log.warning("marketo %s cannot be read, what they would tell stays empty: %s", self.title, refusal)
