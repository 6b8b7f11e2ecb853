"""Vouchers as a target of the pipeline: asked for, sent once, read back; one record at a time.

An answer is `created` when the Z rows were read back as they were sent, `pending` when that cannot be known yet: the
next delivery of the record asks before it sends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
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
from airflow_provider_mlconnector.hooks.jde.orchestrator import OrchestrationEnded
from airflow_provider_mlconnector.hooks.jde.voucher_amounts import check_amounts
from airflow_provider_mlconnector.hooks.jde.voucher_answers import (
    Answer,
    already,
    check_identity,
    may_still_run,
    pending,
    rejected,
    words,
)
from airflow_provider_mlconnector.hooks.jde.voucher_checks import Master
from airflow_provider_mlconnector.hooks.jde.voucher_follow import followed
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import edtn_of, edus_of
from airflow_provider_mlconnector.hooks.jde.voucher_models import Voucher, voucher_of
from airflow_provider_mlconnector.hooks.jde.voucher_plan import edtn_in
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import Journal, MemoryJournal, in_doubt_since, look
from airflow_provider_mlconnector.pipeline.ports import Followed, Plan, Ready, Sent

if TYPE_CHECKING:
    from airflow_provider_mlconnector.ledger.rows import Awaiting

VOUCHER = "voucher"
"""What is awaited of Z rows: that R04110ZA makes a voucher of them."""


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
        self._master = Master(client)
        self.concurrency = client.connection.max_concurrency
        self._opened = client.now()

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

    def settle(self, record_key: str, target_key: str | None) -> RowResult | None:
        """Return what the Z tables have of a voucher that is not to be sent any more; see Settles."""
        edtn = edtn_in(target_key or "")
        if not edtn or z.read_back(self._client, self._edus, edtn) is None:
            return None
        return RowResult(Outcome.CREATED, edtn, awaits=VOUCHER)

    def follow(self, records: Sequence[Awaiting], sent: Sent) -> list[Followed]:
        """Return what R04110ZA has made of these vouchers; see Follows."""
        return followed(self._client, self._edus, records, sent)

    def _one(self, ready: Ready) -> RowResult:
        try:
            voucher = voucher_of(ready.payload)
            check_amounts(voucher)
            edtn = edtn_of(voucher.supplier, voucher.invoice)
            entry = self._journal.entry(ready.record_key)
            check_identity(edtn, entry.guid if entry else None)
            voucher = self._master.completed(voucher)
            there = self._there(voucher, edtn, entry.begun if entry else None)
            if there is not None:
                return already(there) if ready.known and entry and entry.begun is None else there
            self._master.check(voucher)
        except RecordRejected as refusal:
            return rejected(refusal)
        return self._send(ready, voucher, edtn)

    def _there(self, voucher: Voucher, edtn: str, begun: datetime | None) -> RowResult | None:
        """Return what JD Edwards has of a voucher; what was sent without an answer may still be on its way."""
        if begun is not None:
            self._waited(voucher, edtn, in_doubt_since(begun, self._opened))
        return self._find(voucher, edtn)

    def _waited(self, voucher: Voucher, edtn: str, since: datetime) -> None:
        """Wait until a voucher is there whole, or cannot come any more."""

        def whole() -> bool | None:
            held = z.read_back(self._client, self._edus, edtn)
            return True if held and not z.differences(voucher, held) else None

        look(whole, since, now=self._client.now, sleep=self._client.pause)

    def _find(self, voucher: Voucher, edtn: str) -> RowResult | None:
        """Return the answer for an invoice that JD Edwards has already; None for one that it has not.

        :raises RecordRejected: it is there in other words, or under another key.
        """
        client, invoice = self._client, (voucher.supplier, voucher.invoice)
        asks: list[Callable[[], Any]] = [
            partial(z.read_back, client, self._edus, edtn),
            partial(z.ask_invoice, client, *invoice),
            partial(z.ask_voucher, client, *invoice),
        ]
        held, elsewhere, posted = client.at_once(asks)
        if held is not None:
            return self._compared(voucher, edtn, held)
        if elsewhere:
            row = elsewhere[0]
            where = f"EDUS {row['F0411Z1.EDUS']}, EDTN {row['F0411Z1.EDTN']}"
            raise RecordRejected(f"this supplier's invoice number is in F0411Z1 already: {where}", code="duplicate")
        if posted:
            number = z.number_of(posted[0])
            raise RecordRejected(f"this supplier's invoice number is in F0411 already: {number}", code="duplicate")
        return None

    def _compared(self, voucher: Voucher, edtn: str, held: z.Held) -> RowResult:
        found = z.differences(voucher, held)
        if not found:
            return RowResult(Outcome.CREATED, target_id=edtn, awaits=VOUCHER)
        processed = "it has been processed" if held.is_processed else "correct or delete it in P0411Z1, then replay"
        message = f"JD Edwards has EDUS {self._edus}, EDTN {edtn}, and not as sent: {'; '.join(found)}; {processed}"
        return RowResult(Outcome.REJECTED, target_id=edtn, code="differs", message=message)

    def _send(self, ready: Ready, voucher: Voucher, edtn: str) -> RowResult:
        foreign = self._master.is_foreign(voucher)
        self._journal.begin(ready, self._client.now())
        answer = self._attempt(voucher, foreign)
        result = self._look(voucher, edtn, answer)
        if result is None and isinstance(answer, OrchestrationEnded):
            # It ended with an error and left nothing, so it may be tried once more, as a read is.
            answer = self._attempt(voucher, foreign)
            result = self._look(voucher, edtn, answer)
        return result or self._absent(edtn, answer)

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
            if may_still_run(answer):
                # From now on: the answer may have been waited for longer than the call can go on.
                self._waited(voucher, edtn, self._client.now())
            held = z.read_back(self._client, self._edus, edtn)
        except MLConnectorError as error:
            # It was sent: whatever hinders the look, the answer must not get lost with the task.
            return pending(edtn, f"sent, and it could not be read back: {error.message}", answer)
        if held is None:
            return None
        result = self._compared(voucher, edtn, held)
        if result.outcome is not Outcome.CREATED and may_still_run(answer):
            return pending(edtn, "sent without an answer, and only a part of it is there so far", answer)
        if result.outcome is Outcome.CREATED or answer is None:
            return result
        return RowResult(Outcome.REJECTED, edtn, answer.code, f"{answer.message}; {result.message}", words(answer))

    def _absent(self, edtn: str, answer: Answer) -> RowResult:
        if may_still_run(answer):
            return pending(edtn, "sent without an answer, and it is not there so far", answer)
        if answer is None:
            return RowResult(
                Outcome.REJECTED,
                edtn,
                "not_read_back",
                f"the orchestration reports success, and F0411Z1 shows no row with EDUS {self._edus}, EDTN {edtn}. "
                "Check its inputs EDUS and EDTN, and that this user may read the table; look there before a replay",
            )
        return RowResult(Outcome.REJECTED, None, answer.code, answer.message, words(answer))


def vouchers(client: JdeClient, journal: Journal | None = None) -> VoucherObject:
    """The vouchers of a site, as a target."""
    return VoucherObject(client, journal)
