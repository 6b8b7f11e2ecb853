"""Hold the lease on a target's object type for as long as a task writes to it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from airflow_provider_mlconnector.exceptions import Unavailable
from airflow_provider_mlconnector.ledger import Ledger
from airflow_provider_mlconnector.ledger.claims import Target

log = logging.getLogger(__name__)

SECONDS = 60.0
PATIENCE = 1800.0
SAY_EVERY = 20


class Lease:
    """A held lease; `lost` says that another holder may have it by now."""

    def __init__(self) -> None:
        self.lost = False

    def check(self) -> None:
        """Stop before writing under a lease that is gone.

        :raises Unavailable: Airflow tries again.
        """
        if self.lost:
            raise Unavailable("lost the lease on the target's object; another task may be writing to it")


@contextmanager
def held(
    ledger: Ledger,
    target: Target,
    holder: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    patience: float = PATIENCE,
) -> Iterator[Lease]:
    """Wait for the lease, keep it alive, give it back.

    :raises Unavailable: when another holder keeps it for longer than `patience` seconds.
    """
    waited = 0.0
    while not ledger.leases.acquire(target, holder, SECONDS):
        if waited % SAY_EVERY == 0:
            log.info("waiting for %.0f s: another task is writing to %s of the same account", waited, target.object)
        if waited >= patience:
            raise Unavailable(f"another task has been writing to {target.object} for {patience:.0f} s")
        sleep(1.0)
        waited += 1.0
    lease, ended = Lease(), threading.Event()
    thread = threading.Thread(target=_keep, args=(ledger, target, holder, lease, ended), daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        ended.set()
        thread.join(timeout=5)
        ledger.leases.release(target, holder)


def _keep(ledger: Ledger, target: Target, holder: str, lease: Lease, ended: threading.Event) -> None:
    while not ended.wait(SECONDS / 4):
        try:
            if not ledger.leases.acquire(target, holder, SECONDS):
                lease.lost = True
                return
        except Exception as error:  # the database may be away for a moment; the lease lasts for some time
            log.warning("could not prolong the lease on %s: %s", target.object, type(error).__name__)
