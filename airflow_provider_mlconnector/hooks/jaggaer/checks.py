"""What `airflow mlconnector check` says about a tenant: which of the configured paths, wrappers and keys fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    PermissionDenied,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jaggaer.envelope import Listing, dig, key_of, lists, read_listing, value_of
from airflow_provider_mlconnector.hooks.jaggaer.errors import NotFound
from airflow_provider_mlconnector.hooks.jaggaer.models import moment_of
from airflow_provider_mlconnector.hooks.jaggaer.reading import Lister
from airflow_provider_mlconnector.hooks.jaggaer.resources import Resource

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient

WRITTEN = ("suppliers", "purchase_orders")
"""What is written, besides the codes that are to be created where they are missing."""


def lines(client: JaggaerClient) -> list[str]:
    """Log in, GET the first page of every resource, and return a line for each.

    :raises CredentialsRejected: the login is refused; what else does not fit is said in its line.
    """
    client.auth.current()
    return [f"logged in to {client.api.base_url}", *(_line(client, name) for name in client.connection.resources)]


def _line(client: JaggaerClient, name: str) -> str:
    resource = client.connection.resource(name)
    head = f"{name}: {client.connection.api_prefix.rstrip('/')}/{resource.path.lstrip('/')}"
    try:
        said = _looked(client, name, resource)
    except CredentialsRejected:
        raise
    except NotFound as missing:
        said = f"NOT THERE ({missing.code}): set resources.{name}.path" if missing.is_path else "no records"
    except PermissionDenied as denied:
        said = f"NOT ALLOWED ({denied.code}): let this client use it at JAGGAER, or set resources.{name}.path"
    except MLConnectorError as error:
        said = f"DOES NOT FIT: {error}"
    return f"{head}: {said}{_confirmed(client, name, resource)}"


def _confirmed(client: JaggaerClient, name: str, resource: Resource) -> str:
    is_written = name in WRITTEN or resource.create_missing
    if not is_written or resource.confirmed:
        return ""
    said = "not written before it is" if client.connection.strict_paths else "written all the same"
    return f"; not confirmed (resources.{name}.confirmed), {said}"


def first_page(client: JaggaerClient, name: str) -> tuple[Mapping[str, Any], Listing]:
    """Return the first page of a resource's list: the answer, and the records in it.

    :raises NotFound: there is no such path, or nothing in it.
    :raises UnexpectedAnswer: the answer is not what the Connection says of the resource.
    """
    connection, resource = client.connection, client.connection.resource(name)
    params = Lister(client, name, "").params("")
    if connection.paging.style in ("offset1", "page"):
        params[connection.paging.param] = str(connection.paging.first)
    document = client.call("GET", resource.path, params=params)
    if not isinstance(document, Mapping):
        raise UnexpectedAnswer(f"JAGGAER {name}: the answer is no JSON object")
    return document, read_listing(document, resource, connection.envelope, name)


def _looked(client: JaggaerClient, name: str, resource: Resource) -> str:
    document, listing = first_page(client, name)
    problems = [*_problems(document, listing, resource, client), *_detail(client, name, resource, listing)]
    count = "an unknown number of" if listing.total is None else str(listing.total)
    return f"DOES NOT FIT: {'; '.join(problems)}" if problems else f"fits, {count} records"


def _detail(client: JaggaerClient, name: str, resource: Resource, listing: Listing) -> Iterator[str]:
    """Yield what is wrong with the path of one record, tried with the first of the list."""
    key = key_of(listing.items[0], resource.key) if listing.items else None
    if resource.detail and key and client.get(name, key) is None:
        yield f"the list's {key} is not found at '{resource.detail}' (detail)"


def _problems(
    document: Mapping[str, Any], listing: Listing, resource: Resource, client: JaggaerClient
) -> Iterator[str]:
    envelope = client.connection.envelope
    for part in ("code", "total", "returned"):
        name = getattr(envelope, part)
        if dig(document, name) is None:
            yield f"no '{name}' in the answer (envelope.{part})"
    if not listing.items:
        if resource.items and dig(document, resource.items) is None and list(lists(document)):
            yield f"no list at '{resource.items}', but at {', '.join(lists(document))} (items)"
        return
    first = listing.items[0]
    for part in ("key", "external", "modified"):
        path = getattr(resource, part)
        if path and not any(value_of(item, path) is not None for item in listing.items):
            yield f"no record has '{path}' ({part}); it has {', '.join(sorted(first))}"
    changed = value_of(first, resource.modified)
    if changed is not None and moment_of(changed) is None:
        yield f"'{resource.modified}' is no time (modified)"
