"""How this simulated instance is set up, and what it does where the documentation is silent or contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

CHOICES = {
    "crm": ("none", "disabled_at_describe", "readonly_at_write_record", "readonly_at_write_response"),
    "unknown_field": ("record", "response"),
    "unknown_company": ("reject", "accept"),
    "company_fields_on_lead": ("reject", "apply"),
    "duplicates_in_batch": ("create", "flag"),
    "overlong": ("skip", "refuse", "truncate"),
}
"""The values each setting with a fixed set of them may have; the first is the default."""


@dataclass
class Options:
    """The settings of one instance. All have a default; the strict one where the vendor's behaviour is undocumented.

    `calls_per_window` calls in any `window_seconds` (606), `max_concurrency` calls in progress (615), `daily_calls` per
    day of US Central time (607); `refused_calls_count`: whether refused calls fill the window and the quota.
    `crm`: whether a native CRM sync owns companies and opportunities, and where the API says so (1018); `crm_hint`: it
    is also visible in describe (`crmManaged`).
    `unknown_field`: 1006 for the record or for the request. `unknown_company`: a lead whose externalCompanyId does not
    exist is skipped or takes it as text. `company_fields_on_lead`: company fields in Sync Leads are skipped with 1021
    or written to the lead's company. `duplicates_in_batch`: the same new key twice in one Sync Leads makes two leads or
    skips the second. `overlong`: a text too long is skipped (1077), refuses the request (1077), or is cut.
    `partitions` by name; `salespersons`: the external ids that exist; `denied`: path parts answered with 603.
    """

    calls_per_window: int = 100
    window_seconds: float = 20.0
    max_concurrency: int = 10
    daily_calls: int = 50_000
    refused_calls_count: bool = True
    crm: str = "none"
    crm_hint: bool = False
    unknown_field: str = "record"
    unknown_company: str = "reject"
    company_fields_on_lead: str = "reject"
    duplicates_in_batch: str = "create"
    overlong: str = "skip"
    partitions: tuple[str, ...] = ("Default",)
    salespersons: frozenset[str] = field(default_factory=frozenset)
    denied: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in CHOICES:
            self.check(name, getattr(self, name))

    @staticmethod
    def check(name: str, value: str) -> None:
        """Raise `ValueError` when `value` is not one of the choices for `name`."""
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(CHOICES[name])}, not {value!r}")


OPTION_NAMES = frozenset(each.name for each in fields(Options))
"""The keyword arguments a sandbox takes for its options."""
