"""One record written: to the path and by the method of its resource, wrapped as it wants it.

Whether a POST creates or replaces is not public, so a new record is sent once; what became of it without an answer is
asked (OutcomeUnknown). A change of a record that is named by the vendor's id may be sent again, documents excepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import requests

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.jaggaer.envelope import placed, written_key
from airflow_provider_mlconnector.hooks.jaggaer.errors import NotFound, body_of, request_id
from airflow_provider_mlconnector.hooks.jaggaer.resources import DOCUMENTS, Resource

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient


@dataclass(frozen=True, slots=True)
class Written:
    """What a write answered: the vendor's id of the record where it is named, the whole document, the call's id."""

    key: str | None
    document: Any
    request_id: str | None = None


def send(client: JaggaerClient, name: str, document: Mapping[str, Any], *, new: bool, key: str | None) -> Written:
    """Write one record; see `JaggaerClient.send`."""
    resource = client.connection.resource(name)
    method, path = _target(resource, new=new, key=key)
    client.connection.refuse_unconfirmed(name, path)
    if not new and not key:
        raise ValueError(f"a change of {name} needs the key of the record")
    body = _body(resource, document, new=new)
    repeatable = not new and name not in DOCUMENTS
    try:
        response: requests.Response = client.request(method, path, json=body, repeatable=repeatable)
    except NotFound as missing:
        if not new and resource.update:
            raise
        raise ConfigurationError(
            f"Connection '{client.connection.conn_id}': {name} cannot be written, there is no '{path}'; set "
            f"resources.{name}.{'create' if resource.create else 'path'} in extra",
            code=missing.code,
            request_id=missing.request_id,
        ) from None
    answer = body_of(response)
    named = written_key(answer, resource) or (_located(response, path) if new else key)
    return Written(named, answer, request_id(response))


def _located(response: requests.Response, path: str) -> str | None:
    """Return the id in the address of a new record, which some servers name in place of a body."""
    address = urlsplit(response.headers.get("Location", "")).path.rstrip("/")
    parent, _, last = address.rpartition("/")
    return unquote(last) or None if parent.endswith(path.strip("/")) else None


def with_key(path: str, key: str) -> str:
    """Return a path with the record's key in it."""
    return path.replace("{id}", quote(key, safe=""))


def _target(resource: Resource, *, new: bool, key: str | None) -> tuple[str, str]:
    if not new and resource.update:
        return "PUT", with_key(resource.update, key or "")
    return "POST", resource.create or resource.path


def _body(resource: Resource, document: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    body: dict[str, Any] = placed(resource.body, dict(document))
    if not resource.operation:
        return body
    return _merged(body, placed(resource.operation, "CREATE" if new else "UPDATE"))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both objects in one; the operation stands first, as in the vendor's own examples."""
    both = dict(above)
    for name, value in below.items():
        inner = both.get(name)
        both[name] = _merged(value, inner) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return both
