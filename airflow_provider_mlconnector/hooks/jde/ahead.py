"""Making the next calls while the result of the last one is being dealt with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def ahead(
    call: Callable[[Argument], Result], arguments: Iterable[Argument], *, depth: int
) -> Iterator[tuple[Argument, Result]]:
    """Yield each argument with its result, in order.

    :param depth: how many calls are under way or done and not yet taken; below 2 each is made when it is asked for.
    """
    if depth < 2:
        for argument in arguments:
            yield argument, call(argument)
        return
    pool = ThreadPoolExecutor(depth, thread_name_prefix="jde-ahead")
    flying: deque[tuple[Argument, Future[Result]]] = deque()
    try:
        for argument in arguments:
            flying.append((argument, pool.submit(call, argument)))
            if len(flying) >= depth:
                first, future = flying.popleft()
                yield first, future.result()
        while flying:
            first, future = flying.popleft()
            yield first, future.result()
    finally:
        # Also when the one who asked has gone: nothing goes on calling behind his back.
        pool.shutdown(wait=True, cancel_futures=True)
