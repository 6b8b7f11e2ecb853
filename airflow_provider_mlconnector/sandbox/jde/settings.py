"""What an administrator of this AIS server has configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta, timezone


@dataclass
class Settings:
    """Server configuration; `{"settings": {...}}` to /_sandbox/change replaces single values.

    Durations are in seconds on the sandbox's clock.
    """

    users: dict[str, str] = field(default_factory=lambda: {"MLCONN": "sandbox-jde"})
    environments: tuple[str, ...] = ("JPD920", "JDV920")
    roles: tuple[str, ...] = ("*ALL", "MLROLE")
    host_allowed: bool = True
    """False: the AIS host is missing from the HTML server's allowed hosts; every login is answered with 405."""
    body_login: bool = True
    basic_login: bool = True
    max_wrong_passwords: int = 3
    bad_credentials_status: int = 403
    invalid_token_status: int = 444
    session_idle: float = 30 * 60
    session_life: float = 8 * 3600
    max_sessions: int = 100
    require_cookie: bool = False
    """True: a load balancer without shared sessions; a token is only known to who brings its affinity cookie."""

    simple_date_format: str = "dd/MM/yyyy"
    """The service user's preference; filter literals are read in it. Also `MM/dd/yyyy`, `yyyy/MM/dd`, …"""
    decimal_format: str = "."
    utc_offset_hours: float = -5
    julian_literals: bool = False
    """True: CYYDDD date literals in filters are understood too."""

    internal_url: str = "http://ais-internal:9300"
    """The AIS server's own idea of its address, used in `links`; unreachable from outside."""
    default_page_size: int = 100
    max_rows: int = 10_000
    """No answer has more rows than this, whatever maxPageSize says."""
    cursor_life: float = 60
    """JAS resultSetTimeout."""

    orchestration_formats: dict[str, str] = field(
        default_factory=lambda: {"ORCH_OPPORTUNITIES": "generic", "ORCH_VOUCHER_IMPORT": "standard"}
    )
    """Orchestration → `generic` or `standard`: the one input format it is configured for."""
    generic_arrays: bool = True
    """False: an older release, which takes one row from an array in the generic format and drops the rest."""
    jde_keys: bool = True
    """False: a server before Tools 9.2.5.4, whose orchestrations answer without jde__status and its kin."""

    voucher_line_error: str = "continue"
    """What ORCH_VOUCHER_IMPORT does when a G/L line is refused: `continue` (200 that tells of it) or `abort` (500)."""
    r04110za_every: float = 0
    """The batch voucher processor runs by itself, in final mode, each so many seconds; 0 = never."""
    duplicate_invoice_edit: str = "error"
    """Processing option for a supplier's invoice number that F0411 has: `error`, `warning` or `off`."""
    processed_flag: str = "1"
    """What R04110ZA puts into EDSP of the rows it has processed."""
    voucher_number_back: bool = False
    """True: R04110ZA puts the voucher's DOC, DCT and KCO into the Z rows too."""
    tax_rates: dict[str, str] = field(default_factory=lambda: {"EXEMPT": "0", "VAT": "0.20"})
    """Tax rate/areas (TXA1)."""
    posted_tax: tuple[str, ...] = ("V", "C", "B")
    """Tax explanation codes (EXR1) whose tax E1 posts itself: the G/L lines then add up to gross without it."""

    @property
    def zone(self) -> timezone:
        """The server's zone."""
        return timezone(timedelta(hours=self.utc_offset_hours))

    @property
    def time_zone_offset(self) -> str:
        """The zone as the login reply spells it: `UTC-05:00`."""
        minutes = round(abs(self.utc_offset_hours) * 60)
        return f"UTC{'-' if self.utc_offset_hours < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
