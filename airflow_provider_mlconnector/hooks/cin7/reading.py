"""Lists of Cin7, page by page; filters ask for less, and what counts is looked at here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeVar

from airflow_provider_mlconnector.digits import count
from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.cin7.models import ReadModel, read_model

log = logging.getLogger(__name__)

PAGE = 1000
"""The greatest `Limit`."""
DEFAULT_PAGE = 100
"""Items of a page where `Limit` is not looked at."""

Model = TypeVar("Model", bound=ReadModel)


class Call(Protocol):
    """One call to Cin7, its path behind the version; arguments as of `ApiClient.request`."""

    def __call__(self, method: str, path: str, *, expect: str, **request: Any) -> dict[str, Any]:
        """Return the object that was answered.

        :param expect: the member without which the answer is about something else.
        """
        ...


class Pages:
    """The pages of one list.

    :param name: the member of the answer that holds the items.
    """

    def __init__(self, call: Call, path: str, name: str, params: Mapping[str, str] | None = None):
        self._call, self._path, self._name, self._params = call, path, name, params or {}
        self._last: list[dict[str, Any]] = []
        self._seen, self._next = 0, 1
        self.total: int | None = None
        self.is_done = False

    def read(self) -> list[dict[str, Any]]:
        """Return the next page's items; [] behind the last page.

        :raises UnexpectedAnswer: for an answer without the list, and when the page before comes again.
        """
        if self.is_done:
            return []
        where = {"Page": str(self._next), "Limit": str(PAGE)}
        answer = self._call("GET", self._path, expect=self._name, params={**self._params, **where})
        found = answer[self._name] or []
        if not isinstance(found, list):
            raise UnexpectedAnswer(f"the answer's {self._name} is no list; check the host of the Connection")
        items = [item for item in found if isinstance(item, dict)]
        total = answer.get("Total")
        if items and items == self._last:
            if total is None and len(items) < DEFAULT_PAGE:
                # A book that knows no pages: all of it comes each time.
                self.is_done = True
                return []
            raise UnexpectedAnswer(f"Cin7 returned the same page of {self._name} twice; stopping")
        log.info("cin7 %s: %d on page %d", self._path, len(items), self._next)
        self._last, self._next = items, self._next + 1
        self._seen += len(found)
        self.total = count(total)
        # A server may give fewer than asked for, so what has come is counted, not pages times their size.
        self.is_done = not found or (self.total is not None and self._seen >= self.total)
        return items

    @property
    def pages_left(self) -> int:
        """How many calls the rest takes, as far as it is known."""
        if self.is_done or not self._last or self.total is None:
            return 0 if self.is_done else 1
        return -(-(self.total - self._seen) // len(self._last))

    def rest(self) -> Iterator[dict[str, Any]]:
        """Yield the items of the pages not read yet."""
        while not self.is_done:
            yield from self.read()


def items(call: Call, path: str, name: str, params: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the items of a list; see `Pages`."""
    yield from Pages(call, path, name, params).rest()


def models(
    call: Call, path: str, name: str, model: type[Model], params: Mapping[str, str] | None = None
) -> Iterator[Model]:
    """Yield the items of a list, parsed; those without their key are passed over."""
    for item in items(call, path, name, params):
        if any(str(item.get(alias) or "").strip() for alias in _aliases(model)):
            yield read_model(model, item)


def _aliases(model: type[ReadModel]) -> tuple[str, ...]:
    field = model.model_fields[model.key]
    return tuple(each for each in (field.alias,) if each)
