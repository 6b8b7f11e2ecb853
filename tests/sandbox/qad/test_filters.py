from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.qad.client import BROWSES, CUSTOMERS, NOON, RELATIONS, TODAY, Row, Tenant

CODE, NAME, DATE = "customerV2.customerCode", "customerV2.businessRelationName", "customerV2.lastModifiedDate"


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        (f"{CODE},eq,10C1005,literal", lambda row: row["customerCode"] == "10C1005"),
        (f"{CODE},eq,10c1005,literal", lambda row: row["customerCode"] == "10C1005"),
        (f"{CODE},eq,10C1005,", lambda row: row["customerCode"] == "10C1005"),
        (f"{CODE},cn,107,literal", lambda row: "107" in row["customerCode"]),
        (f"{CODE},sw,10C102,literal", lambda row: row["customerCode"].startswith("10C102")),
        (f"{CODE},ew,7,literal", lambda row: row["customerCode"].endswith("7")),
        (f"{CODE},gt,10C1090,literal", lambda row: row["customerCode"].lower() > "10c1090"),
        (f"{CODE},ge,10C1090,literal", lambda row: row["customerCode"].lower() >= "10c1090"),
        (f"{CODE},lt,10C1005,literal", lambda row: row["customerCode"].lower() < "10c1005"),
        (f"{CODE},le,10C1005,literal", lambda row: row["customerCode"].lower() <= "10c1005"),
        (f"{CODE},rg,10C1010,literal,10C1020,literal", lambda row: "10C1010" <= row["customerCode"] <= "10C1020"),
        ("customerV2.isActive,eq,false,literal", lambda row: not row["isActive"]),
        ("customerV2.lastModifiedTime,lt,3600,literal", lambda row: (row["lastModifiedTime"] or 9999) < 3600),
        (f"{DATE},ge,2026-09-01T00:00:00.000Z,literal", lambda row: (row["lastModifiedDate"] or "") >= "2026-09-01"),
        (f"{DATE},ge,2026-09-01,literal", lambda row: (row["lastModifiedDate"] or "") >= "2026-09-01"),
        (f"{DATE},lt,2025-09-01T00:00:00.000Z,literal", lambda row: (row["lastModifiedDate"] or "9") < "2025-09-01"),
        (
            f"{DATE},rg,2026-01-01T00:00:00.000Z,literal,2026-06-30T00:00:00.000Z,literal",
            lambda row: "2026-01-01" <= (row["lastModifiedDate"] or "") < "2026-07-01",
        ),
    ],
)  # fmt: skip
def test_each_operator_means_what_it_says(tenant: Tenant, condition: str, passes: Callable[[Row], bool]) -> None:
    """Text regardless of case, dates as instants, rows without a value never; an empty fourth slot is a literal too."""
    expected = {row["customerCode"] for row in tenant.held() if row["sharedSetCode"] == "10-CUST" and passes(row)}
    assert {row[CODE] for row in tenant.rows(CUSTOMERS, condition)} == expected
    assert expected


def test_several_filters_must_all_hold(tenant: Tenant) -> None:
    """Repeated parameters are joined with AND."""
    low, high = f"{CODE},ge,10C1010,literal", f"{CODE},le,10C1012,literal"
    assert [row[CODE] for row in tenant.rows(CUSTOMERS, low, high)] == ["10C1010", "10C1011", "10C1012"]


def test_padding_does_not_count(tenant: Tenant) -> None:
    """Progress ignores trailing blanks; names come with theirs."""
    tenant.change(rename="BR1003", name="Ringhals Ävja   ")
    (row,) = tenant.rows(RELATIONS, "businessRelationV2.businessRelationName,eq,ringhals ävja,literal")
    assert row["businessRelationV2.businessRelationName"] == "Ringhals Ävja   "


def test_a_time_of_day_hides_the_days_changes(tenant: Tenant) -> None:
    """Dates are midnights: `ge` noon does not find what changed in the afternoon."""
    tenant.clock.advance(3 * 3600)
    tenant.log_in().change(rename="BR1004", name="Afternoon AB")
    noon = NOON.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert tenant.rows(CUSTOMERS, f"{DATE},ge,{noon},literal") == []
    assert [row[DATE] for row in tenant.rows(CUSTOMERS, f"{DATE},ge,{TODAY},literal")] == [TODAY]


def test_an_empty_date_finds_the_undated() -> None:
    """Where the tenant can; elsewhere it finds nothing, or is refused."""
    found = {}
    for setting in ("works", "no_rows", "refused"):
        tenant = Tenant(empty_date_filter=setting, legacy_share=0.5).log_in()
        query: Row = {"browseId": CUSTOMERS, "page": 1, "pageAction": "first", "filter": f"{DATE},eq,,literal"}
        answer = tenant.get(BROWSES, **query)
        found[setting] = [row[DATE] for row in answer.json()["data"]] if answer.ok else answer.status_code
    assert set(found.pop("works")) == {None}  # type: ignore[arg-type]
    assert found == {"no_rows": [], "refused": 400}


@pytest.mark.parametrize(
    "condition",
    [
        "",
        CODE,
        f"{CODE},eq",
        f"{CODE},eq,10C1005",
        f"{CODE},eq,Smith, Inc.,literal",
        f"{CODE},eq,10C1005,column",
        f"{CODE},like,10C,literal",
        f"{CODE},rg,10C1005,literal",
        "customerCode,eq,10C1005,literal",
        "customerV2.street1,cn,Road,literal",
        "customerV2.CustomerCode,eq,10C1005,literal",
        f"{DATE},ge,yesterday,literal",
        f"{DATE},ge,,literal",
        f"{DATE},cn,2026,literal",
        "customerV2.lastModifiedTime,ge,noon,literal",
        "customerV2.isActive,eq,perhaps,literal",
    ],
)
def test_what_is_not_of_the_grammar_is_400(tenant: Tenant, condition: str) -> None:
    """Wrong fields, operators, types and a value with a comma: told, with the filter or the field."""
    query: Row = {"browseId": CUSTOMERS, "page": 1, "pageAction": "first", "filter": condition}
    answer = tenant.get(BROWSES, **query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "400")
