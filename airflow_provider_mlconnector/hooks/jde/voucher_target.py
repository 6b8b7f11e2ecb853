"""Vouchers as a target of the pipeline: asked for, sent once, read back; one record at a time.

An answer is `created` when the Z rows were read back as they were sent, `pending` when that cannot be known yet: the
next delivery of the record asks before it sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    MLConnectorError,
    OutcomeUnknown,
    RecordRejected,
    Stop,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jde import vouchers as z
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.voucher_amounts import check_amounts
from airflow_provider_mlconnector.hooks.jde.voucher_answers import (
    SEND_ANEW,
    Answer,
    check_identity,
    may_still_run,
    pending,
    words,
)
from airflow_provider_mlconnector.hooks.jde.voucher_checks import Master
from airflow_provider_mlconnector.hooks.jde.voucher_finding import VOUCHER, Finder
from airflow_provider_mlconnector.hooks.jde.voucher_follow import followed
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import edtn_of, edus_of
from airflow_provider_mlconnector.hooks.jde.voucher_models import Voucher, voucher_of
from airflow_provider_mlconnector.hooks.jde.voucher_plan import edtn_in
from airflow_provider_mlconnector.outcomes import Outcome, RowResult, rejected
from airflow_provider_mlconnector.pipeline.journal import Journal, MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Followed, Plan, Ready, Sent

if TYPE_CHECKING:
    from airflow_provider_mlconnector.ledger.rows import Awaiting

UNSEEN = 3
"""So many successes in a row of which nothing is to be seen are the orchestration's fault, not the records'."""


class VoucherObject:
    """The vouchers of one company's books; see TargetObject.

    One record is a batch, so that each answer is in the ledger before the next voucher goes.

    :param journal: the memory of what was sent; by default one that ends with the process.
    """

    max_batch = 1
    max_bytes = 10_000_000

    def __init__(self, client: JdeClient, journal: Journal | None = None):
        self._client, self._journal = client, journal or MemoryJournal()
        self._edus = edus_of(client.connection)
        self._master, self._finder = Master(client), Finder(client, self._edus)
        self.concurrency = client.connection.max_concurrency
        self._unseen = 0

    def prepare(self, plan: Plan, rows: int) -> None:
        """Refuse to begin without an orchestration to send by.

        :raises ConfigurationError: the Connection names none.
        """
        connection = self._client.connection
        if connection.orchestrations.voucher_import is None:
            raise ConfigurationError(f"Connection '{connection.conn_id}' names no orchestration 'voucher_import'")

    def group(self, ready: Ready) -> str:
        """All vouchers are alike."""
        return ""

    def batch_size(self, group: str) -> int:
        """Return how many go at once."""
        return self.max_batch

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Ask for each voucher, send it where it is not there, and read it back.

        :raises RetryLater, Stop: what ends the task; nothing was sent then, or the next delivery finds it.
        """
        return [self._one(ready) for ready in batch]

    def settle(self, record_key: str, target_key: str | None, sent: Mapping[str, Any]) -> RowResult | None:
        """Return what JD Edwards has of a voucher that is not to be sent any more; see Settles."""
        edtn = edtn_in(target_key or "")
        if not edtn:
            return None
        try:
            voucher = self._master.completed(voucher_of(sent))
        except RecordRejected:
            voucher = None
        entry = self._journal.entry(record_key)
        return self._finder.left(edtn, voucher, entry.begun if entry else None)

    def follow(self, records: Sequence[Awaiting], sent: Sent) -> list[Followed]:
        """Return what R04110ZA has made of these vouchers; see Follows."""
        return followed(self._client, records, sent)

    def _one(self, ready: Ready) -> RowResult:
        try:
            voucher = voucher_of(ready.payload)
            check_amounts(voucher)
            edtn = edtn_of(voucher.supplier, voucher.invoice)
            entry = self._journal.entry(ready.record_key)
            check_identity(edtn, entry.guid if entry else None)
            voucher = self._master.completed(voucher)
            if entry and entry.guid and entry.begun is None:
                return self._finder.delivered(voucher, edtn, entry.guid)
            there = self._finder.there(voucher, edtn, entry.begun if entry else None)
            if there is not None:
                return there
            self._master.check(voucher)
        except RecordRejected as refusal:
            return rejected(refusal)
        return self._send(ready, voucher, edtn)

    def _send(self, ready: Ready, voucher: Voucher, edtn: str) -> RowResult:
        foreign = self._master.is_foreign(voucher)
        self._journal.begin(ready, self._client.now())
        answer = self._attempt(voucher, foreign)
        result = self._look(voucher, edtn, answer)
        if result is not None or answer is not None:
            self._unseen = 0
        return result or self._absent(ready, edtn, answer)

    def _attempt(self, voucher: Voucher, foreign: bool | None) -> Answer:
        try:
            z.send(self._client, voucher, foreign=foreign)
        except (RecordRejected, OutcomeUnknown, UnexpectedAnswer) as answer:
            return answer
        except Stop as refused:
            if refused.code != "400":
                raise
            return RecordRejected(refused.message, code="400")
        return None

    def _look(self, voucher: Voucher, edtn: str, answer: Answer) -> RowResult | None:
        """Return what the Z tables say after a call; None when they have nothing."""
        try:
            if answer is None or may_still_run(answer):
                # From now on: the answer may have been waited for longer than the call can go on.
                self._finder.waited(voucher, edtn, self._client.now())
            held = z.read_back(self._client, self._edus, edtn)
            # An orchestration that has the voucher made at once may leave nothing in the Z tables.
            made = self._finder.posted(voucher, edtn) if held is None else None
        except MLConnectorError as error:
            # It was sent: whatever hinders the look, the answer must not get lost with the task.
            return pending(edtn, f"sent, and it could not be read back: {error.message}", answer)
        if held is None:
            return made
        result = self._finder.compared(voucher, edtn, held)
        if result.outcome is not Outcome.CREATED and may_still_run(answer):
            return pending(edtn, "sent without an answer, and only a part of it is there so far", answer)
        if result.outcome is Outcome.CREATED or answer is None:
            return result
        return RowResult(Outcome.REJECTED, edtn, answer.code, f"{answer.message}; {result.message}", words(answer))

    def _absent(self, ready: Ready, edtn: str, answer: Answer) -> RowResult:
        if may_still_run(answer):
            return pending(edtn, "sent without an answer, and it is not there so far", answer)
        if answer is None:
            return self._unseen_success(ready, edtn)
        return RowResult(Outcome.REJECTED, None, answer.code, answer.message, words(answer))

    def _unseen_success(self, ready: Ready, edtn: str) -> RowResult:
        """Return the answer where AIS reports success and shows nothing: it is never sent again by itself."""
        link = ready.target_key or f"{self._edus}-{edtn}"
        self._journal.created(ready.record_key, link)
        self._journal.finished(ready.record_key, link)
        self._unseen += 1
        message = (
            f"the orchestration reports success, and F0411Z1 shows no row with EDUS {self._edus}, EDTN {edtn}. Check "
            "its inputs EDUS and EDTN, and that this user may read the table"
        )
        if self._unseen >= UNSEEN:
            raise ConfigurationError(f"{self._unseen} times in a row {message}")
        return RowResult(Outcome.REJECTED, edtn, "not_read_back", f"{message}; {SEND_ANEW}", awaits=VOUCHER)


def vouchers(client: JdeClient, journal: Journal | None = None) -> VoucherObject:
    """The vouchers of a site, as a target."""
    return VoucherObject(client, journal)
