"""QAD's own ways of failing, switched on by fault name."""

from __future__ import annotations

from datetime import datetime

from ..core.faults import Faults
from .documents import CUSTOMER
from .errors import QadError, forbidden, rejection, submit_failed
from .settings import Settings
from .store import Store, stamp

FAULTS = frozenset(
    {
        "401",  # the token or session just shown has ended
        "401_mid_paging",  # the same, only on a browse's second and later pages
        "403",  # any call: bare errors
        "429",  # any call, with Retry-After
        "errors_200",  # any call: the bare errors of a 403 inside a 200
        "submit_result",  # any call: 200 with submitResult.success=false
        "empty_first_page",  # a browse's first page is empty, though there are rows
        "repeated_page",  # a later page is the first one again, with more to come
        "shifted_page",  # a later page begins with the last row of the one before
        "edited_mid_paging",  # before a later page somebody edits the first customer
        "refresh_refused",  # a refresh token is not accepted
    }
)
RETRY_AFTER = "2"


def refuse(faults: Faults, path: str) -> None:
    """Raise the QadError of a fault that strikes this call."""
    if faults.hit("429", path):
        raise QadError(429, {"message": "Too many requests"}, {"Retry-After": RETRY_AFTER})
    if faults.hit("403", path):
        raise forbidden("Access to this resource is denied")
    if faults.hit("errors_200", path):
        raise forbidden("Access to this resource is denied", 200)
    if faults.hit("submit_result", path):
        raise QadError(200, submit_failed(rejection("", "Unable to process the request", code="SRV-ERR")))


def edit_first(store: Store, settings: Settings, workspace: str, now: datetime) -> None:
    """Edit the first customer a workspace sees, as a user does while others page."""
    for row in store.visible(CUSTOMER, workspace)[:1]:
        store.update(row, {"street3": f"Edited {now:%H:%M:%S}", **stamp(now, settings, "lpark")})
