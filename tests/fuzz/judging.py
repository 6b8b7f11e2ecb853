"""What may come of an answer that is out of shape."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from airflow_provider_mlconnector.exceptions import MLConnectorError, RecordError
from tests.fuzz.breaking import AGAIN, BREAKS, CANARY, Case
from tests.fuzz.stage import PORTS, SYNC, Play, again
from tests.fuzz.tape import Player, Reply

PERSONAL = re.compile("|".join(CANARY.lower().split()))
NAMED = re.compile(
    r"connection|127\.0\.0\.1|localhost|jde|ais\b|marketo|mailchimp|qad|jaggaer|j1p|cin7|orchestration|\bF\d{4,5}|\w+_to_\w+|V2s",
    re.IGNORECASE,
)
"""What tells whose answer a message is about."""
PLENTY = 5000
"""Calls: as many as a throttled one is repeated within its 15 minutes, and some."""


class Wrong(AssertionError):
    """The answer was not dealt with as it should."""


def play_broken(play: Play, case: Case, folder: Path) -> MLConnectorError | None:
    """Play a task with a broken answer; return how it ended. What is not our own error goes through.

    :raises Wrong: for a message, a log or a ledger that says too much or too little.
    """
    player = Player(play.tape, PORTS, twisted(play, case), len(play.tape) + PLENTY)
    ended: MLConnectorError | None = None
    with said() as lines:
        try:
            again(play, folder, player)
        except MLConnectorError as error:
            ended = error
    if ended is not None:
        _check_error(ended)
    if play.task == SYNC:
        _check_ledger(folder / "ledger.db", play, failed=ended is not None)
    _check_silence("log", "\n".join(lines), folder / "ledger.db")
    return ended


def twisted(play: Play, case: Case) -> Any:
    """Return what breaks the answers."""
    first = case.call % len(play.tape)
    chosen = play.tape[first]

    def twist(number: int, reply: Reply) -> Reply:
        if number != first and not (case.lasting and play.tape[number].operation == chosen.operation):
            return reply
        return chosen.reply if case.kind == AGAIN else BREAKS[case.kind](reply, case.place, case.value)

    return twist


def _check_error(error: MLConnectorError) -> None:
    shown = "".join(traceback.format_exception(error))
    if PERSONAL.search(shown.lower()):
        raise Wrong(f"a value is shown: {shown}") from None
    # What is about one record stands in its row, whose sync says the rest.
    if not isinstance(error, RecordError) and not NAMED.search(str(error)):
        raise Wrong(f"whose answer? {type(error).__name__}: {error}") from None
    if len(str(error)) > 2000:
        raise Wrong(f"a message of {len(str(error))} characters: {str(error)[:300]}") from None


def _check_ledger(path: Path, play: Play, *, failed: bool) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        query = text("select status, read, created + updated + unchanged + skipped + rejected from mlc_run "
                     "where sync = :sync order by id desc limit 1")  # fmt: skip
        row = connection.execute(query, {"sync": play.about}).one_or_none()
        reasons = connection.scalars(text("select reason from mlc_event union select reason from mlc_record")).all()
        reasons = [*reasons, *connection.scalars(text("select reason_code from mlc_event")).all()]
    engine.dispose()
    if not failed and (row is None or row[0] != "success" or row[1] != row[2]):
        raise Wrong(f"the account: {row}")
    _check_silence("ledger", "\n".join(reason or "" for reason in reasons), path)


def _check_silence(where: str, words: str, ledger: Path) -> None:
    found = PERSONAL.search(words.lower())
    if found and not _is_key(ledger):
        at = max(0, found.start() - 200)
        raise Wrong(f"a value stands in the {where}: {words[at : found.end() + 100]}")


def _is_key(path: Path) -> bool:
    """Whether the value was taken for a record's key or a vendor's code, which may be told."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        keys = (
            "select record_key from mlc_record union select target_key from mlc_record union select key_b from mlc_link"
        )
        found = [key for key in connection.scalars(text(keys)) if key and PERSONAL.search(key.lower())]
    engine.dispose()
    return bool(found)


@contextmanager
def said() -> Iterator[list[str]]:
    """Collect what the package logs."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    logger = logging.getLogger("airflow_provider_mlconnector")
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
