"""Long jobs at a vendor: ask until done, within a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from airflow_provider_mlconnector.exceptions import Unavailable

Job = TypeVar("Job")


def poll(
    status: Callable[[], Job],
    is_done: Callable[[Job], bool],
    *,
    every: float,
    deadline: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Job:
    """Ask for a job's status every `every` seconds until `is_done`, and return the last status.

    `is_done` raises for a job that failed.

    :raises Unavailable: when `deadline` seconds have passed; the job may go on, so keep its id and ask again.
    """
    started = clock()
    while not is_done(job := status()):
        if clock() - started + every > deadline:
            raise Unavailable(f"the job is not done after {deadline:.0f} s; it goes on at the vendor, ask again later")
        sleep(every)
    return job
