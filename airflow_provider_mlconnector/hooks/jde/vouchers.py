"""Vouchers into the Z tables (F0411Z1, F0911Z1) by the site's orchestration, and what has become of them.

No write here is repeated blindly: an orchestration is neither a transaction nor idempotent, and the Z tables' key does
not stop a second copy in another batch. Who sends asks before, and looks afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.jde.lookup import look_up
from airflow_provider_mlconnector.hooks.jde.posting import account_string, normal_account
from airflow_provider_mlconnector.hooks.jde.query import Query, equal, one_of
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import DETAIL, HEADER, Identity, identity_of, inputs_of
from airflow_provider_mlconnector.hooks.jde.voucher_models import Voucher

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

LEDGER = "F0411"
Row = dict[str, Any]

KEYS = {
    HEADER: ("EDTN", "EDUS", "EDBT", "EDLN"),
    DETAIL: ("EDTN", "EDUS", "EDBT", "EDLN"),
    LEDGER: ("DOC", "DCT", "KCO", "SFX", "SFXE"),
}
COLUMNS = {HEADER: ("EDSP", "AN8", "VINV", "AG"), DETAIL: ("AA",), LEDGER: ("AN8", "VINV", "AG")}
OPTIONAL = {HEADER: ("ACR", "CRCD"), DETAIL: ("ANI", "MCU", "OBJ", "SUB", "ACR"), LEDGER: ("VOD", "ACR", "CRCD")}
"""Not named for each of these tables by Oracle; read where the site has them."""


@dataclass(frozen=True)
class Held:
    """The Z rows of one voucher, as they were read: by full column names."""

    headers: list[Row]
    lines: list[Row]

    @property
    def is_processed(self) -> bool:
        """Whether a final run of R04110ZA has made a voucher of it."""
        return any(is_processed(row) for row in self.headers)


def is_processed(row: Row) -> bool:
    """Whether a row of F0411Z1 has been processed: E1 sets EDSP to 1, some say Y; rows in error stay at 0."""
    return (row[f"{HEADER}.EDSP"] or "0").upper() not in ("0", "N")


def ask(client: JdeClient, edus: str, edtn: str | Sequence[str]) -> list[Row]:
    """Return the F0411Z1 rows of a transaction, or of several."""
    return _rows(client, HEADER, _transaction(HEADER, edus, edtn))


def ask_invoice(client: JdeClient, supplier: int, invoice: str) -> list[Row]:
    """Return the F0411Z1 rows of an invoice, whoever put them there."""
    return _of_invoice(client, HEADER, supplier, invoice)


def ask_voucher(client: JdeClient, supplier: int, invoice: str) -> list[Row]:
    """Return the F0411 rows (pay items) of an invoice; voided vouchers are left out."""
    return [row for row in _of_invoice(client, LEDGER, supplier, invoice) if not row[f"{LEDGER}.VOD"]]


def read_back(client: JdeClient, edus: str, edtn: str) -> Held | None:
    """Return the Z rows of a transaction, header and distribution; None where there are none at all."""
    headers, lines = client.at_once(
        [
            lambda: ask(client, edus, edtn),
            lambda: _rows(client, DETAIL, _transaction(DETAIL, edus, edtn)),
        ]
    )
    return Held(headers, lines) if headers or lines else None


def send(client: JdeClient, voucher: Voucher, *, foreign: bool | None = None) -> Identity:
    """Run the orchestration `voucher_import` once for a voucher and return the keys it went with.

    :param foreign: see `voucher_inputs.inputs_of`.
    :raises ConfigurationError: the Connection names no such orchestration.
    :raises OutcomeUnknown, RecordRejected: as `orchestrator.run`; read back before anything else in either case.
    """
    config = client.connection.orchestrations.voucher_import
    if config is None:
        raise ConfigurationError(f"Connection '{client.connection.conn_id}' names no orchestration 'voucher_import'")
    identity = identity_of(client.connection, voucher, client.now().astimezone(client.zone).date())
    client.orchestrate(config, *inputs_of(client.connection, config, voucher, identity, foreign=foreign))
    return identity


def differences(voucher: Voucher, held: Held) -> list[str]:
    """Return in what the Z rows differ from a voucher; nothing when they are it.

    Compared are supplier, invoice number, currency and gross, and the amounts of the distribution by account. What the
    server does not show is not compared, but for the amounts.
    """
    if len(held.headers) != 1:
        return [f"F0411Z1 has {len(held.headers)} rows of it"]
    header = held.headers[0]
    found = [
        f"{alias} is {header[f'{HEADER}.{alias}']}"
        for alias, sent in (("AN8", voucher.supplier), ("VINV", voucher.invoice), ("CRCD", voucher.currency))
        if sent is not None and _differ(sent, header[f"{HEADER}.{alias}"])
    ]
    # E1 may have reckoned the domestic amount beside the foreign one that was sent.
    foreign = bool(voucher.gross) and header[f"{HEADER}.ACR"] == voucher.gross
    gross = _amount(header, HEADER, "AG", foreign=foreign)
    if gross != voucher.gross:
        unseen = (
            "" if header[f"{HEADER}.ACR"] is not None else " (F0411Z1.ACR, the amount in its currency, is not shown)"
        )
        found.append(f"the gross is {gross:f} instead of {voucher.gross:f}{unseen if voucher.currency else ''}")
    return [*found, *_line_differences(voucher, held.lines, foreign=foreign)]


def _line_differences(voucher: Voucher, rows: Sequence[Row], *, foreign: bool) -> list[str]:
    if len(rows) != len(voucher.lines):
        return [f"F0911Z1 has {len(rows)} of {len(voucher.lines)} lines"]
    accounts = [_account(row) for row in rows]
    shown = None not in accounts
    sent = Counter((_plain(line.account) if shown else None, line.amount) for line in voucher.lines)
    held = Counter(
        (account if shown else None, _amount(row, DETAIL, "AA", foreign=foreign))
        for account, row in zip(accounts, rows, strict=True)
    )
    return [] if sent == held else [f"{(sent - held).total()} lines of F0911Z1 have other accounts or amounts"]


def _account(row: Row) -> str | None:
    return _plain(row[f"{DETAIL}.ANI"]) or _plain(account_string(row, DETAIL))


def _plain(account: str | None) -> str | None:
    normal = normal_account(account)
    return normal.upper() if normal else None


def _amount(row: Row, table: str, alias: str, *, foreign: bool) -> Decimal:
    amount, in_currency = row[f"{table}.{alias}"], row[f"{table}.ACR"]
    return Decimal((in_currency or amount if foreign else amount or in_currency) or 0)


def _differ(sent: Any, held: Any) -> bool:
    return held is not None and str(sent).upper() != str(held).upper()


def gross_of(rows: Sequence[Row], voucher: Voucher) -> Decimal:
    """Return the gross of an invoice from its pay items in F0411, in the voucher's currency where they have it."""
    foreign = any(row[f"{LEDGER}.ACR"] for row in rows) and any(
        row[f"{LEDGER}.CRCD"] == voucher.currency for row in rows
    )
    column = f"{LEDGER}.ACR" if foreign else f"{LEDGER}.AG"
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


