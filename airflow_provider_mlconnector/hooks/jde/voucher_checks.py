"""What a voucher refers to, looked up before anything is sent: supplier, accounts, the company's currency."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import MLConnectorError, PermissionDenied, RecordRejected
from airflow_provider_mlconnector.hooks.jde.connection import ROLES
from airflow_provider_mlconnector.hooks.jde.lookup import look_up
from airflow_provider_mlconnector.hooks.jde.posting import account_string, normal_account, refusal
from airflow_provider_mlconnector.hooks.jde.probe import may_be_the_columns
from airflow_provider_mlconnector.hooks.jde.query import equal, one_of
from airflow_provider_mlconnector.hooks.jde.voucher_models import Voucher

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

ACCOUNTS, SUPPLIERS = "F0901", ROLES["supplier_master"]
ACCOUNT_COLUMNS = ("AID", "MCU", "OBJ", "SUB", "PEC")
AT_ONCE = 50
"""Accounts per question: their units and objects go into LISTs."""


class Master:
    """Master data that vouchers refer to; what was found once is remembered, what was not is asked for again."""

    def __init__(self, client: JdeClient):
        self._client = client
        self._lock = threading.Lock()
        self._edits: dict[str, str | None] = {}
        self._suppliers: set[int] = set()
        self._currencies: dict[str | None, str | None] = {}

    def check(self, voucher: Voucher) -> None:
        """Make sure that the supplier exists and each account takes its amount.

        :raises RecordRejected: with every reason.
        """
        problems = []
        if not self._has_supplier(voucher.supplier):
            problems.append(("unknown_supplier", f"supplier {voucher.supplier} has no row in {SUPPLIERS}"))
        edits = self._edits_of(list(dict.fromkeys(_plain(line.account) for line in voucher.lines)))
        for line in voucher.lines:
            account = _plain(line.account)
            if account not in edits:
                problems.append(("unknown_account", f"account {account} is not in {ACCOUNTS}"))
            elif why := refusal(edits[account], line.subledger):
                problems.append(("account_restricted", f"account {account} {why}"))
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

    def _edits_of(self, accounts: Sequence[str]) -> dict[str, str | None]:
        """Return the posting edit code of each account that exists."""
        missing = [account for account in accounts if account not in self._edits]
        for at in range(0, len(missing), AT_ONCE):
            found = self._read(missing[at : at + AT_ONCE])
            with self._lock:
                self._edits |= found
        return {account: self._edits[account] for account in accounts if account in self._edits}

    def _read(self, accounts: Sequence[str]) -> dict[str, str | None]:
        parts = [account.split(".") for account in accounts]
        units, objects = sorted({part[0] for part in parts}), sorted({part[1] for part in parts if len(part) > 1})
        if not objects:
            return {}
        # Of both lists more than the pairs, sorted out below; so no OR is needed.
        where = one_of(f"{ACCOUNTS}.MCU", units) & one_of(f"{ACCOUNTS}.OBJ", objects)
        rows = look_up(self._client, ACCOUNTS, ACCOUNT_COLUMNS, where, key=["AID"])
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            found[_plain(account_string(row))].append(row)
        return {account: found[account][0][f"{ACCOUNTS}.PEC"] for account in accounts if account in found}

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


def _plain(account: str | None) -> str:
    return (normal_account(account) or "").upper()
