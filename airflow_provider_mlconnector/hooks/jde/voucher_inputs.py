"""What a voucher is to the orchestration: inputs by the aliases of F0411Z1, rows by those of F0911Z1.

EDUS + EDTN is who a voucher is. EDTN comes from supplier and invoice number alone, so that it is the same in every
try; EDBT says which day's batch it went with, and is no part of the identity.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.currencies import unit_of
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection, OrchestrationConfig
from airflow_provider_mlconnector.hooks.jde.voucher_amounts import taxable_parts
from airflow_provider_mlconnector.hooks.jde.voucher_models import Voucher

EDTN_LENGTH, EDUS_LENGTH, EDBT_LENGTH = 22, 10, 15
HEADER, DETAIL = "F0411Z1", "F0911Z1"


@dataclass(frozen=True)
class Identity:
    """The keys of a voucher's Z rows: batch user, batch, transaction."""

    edus: str
    edbt: str
    edtn: str


def edtn_of(supplier: int, invoice: str) -> str:
    """Return the transaction number of an invoice: 22 characters of A-Z and 2-7, the same for ever.

    Case and blanks around the invoice number make no difference.
    """
    digest = hashlib.sha256(f"{supplier}|{invoice.strip().upper()}".encode()).digest()
    return base64.b32encode(digest).decode()[:EDTN_LENGTH]


def edus_of(connection: JdeConnection) -> str:
    """Return the batch user: `voucher.edus`, else the Connection's user.

    :raises ConfigurationError: that is longer than the column.
    """
    edus = (connection.voucher.edus or connection.login.upper()).strip()
    if len(edus) > EDUS_LENGTH:
        raise ConfigurationError(
            f"Connection '{connection.conn_id}': the user is longer than {EDUS_LENGTH} characters, so it cannot be the "
            "batch user of vouchers; name one in voucher.edus"
        )
    return edus


def identity_of(connection: JdeConnection, voucher: Voucher, today: date) -> Identity:
    """Return the keys of a voucher that is sent today (in the server's zone)."""
    edus, day = edus_of(connection), f"{today:%y%m%d}"
    return Identity(edus, f"{edus[: EDBT_LENGTH - len(day)]}{day}", edtn_of(voucher.supplier, voucher.invoice))


def inputs_of(
    connection: JdeConnection,
    config: OrchestrationConfig,
    voucher: Voucher,
    identity: Identity,
    *,
    foreign: bool | None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the header's inputs and the rows of the distribution, for `JdeClient.orchestrate`.

    Where `fields` of the orchestration's configuration has `F0411Z1.AG`, that goes before `AG`: header and rows may
    have inputs of different names for one alias.

    :param foreign: whether the currency is not the company's own: amounts go into the foreign columns then, and E1
        reckons the domestic ones. None where it is not known; E1 decides then by CRCD.
    """
    header = _keys(identity) | {"EDLN": _line_number(connection, 1)} | _header(connection, voucher, foreign)
    rows = [
        _keys(identity)
        | {"EDLN": _line_number(connection, at), "AM": "2", "ANI": line.account, "LT": "AA", "CRCD": voucher.currency}
        | {"EXA": line.explanation, "EXR": line.remark, "SBL": line.subledger, "SBLT": line.subledger_type}
        | (
            {"AA": _cents(voucher, Decimal(0)), "ACR": _cents(voucher, line.amount)}
            if foreign
            else {"AA": _cents(voucher, line.amount)}
        )
        for at, line in enumerate(voucher.lines, 1)
    ]
    return _named(config, HEADER, header), [_named(config, DETAIL, row) for row in rows]


def _keys(identity: Identity) -> dict[str, Any]:
    # 0: not processed; A: to be added; V: a voucher, in both tables.
    keys = {"EDUS": identity.edus, "EDBT": identity.edbt, "EDTN": identity.edtn}
    return keys | {"EDSP": "0", "EDTC": "A", "EDTR": "V"}


def _line_number(connection: JdeConnection, at: int) -> int:
    return at * 1000 if connection.voucher.line_numbering == "thousands" else at


def _header(connection: JdeConnection, voucher: Voucher, foreign: bool | None) -> dict[str, Any]:
    sent = {
        str(field.alias): getattr(voucher, name)
        for name, field in Voucher.model_fields.items()
        if name not in ("user", "lines", "gross", "taxable", "not_taxable", "tax", "mode")
    }
    mode = None if foreign is None or voucher.currency is None else "F" if foreign else "D"
    sent |= {"ICUT": "V", "DCT": connection.voucher.document_type, "CRRM": mode}
    taxable, not_taxable = taxable_parts(voucher)
    amounts = {"AG": voucher.gross, "ATXA": taxable, "ATXN": not_taxable, "STAM": voucher.tax}
    if foreign:
        names = {"AG": "ACR", "ATXA": "CTXA", "ATXN": "CTXN", "STAM": "CTAM"}
        amounts = {"AG": Decimal(0), **{names[name]: amount for name, amount in amounts.items()}}
    return sent | {name: _cents(voucher, amount) for name, amount in amounts.items() if amount is not None}


def _cents(voucher: Voucher, amount: Decimal) -> Decimal:
    """Return an amount with just the decimals of its currency; plain, not scaled by 100 as in the database."""
    return amount.quantize(unit_of(voucher.currency))


def _named(config: OrchestrationConfig, table: str, values: dict[str, Any]) -> dict[str, Any]:
    named = {alias: f"{table}.{alias}" for alias in values}
    return {named[alias] if named[alias] in config.fields else alias: value for alias, value in values.items()}
