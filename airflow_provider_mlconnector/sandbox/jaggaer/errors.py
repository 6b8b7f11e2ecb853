"""How a call fails: as a `returnCode` inside a 200, or as an HTTP status of the gateway in front.

JAGGAER publishes no list of codes; these are the sandbox's own.
"""

from __future__ import annotations

CODES: dict[str, tuple[int, str]] = {
    "start": (1001, "Invalid start: {}"),
    "filter": (1002, "Invalid filter: {}"),
    "not_found": (1004, "{} not found"),
    "body": (1010, "Invalid request: {}"),
    "missing": (1011, "Mandatory field missing: {}"),
    "value": (1012, "Invalid value: {}"),
    "supplier": (2001, "Supplier {} does not exist"),
    "account": (2002, "Account {} does not exist or is not active"),
    "cost_center": (2003, "Cost center {} does not exist or is not active"),
    "duplicate": (2010, "{} already exists"),
    "system": (9999, "Unexpected error"),
}
"""Reason → `returnCode` and `returnMessage`."""


class Refused(Exception):
    """The application refuses a call: HTTP 200 with a `returnCode` other than 0."""

    def __init__(self, reason: str, detail: object = "") -> None:
        self.code, message = CODES[reason]
        self.message = message.format(detail)
        super().__init__(self.message)


class HttpRefused(Exception):
    """The gateway refuses a call before the application sees it."""

    def __init__(self, status: int, title: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.title, self.headers = status, title, headers or {}
        super().__init__(f"{status} {title}")


def unauthorized() -> HttpRefused:
    """Return the answer to a missing, unknown or expired token."""
    return HttpRefused(401, "Unauthorized", {"WWW-Authenticate": 'Bearer error="invalid_or_missing_token"'})
