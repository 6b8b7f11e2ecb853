"""Creating something once, although the answer of a first try may be lost.

Mailchimp has no idempotency key. A POST without an answer is sent again only after a look whether it was done.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TypeVar

from airflow_provider_mlconnector.exceptions import ConfigurationError, OutcomeUnknown, RecordRejected

T = TypeVar("T")


def write_once(
    send: Callable[[], T], find: Callable[[], T | None], *, max_retries: int, wait: Callable[[int], None]
) -> T:
    """Return what `send` created, or what `find` finds of a try whose answer was lost.

    :param wait: is told how many tries have failed, and waits before the next look.
    :raises OutcomeUnknown: when tries are used up and there is nothing to be found.
    """
    for failures in count(1):
        try:
            return send()
        except OutcomeUnknown:
            wait(failures)
            found = find()
            if found is not None:
                return found
            if failures > max_retries:
                raise
    raise AssertionError  # count() does not end


def or_existing(send: Callable[[], T], find: Callable[[], T | None], what: str) -> T:
    """Return what `send` created, or what is there already where it is refused for that.

    :param what: for the message: what could not be created.
    :raises ConfigurationError: with the vendor's reason.
    """
    try:
        return send()
    except RecordRejected as refused:
        found = find()
        if found is not None:
            return found
        raise ConfigurationError(
            f"{what} cannot be created: {refused.detail or refused.message}",
            code=refused.code,
            request_id=refused.request_id,
        ) from None
