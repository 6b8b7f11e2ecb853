"""Saying which table a refusal is about: AIS names none when a user may not read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import PermissionDenied, UnknownField
from airflow_provider_mlconnector.hooks.jde.connection import ROLES

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

_ROLE_OF = {table: role for role, table in ROLES.items()}


@contextmanager
def reading_of(client: JdeClient, table: str) -> Iterator[None]:
    """Put the table's name before the error of a read that is refused, or of a table or column that is not there.

    :raises PermissionDenied, UnknownField: with the name the server knows the table by.
    """
    try:
        yield
    except (PermissionDenied, UnknownField) as error:
        message = f"{client.dataservice.wire_name(table)}: {error.message}"
        if role := _ROLE_OF.get(table):
            message += f" Where the site keeps its {role.replace('_', ' ')} elsewhere, set tables.{role} in extra."
        raise type(error)(message, code=error.code, request_id=error.request_id) from error
