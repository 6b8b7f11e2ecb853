"""What sync declarations are made of: functions named by where they live, and keys taken from a payload.

Airflow reads the declarations with every parse of a DAG file; a vendor's code is imported only when a task calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

PACKAGE = "airflow_provider_mlconnector"


def late(path: str, **named: Any) -> Callable[..., Any]:
    """Return a function that imports `path` when it is called, and calls it.

    :param path: `module:name` in this package, e.g. `hooks.jde.source:customers`.
    :param named: arguments beside those of the call.
    """

    def call(*args: Any) -> Any:
        return _imported(path)(*args, **named)

    return call


def opened(path: str, **named: Any) -> Callable[..., Any]:
    """Return `late` for what is opened with a client alone, and does not look at the job."""

    def call(client: Any, _job: Any) -> Any:
        return _imported(path)(client, **named)

    return call


def journaled(path: str, **named: Any) -> Callable[..., Any]:
    """Return `late` for a target whose writes must not be repeated: it is opened with a client and a journal."""

    def call(client: Any, job: Any) -> Any:
        return _imported(path)(client, job.journal, **named)

    return call


def _imported(path: str) -> Any:
    from airflow_provider_mlconnector.hooks.registry import import_object

    return import_object(f"{PACKAGE}.{path}")


def value_of(field: str) -> Callable[[Mapping[str, Any]], str | None]:
    """Return the target key that is a payload's field."""

    def key(payload: Mapping[str, Any]) -> str | None:
        value = payload.get(field)
        return None if value is None else str(value)

    return key


def folded(field: str) -> Callable[[Mapping[str, Any]], str | None]:
    """Return the target key that is a payload's field in any case, such as an e-mail address."""

    def key(payload: Mapping[str, Any]) -> str | None:
        value = payload.get(field)
        return str(value).casefold() if value else None

    return key
