from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core import ChangeError
from tests.sandbox.jde.client import Ais, condition


def test_set_changes_and_stamps(ais: Ais) -> None:
    """An update stamps the row with now in the server's zone, and leaves other rows alone."""
    others = [row for row in ais.server.store["F0116"].rows if row[0] != 1001]
    reply = ais.post("/_sandbox/change", {"table": "F0116", "set": {"ADD1": "New Street 1"}, "where": {"AN8": 1001}})
    rows = ais.rows("F0116", condition("F0116.AN8", "EQUAL", "1001"))
    assert reply.json() == {"changed": len(rows)}
    assert {row["F0116_ADD1"].strip() for row in rows} == {"New Street 1"}
    assert {(row["F0116_UPMJ"], row["F0116_UPMT"]) for row in rows} == {("20261121", 120000)}
    assert [row for row in ais.server.store["F0116"].rows if row[0] != 1001] == others


def test_set_may_leave_the_stamp(ais: Ais) -> None:
    """A change by SQL does not stamp; a given stamp is taken."""
    before = ais.rows("F0101", condition("F0101.AN8", "EQUAL", "1001"))[0]["F0101_UPMJ"]
    ais.server.change({"table": "F0101", "set": {"ALPH": "A"}, "where": {"AN8": 1001}, "stamp": False})
    assert ais.rows("F0101", condition("F0101.AN8", "EQUAL", "1001"))[0]["F0101_UPMJ"] == before
    ais.server.change({"table": "F0101", "set": {"UPMJ": "2026-01-02"}, "where": {"AN8": 1001}})
    assert ais.rows("F0101", condition("F0101.AN8", "EQUAL", "1001"))[0]["F0101_UPMJ"] == "20260102"


def test_an_over_long_value_can_be_planted(ais: Ais) -> None:
    """Tests of length limits need one."""
    ais.server.change({"table": "F0101", "set": {"ALPH": "x" * 300}, "where": {"AN8": 1001}})
    assert ais.rows("F0101", condition("F0101.AN8", "EQUAL", "1001"))[0]["F0101_ALPH"] == "x" * 300


def test_insert_and_delete(ais: Ais) -> None:
    """Rows come and go; a key exists once."""
    row = {"ITM": 5, "LITM": "NEW", "DSC1": "new"}
    assert ais.server.change({"table": "F4101", "insert": row}) == {"inserted": 1}
    with pytest.raises(ChangeError, match="exists"):
        ais.server.change({"table": "F4101", "insert": row})
    assert ais.server.change({"table": "F4101", "delete": {"ITM": 5}}) == {"deleted": 1}
    assert ais.server.change({"table": "F4101", "delete": True})["deleted"] > 10
    assert ais.rows("F4101") == []


def test_a_key_may_move(ais: Ais) -> None:
    """Changing a key column keeps the table in key order; moving onto another row is refused whole."""
    ais.server.change({"table": "F4101", "set": {"ITM": 1}, "where": {"ITM": 60003}})
    rows = ais.server.store["F4101"].rows
    assert rows[0][0] == 1
    assert rows == sorted(rows)
    with pytest.raises(ChangeError, match="exists"):
        ais.server.change({"table": "F4101", "set": {"ITM": 1}, "where": {"ITM": 60004}})
    assert ais.server.store["F4101"].where({"ITM": 60004})


def test_a_new_customer_has_all_its_rows(ais: Ais) -> None:
    """Master, address book, address, who's who, e-mails, phones; findable by the day's window."""
    reply = ais.server.change(
        {
            "new_customer": {
                "name": "Fresh Ltd",
                "email": "info@fresh-ltd.com",
                "web": "www.fresh-ltd.com",
                "phone": "555",
                "CO": ["00000", "00001"],
                "SIC": "3321",
                "ACL": 500,
                "address": {"ADD1": "Quay 1", "CTY1": "Cork", "CTR": "IE"},
                "contacts": [{"name": "Ann Byrne", "email": "ann@fresh-ltd.com"}, {"name": "No Mail"}],
            }
        }
    )
    number = reply["AN8"]
    rows = {name: table.where({"AN8": number}) for name, table in ais.server.store.tables.items() if name[:2] == "F0"
            and "AN8" in table.columns}  # fmt: skip
    assert {name: len(found) for name, found in rows.items() if found} == {
        "F0101": 1, "F03012": 2, "F0116": 1, "F0111": 3, "F0115": 1, "F01151": 3,
    }  # fmt: skip
    today = condition("F0101.UPMJ", "GREATER_EQUAL", "21/11/2026")
    assert [row["F0101_AN8"] for row in ais.rows("F0101", today)] == [number]


def test_a_new_customer_needs_nothing(ais: Ais) -> None:
    """An empty command makes a customer with the next number."""
    first, second = (ais.server.change({"new_customer": {}})["AN8"] for _ in range(2))
    assert second == first + 1


def test_empty_and_many_commands(ais: Ais) -> None:
    """A list of commands is carried out in order."""
    reply = ais.server.change({"commands": [{"empty": True}, {"new_customer": {"AN8": 7}}]})
    assert reply["results"][1] == {"AN8": 7}
    assert [row["F03012_AN8"] for row in ais.rows("F03012")] == [7]


def test_the_password_can_be_changed(stranger: Ais) -> None:
    """The old one is refused from then on."""
    stranger.server.change({"password": {"MLCONN": "new"}})
    assert stranger.login().status_code == 403
    assert stranger.login(password="new").status_code == 200


@pytest.mark.parametrize(
    "command",
    [
        {"tabel": "F0101"},
        {"table": "F0103", "insert": {}},
        {"table": "F0101", "set": {"NOPE": 1}},
        {"table": "F0101", "insert": {"AN8": "abc"}},
        {"table": "F0101", "set": {"UPMJ": "yesterday"}, "where": {"AN8": 1001}},
        {"settings": {"colour": "red"}},
    ],
)
def test_commands_nobody_knows_are_400(ais: Ais, command: dict[str, Any]) -> None:
    """A typo in a test must not pass as a change."""
    response = ais.post("/_sandbox/change", command)
    assert response.status_code == 400
    assert response.json()["error"]
