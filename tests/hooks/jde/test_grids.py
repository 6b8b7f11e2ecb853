from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.dataservice import grid_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def document(links: Any = (), **data: Any) -> dict[str, Any]:
    return {"fs_X": {"data": {"gridData": {"rowset": [], "summary": {}, **data}}}, "links": links}


@pytest.mark.parametrize(
    "data",
    [
        {"rowset": None},
        {"rowset": ["x"]},
        {"rowset": [[]]},
        {"rowset": "x"},
        {"rowset": 7},
        {"summary": [1]},
        {"rowset": {"a": 1}},
    ],
)
def test_a_grid_without_rows_is_none(data: dict[str, Any]) -> None:
    """Rows that are no objects, or a summary that is none, stop the read with a message that names the table."""
    with pytest.raises(UnexpectedAnswer, match="F0101: the answer carries no grid"):
        grid_of(document(**data), "F0101", NOW)


@pytest.mark.parametrize("records", [0, "0"])
def test_rows_that_are_left_out_are_none_where_the_summary_says_so(records: Any) -> None:
    """Servers leave out what is empty, or send null."""
    summary = {"records": records, "moreRecords": False}
    assert grid_of(document(rowset=None, summary=summary), "F0101", NOW).rowset == []
    assert grid_of({"fs_X": {"data": {"gridData": {"summary": summary}}}}, "F0101", NOW).rowset == []


@pytest.mark.parametrize("links", [{"rel": "next"}, ["x"], [{"rel": "next", "href": 7}], 7, None])
def test_links_that_lead_nowhere_are_none(links: Any) -> None:
    """A next link that is no address is no next link."""
    assert grid_of(document(links), "F0101", NOW).next_href is None
