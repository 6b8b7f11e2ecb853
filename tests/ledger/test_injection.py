"""Whatever text is looked for, the ledger finds what has that text and nothing else, on both databases."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.ledger.browse import Browse
from airflow_provider_mlconnector.ledger.forgetting import forget
from airflow_provider_mlconnector.ledger.reading import Reading
from airflow_provider_mlconnector.ledger.schema import metadata
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.syncs import get_sync
from tests.attacks import HOSTILE

AT = datetime(2026, 3, 1, tzinfo=UTC)
BOUNDS = {"after", "before"}
"""Say where a page begins; rows behind it are found whatever they hold."""


@pytest.fixture
def filled(ledger: Ledger, scope: Scope, begin: Callable[..., bool]) -> Ledger:
    """Three records and their links."""
    begin("r1")
    values = {"name": "Acme"}
    ledger.record(
        scope,
        "r1",
        [
            Delivery("1001", Outcome.CREATED, AT, values=values, link="77", target_key="77"),
            Delivery("1002", Outcome.REJECTED, AT, values=values, reason_code="1003"),
            Delivery("1003", Outcome.REJECTED, AT, values=values),
        ],
        systems=("jde", "marketo"),
    )
    return ledger


def texts_of(kind: type) -> Iterator[tuple[str, str]]:
    """Every method of a class with each parameter of it that is a text."""
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        for parameter in inspect.signature(method).parameters.values() if not name.startswith("_") else ():
            if str(parameter.annotation) in ("str", "str | None") and parameter.name not in BOUNDS:
                yield name, parameter.name


QUESTIONS = [(kind, *pair) for kind in (Browse, Reading) for pair in texts_of(kind)]


def everything(ledger: Ledger) -> dict[str, int]:
    with ledger.database.read() as connection:
        tables = metadata.tables.values()
        return {each.name: connection.scalar(select(func.count()).select_from(each)) or 0 for each in tables}


def asked(ledger: Ledger, kind: type, method: str, scope: Scope, **texts: str) -> Any:
    """Ask one question, for what is there but for `texts`."""
    subject: Any = ledger.browse if kind is Browse else ledger.reading
    known: dict[str, Any] = {
        "scope": scope, "scopes": [scope], "sync": scope.sync, "key": "1002", "run_id": "r1", "code": "1003",
        "of": {"run_id": "r1", "sync": scope.sync, "instance": scope.instance}, "status": "rejected",
        "since": datetime(2020, 1, 1, tzinfo=UTC), "map_version": "m1", "writable": True,
    }  # fmt: skip
    wanted = inspect.signature(getattr(subject, method)).parameters
    found = getattr(subject, method)(**{name: value for name, value in {**known, **texts}.items() if name in wanted})
    return list(found) if inspect.isgenerator(found) else found


def is_empty(found: Any) -> bool:
    rows = getattr(found, "rows", found)
    return not rows


# A text that decides which records are taken up again, and is compared with what they have: any other takes all.
OTHERS = {("still_rejected", "run_id"), ("open_again", "map_version"), ("awaiting", "run_id")}
# Further conditions of a question that finds more than what they are about.
ADDED = {("open_again", "awaited"), ("open_again", "mirror")}


@pytest.mark.parametrize(("kind", "method", "name"), QUESTIONS, ids=[f"{m}-{n}" for _, m, n in QUESTIONS])
def test_no_text_finds_more_than_it_says(filled: Ledger, scope: Scope, kind: type, method: str, name: str) -> None:
    """In each question and each text of it: nothing is found, nothing fails, nothing is changed."""
    before = everything(filled)
    for text in HOSTILE.values():
        found = asked(filled, kind, method, scope, **{name: text})
        assert (method, name) in OTHERS | ADDED or is_empty(found), text
    assert everything(filled) == before


def test_what_is_there_is_found(filled: Ledger, scope: Scope) -> None:
    """The same questions find something when they are asked for it; and there are questions."""
    silent = {method for kind, method, _ in QUESTIONS if is_empty(asked(filled, kind, method, scope))}
    assert silent <= {"awaiting", "still_rejected", "links", "open_again", "last_sent"}
    assert {("named", "key"), ("story", "key"), ("rejects", "code"), ("trail", "run_id")} <= {q[1:] for q in QUESTIONS}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_forgets_more_than_it_says(filled: Ledger, scope: Scope, text: str) -> None:
    """Erasing takes the record of that very key, and there is none."""
    before = everything(filled)
    assert forget(filled.database, get_sync(scope.sync), text) == 0
    assert everything(filled) == before


def test_a_hostile_key_is_a_key(filled: Ledger, scope: Scope) -> None:
    """A source may number its records like this: each is one record, found and erased by itself."""
    for text in HOSTILE.values():
        if len(text) > 250:
            continue
        filled.record(scope, "r1", [Delivery(text, Outcome.CREATED, AT)], systems=("jde", "marketo"))
        assert [row["record_key"] for row in filled.browse.named(text, [scope])] == [text]
        assert forget(filled.database, get_sync(scope.sync), text) > 0
        assert filled.browse.named(text, [scope]) == []
    assert len(filled.browse.records(scope).rows) == 3
