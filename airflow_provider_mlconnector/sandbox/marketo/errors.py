"""Marketo's refusals: the texts of its codes, and the two ways to refuse (a whole request, one record).

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/error-codes
"""

from __future__ import annotations

from typing import Any

TEXTS = {
    "601": "Access token invalid",
    "602": "Access token expired",
    "603": "Access denied",
    "604": "Request time-out",
    "605": "HTTP Method '%s' not supported",
    "606": "Max rate limit '%s' exceeded with in '%s' secs",
    "607": "Daily quota reached",
    "608": "API Temporarily Unavailable",
    "609": "Invalid JSON",
    "610": "Requested resource not found",
    "611": "System error",
    "612": "Invalid Content Type",
    "615": "Concurrent access limit '%s' reached",
    "701": "%s cannot be blank",
    "703": "The feature is not enabled",
    "704": "Invalid date specified",
    "713": "Transient Error",
    "718": "ExternalSalesPersonID not found",
    "1001": "Invalid value '%s'. Required of type '%s'",
    "1002": "Missing value for the required parameter '%s'",
    "1003": "Invalid data",
    "1004": "Lead not found",
    "1005": "Lead already exists",
    "1006": "Field '%s' not found",
    "1007": "Multiple leads match the lookup criteria",
    "1008": "Access denied to partition '%s'",
    "1011": "Field '%s' not supported",
    "1013": "Record not found",
    "1017": "Object already exists",
    "1018": "%s API disabled",
    "1021": "Company update not allowed",
    "1022": "Object in use",
    "1029": "Too many jobs in queue",
    "1035": "Unsupported filter type for target subscription",
    "1036": "Duplicate object found in input",
    "1077": "Value for field exceeds max length",
}
"""The vendor's words by code; `%s` is filled with the arguments of `text`."""


def text(code: str, *arguments: object) -> str:
    """Return the vendor's message for `code` with its blanks filled."""
    return TEXTS[code] % arguments if arguments else TEXTS[code]


class _CodedError(Exception):
    """A code with its message."""

    def __init__(self, code: str, *arguments: object, message: str | None = None) -> None:
        self.code = code
        self.message = message if message is not None else text(code, *arguments)
        super().__init__(f"{code} {self.message}")

    def as_json(self) -> dict[str, Any]:
        """Return `{code, message}`; codes are always strings."""
        return {"code": self.code, "message": self.message}


class Refused(_CodedError):
    """The whole request failed: `success: false` with this in `errors`, inside HTTP 200."""


class Skipped(_CodedError):
    """One record was not written: `status: skipped` with this in `reasons`."""


def required_field(name: str) -> Skipped:
    """Return the refusal of a record without its key; the vendor names the field in lower case."""
    return Skipped("1003", message=f"Value for required field '{name.lower()}' not specified")
