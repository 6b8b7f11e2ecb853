"""Looking up the few rows that match: what refers to something is checked against it, what was sent is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.hooks.jde.access import reading_of
from airflow_provider_mlconnector.hooks.jde.dataservice import Browse
from airflow_provider_mlconnector.hooks.jde.query import Query
from airflow_provider_mlconnector.hooks.jde.reading import Reader

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient


def look_up(
    client: JdeClient,
    table: str,
    columns: Sequence[str],
    where: Query,
    *,
    key: Sequence[str],
    optional: Sequence[str] = (),
    lenient: bool = False,
) -> list[dict[str, Any]]:
    """Return all rows that match, keyed `F0411.DOC`.

    :param columns, key, optional: aliases; `optional` ones are None where the site's table does not have them.
    :param lenient: as of `JdeClient.read`.
    """

    def full(aliases: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{table}.{alias}" for alias in aliases)

    # Each look asks anew and holds nothing on the server, whatever the Connection's page_mode is.
    want = Browse(
        table,
        full((*columns, *optional)),
        where=where,
        size=client.connection.page_size,
        optional=full(optional),
        lenient=lenient,
    )
    with reading_of(client, table):
        return [row for page in Reader(client.dataservice, want, full(key)).by_key(None) for row in page.rows]
