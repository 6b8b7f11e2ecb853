from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.mapping import FieldMap, Row, constant, to
from airflow_provider_mlconnector.mapping.fieldmap import GRAMMAR
from airflow_provider_mlconnector.transport.body import encode_json, loads

TABLES = {"F0101", "F0116"}
BASE = FieldMap((to("company", "F0101.ALPH"), to("sicCode", "F0101.SIC", convert="text", optional=True)))


def extended(target: str, given: Any) -> dict[str, Row]:
    return {row.target: row for row in BASE.extended({target: given}, TABLES).rows}


@pytest.mark.parametrize(
    ("given", "row"),
    [
        ("F0101.SIC", Row("x", ("F0101.SIC",))),
        ("record_key", Row("x", ("record_key",))),
        ({"source": "changed_at"}, Row("x", ("changed_at",))),
        ({"source": "F0101.AC05", "convert": "upper"}, Row("x", ("F0101.AC05",), "upper")),
        ({"source": "F0101.AC05", "clear": True}, Row("x", ("F0101.AC05",), clear=True)),
        ({"source": "F0101.AC05", "convert": None, "clear": False}, Row("x", ("F0101.AC05",))),
        ({"source": "F0101.ALPH", "convert": "left:40"}, Row("x", ("F0101.ALPH",), "left:40")),
        ({"source": "F0101.ALPH", "convert": "prefix:"}, Row("x", ("F0101.ALPH",), "prefix:")),
        ({"source": ["F0101.ALPH"]}, Row("x", ("F0101.ALPH",))),
        ({"source": ["F0116.ADD1", "F0116.ADD2"]}, Row("x", ("F0116.ADD1", "F0116.ADD2"), "join")),
        ({"source": ["F0101.A", "F0101.B"], "convert": "first"}, Row("x", ("F0101.A", "F0101.B"), "first")),
        ({"value": "JDE"}, Row("x", value="JDE")),
        ({"value": None}, Row("x", value=None)),
    ],
)
def test_every_form_of_the_grammar_is_read(given: Any, row: Row) -> None:
    """The forms that the documentation names, and what each becomes."""
    assert extended("x", given)["x"] == row


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, GRAMMAR),
        (["F0101.ALPH"], GRAMMAR),
        ({}, GRAMMAR),
        ({"sorce": "F0101.ALPH"}, GRAMMAR),
        ({"source": "F0101.ALPH", "value": 1}, GRAMMAR),
        ({"value": 1, "clear": True}, GRAMMAR),
        ({"value": 1, "convert": "upper"}, GRAMMAR),
        ({"source": None}, GRAMMAR),
        ({"source": 7}, GRAMMAR),
        ({"source": []}, GRAMMAR),
        ({"source": ""}, GRAMMAR),
        ({"source": "F0101.ALPH", "clear": "false"}, GRAMMAR),
        ({"source": "F0101.ALPH", "convert": 5}, GRAMMAR),
        ({"source": ["F0101.ALPH", 3]}, f"'3' is no source field; {GRAMMAR}"),
        ({"source": [["F0101.ALPH"], "F0101.A"]}, f"'['F0101.ALPH']' is no source field; {GRAMMAR}"),
        ("ALPH", f"'ALPH' is no source field; {GRAMMAR}"),
        ("F0101.ALPH; DROP", f"'F0101.ALPH; DROP' is no source field; {GRAMMAR}"),
        ("F4211.DOCO", "table 'F4211' is not read here; there are F0101, F0116"),
        ({"source": "F0101.ALPH", "convert": "uper"}, "no converter 'uper'; did you mean 'upper'?"),
        ({"source": "F0101.ALPH", "convert": "zzz"}, "no converter 'zzz'; there are text, upper"),
        ({"source": "F0101.ALPH", "convert": "left"}, "'left' needs an argument, such as left:40"),
        ({"source": "F0101.ALPH", "convert": "left:many"}, "'left' needs an argument, such as left:40"),
        ({"source": "F0101.ALPH", "convert": "left:²"}, "'left' needs an argument, such as left:40"),
        ({"source": "F0101.ALPH", "convert": "left:0"}, "'left' needs an argument, such as left:40"),
        ({"source": "F0101.ALPH", "convert": "prefix"}, "'prefix' needs an argument, such as prefix:ERP-"),
        ({"source": "F0101.ALPH", "convert": "upper:x"}, "'upper' takes no argument"),
        (
            {"source": ["F0101.A", "F0101.B"], "convert": "upper"},
            "'upper' takes one source field; for several use first, join, join_comma, join_lines",
        ),
    ],
)
def test_a_row_outside_the_grammar_is_refused_by_its_name_and_reason(given: Any, said: str) -> None:
    """Refused when the run starts, by a sentence that says which row and what is wrong; never by a traceback."""
    with pytest.raises(ConfigurationError) as refused:
        extended("myField", given)
    assert refused.value.message.startswith(f"field map, row 'myField': {said}")


