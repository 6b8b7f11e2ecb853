from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.jde.client import Ais, condition, grid, order_by, query, values


def test_the_answer_has_the_shape_of_grid_data(ais: Ais) -> None:
    """fs_ form, titles, rowset keyed TABLE_ALIAS, summary, outer state keys."""
    body = ais.data("F0101", returnControlIDs="F0101.AN8|F0101.ALPH", maxPageSize="2").json()
    found = body["fs_DATABROWSE_F0101"]["data"]["gridData"]
    assert found["columns"] == {"F0101_AN8": "Address Number", "F0101_ALPH": "Alpha Name"}
    assert [set(row) for row in found["rowset"]] == [{"F0101_AN8", "F0101_ALPH"}] * 2
    assert found["summary"] == {"records": 2, "moreRecords": True}
    assert {"stackId", "stateId", "rid", "currentApp", "timeStamp", "sysErrors"} <= set(body)
    assert body["timeStamp"] == "2026-11-21:12.00.00"


def test_without_a_page_size_100_rows_are_all_there_is(ais: Ais) -> None:
    """The silent cut: moreRecords is the only sign, there is no link."""
    response = ais.data("F0111", maxPageSize=None)
    assert grid(response)["summary"] == {"records": 100, "moreRecords": True}
    assert "links" not in response.json()


def test_a_result_larger_than_the_page_is_cut_without_next_page_processing(ais: Ais) -> None:
    """maxPageSize alone does not page."""
    response = ais.data("F0111", maxPageSize="7")
    assert grid(response)["summary"] == {"records": 7, "moreRecords": True}
    assert "links" not in response.json()


def test_records_counts_the_page_and_more_is_false_at_the_end(ais: Ais) -> None:
    """A page that holds exactly everything says so."""
    count = len(ais.server.store["F0101"].rows)
    assert grid(ais.data("F0101", maxPageSize=str(count)))["summary"] == {"records": count, "moreRecords": False}


def test_no_answer_exceeds_the_servers_maximum(ais: Ais) -> None:
    """Neither a large page size nor "No Max" gets past the cap."""
    ais.server.change({"settings": {"max_rows": 20}})
    for size in ("1000", "No Max"):
        assert grid(ais.data("F0101", maxPageSize=size))["summary"] == {"records": 20, "moreRecords": True}


@pytest.mark.parametrize(("size", "status"), [(500, 400), ("many", 500), ("0", 500), ("-1", 500)])
def test_the_page_size_is_a_string_of_digits(ais: Ais, size: Any, status: int) -> None:
    """A JSON number is refused, and so is nonsense."""
    assert ais.data("F0101", maxPageSize=size).status_code == status


def test_nothing_is_found_unless_told_to_find(ais: Ais) -> None:
    """Without findOnEntry and autoFind the grid stays empty, with status 200."""
    wanted = {"condition": [condition("F0101.AN8", "GREATER", "0")]}
    assert grid(ais.data("F0101", findOnEntry=None, query=wanted))["rowset"] == []
    assert grid(ais.data("F0101", findOnEntry=None, query={**wanted, "autoFind": True}))["rowset"] != []


@pytest.mark.parametrize("table", ["F0103", "F9999", "OPPORTUNITY", "f0101", ""])
def test_an_unknown_table_is_500(ais: Ais, table: str) -> None:
    """F0103 does not exist in JD Edwards; internal tables cannot be read."""
    response = ais.data(table)
    assert response.status_code == 500
    assert response.json()["exception"]


@pytest.mark.parametrize("ids", ["F0101.NOPE", "F0101.ABAN8", "F0111.AN8", "AN8", "F0101.AN8,F0101.ALPH"])
def test_an_unknown_column_is_500(ais: Ais, ids: str) -> None:
    """Prefixed, foreign or misspelt columns are refused."""
    assert ais.data("F0101", returnControlIDs=ids).status_code == 500
    assert ais.data("F0101", aggregation=order_by(ids)).status_code == 500


@pytest.mark.parametrize(
    "wrong",
    [
        {"maxpagesize": "5"},
        {"dataServiceType": "UPDATE"},
        {"targetType": "tabel"},
        {"nextPage": True},
        {"outputType": "X"},
    ],
)
def test_misspelt_requests_are_400(ais: Ais, wrong: dict[str, Any]) -> None:
    """Unknown keys and words are not ignored; there is no insert or update."""
    assert ais.data("F0101", **wrong).status_code == 400


def test_values_look_as_ais_sends_them(ais: Ais) -> None:
    """Dates YYYYMMDD or blank, padded text, right-justified units, blanks, absent keys, applied decimals."""
    ais.server.change({"empty": True})
    ais.server.change(
        {
            "commands": [
                {"table": "F0116", "insert": {"AN8": 5, "ADD1": "Mill Street 1", "CTY1": "Łódź", "UPMJ": "20260102"}},
                {"table": "F03012", "insert": {"AN8": 5, "CO": "00000", "ACL": 12345.5, "MCUR": "30"}},
                {"table": "F0115", "insert": {"AN8": 5, "PH1": "1", "UPMT": 93005}},
            ]
        }
    )
    address = ais.rows("F0116")[0]
    assert (address["F0116_AN8"], address["F0116_EFTB"], address["F0116_UPMJ"]) == (5, "", "20260102")
    assert address["F0116_ADD1"] == "Mill Street 1".ljust(40)
    assert address["F0116_CTY1"] == "Łódź".ljust(25)
    assert address["F0116_ADDS"] == " "
    assert "F0116_COUN" not in address
    customer = ais.rows("F03012")[0]
    assert (customer["F03012_MCUR"], customer["F03012_CO"]) == ("          30", "00000")
    assert customer["F03012_ACL"] == 12345.5
    assert '"F03012_ACL":12345.5,' in ais.data("F03012").text
    phone = ais.rows("F0115")[0]
    assert (phone["F0115_UPMT"], phone["F0115_AR1"], phone["F0115_PHTP"]) == (93005, "", " ")


