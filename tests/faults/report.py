"""Every fault at every operation: prints what was survived, and puts it into docs/reliability.md. `make faults`.

Takes some 20 minutes on two cores. Ends with 1 when something was not survived as it should.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.faults.choice import everything
from tests.faults.kinds import GROUPS, KINDS
from tests.faults.plays import PLAYS, operations
from tests.faults.trial import DOUBLED, STOPPED, UNNOTICED, UNREACHED, WHOLE, Strike, Verdict, trial

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BLOCK = re.compile(r"(<!-- faults: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
SIGNS = {WHOLE: "✓", STOPPED: "■", UNNOTICED: "◐", DOUBLED: "2", UNREACHED: "–"}
WRONG = "✗"


@dataclass(frozen=True)
class Cell:
    """One trial's place and result."""

    play: str
    operation: str
    kind: str
    group: str
    verdict: Verdict

    @property
    def sign(self) -> str:
        """How the tables show it."""
        return WRONG if self.verdict.problems else SIGNS[self.verdict.outcome]


def tried(given: tuple[int, Strike]) -> Cell:
    """Try one strike of the play with this number, in a process of its own."""
    number, strike = given
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    try:
        verdict = trial(PLAYS[number], [strike])
    except BaseException as error:  # whatever it is, the other trials go on
        verdict = Verdict(STOPPED, "", [f"{type(error).__name__}: {traceback.format_exc()[-800:]}"])
    kind = strike.kind
    return Cell(PLAYS[number].title, str(strike.operation), kind.name, kind.group, verdict)


def counted(signs: Iterable[str]) -> str:
    """Return what became of several trials: `✓`, or `✓ ■` where it was the one or the other."""
    found = Counter(signs)
    return " ".join(sign for sign in (*SIGNS.values(), WRONG) if found[sign])


def _said(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def summed(signs: Iterable[str]) -> str:
    """Return how many trials ended how: `11 ✓ 2 ■`."""
    found = Counter(signs)
    return " ".join(f"{found[sign]} {sign}" for sign in (*SIGNS.values(), WRONG) if found[sign])


def table(
    cells: Sequence[Cell],
    head: str,
    places: tuple[Sequence[str], Callable[[Cell], str]],
    columns: tuple[Sequence[str], Callable[[Cell], str]],
    shown: Callable[[Iterable[str]], str],
) -> str:
    """Return a Markdown table of cells: names and how a cell tells its own, for lines and for columns."""
    found: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        found.setdefault((places[1](cell), columns[1](cell)), []).append(cell.sign)
    lines = [f"| {head} | {' | '.join(columns[0])} |", f"|---|{'---|' * len(columns[0])}"]
    for place in places[0]:
        row = (shown(found.get((place, column), [])) for column in columns[0])
        lines.append(f"| {place} | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def known_operations() -> list[str]:
    """Return the operations of all plays, as the table names them."""
    return sorted({f"{each.system} `{each.name}`" for play in PLAYS for each in operations(play)})


def tables(cells: Sequence[Cell]) -> dict[str, str]:
    """Return the blocks of the document by name."""

    def place(cell: Cell) -> str:
        system, _, name = cell.operation.partition(": ")
        return f"{system} `{name}`"

    kinds, titles = [kind.name for kind in KINDS], [play.title for play in PLAYS]
    by_kind = (kinds, lambda cell: cell.kind)
    return {
        "sum": f"{len(cells)} trials: {summed(cell.sign for cell in cells)}\n",
        "operations": table(
            cells, "operation", (known_operations(), place), (GROUPS, lambda cell: cell.group), counted
        ),
        "faults": table(cells, "fault", by_kind, (titles, lambda cell: cell.play), summed),
    }


def write(blocks: dict[str, str], document: Path = DOCUMENT) -> None:
    """Put the blocks where the document marks their places."""
    text = document.read_text()
    document.write_text(BLOCK.sub(lambda found: found[1] + blocks[found["name"]] + found[3], text))


def main() -> int:
    """Try everything; print, write, and say by the exit code whether all was well."""
    strikes = [(number, strike) for number, play in enumerate(PLAYS) for strike in everything(play)]
    at_once = 2 * (os.cpu_count() or 1)  # a trial waits half of its time
    # Not a ProcessPoolExecutor: in 3.11 one that replaces its processes comes to a standstill (python/cpython#115634).
    with get_context("spawn").Pool(at_once, maxtasksperchild=50) as pool:
        cells = []
        for cell in pool.imap(tried, strikes):
            cells.append(cell)
            if cell.verdict.problems:
                _said(str(cell))
    blocks = tables(cells)
    _said("\n".join(blocks.values()))
    write(blocks)
    return int(any(cell.sign == WRONG for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
