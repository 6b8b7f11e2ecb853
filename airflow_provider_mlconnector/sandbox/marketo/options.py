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
    "abm": ("on", "off_603", "off_703"),
    "activity_ids": ("unique", "repeated", "absent"),
    "opportunity_ids": ("attribute", "primary", "internal"),
    "csv_attributes": ("object", "list"),
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
    `partitions` by name; `salespersons`: external ids that exist beside those of the sales persons; `denied`: path
    parts answered with 603. `abm`: Target Account Management is on, or its paths answer 603 or 703.

    `activity_ids`: what `id` of an activity is (`marketoGUID` is always unique). `opportunity_ids`: where activities on
    an opportunity carry its external id: in an attribute, as the primary attribute's value, or nowhere, by the
    vendor's internal number only. `activity_scan`: a feed looks at so many activities of all types for one page.
    `log_changes`: new leads and changed values become activities, as deleted leads do in any case.

    `bulk_calls_count`: calls of bulk paths fill window and quota. `corona`: exports by updatedAt and smart list are
    there; else 1035. `export_running` jobs at a time, `export_queue` with those waiting (1029), `export_daily_bytes`
    a day (1029); a job takes `export_seconds`, its status is renewed every `export_status_seconds`, its file kept for
    `export_file_days`. `csv_attributes`: an activity's attributes are an object or a list of pairs. `ssv_separator`.
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
    abm: str = "on"
    activity_ids: str = "unique"
    opportunity_ids: str = "attribute"
    activity_scan: int = 300
    log_changes: bool = False
    bulk_calls_count: bool = True
    corona: bool = True
    export_running: int = 2
    export_queue: int = 10
    export_daily_bytes: int = 500 * 1024 * 1024
    export_seconds: float = 90.0
    export_status_seconds: float = 60.0
    export_file_days: int = 7
    csv_attributes: str = "object"
    ssv_separator: str = ";"

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
