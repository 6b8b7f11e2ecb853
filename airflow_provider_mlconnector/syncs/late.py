"""What sync declarations are made of: functions named by where they live, and keys taken from a payload.

Airflow reads the declarations with every parse of a DAG file; a vendor's code is imported only when a task calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

HOOKS = "airflow_provider_mlconnector.hooks"


def late(path: str, **named: Any) -> Callable[..., Any]:
    """Return a function that imports `path` when it is called, and calls it.

    :param path: `module:name` below the hooks, e.g. `jde.source:customers`.
    :param named: arguments beside those of the call.
    """

    def call(*args: Any) -> Any:
        from airflow_provider_mlconnector.hooks.registry import import_object

        function: Any = import_object(f"{HOOKS}.{path}")
        return function(*args, **named)

    return call


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
