"""How this simulated account is set up, and what it does where the documentation is silent or contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

ACCOUNT_ID = "704ef231-cd93-49c9-a201-26b4b5d0d35b"
"""The account's id."""
APPLICATION_KEY = "0342a546-e0c2-0dff-f0be-6a5e17154033"
"""The key of one of its API applications."""
OTHER_KEY = "5b1d3c77-90ae-4d52-8f6e-21c7e4a0b913"
"""The key of its other API application."""

MINUTE = 3.0
"""How long a minute of the limit lasts, in seconds, unless an account is set up otherwise."""
CHOICES = {
    "limit_form": ("live", "429", "503", "400"),
    "limit_scope": ("account", "application"),
    "error_form": ("mixed", "array", "object"),
    "total_rule": ("without_tax", "with_tax"),
    "rounding": ("half_up", "half_even"),
    "line_tax_rule": ("required", "optional"),
    "line_order": ("shuffled", "posted"),
    "sku_mismatch": ("rename", "refuse"),
    "account_form": ("codes", "names"),
    "tied_to": ("", "xero", "quickbooks"),
    "tied_refuses": ("all", "put"),
}
"""The values each setting with a fixed set of them may have; the first is the default."""


@dataclass
class Options:
    """The settings of one account. All have a default; the strict one where the vendor's behaviour is undocumented.

    `calls_per_window` calls in any `window_seconds`, of which 60 last `minute_seconds` of the clock: compressed, so
    that a quota of calls a minute takes seconds; 60 is real time. `limit_form`: how the call too many is refused
    (`live`: 400 on purchases, 503 elsewhere, as was seen); `limit_scope`: whether the account's applications share the
    window; `refused_calls_count`: whether refused calls fill it; `retry_after`: the header's value with a 429, "" for
    none.
    `error_form`: a refusal is an array, an object with the first error only, or (mixed) each in turn;
    `errors_per_reply`: how many errors an array tells at most.
    `unique_suppliers`: whether two suppliers may not share a name (case-insensitive).
    `total_rule`: whether a line's Total holds its Tax; `rounding` of halves of a cent; `minimum_quantity` of a line;
    `line_tax_rule`: whether a line must name one; `line_order` of answers; `sku_mismatch`: what another SKU beside a
    ProductID does to the product. `list_delay_seconds`: how long a new purchase is missing from the list.
    `account_form`: how a system account is shown: `SystemAccount` as a code, or as a name beside `SystemAccountCode`.
    `tied_to`: the accounting system the chart of accounts belongs to; `tied_refuses`: all changes to it, or PUT only.
    """

    calls_per_window: int = 60
    window_seconds: float = 60.0
    minute_seconds: float = MINUTE
    limit_form: str = "live"
    limit_scope: str = "account"
    refused_calls_count: bool = True
    retry_after: str = "60 Seconds"
    error_form: str = "mixed"
    errors_per_reply: int = 2
    unique_suppliers: bool = True
    total_rule: str = "without_tax"
    rounding: str = "half_up"
    minimum_quantity: int = 1
    line_tax_rule: str = "required"
    line_order: str = "shuffled"
    sku_mismatch: str = "rename"
    list_delay_seconds: float = 0.0
    account_form: str = "codes"
    tied_to: str = ""
    tied_refuses: str = "all"

    def __post_init__(self) -> None:
        for name in CHOICES:
            self.check(name, getattr(self, name))

    def update(self, values: Mapping[str, Any]) -> None:
        """Change settings; raises `ValueError` for an unknown name or a value that is no choice."""
        if unknown := set(values) - OPTION_NAMES:
            raise ValueError(f"unknown options {sorted(unknown)}; known: {', '.join(sorted(OPTION_NAMES))}")
        for name, value in values.items():
            if name in CHOICES:
                self.check(name, value)
        for name, value in values.items():
            setattr(self, name, value)

    @staticmethod
    def check(name: str, value: str) -> None:
        """Raise `ValueError` when `value` is not one of the choices for `name`."""
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, CHOICES[name]))}, not {value!r}")


OPTION_NAMES = frozenset(each.name for each in fields(Options))
"""The keyword arguments a sandbox takes for its options."""
