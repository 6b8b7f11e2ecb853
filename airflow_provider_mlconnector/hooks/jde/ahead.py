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

    :param arguments: asked for in other threads, one at a time, the next one already while the last is dealt with.
    :param depth: how many calls are under way or done and not yet taken; below 2 each is made when it is asked for.
    """
    if depth < 2:
        for argument in arguments:
            yield argument, call(argument)
        return
    pool = ThreadPoolExecutor(depth + 1, thread_name_prefix="jde-ahead")
    flying: deque[tuple[Argument, Future[Result]]] = deque()
    rest = iter(arguments)
    try:
        following = pool.submit(next, rest, None)
        while (upcoming := following.result()) is not None:
            following = pool.submit(next, rest, None)
            flying.append((upcoming, pool.submit(call, upcoming)))
            if len(flying) >= depth:
                first, future = flying.popleft()
                yield first, future.result()
        while flying:
            first, future = flying.popleft()
            yield first, future.result()
    finally:
        # Also when the one who asked has gone: nothing goes on calling behind his back.
        pool.shutdown(wait=True, cancel_futures=True)