def number_of(row: Row) -> str:
    """Return the voucher number of an F0411 row, `KCO-DCT-DOC`."""
    return "-".join(str(row[f"{LEDGER}.{alias}"] or "") for alias in ("KCO", "DCT", "DOC"))


def _transaction(table: str, edus: str, edtn: str | Sequence[str]) -> Query:
    column = f"{table}.EDTN"
    return equal(f"{table}.EDUS", edus) & (equal(column, edtn) if isinstance(edtn, str) else one_of(column, edtn))


def _of_invoice(client: JdeClient, table: str, supplier: int, invoice: str) -> list[Row]:
    rows = _rows(client, table, equal(f"{table}.AN8", supplier) & equal(f"{table}.VINV", invoice))
    # Some databases do not tell cases apart, others would find more than was asked for.
    return [row for row in rows if not _differ(invoice, row[f"{table}.VINV"])]


def _rows(client: JdeClient, table: str, where: Query) -> list[Row]:
    return look_up(client, table, COLUMNS[table], where, key=KEYS[table], optional=OPTIONAL[table])


@dataclass(frozen=True)
class Progress:
    """What has become of a voucher in the Z tables.

    `state` is `waiting` (EDSP 0: no final run yet, or left there with an error that only the Work Center tells),
    `processed` (`voucher` is its number, `KCO-DCT-DOC`, None while F0411 does not show it) or `gone` (no rows and no
    voucher: deleted). `edbt` is the batch it went with.
    """

    state: str
    voucher: str | None = None
    edbt: str | None = None


def progress(
    client: JdeClient, edus: str, edtns: Sequence[str], *, invoices: Mapping[str, tuple[int, str]] | None = None
) -> dict[str, Progress]:
    """Return what has become of each transaction.

    :param invoices: EDTN → supplier and invoice number, to find vouchers whose Z rows have been purged since.
    """
    rows: dict[str, Row] = {}
    for at in range(0, len(edtns), 100):
        rows |= {row[f"{HEADER}.EDTN"]: row for row in ask(client, edus, edtns[at : at + 100])}

    def one(edtn: str) -> Progress:
        row = rows.get(edtn)
        if row is None:
            supplier, invoice = (invoices or {}).get(edtn, (None, None))
        elif not is_processed(row):
            return Progress("waiting", edbt=row[f"{HEADER}.EDBT"])
        else:
            supplier, invoice = row[f"{HEADER}.AN8"], row[f"{HEADER}.VINV"]
        found = ask_voucher(client, supplier, invoice) if supplier and invoice else []
        number = number_of(found[0]) if found else None
        return Progress("processed" if row or found else "gone", number, row[f"{HEADER}.EDBT"] if row else None)

    return dict(zip(edtns, client.at_once([lambda edtn=edtn: one(edtn) for edtn in edtns]), strict=True))  # type: ignore[misc]
