"""What an administrator of this tenant has configured, and how it behaves where tenants are known to differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta, timezone
from typing import Any

AUTH_MODES = frozenset({"oauth_body", "oauth_query", "client_credentials", "session", "basic", "form"})
CHOICES: Mapping[str, tuple[Any, ...]] = {
    "context_root": ("clouderp", "qad-central"),
    "swagger": ("swagger2", "openapi3", "none"),
    "envelope": ("data", "top"),
    "no_record": ("empty_list", "no_list"),
    "no_date": ("null", "empty", "absent"),
    "empty_date_filter": ("works", "no_rows", "refused"),
    "time_unit": ("seconds", "zero"),
    "denied_status": (403, 200),
}
"""The values of each setting with a fixed set of them; the first is the default."""

FIXED = frozenset({"context_root", "login_path", "swagger_path", "workspaces", "legacy_share"})
"""Settings that shape the routes or the data and cannot change while the tenant runs."""


@dataclass
class Settings:
    """One tenant's configuration; `{"settings": {...}}` to /_sandbox/change replaces single values."""

    context_root: str = "clouderp"
    users: dict[str, str] = field(default_factory=lambda: {"mlconnector": "sandbox-qad"})
    client_id: str = "qad-sandbox-client"
    client_secret: str = "sandbox-qad-client"
    """For the client-credentials grant only: the password grant has none."""
    auth_modes: frozenset[str] = AUTH_MODES
    """Accepted ways to log in; what is not in here answers as if it did not exist."""
    bearer: dict[str, str] = field(default_factory=dict)
    """Tokens an administrator has issued by hand → their user; they do not expire."""
    login_path: str = "/api/login"
    session_key: str = "sessionId"
    """Where the answer of the session login has its value; dots lead into nested objects."""
    session_placement: str = "cookie:JSESSIONID"
    """Where that value is expected afterwards: `cookie:NAME`, `header:NAME` or `bearer`."""
    session_length: int = 480
    """Minutes after which a token or session ends, however busy."""
    timeout_minutes: int = 30
    """Minutes of idleness after which it ends."""
    refresh_minutes: int = 1440
    tell_expires_in: bool = True

    workspaces: dict[str, str] = field(default_factory=lambda: {"10USA_10USACO": "10-CUST", "20MEX_20MEXCO": "20-CUST"})
    """Workspace (`{domain}_{entity}`) → the shared set of customers it sees; the first is the user's own."""
    utc_offset_hours: float = -5
    swagger: str = "swagger2"
    swagger_path: str = "/api/swagger.json"
    metadata: bool = True
    """False: entity metadata is not served."""
    lacks: frozenset[str] = frozenset()
    """Entities (`customerV2s`, with their browses) and browse ids this tenant does not have."""
    denied: tuple[str, ...] = ()
    """Parts of paths and of browse ids that the user may not read."""
    denied_status: int = 403
    """200: the refusal comes as bare `errors` inside a 200."""
    may_write: bool = True

    strict_paging: bool = True
    """A browse without `page` and `pageAction` answers 200 with no rows."""
    later_page_actions: tuple[str, ...] = ("next",)
    """What `pageAction` may be beside `first`; any other value answers 200 with no rows."""
    string_flags: bool = True
    """`HasMoreParams` is `"true"` or `"false"`, not a JSON boolean."""
    string_booleans: bool = False
    """The same for logical columns of a browse."""
    lean_browse: bool = True
    """Browse rows have fewer fields than the keyed read."""
    browse_modified: bool = True
    """False: the browses of entities have no lastModified columns."""
    envelope: str = "data"
    """`top`: a keyed read has its list at top level."""
    no_record: str = "empty_list"
    no_date: str = "null"
    """How a blank date looks in a browse row."""
    empty_date_filter: str = "works"
    """What `date,eq,,literal` does: finds rows without a date, finds none, or is refused."""
    time_unit: str = "seconds"
    """`zero`: lastModifiedTime is never filled."""
    legacy_share: float = 1 / 30
    """The share of generated rows that have no lastModified values."""

    def __post_init__(self) -> None:
        for each in fields(self):
            self.check(each.name, getattr(self, each.name))

    @staticmethod
    def check(name: str, value: Any) -> None:
        """Raise ValueError when `value` is none of the choices for `name`."""
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(map(str, CHOICES[name]))}, not {value!r}")
        if name == "auth_modes" and (unknown := set(value) - AUTH_MODES):
            raise ValueError(f"unknown auth_modes {sorted(unknown)}; known: {', '.join(sorted(AUTH_MODES))}")

    def replace(self, values: Mapping[str, Any]) -> None:
        """Change single settings; lists become what the setting is made of. Raises ValueError."""
        known = {each.name for each in fields(self)} - FIXED
        if unknown := set(values) - known:
            raise ValueError(f"cannot change settings {sorted(unknown)}; known: {', '.join(sorted(known))}")
        made = {name: type(getattr(self, name))(v) if isinstance(v, list) else v for name, v in values.items()}
        for name, value in made.items():
            self.check(name, value)
        for name, value in made.items():
            setattr(self, name, value)

    @property
    def root(self) -> str:
        """The path all others begin with."""
        return f"/{self.context_root}"

    @property
    def zone(self) -> timezone:
        """The server's zone."""
        return timezone(timedelta(hours=self.utc_offset_hours))
