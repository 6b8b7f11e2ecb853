"""How this tenant is set up, and what it does where nothing is public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

CHOICES = {
    "client_auth": ("any", "body", "basic"),
    "order": ("id", "newest_first"),
    "empty_list": ("omit", "null", "empty"),
}
"""The values each setting with a fixed set of them may have; the first is the default."""


@dataclass
class Settings:
    """The settings of one tenant; `{"settings": {...}}` to /_sandbox/change replaces single values.

    `token_path` and `api_prefix` are paths on the tenant's host; `token_seconds` is a token's life. `client_auth`:
    where the token endpoint looks for the client's credentials. `page_size`: records per page, the server's choice.
    `order`: how a list is sorted; with `newest_first` a record made between two pages moves all others on.
    `empty_list`: how a list without records is written. `unique_invoice_numbers`: whether an import refuses a
    supplier's invoice number that exists. `account_field` and `cost_center_field`: the splittable custom fields whose
    values must exist. `retry_after_seconds`: what a 429 says. `late_seconds`: how long a record cannot be read that the
    fault `late_visible` has struck.
    """

    token_path: str = "/auth/realms/J1p-integrations/protocol/openid-connect/token"
    api_prefix: str = "/j1p/api/public"
    token_seconds: float = 3600
    client_auth: str = "any"
    page_size: int = 100
    order: str = "id"
    empty_list: str = "omit"
    unique_invoice_numbers: bool = True
    account_field: str = "Account"
    cost_center_field: str = "CostCenter"
    retry_after_seconds: int = 15
    late_seconds: float = 5.0

    def __post_init__(self) -> None:
        self.set({name: getattr(self, name) for name in CHOICES})

    def set(self, values: Mapping[str, Any]) -> None:
        """Replace single settings; raises ValueError for a name or choice that does not exist."""
        known = {each.name for each in fields(self)}
        if unknown := set(values) - known:
            raise ValueError(f"unknown settings {sorted(unknown)}; known: {', '.join(sorted(known))}")
        for name, value in values.items():
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(f"{name} must be one of {', '.join(CHOICES[name])}, not {value!r}")
        for name, value in values.items():
            setattr(self, name, value)
