"""Reading one business document by its key: `GET {detail_path}?{keys}&viewUri=…`.

A missing record is an empty or absent list, not a 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.qad.answers import Row, plain, records_of
from airflow_provider_mlconnector.hooks.qad.resources import DOMAINS, SHARED_SET, ResourceConfig

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.qad.client import QadClient


def key_of(client: QadClient, resource: ResourceConfig, known: Mapping[str, Any]) -> dict[str, str]:
    """Return the whole key of a document out of what a row shows and what the Connection says.

    :raises ConfigurationError: naming what is missing.
    """
    given = {SHARED_SET: client.connection.shared_set} | dict.fromkeys(DOMAINS, client.connection.domain)
    key = {name: plain(known.get(name)) or plain(given.get(name)) for name in resource.key}
    for name, value in key.items():
        if value is None:
            extra = "shared_set" if name == SHARED_SET else "domain" if name in DOMAINS else "resources"
            raise ConfigurationError(
                f"Connection '{client.connection.conn_id}': the key field '{name}' of {resource.plural} is not in the "
                f"browse's rows; set {extra} in extra"
            )
    return {name: str(value) for name, value in key.items()}


def read(client: QadClient, resource: ResourceConfig, key: Mapping[str, str]) -> Row | None:
    """Return a document, None where there is none.

    :raises UnexpectedAnswer: when another document than the one asked for comes.
    """
    if not resource.detail_path:
        return None
    params = list(key.items())
    if resource.view_uri:
        params.append(("viewUri", resource.view_uri))
    records = records_of(client.get(resource.detail_path, params), resource.plural)
    if not records:
        return None
    found = next((record for record in records if _is(record, key)), None)
    if found is None:
        raise UnexpectedAnswer(
            f"{resource.plural}: asked for {'.'.join(key.values())}, another record came; check key in extra resources"
        )
    return found


def _is(record: Row, key: Mapping[str, str]) -> bool:
    shown = ((plain(record.get(name)), value) for name, value in key.items())
    return all(found is None or str(found).casefold() == value.casefold() for found, value in shown)
