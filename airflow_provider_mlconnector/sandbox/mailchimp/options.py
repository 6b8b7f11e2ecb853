"""How this simulated account is set up, and what it does where the documentation is silent or contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

DC = "us21"
"""The account's data centre."""
KEY = f"0c2f5a7d9e1b34680c2f5a7d9e1b3468-{DC}"
"""The account's API key."""
LIST_ID = "a1b2c3d4e5"
"""The id of its only audience."""

CHOICES = {
    "phone_format": ("none", "US"),
    "api_unsubscribe": ("locked", "reversible"),
    "batch_resubscribe": ("error", "silent", "apply"),
    "opt_in_existing": ("keep", "subscribe"),
    "skip_merge": ("required", "all"),
}
"""The values each setting with a fixed set of them may have; the first is the default."""

NO_PERSON = frozenset(
    {"abuse", "postmaster", "mailer-daemon", "noreply", "no-reply", "donotreply", "spam", "hostmaster"}
)
"""User names that belong to nobody who could have signed up."""


@dataclass
class Options:
    """The settings of one account. All have a default; the strict one where the vendor's behaviour is undocumented.

    `max_connections` calls at once (429); `read_only_key`: the key's user may not write (403).
    `phone_format` of the PHONE field. `roles`: user names refused as fake. `max_merge_fields` of the audience.
    `api_unsubscribe`: whether `status: subscribed` is refused for a contact unsubscribed by an API call as it is for
    one who did it themselves. `batch_resubscribe`: what `update_existing` does to those who unsubscribed.
    `opt_in_existing`: whether a store customer's `opt_in_status: true` subscribes a transactional member.
    `skip_merge`: whether `skip_merge_validation` lets required fields be absent only, or skips all checks.
    `archived_listed`: whether a list of members without `status` holds archived ones.
    `batch_reads`: after so many status reads the running batch goes on to its next state; `batch_seconds`: after so
    many seconds likewise, and `batch_operation_seconds` more for each operation; 0 switches one off.
    `batch_url_seconds`: how long a result address is good. `max_pending_batches` of the account (429).
    """

    max_connections: int = 10
    read_only_key: bool = False
    phone_format: str = "none"
    roles: frozenset[str] = field(default=NO_PERSON)
    max_merge_fields: int = 80
    api_unsubscribe: str = "locked"
    batch_resubscribe: str = "error"
    opt_in_existing: str = "keep"
    skip_merge: str = "required"
    archived_listed: bool = False
    batch_reads: int = 1
    batch_seconds: float = 0.2
    batch_operation_seconds: float = 0.0
    batch_url_seconds: float = 600.0
    max_pending_batches: int = 500

    def __post_init__(self) -> None:
        for name in CHOICES:
            self.check(name, getattr(self, name))
        if not self.batch_reads and not self.batch_seconds:
            raise ValueError("batch_reads and batch_seconds are both 0: no batch would ever finish")

    @staticmethod
    def check(name: str, value: str) -> None:
        """Raise `ValueError` when `value` is not one of the choices for `name`."""
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(CHOICES[name])}, not {value!r}")


OPTION_NAMES = frozenset(each.name for each in fields(Options))
"""The keyword arguments a sandbox takes for its options."""
