"""Again, or not: tenacity with full jitter, the server's wish first, a total cap.

Throttling is waited out and uses up no try: the vendor said "later", not "no".
"""

from __future__ import annotations

import random as random_module
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import tenacity

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, QuotaExhausted, RetryLater, Throttled

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long to wait; seconds throughout.

    :param max_retries: tries beyond the first for an outage; throttling does not count.
    :param total: after so long in one call the error goes to the caller (Airflow's retry).
    """

    max_retries: int = 5
    base: float = 0.5
    cap: float = 30.0
    total: float = 900.0

    def with_retries(self, max_retries: int) -> RetryPolicy:
        """Return the same policy with another number of tries."""
        return replace(self, max_retries=max_retries)


def is_repeatable(error: BaseException) -> bool:
    """Whether the same call may be made again now."""
    if not isinstance(error, RetryLater) or isinstance(error, QuotaExhausted | OutcomeUnknown):
        return False
    return not error.used_up


def delay(policy: RetryPolicy, failures: int, wish: float | None, random: Callable[[], float]) -> float:
    """Seconds before the next try: the server's wish plus a little jitter, else full jitter.

    :param failures: how many tries have failed so far (1 after the first).
    """
    if wish is not None:
        return wish + random() * policy.base
    # The exponent is bounded: a long throttling may have failed more often than a float can double.
    return random() * min(policy.cap, policy.base * 2.0 ** min(failures, 60))


class Retrier:
    """Run a call until it succeeds, fails for good, or the policy is used up."""

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
    ):
        self._policy, self._clock, self._sleep, self._random = policy, clock, sleep, random

    def run(self, call: Callable[[], T]) -> T:
        """Return the call's result.

        :raises RetryLater: the last error, when tries or time are used up; its `retry_after` is kept.
        """
        started, outages = self._clock(), 0

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return delay(self._policy, state.attempt_number, getattr(error, "retry_after", None), self._random)

        def stop(state: tenacity.RetryCallState) -> bool:
            nonlocal outages
            error = state.outcome.exception() if state.outcome else None
            outages += 0 if isinstance(error, Throttled) else 1
            upcoming = getattr(error, "retry_after", None) or 0.0
            return outages > self._policy.max_retries or self._clock() - started + upcoming > self._policy.total

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_repeatable), wait=wait, stop=stop, sleep=self._sleep, reraise=True
        )
        return retrying(call)
