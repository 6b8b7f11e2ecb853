"""Batches to the target with bounded concurrency; each answer is in the ledger before the next batch goes."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Self

from airflow_provider_mlconnector.exceptions import BatchRefused, MLConnectorError, ObjectReadOnly, OutcomeUnknown
from airflow_provider_mlconnector.outcomes import Outcome, RowResult, rejected
from airflow_provider_mlconnector.pipeline.lease import Lease
from airflow_provider_mlconnector.pipeline.ports import Mapped, Ready, TargetObject
from airflow_provider_mlconnector.pipeline.progress import Progress

log = logging.getLogger(__name__)

LOST_IN_A_ROW = 5
Item = tuple[Mapped, Ready]
Answers = list[tuple[Mapped, RowResult]]


class Sender:
    """Sends records of one object type.

    :param write: puts the answers of one batch into the ledger.

    `doubtful` holds what was sent without an answer: the target could not say whether it has arrived.
    """

    def __init__(self, target: TargetObject, write: Callable[[Answers], None], lease: Lease, name: str):
        self._target, self._write, self._lease = target, write, lease
        self._pool = ThreadPoolExecutor(target.concurrency, thread_name_prefix="mlc-send")
        self._flying: dict[Future[list[RowResult]], tuple[str, Sequence[Item]]] = {}
        self._waiting: deque[tuple[str, Sequence[Item]]] = deque()
        self._group, self._rest = "", list[Item]()
        self._error: MLConnectorError | None = None
        self._read_only: ObjectReadOnly | None = None
        self._progress = Progress(log, f"{name}: delivered")
        self.tally: Counter[Outcome] = Counter()
        self.doubtful: list[Item] = []
        self._lost, self._name = 0, name

    def send(self, items: Sequence[Item]) -> None:
        """Send these records; what does not fill a batch waits for the next call or for `finish`.

        At most one batch for each call that may be in flight is under way when this returns.

        :raises MLConnectorError: the first error that ends the task, after all answers that came are written.
        """
        groups: dict[str, list[Item]] = {}
        for item in items:
            groups.setdefault(self._target.group(item[1]), []).append(item)
        # Group by group: a record that moves to another key must have left its old one before that is taken.
        for group in sorted(groups):
            if self._group not in ("", group):
                self.finish()
            self._group = group
            self._rest += groups[group]
            self._cut(self._target.batch_size(group))
            self._drain(keep_flying=True)

    def finish(self) -> None:
        """Send what is left; returns when each record has its answer in the ledger.

        :raises MLConnectorError: as `send`.
        """
        self._cut(1)
        self._drain()

    def again(self) -> None:
        """Deliver once more what was sent without an answer; `doubtful` then holds what still has none.

        :raises MLConnectorError: as `send`.
        """
        items, self.doubtful = self.doubtful, []
        self.tally[Outcome.PENDING] -= len(items)
        self.send(items)
        self.finish()

    def _cut(self, least: int) -> None:
        """Make batches of the records that wait, none smaller than `least`."""
        rest, size = self._rest, self._target.batch_size(self._group)
        while len(rest) >= least:
            self._waiting.append((self._group, rest[:size]))
            del rest[:size]

    def _drain(self, *, keep_flying: bool = False) -> None:
        while self._waiting or self._flying:
            self._hand_out()
            # Only after handing out what may go: a part of the chunk seldom fills more than one batch.
            if keep_flying and not self._waiting and not self._error:
                return
            if self._flying:
                done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
                for future in done:
                    self._collect(future)
            elif self._error:
                break
        if self._error:
            raise self._error

    def _hand_out(self) -> None:
        """Write the answers that have come, and fill the calls that may be in flight."""
        for future in [each for each in self._flying if each.done()]:
            self._collect(future)
        while self._waiting and not self._error and len(self._flying) < self._target.concurrency:
            self._submit(*self._waiting.popleft())

    def _submit(self, group: str, batch: Sequence[Item]) -> None:
        if self._read_only:
            self._answer(batch, [_skipped(self._read_only)] * len(batch))
            return
        try:
            self._lease.check()
        except MLConnectorError as error:
            self._error = error
            return
        future = self._pool.submit(self._target.deliver, group, [ready for _, ready in batch])
        self._flying[future] = group, batch

    def _collect(self, future: Future[list[RowResult]]) -> None:
        group, batch = self._flying.pop(future)
        try:
            self._answer(batch, future.result())
        except BatchRefused as refusal:
            self._halve(group, batch, refusal)
        except ObjectReadOnly as refusal:
            log.warning("the target does not let this be written (%s); the rest is skipped", refusal)
            self._read_only = refusal
            self._answer(batch, [_skipped(refusal)] * len(batch))
        except MLConnectorError as error:
            self._error = self._error or error

    def _halve(self, group: str, batch: Sequence[Item], refusal: BatchRefused) -> None:
        if len(batch) == 1:
            self._answer(batch, [rejected(refusal)])
            return
        log.info("a batch of %d was refused as a whole (%s); halving it", len(batch), refusal.code)
        middle = len(batch) // 2
        self._waiting.extendleft([(group, batch[middle:]), (group, batch[:middle])])

    def _answer(self, batch: Sequence[Item], results: Sequence[RowResult]) -> None:
        answers = [(item, result) for (item, _), result in zip(batch, results, strict=True)]
        self._write(answers)
        pairs = zip(batch, results, strict=True)
        self.doubtful += [item for item, result in pairs if result.outcome is Outcome.PENDING]
        self.tally.update(result.outcome for _, result in answers)
        self._count_lost(results)
        self._progress.add(len(answers))

    def _count_lost(self, results: Sequence[RowResult]) -> None:
        """End the task where no answer comes any more: whatever is sent on would have to be looked for one by one."""
        for result in results:
            self._lost = self._lost + 1 if result.outcome is Outcome.PENDING else 0
        if self._lost >= LOST_IN_A_ROW and not self._error:
            self._error = OutcomeUnknown(
                f"{self._name}: {self._lost} answers in a row were lost, the last by: {result.message or 'no reason'}. "
                "Nothing more is sent, and the next try asks the target first"
            )

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(self, *_exc: object) -> None:
        # Whatever ended the task, an answer that comes still belongs into the ledger.
        try:
            self._rest.clear()
            while self._flying:
                done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
                for future in done:
                    self._collect(future)
        finally:
            self._progress.__exit__()
            self.close()


def _skipped(refusal: ObjectReadOnly) -> RowResult:
    return RowResult(
        Outcome.SKIPPED, code=refusal.code or "read_only", message=refusal.message, request_id=refusal.request_id
    )
