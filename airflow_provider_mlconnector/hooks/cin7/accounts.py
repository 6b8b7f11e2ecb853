"""The chart of accounts as a target: the source's accounts matched to Cin7's by code, and the pairs reported.

Cin7's chart is written only where the Connection says so, and never while it belongs to Xero or QuickBooks. Nothing in
the API says whether it does, but Cin7 refuses to change an account then: so one is "changed" to what it is first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    OutcomeUnknown,
    RecordError,
    RecordRejected,
    Stop,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.cin7.chart import AccountKey
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.models import Account
from airflow_provider_mlconnector.hooks.cin7.once import create_once
from airflow_provider_mlconnector.hooks.cin7.results import pending
from airflow_provider_mlconnector.outcomes import Outcome, RowResult, rejected
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

log = logging.getLogger(__name__)

SOURCE_KEY, ACCOUNT, POSTING = "SourceKey", "Account", "Posting"
TEXTS = {"Name": 256, "Type": 50, "Class": 20, "Description": 1024}
ACCOUNT_FIELDS = (SOURCE_KEY, ACCOUNT, POSTING, *TEXTS)
"""`SourceKey` is the source's key, `Account` its code as MCU.OBJ.SUB; the rest is for accounts that are created."""
CLASSES = ("ASSET", "LIABILITY", "EXPENSE", "EQUITY", "REVENUE")
BANK = "BANK"
REFUSALS = ("403", "404", "405", "500")
"""What a change of a chart that is not ours may be answered with, beside a plain refusal."""


class Accounts:
    """The chart of accounts."""

    max_batch = 500
    max_bytes = 4_000_000
    concurrency = 1

    def __init__(self, client: Cin7Client):
        self._client = client
        self._lock = threading.Lock()

    def prepare(self, plan: Plan, rows: int) -> None:
        """Nothing to get ready; see TargetObject."""

    def batch_size(self, group: str) -> int:
        """A match takes no call; see TargetObject."""
        return self.max_batch

    def group(self, ready: Ready) -> str:
        """All accounts are alike."""
        return "accounts"

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Match each account, and create those that are missing where that is allowed; see TargetObject."""
        with self._lock:
            return [self._delivered(ready) for ready in batch]

    def _delivered(self, ready: Ready) -> RowResult:
        try:
            return self._aligned(ready.payload, known=ready.known)
        except RecordError as refusal:
            return rejected(refusal)
        except OutcomeUnknown as lost:
            return pending(lost)

    def _aligned(self, payload: Mapping[str, Any], *, known: bool) -> RowResult:
        key = AccountKey.parse(str(payload.get(ACCOUNT) or ""))
        if str(payload.get(POSTING, True)).lower() in ("false", "0", "n"):
            return RowResult(Outcome.SKIPPED, code="non_posting", message="a title or closed to posting in the source")
        if not key.obj:
            raise RecordRejected("the source's account has no object account to match it by", code="invalid_value")
        found = self._client.books.chart.match(key)
        if found is None:
            return self._missing(key, payload)
        if not found.is_active:
            raise RecordRejected(f"Cin7's account {found.code} is not active", code="inactive_account")
        # What is created is the pair; the account was there.
        return RowResult(Outcome.UNCHANGED if known else Outcome.CREATED, found.code)

    def _missing(self, key: AccountKey, payload: Mapping[str, Any]) -> RowResult:
        codes = " nor ".join(key.codes)
        if not self._client.connection.create_missing_accounts:
            raise RecordRejected(
                f"Cin7's chart has no account {codes}; add it there, or name its partner in account_map",
                code="unmatched",
            )
        body = account_body(key, payload, self._client.connection.account_types)
        if self._refusal is not None:
            raise RecordRejected(
                f"Cin7's chart has no account {codes}, and it is not written: {self._refusal}", code="chart_not_ours"
            )
        made = create_once(
            self._client, lambda: self._client.post_account(body), lambda _since: self._reload().by_code(body["Code"])
        )
        books = self._client.books
        books.use_chart(books.chart.with_account(made, self._client.connection.account_map))
        log.info("cin7 account %s created", made.code)
        return RowResult(Outcome.CREATED, made.code)

    def _reload(self) -> Any:
        self._client.books.forget_chart()
        return self._client.books.chart

    @cached_property
    def _refusal(self) -> str | None:
        """Why the chart must not be written, asked once by changing an account to what it is already."""
        accounts = self._client.books.chart.accounts
        if not accounts:
            return None
        likely = [each for each in accounts if each.is_active and not each.system_account and each.type.upper() != BANK]
        try:
            self._client.put_account(same_body((likely or list(accounts))[0]))
        except CredentialsRejected:
            raise
        except (RecordRejected, Unavailable, Stop) as refused:
            if not isinstance(refused, RecordRejected) and refused.code not in REFUSALS:
                raise
            return f"it may be tied to Xero or QuickBooks ({refused.message})"
        return None


def account_body(key: AccountKey, payload: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of a new account.

    :param types: its type by how its object account begins, where the payload has none.
    :raises RecordRejected: for what Cin7 would refuse.
    """
    given = {name: str(payload.get(name) or "").strip() for name in TEXTS}
    body = {"Code": key.codes[0] if key.codes else "", "Status": "ACTIVE", **given, "Class": given["Class"].upper()}
    begins = sorted(filter(key.obj.startswith, types), key=len)
    body["Type"] = body["Type"] or (types[begins[-1]] if begins else "")
    problems = [f"{name}: a new account needs one" for name in ("Code", "Name", "Type") if not body[name]]
    problems += [f"{name}: is longer than {most} characters" for name, most in TEXTS.items() if len(body[name]) > most]
    if len(body["Code"]) > 50:
        problems.append("Code: is longer than 50 characters")
    if body["Class"] and body["Class"] not in CLASSES:
        problems.append(f"Class: is none of {', '.join(CLASSES)}")
    if body["Type"].upper() == BANK:
        problems.append("Type: a bank account needs a bank and a number; create it in Cin7")
    if problems:
        raise RecordRejected("; ".join(problems), code="not_creatable")
    return {name: value for name, value in body.items() if value}


def same_body(account: Account) -> dict[str, Any]:
    """Return the body that changes nothing about an account."""
    body = {
        "Code": account.code, "Name": account.name, "Type": account.type, "Status": account.status or "ACTIVE",
        "Class": account.class_, "Description": account.description,
    }  # fmt: skip
    return {name: value for name, value in body.items() if value}
