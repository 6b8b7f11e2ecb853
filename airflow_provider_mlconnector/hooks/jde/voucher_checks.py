"""What a voucher refers to, looked up before anything is sent: supplier, accounts, the company's currency."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import MLConnectorError, PermissionDenied, RecordRejected
from airflow_provider_mlconnector.hooks.jde.connection import ROLES
from airflow_provider_mlconnector.hooks.jde.lookup import look_up
from airflow_provider_mlconnector.hooks.jde.posting import account_string, normal_account, refusal
from airflow_provider_mlconnector.hooks.jde.probe import may_be_the_columns
from airflow_provider_mlconnector.hooks.jde.query import Query, equal, one_of
from airflow_provider_mlconnector.hooks.jde.voucher_models import Voucher, VoucherLine

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

ACCOUNTS, SUPPLIERS = "F0901", ROLES["supplier_master"]
ACCOUNT_COLUMNS = ("AID", "MCU", "OBJ", "SUB", "PEC")
OPTIONAL = ("CO",)
ID = "#"
"""Before a short id, where names stand otherwise."""
AT_ONCE = 50
"""Accounts per question: their units and objects go into LISTs."""


@dataclass(frozen=True)
class Account:
    """An account that exists: `MCU.OBJ.SUB`, its posting edit code, its company where the server shows it."""

    name: str
    edit: str | None
    company: str | None


class Master:
    """Master data that vouchers refer to; what was found once is remembered, what was not is asked for again."""

    def __init__(self, client: JdeClient):
        self._client = client
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}
        self._suppliers: set[int] = set()
        self._currencies: dict[str | None, str | None] = {}

    def completed(self, voucher: Voucher) -> Voucher:
        """Return a voucher with its accounts as `MCU.OBJ.SUB`, and with the company of its accounts where it has none.

        :raises RecordRejected: its accounts belong to several companies, and it names none.
        """
        known = self._accounts_of(voucher)
        lines = tuple(
            line.model_copy(update={"account": found.name}) if (found := known.get(_name(line))) else line
            for line in voucher.lines
        )
        company = voucher.company
        companies = {found.company for found in known.values() if found.company}
        if company is None and len(companies) > 1:
            raise RecordRejected(
                f"its accounts are of the companies {', '.join(sorted(companies))}; map CO to say whose voucher it is",
                code="several_companies",
            )
        return voucher.model_copy(update={"lines": lines, "company": company or next(iter(companies), None)})

    def check(self, voucher: Voucher) -> None:
        """Make sure that the supplier exists and each account takes its amount.

        :raises RecordRejected: with every reason.
        """
        problems = []
        if not self._has_supplier(voucher.supplier):
            problems.append(("unknown_supplier", f"supplier {voucher.supplier} has no row in {SUPPLIERS}"))
        known = self._accounts_of(voucher)
        for line in voucher.lines:
            account = _name(line)
            if account not in known:
                problems.append(("unknown_account", f"account {account.lstrip(ID)} is not in {ACCOUNTS}"))
            elif why := refusal(known[account].edit, line.subledger):
                problems.append(("account_restricted", f"account {known[account].name} {why}"))
        if problems:
            raise RecordRejected("; ".join(dict.fromkeys(text for _, text in problems)), code=problems[0][0])

    def _has_supplier(self, number: int) -> bool:
        if number in self._suppliers:
            return True
        found = look_up(self._client, SUPPLIERS, ["AN8"], equal(f"{SUPPLIERS}.AN8", number), key=["AN8"])
        if found:
            with self._lock:
                self._suppliers.add(number)
        return bool(found)

    def _accounts_of(self, voucher: Voucher) -> dict[str, Account]:
        """Return the accounts of a voucher that exist, by the name or short id under which it has them."""
        wanted = list(dict.fromkeys(_name(line) for line in voucher.lines))
        missing = [account for account in wanted if account not in self._accounts]
        for at in range(0, len(missing), AT_ONCE):
            found = self._read(missing[at : at + AT_ONCE])
            with self._lock:
                self._accounts |= found
        return {account: self._accounts[account] for account in wanted if account in self._accounts}

    def _read(self, accounts: Sequence[str]) -> dict[str, Account]:
        ids = sorted(account.removeprefix(ID) for account in accounts if account.startswith(ID))
        parts = [account.split(".") for account in accounts if not account.startswith(ID) and "." in account]
        found: dict[str, Account] = {}
        if parts:
            # Of both lists more than the pairs, sorted out below; so no OR is needed.
            units, objects = sorted({part[0] for part in parts}), sorted({part[1] for part in parts})
            for row in self._rows(one_of(f"{ACCOUNTS}.MCU", units) & one_of(f"{ACCOUNTS}.OBJ", objects)):
                found.setdefault(_plain(account_string(row)), _account(row))
        for row in self._rows(one_of(f"{ACCOUNTS}.AID", ids)) if ids else ():
            found[f"{ID}{row[f'{ACCOUNTS}.AID']}"] = _account(row)
        return found

    def _rows(self, where: Query) -> list[dict[str, Any]]:
        return look_up(self._client, ACCOUNTS, ACCOUNT_COLUMNS, where, key=["AID"], optional=OPTIONAL)

    def is_foreign(self, voucher: Voucher) -> bool | None:
        """Whether a voucher's currency is not its company's own; None where nothing tells."""
        if voucher.mode is not None:
            return voucher.mode == "F"
        if voucher.currency is None:
            return False
        base = self._base_currency(voucher.company)
        return None if base is None else base != voucher.currency

    def _base_currency(self, company: str | None) -> str | None:
        with self._lock:
            if company in self._currencies:
                return self._currencies[company]
        given = self._client.connection.voucher.base_currency
        base = given if isinstance(given, str) else (given or {}).get(company or "")
        if base is None and company is not None:
            base = self._currency_in("F0010", company) or self._currency_in("F0411", company)
        if base is None:
            log.warning("jde: the currency of company %s is not known; set voucher.base_currency", company)
        with self._lock:
            self._currencies[company] = base
        return base

    def _currency_in(self, table: str, company: str) -> str | None:
        """Return a company's currency: of its constants (F0010), else of a voucher in domestic mode (CRRM D)."""
        column, where = f"{table}.CRCD", equal(f"{table}.CO", company)
        if table == "F0411":
            where &= equal("F0411.CRRM", "D")
        try:
            rows = self._client.dataservice.peek([column], where, size=20)
        except MLConnectorError as error:
            # A table that is not there, or not for this user, is one that tells nothing; an outage is not.
            if not isinstance(error, PermissionDenied) and not may_be_the_columns(error):
                raise
            log.info("jde: %s tells no currency (%s)", table, type(error).__name__)
            return None
        return next((row[column] for row in rows if row[column]), None)


def _name(line: VoucherLine) -> str:
    """Return the key by which the account of a line is known here."""
    return f"{ID}{line.short_id}" if line.short_id else _plain(line.account)


def _account(row: Mapping[str, Any]) -> Account:
    name = account_string(row) or str(row[f"{ACCOUNTS}.AID"])
    return Account(name, row[f"{ACCOUNTS}.PEC"], row[f"{ACCOUNTS}.CO"])


def _plain(account: str | None) -> str:
    return (normal_account(account) or "").upper()
