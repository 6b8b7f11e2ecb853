"""Sending one batch, also through a lost answer, without creating a record twice.

Marketo has no idempotency key, and two upserts of one new key that run at the same time create it twice. So a batch
whose answer was lost is sent again only when the first try can no longer be running (the server has answered, or its
own time-out has passed), or when there is nothing left to create: an update only, or all keys are there by now.
"""

from __future__ import annotations

import logging
import random as random_module
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import count

import requests

from airflow_provider_mlconnector.exceptions import MLConnectorError, OutcomeUnknown, Unavailable
from airflow_provider_mlconnector.hooks.marketo.codes import ENDED, NOT_EXECUTED
from airflow_provider_mlconnector.hooks.marketo.objects import Batch
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.transport.http import JSON_HEADERS, ApiClient
from airflow_provider_mlconnector.transport.retry import RetryPolicy, delay

log = logging.getLogger(__name__)


class BatchSender:
    """Sends a batch until it is answered.

    :param present: returns which of a batch's keys (folded) are in the target.
    """

    def __init__(
        self,
        api: ApiClient,
        present: Callable[[Batch], Iterable[str]],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
    ):
        self._api, self._present, self._clock, self._sleep, self._random = api, present, clock, sleep, random

    def send(self, batch: Batch, timeout: tuple[float, float] | None) -> tuple[requests.Response, bool]:
        """Return the answer, and whether an earlier try may have written.

        :raises OutcomeUnknown: for createOnly, whose records must be looked for first.
        :raises Unavailable: for the other actions, when tries are used up; to be sent again after `retry_after`.
        """
        doubtful = False
        for failures in count(1):
            sent = self._clock()
            try:
                return self._post(batch, timeout), doubtful
            except OutcomeUnknown as lost:
                doubtful = doubtful or lost.code not in NOT_EXECUTED
                wait = self._wait(batch, lost, self._clock() - sent, failures)
                if failures > self._api.options.max_retries:
                    raise self._given_up(batch, lost, wait) from None
                log.warning(
                    "marketo %s: no answer for a batch of %d (%s); again in %.0f s",
                    batch.spec.name, len(batch.keys), lost.code or type(lost).__name__, wait,
                )  # fmt: skip
                self._sleep(wait)
        raise AssertionError  # count() does not end

    def _post(self, batch: Batch, timeout: tuple[float, float] | None) -> requests.Response:
        path = batch.spec.resource()
        return self._api.request("POST", path, data=batch.body, headers=JSON_HEADERS, timeout=timeout, repeatable=False)

    def _wait(self, batch: Batch, lost: OutcomeUnknown, elapsed: float, failures: int) -> float:
        backoff = delay(RetryPolicy(), failures, None, self._random)
        if lost.code in NOT_EXECUTED | ENDED or not batch.may_create or self._all_present(batch):
            return backoff
        return max(batch.spec.seconds - elapsed, 0.0) + backoff

    def _all_present(self, batch: Batch) -> bool:
        if len(batch.key_fields) != 1:
            return False
        try:
            found = {value.casefold() for value in self._present(batch)}
        except MLConnectorError as error:
            # Only a way to wait less: a question that fails must not hide the answer that is missing.
            log.debug("could not look for the keys of a lost batch: %s", type(error).__name__)
            return False
        return found.issuperset(key[0] for key in batch.keys)

    @staticmethod
    def _given_up(batch: Batch, lost: OutcomeUnknown, wait: float) -> Unavailable:
        if batch.action == "createOnly":
            return lost
        return Unavailable(lost.message, retry_after=wait, code=lost.code, request_id=lost.request_id)


def log_batch(name: str, results: Sequence[RowResult], seconds: float) -> None:
    """Log one line on a batch's answers: counts, request id and time."""
    counts = Counter(result.outcome for result in results)
    log.info(
        "marketo %s: %d sent, %d created, %d updated, %d skipped, %d rejected, request %s, %.0f ms",
        name, len(results), counts[Outcome.CREATED], counts[Outcome.UPDATED], counts[Outcome.SKIPPED],
        counts[Outcome.REJECTED], results[0].request_id, seconds * 1000,
    )  # fmt: skip
