"""Finding the rows in what an orchestration answers: designers map outputs as they please."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.connection import OrchestrationConfig

NO_ROWS = frozenset({"links", "syserrors", "errors", "warnings", "errors/warnings", "continuedonerror", "summary"})
"""Lists and objects that stand beside the rows of a data request, in lower case."""
ROOT = ""
"""The name given to a list that is the whole answer."""


def rows_in(config: OrchestrationConfig, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows at the path `rows`, or those of the only list there is.

    One object instead of a list is one row. Nothing but empty lists, or no list at all, is an empty result: servers
    leave out what is empty.

    :raises ConfigurationError: there are rows, and not where `rows` says, or in several places.
    :raises UnexpectedAnswer: a data request in it was cut short.
    """
    if ROOT in document:
        return _dicts(document[ROOT])
    if config.rows is None:
        return _only(config, document)
    node: Any = document
    rest = config.rows
    while rest:
        _refuse_cut(config.name, node)
        step = _step(node, rest)
        if step is None:
            if _found(config.name, document):
                raise ConfigurationError(
                    f"orchestration {config.name}: nothing at `rows` ({config.rows}) in its answer, and rows elsewhere"
                )
            return []
        node, rest = step
    if isinstance(node, dict):
        return [node] if node else []
    if node and not isinstance(node, list):
        raise ConfigurationError(f"orchestration {config.name}: `rows` ({config.rows}) does not lead to a list")
    return _dicts(node or [])


def _dicts(rows: list[Any]) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)]


def _only(config: OrchestrationConfig, document: dict[str, Any]) -> list[dict[str, Any]]:
    found = _found(config.name, document)
    if len(found) > 1:
        raise ConfigurationError(
            f"orchestration {config.name}: {len(found)} lists in its answer; set `rows` to the path of the right one"
        )
    return found[0] if found else []


def _found(name: str, document: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the lists of rows in an answer that are not empty; without any, the objects that may be a row."""
    tables = list(_tables(name, document))
    if tables:
        return [rows for rows in tables if rows]
    return [[row] for value in _values(document) for row in _objects(value)]


def _values(node: dict[str, Any]) -> Iterator[Any]:
    for key, value in node.items():
        if key.lower() not in NO_ROWS:
            yield value


def _step(node: Any, path: str) -> tuple[Any, str] | None:
    """Follow the longest name of the path that is there: names of outputs may hold dots themselves."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if isinstance(node, dict) and name in node:
            return node[name], ".".join(parts[length:])
    return None


def _tables(name: str, node: Any) -> Iterator[list[dict[str, Any]]]:
    if isinstance(node, dict):
        _refuse_cut(name, node)
        for value in _values(node):
            yield from _tables(name, value)
    elif isinstance(node, list) and (not node or isinstance(node[0], dict)):
        yield node


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield objects with at least two plain values: one alone is a count or a note."""
    if isinstance(node, dict):
        if sum(not isinstance(value, dict | list) for value in node.values()) > 1:
            yield node
        for value in _values(node):
            yield from _objects(value)


def _refuse_cut(name: str, node: Any) -> None:
    """A data request within an orchestration is cut at its page size just as silently."""
    summary = node.get("summary") if isinstance(node, dict) else None
    if isinstance(summary, dict) and str(summary.get("moreRecords")).lower() == "true":
        raise UnexpectedAnswer(
            f"orchestration {name}: its answer is cut short; raise the page size in its data request"
        )