def test_null_removes_a_row() -> None:
    """The user can take a default row away; taking one away that is not there changes nothing."""
    assert set(extended("sicCode", None)) == {"company"}
    assert extended("other", None) == {row.target: row for row in BASE.rows}


def test_a_users_row_takes_the_place_of_the_default_and_is_never_optional() -> None:
    """What the user asks for must be there: a typo in the target is an error, not a field that silently stays out."""
    row = extended("sicCode", "F0101.AC01")["sicCode"]
    assert (row.sources, row.optional) == (("F0101.AC01",), False)
    assert len(extended("sicCode", "F0101.AC01")) == 2


def test_the_version_changes_with_every_part_of_every_row() -> None:
    """Rejects are tried again when the version changes, so nothing that changes a payload may leave it as it was."""
    rows = [
        Row("a", ("T.A",)), Row("b", ("T.A",)), Row("a", ("T.B",)), Row("a", ("T.A",), "text"),
        Row("a", ("T.A",), clear=True), Row("a", value="T.A"), Row("a", ("T.A",), prefix="J"),
    ]  # fmt: skip
    assert len({FieldMap((row,)).version for row in rows}) == len(rows)


@pytest.mark.parametrize("value", ["x", 5, 0.1, 1e22, True, None, {"b": 1, "a": [0.5]}])
def test_the_version_survives_staging(value: Any) -> None:
    """The map of extract and the one its later tasks read back have one version; else each run retries all rejects."""
    before = BASE.extended({"x": {"value": value}, "y": {"source": "F0101.AC01", "clear": True}}, TABLES)
    after = FieldMap.from_json(loads(encode_json(before.to_json())))
    assert after.version == before.version


def test_json_gives_back_the_same_map() -> None:
    """Staged with the records, the table is read again as it was."""
    field_map = BASE.plus([Row("k", ("T.A", "T.B"), "join", clear=True, optional=True, prefix="P"), constant("c", 5)])
    assert FieldMap.from_json(loads(encode_json(field_map.to_json()))) == field_map


def test_origins_and_columns_name_what_is_read() -> None:
    """Origins feed the audit trail; columns go to the source, which has no column for the record's own key."""
    field_map = BASE.plus([to("street", "F0116.ADD1", "F0116.ADD2"), to("id", "record_key"), constant("c", 1)])
    assert field_map.columns == {"F0101.ALPH", "F0101.SIC", "F0116.ADD1", "F0116.ADD2"}
    assert field_map.origins["street"] == ["F0116.ADD1", "F0116.ADD2"]
    assert field_map.origins["c"] == []


def test_plus_and_without() -> None:
    """Rows are added or replaced by target, and taken away by target."""
    field_map = BASE.plus([to("company", "F0101.DC"), to("new", "F0101.AC02")])
    assert field_map.origins == {"company": ["F0101.DC"], "sicCode": ["F0101.SIC"], "new": ["F0101.AC02"]}
    assert set(field_map.without({"company", "new"}).origins) == {"sicCode"}


def test_several_sources_join_unless_a_row_says_otherwise() -> None:
    """`to` with several sources is a join."""
    assert to("phone", "F0115.AR1", "F0115.PH1").convert == "join"
    assert to("name", "F0111.SRNM", "F0111.ALPH", convert="first").convert == "first"
    assert not to("name", "F0101.ALPH").convert
