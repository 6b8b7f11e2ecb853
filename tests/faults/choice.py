"""Which faults are tried where: by `make faults` all at each operation, in the suite each of both once per DAG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from tests.faults.kinds import KINDS, Kind
from tests.faults.plays import PLAYS, Play, operations
from tests.faults.trial import Strike

SURVIVED = tuple(kind for kind in KINDS if kind.is_survived)
ALONE = tuple(kind for kind in KINDS if not kind.is_survived)


def everything(play: Play) -> Iterator[Strike]:
    """Yield each fault at each operation that no play before this one makes, in the middle of its calls."""
    before = {operation for each in PLAYS[: PLAYS.index(play)] for operation in operations(each)}
    for operation, count in operations(play).items():
        for kind in KINDS if operation not in before else ():
            yield Strike(operation, kind, count // 2 + 1)


def together(play: Play) -> Iterator[Sequence[Strike]]:
    """Yield faults that a run must survive, as many at once as there are operations, until all have been tried."""
    known = list(operations(play).items())
    at, turn = 0, PLAYS.index(play)
    while at < len(SURVIVED):
        size = max(len(known), 1)
        kinds = list(islice(cycle(SURVIVED), at, at + size))
        places = known[turn % size :] + known[: turn % size]
        yield [Strike(operation, kind, count // 2 + 1) for (operation, count), kind in zip(places, kinds, strict=True)]
        at, turn = at + size, turn + 1


def alone(play: Play, kind: Kind) -> Strike:
    """Return one strike of a fault that may end a run, each fault and DAG at another operation."""
    known = list(operations(play).items())
    operation, count = known[(ALONE.index(kind) * 5 + PLAYS.index(play)) % len(known)]
    return Strike(operation, kind, count // 2 + 1)