def test_a_type_probe_tells_each_columns_type(ais: Ais) -> None:
    """formServiceDemo answers X, 0 and 19700101."""
    ids = "F03012.CO|F03012.AN8|F03012.ACL|F03012.UPMJ|F03012.MCUR"
    rows = grid(ais.data("F03012", formServiceDemo="TRUE", returnControlIDs=ids))["rowset"]
    assert rows == [{"F03012_CO": "X", "F03012_AN8": 0, "F03012_ACL": 0, "F03012_UPMJ": "19700101", "F03012_MCUR": "X"}]


def test_count(ais: Ais) -> None:
    """COUNT gives the number of matching rows under ds_TABLE."""
    wanted = query(condition("F0101.AT1", "EQUAL", "C"))
    found = ais.data("F0101", kind="COUNT", query=wanted).json()["ds_F0101"]["count"]
    assert found == sum(row["AT1"] == "C" for row in ais.server.store["F0101"].to_dicts()) > 100


def test_aggregation(ais: Ais) -> None:
    """Sums by group, with a dot in the names and the function as suffix."""
    ais.server.change({"empty": True})
    rows = [{"AN8": n, "CO": co, "ACL": acl} for n, co, acl in ((1, "00000", 10.25), (2, "00000", 5), (3, "00001", 1))]
    ais.server.change({"table": "F03012", "insert": rows})
    wanted = {
        "aggregations": [{"aggregation": how, "column": "F03012.ACL"} for how in ("SUM", "MAX", "AVG", "COUNT")],
        "groupBy": [{"column": "F03012.CO"}],
    }
    output = ais.data("F03012", kind="AGGREGATION", aggregation=wanted).json()["ds_F03012"]["output"]
    assert [item["groupBy"]["F03012.CO"] for item in output] == ["00000", "00001"]
    assert [Decimal(str(item["F03012.ACL_SUM"])) for item in output] == [Decimal("15.25"), Decimal(1)]
    assert (output[0]["F03012.ACL_AVG"], output[0]["F03012.ACL_COUNT"]) == (7.625, 2)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"aggregations": [{"aggregation": "MEDIAN", "column": "F0101.AN8"}]},
        {"aggregations": [{"aggregation": "SUM", "column": "F0101.ALPH"}]},
    ],
)
def test_impossible_aggregations_are_refused(ais: Ais, wanted: dict[str, Any]) -> None:
    """No function, an unknown one, or a sum of names."""
    assert ais.data("F0101", kind="AGGREGATION", aggregation=wanted).status_code in (400, 500)


def get_rows(ais: Ais, *parameters: tuple[str, str], table: str = "F0101") -> list[dict[str, Any]]:
    response = ais.get(f"/jderest/v2/dataservice/table/{table}", params=list(parameters))
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = grid(response)["rowset"]
    return rows


def test_get_reads_a_table(ais: Ais) -> None:
    """$field, $filter, $sort and $limit do what they say."""
    rows = get_rows(
        ais, ("$field", "F0101.AN8"), ("$filter", "F0101.AN8 GE 1003"), ("$filter", "F0101.AN8 LT 1006"),
        ("$sort", "-F0101.AN8"), ("$limit", "2"),
    )  # fmt: skip
    assert rows == [{"F0101_AN8": 1005}, {"F0101_AN8": 1004}]


def test_get_matches_any(ais: Ais) -> None:
    """$filterType=MATCH_ANY joins filters by or; text operators take words with blanks."""
    name = ais.rows("F0101", condition("F0101.AN8", "EQUAL", "1009"))[0]["F0101_ALPH"]
    rows = get_rows(
        ais, ("$filter", "F0101.AN8 EQ 1001"), ("$filter", f"F0101.ALPH CONTAINS {name}"), ("$filterType", "MATCH_ANY")
    )
    assert {1001, 1009} <= set(values(rows, "F0101_AN8"))


def test_get_ignores_orderby_and_cuts_at_100(ais: Ais) -> None:
    """$orderby is not a parameter, and nobody says so; 100 rows by default, without a link."""
    response = ais.get("/jderest/v2/dataservice/table/F0111", params={"$orderby": "-F0111.AN8"})
    assert grid(response)["summary"] == {"records": 100, "moreRecords": True}
    assert "links" not in response.json()
    assert grid(response)["rowset"][0]["F0111_AN8"] == 1001


@pytest.mark.parametrize(
    "path", ["table/F0103", "view/F0101", "table/F0101?$filter=F0101.AN8 IN 1", "table/F0101?$field=F0101.X"]
)
def test_get_refuses_what_is_not_there(ais: Ais, path: str) -> None:
    """Unknown tables, views, columns and operators are 500."""
    assert ais.get(f"/jderest/v2/dataservice/{path}").status_code == 500


def test_get_takes_credentials_in_the_url(stranger: Ais) -> None:
    """$username and $password make a stateless call."""
    login = {"$username": "MLCONN", "$password": "sandbox-jde"}
    assert stranger.get("/jderest/v2/dataservice/table/F0006", params=login).status_code == 200
    assert stranger.get("/jderest/v2/dataservice/table/F0006").status_code == 403


@pytest.mark.parametrize("path", ["/jderest/v2/dataservices", "/v2/dataservice", "/"])
def test_a_wrong_path_is_the_web_servers_html(ais: Ais, path: str) -> None:
    """404 comes from the application server, not from AIS."""
    response = ais.get(path)
    assert (response.status_code, response.headers["content-type"][:9]) == (404, "text/html")
