"""docs/reliability.md tells of all that is tried."""

from __future__ import annotations

from tests.faults.kinds import GROUPS, KINDS
from tests.faults.plays import PLAYS
from tests.faults.report import BLOCK, DOCUMENT, WRONG, known_operations


def block(name: str) -> list[list[str]]:
    """Return the cells of one of the document's tables, head first."""
    (found,) = [each[0] for each in BLOCK.finditer(DOCUMENT.read_text()) if each["name"] == name]
    lines = [line for line in found.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_lists_exactly_the_operations_of_all_dags() -> None:
    """What the undisturbed runs ask of the vendors, no more and no less, by group of faults."""
    head, *rows = block("operations")
    assert head[1:] == list(GROUPS)
    assert [row[0] for row in rows] == known_operations()


def test_the_table_lists_exactly_the_faults() -> None:
    """Each fault that is tried, and each DAG in which it is."""
    head, *rows = block("faults")
    assert head[1:] == [play.title for play in PLAYS]
    assert [row[0] for row in rows] == [kind.name for kind in KINDS]


def test_nothing_in_the_tables_is_as_it_should_not_be() -> None:
    """What goes wrong in a new way is mended, or told under its own sign."""
    assert not [row for name in ("operations", "faults") for row in block(name) if any(WRONG in cell for cell in row)]
