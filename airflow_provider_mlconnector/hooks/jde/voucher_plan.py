"""What a field map of vouchers may hold, and the checks of one payload that need no call."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.access import reading_of
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.query import equal
from airflow_provider_mlconnector.hooks.jde.voucher_amounts import check_amounts
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import DETAIL, HEADER, edtn_of, edus_of
from airflow_provider_mlconnector.hooks.jde.voucher_models import HEADER_FIELDS, LINE_FIELDS, voucher_of
from airflow_provider_mlconnector.mapping import FieldMap, constant
from airflow_provider_mlconnector.pipeline.ports import Plan, Validator

LINES = "LINES[]."
FIELDS = (*HEADER_FIELDS, *(f"{LINES}{field}" for field in LINE_FIELDS))
LINKED = ("AN8", f"{LINES}AID")
"""Fields that other syncs have linked: the supplier, the account of each line."""


def plan_vouchers(_source: Any, client: JdeClient, field_map: FieldMap) -> Plan:
    """Check a field map for vouchers, put the batch user into it, and see that the Z tables may be read.

    :raises UnknownField: for a row whose target is no column that is sent.
    :raises Stop: the login is refused, or the user may not read what was sent.
    """
    connection = client.connection
    if connection.orchestrations.voucher_import is None:
        return Plan(not_configured=f"Connection '{connection.conn_id}' names no orchestration 'voucher_import'")
    for row in field_map.rows:
        if row.target not in FIELDS:
            near = difflib.get_close_matches(row.target, FIELDS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(FIELDS)}"
            raise UnknownField(f"'{row.target}' is no column of F0411Z1 or F0911Z1 that is sent; {hint}")
    edus = edus_of(connection)
    # Whoever cannot look whether a voucher is there must not send one.
    for table in (HEADER, DETAIL):
        with reading_of(client, table):
            client.dataservice.peek([f"{table}.EDTN"], equal(f"{table}.EDUS", edus), size=1)
    complete = field_map.plus([constant("EDUS", edus)])
    if connection.voucher.require_links:
        return Plan(complete.to_json())
    # Accounts are then known by their names alone.
    return Plan(complete.without(LINKED[1:]).to_json(), unlinked=list(LINKED))


def has_voucher_field(_client: JdeClient, field: str) -> bool:
    """Whether a row of this target is about vouchers."""
    return field in FIELDS


def validate_vouchers(_plan: Plan) -> Validator:
    """Return the check of one payload: its fields and its amounts, without any call."""

    def check(payload: Mapping[str, Any]) -> None:
        check_amounts(voucher_of(payload))

    return check


def voucher_key(payload: Mapping[str, Any]) -> str | None:
    """Return the target key of a payload, `EDUS-EDTN`; None without supplier or invoice number."""
    supplier, invoice = str(payload.get("AN8") or "").strip(), str(payload.get("VINV") or "").strip()
    if not supplier.isdecimal() or not invoice:
        return None
    return f"{payload.get('EDUS') or ''}-{edtn_of(int(supplier), invoice)}"


def edtn_in(target_key: str) -> str:
    """Return the EDTN of a target key."""
    return target_key.rpartition("-")[2]


def edus_in(target_key: str) -> str:
    """Return the EDUS of a target key: the batch user of the time, whatever the Connection names now."""
    return target_key.rpartition("-")[0]
