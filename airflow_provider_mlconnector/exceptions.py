"""Every error this package raises, named by what the caller must do about it.

::

    MLConnectorError
    ├── RetryLater              the same call may succeed later
    │   ├── Throttled           too fast or too many at once; wait a little, it uses up no retry
    │   ├── QuotaExhausted      nothing goes before `reset_at`
    │   ├── Unavailable         outage, 5xx, connection lost before an answer
    │   │   └── OutcomeUnknown  a write that must not be repeated got no answer: ask the target first
    │   └── LoginExpired        the session or token is gone: log in once, repeat once
    ├── Stop                    no retry helps; the message says what to change
    │   ├── CredentialsRejected
    │   ├── PermissionDenied
    │   ├── ConfigurationError  a Connection, config option, param or field map is wrong
    │   │   └── UnknownField    an entity or field the vendor does not have
    │   ├── ObjectReadOnly      the target does not let this object be written (Marketo 1018)
    │   ├── UnexpectedAnswer    the answer breaks the vendor's own contract (HTML, wrong length, cut short)
    │   ├── CursorExpired       the server-side result set is gone: start the read again
    │   └── AccountingError     read = created + updated + unchanged + skipped + rejected does not hold
    └── RecordError             one record; the run goes on
        ├── RecordRejected      should have gone and could not
        ├── RecordSkipped       out of scope by rule
        └── BatchRefused        a batch refused as a whole: halve it until the poisonous record stands alone
"""

from __future__ import annotations

from datetime import datetime


class MLConnectorError(Exception):
    """Base of all errors; carries the vendor's own code and request id where there is one."""

    def __init__(self, message: str, *, code: str | None = None, request_id: str | None = None):
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id

    def __str__(self) -> str:
        notes = [f"code {self.code}" if self.code else "", f"request {self.request_id}" if self.request_id else ""]
        shown = ", ".join(note for note in notes if note)
        return f"{self.message} ({shown})" if shown else self.message


class RetryLater(MLConnectorError):
    """The same call may succeed later; `retry_after` is the server's own wish in seconds.

    `used_up` is set where tries were made already inside the call, as by a login: it is not repeated at once then.
    """

    used_up = False

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ):
        super().__init__(message, code=code, request_id=request_id)
        self.retry_after = retry_after


class Throttled(RetryLater):
    """Too fast or too many at once; waited out in the task, uses up no retry."""


class QuotaExhausted(RetryLater):
    """The daily quota is spent; nothing goes before `reset_at` (an aware UTC instant)."""

    def __init__(self, message: str, *, reset_at: datetime, code: str | None = None, request_id: str | None = None):
        super().__init__(message, code=code, request_id=request_id)
        self.reset_at = reset_at


class Unavailable(RetryLater):
    """An outage: 5xx, a proxy's HTML, a connection lost."""


class OutcomeUnknown(Unavailable):
    """A write that must not be repeated blindly got no answer; ask the target whether it is there."""


class LoginExpired(RetryLater):
    """The session or token is no longer accepted; log in once and repeat the call once.

    :param not_executed: the vendor did not run the call and may refuse a good login in passing, so that a call which
        is refused with a fresh login, too, is repeated like one that met an outage.
    """

    def __init__(
        self, message: str, *, not_executed: bool = False, code: str | None = None, request_id: str | None = None
    ):
        super().__init__(message, code=code, request_id=request_id)
        self.not_executed = not_executed


class Stop(MLConnectorError):
    """No retry helps; the message says what to change."""


class CredentialsRejected(Stop):
    """The login was refused. Never repeated: another try may lock the account."""


class PermissionDenied(Stop):
    """The user is known but may not do this."""


class ConfigurationError(Stop):
    """A Connection, config option, param or field map is wrong."""


class UnknownField(ConfigurationError):
    """An entity or field that the vendor does not have."""


class ObjectReadOnly(Stop):
    """The target does not let this object be written."""


class UnexpectedAnswer(Stop):
    """The answer breaks the vendor's own contract: HTML, a wrong length, a result cut short."""


class CursorExpired(Stop):
    """The server-side result set is gone; the read starts again."""


class AccountingError(Stop):
    """A run whose records are not all accounted for."""


class RecordError(MLConnectorError):
    """Concerns one record (or one batch of them); the run goes on.

    `message` is free of personal data and goes to the ledger as it is;
    `detail` is the vendor's own words, kept only encrypted.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        detail: str | None = None,
        request_id: str | None = None,
    ):
        super().__init__(message, code=code, request_id=request_id)
        self.detail = detail


class RecordRejected(RecordError):
    """Should have gone and could not."""


class RecordSkipped(RecordError):
    """Out of scope by rule."""


class BatchRefused(RecordError):
    """A batch refused as a whole because of its content (or size)."""
