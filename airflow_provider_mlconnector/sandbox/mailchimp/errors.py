"""Mailchimp's refusals, as problem documents.

Source: https://mailchimp.com/developer/marketing/docs/errors/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DOCS = "https://mailchimp.com/developer/marketing/docs/errors/"
VALIDATED = "The resource submitted could not be validated. For field-specific details, see the 'errors' array."
UNARCHIVABLE = "This list member cannot be removed. Can not archive a contact that is bounced, pending or archived"
EXISTS = "%s is already a list member. Use PUT to insert or update list members."
COMPLIANCE = "%s is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
FORGOTTEN = (
    "%s was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list."
)
FAKE = "%s looks fake or invalid, please enter a real email address."
BUSY = "%s has signed up to a lot of lists very recently; we're not allowing more signups for now"

FieldError = dict[str, str]
"""`{"field", "message"}`."""


class Problem(Exception):
    """A refusal: status, title, detail, faults by field.

    `typed=False`: the vendor leaves out `type`, as for its refusals of a contact.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: Iterable[FieldError] = (),
        *,
        typed: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = list(errors)
        self.typed = typed
        self.headers = dict(headers or {})

    def as_json(self, instance: str) -> dict[str, Any]:
        """Return the problem document; `instance` is the call's request id."""
        document: dict[str, Any] = {"type": DOCS} if self.typed else {}
        document |= {"title": self.title, "status": self.status, "detail": self.detail, "instance": instance}
        return document | ({"errors": self.errors} if self.errors else {})


def bad_request(detail: str) -> Problem:
    """Return the refusal of a call that cannot be made sense of."""
    return Problem(400, "BadRequest", detail)


def invalid(detail: str, *errors: FieldError) -> Problem:
    """Return the refusal of a resource, in words."""
    return Problem(400, "Invalid Resource", detail, errors)


def invalid_fields(*errors: FieldError) -> Problem:
    """Return the refusal of a resource, field by field."""
    return invalid(VALIDATED, *errors)


def fault(name: str, message: str) -> FieldError:
    """Return what is wrong with one field."""
    return {"field": name, "message": message}


def member_exists(email: str) -> Problem:
    """Return the refusal of an address that another contact has, or that is not the one in the path."""
    return Problem(400, "Member Exists", EXISTS % email, typed=False)


def in_compliance_state(email: str) -> Problem:
    """Return the refusal to subscribe one who unsubscribed or bounced."""
    return Problem(400, "Member In Compliance State", COMPLIANCE % email, typed=False)


def forgotten(email: str) -> Problem:
    """Return the refusal of a permanently deleted address."""
    return Problem(400, "Forgotten Email Not Subscribed", FORGOTTEN % email, typed=False)


def not_found() -> Problem:
    """Return the answer to a path or an id that does not exist."""
    return Problem(404, "Resource Not Found", "The requested resource could not be found.")


def not_allowed(allowed: Iterable[str]) -> Problem:
    """Return the answer to a method that a path does not have."""
    text = (
        "The requested method and resource are not compatible. See the Allow header for this resource's available "
        "methods."
    )
    return Problem(405, "Method Not Allowed", text, headers={"Allow": ", ".join(sorted(allowed))})


def too_many(detail: str) -> Problem:
    """Return the refusal of one call or batch too many."""
    return Problem(429, "TooManyRequests", detail)
