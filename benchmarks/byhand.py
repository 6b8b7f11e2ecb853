"""What all hand-written mappings share: which columns to read, and how one would map a customer without a framework."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.data import FIRST

KEYS_AT_ONCE, PAGE, BATCH = 500, 1000, 300
COLUMNS = {
    "F03012": "AN8 CO MCUR CRCD TRAR ACL HOLD UPMJ UPMT",
    "F0101": "AN8 ALKY ALPH TAX MCU SIC AC01 AC02 AC03 AC04 AC05 UPMJ UPMT",
    "F0116": "AN8 EFTB ADD1 ADD2 ADD3 ADD4 ADDZ CTY1 ADDS CTR UPMJ UPMT",
    "F0115": "AN8 IDLN RCK7 CNLN PHTP PH1 AR1 UPMJ UPMT",
    "F01151": "AN8 IDLN RCK7 ETP EMAL UPMJ UPMT",
}
DATA, LOGIN, SYNC = "/jderest/v2/dataservice", "/jderest/v2/tokenrequest", "/rest/v1/companies.json"
JSON = {"Content-Type": "application/json"}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

Row = dict[str, Any]
Tables = dict[str, dict[int, list[Row]]]


def browse(table: str, columns: str, conditions: list[Row]) -> Row:
    """Return the body of a read."""
    return {
        "targetName": table,
        "targetType": "table",
        "dataServiceType": "BROWSE",
        "findOnEntry": "TRUE",
        "outputType": "GRID_DATA",
        "aliasNaming": True,
        "returnControlIDs": "|".join(f"{table}.{alias}" for alias in columns.split()),
        "maxPageSize": str(PAGE),
        "query": {"autoFind": True, "matchType": "MATCH_ALL", "condition": conditions},
        "aggregation": {"orderBy": [{"column": f"{table}.AN8", "direction": "ASC"}]},
    }


def condition(column: str, operator: str, values: Iterable[Any]) -> Row:
    """Return one comparison."""
    literals = [{"content": str(value), "specialValueId": "LITERAL"} for value in values]
    return {"controlId": column, "operator": operator, "value": literals}


def page_of_keys(after: int) -> Row:
    """Return the body that asks for the customers' numbers behind one."""
    return browse("F03012", "AN8", [condition("F03012.AN8", "GREATER", [after])] if after >= FIRST else [])


def changed_keys(table: str, since: str) -> Row:
    """Return the body that asks for the customers with a row of this table changed on a day or later."""
    return browse(table, "AN8", [condition(f"{table}.UPMJ", "GREATER_EQUAL", [since])])


def numbers(document: Row, table: str) -> list[int]:
    """Return the customers' numbers of a page, which need not be the last."""
    return [row[f"{table}_AN8"] for row in document[f"fs_DATABROWSE_{table}"]["data"]["gridData"]["rowset"]]


def rows_of_keys(table: str, keys: Sequence[int]) -> Row:
    """Return the body that asks for a table's rows of some customers."""
    conditions = [condition(f"{table}.AN8", "LIST", keys)]
    if "IDLN" in COLUMNS[table].split():
        conditions.insert(0, condition(f"{table}.IDLN", "EQUAL", [0]))
    return browse(table, COLUMNS[table], conditions)


def grid(document: Row, table: str) -> list[Row]:
    """Return the rows of an answer."""
    data = document[f"fs_DATABROWSE_{table}"]["data"]["gridData"]
    if data["summary"]["moreRecords"]:
        raise RuntimeError(f"{table}: cut short")
    rows: list[Row] = data["rowset"]
    return rows


def by_number(table: str, rows: Iterable[Row]) -> dict[int, list[Row]]:
    """Group rows by customer."""
    grouped: dict[int, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row[f"{table}_AN8"], []).append(row)
    return grouped


def joined(number: int, tables: Tables, today: str) -> Row:
    """Return one customer's row of each table that counts, in one, with its e-mail and web addresses as `E` and `I`."""
    (book,), (master,) = tables["F0101"][number], tables["F03012"][number][:1]
    address = max((r for r in tables["F0116"].get(number, ()) if r["F0116_EFTB"] <= today), key=_begin, default={})
    phone = next((r for r in tables["F0115"].get(number, ()) if not r["F0115_PHTP"].strip()), {})
    mails = {r["F01151_ETP"].strip(): r["F01151_EMAL"].strip() for r in tables["F01151"].get(number, ())}
    return {"number": number, **book, **master, **address, **phone, **mails}


def company(number: int, tables: Tables, today: str) -> Row:
    """Map one customer, as one writes it for one site."""
    row = joined(number, tables, today)
    site = row.get("I", "")
    streets = (row.get(f"F0116_ADD{line}", "").strip() for line in "1234")
    made = {
        "externalCompanyId": str(number),
        "company": row["F0101_ALPH"].strip(),
        "billingStreet": ", ".join(street for street in streets if street),
        "billingCity": row.get("F0116_CTY1", "").strip(),
        "billingState": row.get("F0116_ADDS", "").strip(),
        "billingPostalCode": row.get("F0116_ADDZ", "").strip(),
        "billingCountry": row.get("F0116_CTR", "").strip(),
        "mainPhone": f"{row.get('F0115_AR1', '').strip()} {row.get('F0115_PH1', '').strip()}".strip(),
        "website": f"https://{site}" if site else "",
        "sicCode": row["F0101_SIC"].strip(),
        "companyEmail": row.get("E", ""),
        "categoryCode01": row["F0101_AC01"].strip(),
        "categoryCode05": row["F0101_AC05"].strip(),
        "creditLimit": row["F03012_ACL"],
        "paymentTerms": row["F03012_TRAR"].strip(),
        "currencyCode": row["F03012_CRCD"].strip(),
        "taxId": row["F0101_TAX"].strip(),
        "businessUnit": row["F0101_MCU"].strip(),
    }
    return {name: value for name, value in made.items() if value != ""}


def _begin(row: Row) -> str:
    return str(row["F0116_EFTB"])
