"""Cin7's refusals and the page it answers where no endpoint is.

Source: the API's blueprint, https://dearinventory.docs.apiary.io (section "API response status codes"); the array, the
code that differs from the status and the plain text are what callers have recorded.
"""

from __future__ import annotations

from typing import Any

THROTTLED = "You have reached %d calls per %g seconds API limit."
PAGE_NOT_FOUND = (
    "<!DOCTYPE html>\n<html><head><title>Page not found</title></head>"
    "<body><h1>Page not found</h1><p>The page you are looking for does not exist.</p></body></html>\n"
)
UNEXPECTED = "An unexpected error occurred. Please try again later."


class Refused(Exception):
    """A call refused with one or more errors. `code` is what the errors say, which is not always the status."""

    def __init__(self, *texts: str, status: int = 400, code: int | None = None) -> None:
        super().__init__("; ".join(texts))
        self.texts = texts
        self.status = status
        self.code = status if code is None else code

    def as_json(self) -> list[dict[str, Any]]:
        """Return the errors."""
        return [{"ErrorCode": self.code, "Exception": text} for text in self.texts]


class Throttled(Exception):
    """A call too many; `form` is 429, 503 or 400."""

    def __init__(self, form: str) -> None:
        super().__init__(f"call too many ({form})")
        self.form = form


class BadCredentials(Exception):
    """One of the two key headers is missing or wrong."""


class NoSuchPage(Exception):
    """The call reaches no endpoint; `loop`: its path redirects to itself."""

    def __init__(self, *, loop: bool = False) -> None:
        super().__init__("redirect loop" if loop else "page not found")
        self.loop = loop


def missing(name: str) -> str:
    """Return what is said about a required attribute that is absent or blank."""
    return f"Required attribute {name} is not provided."


def not_found(what: str, key: str = "ID") -> Refused:
    """Return the refusal of an id that does not exist: HTTP 400, with 404 inside."""
    return Refused(f"{what} with specified {key} not found", code=404)
