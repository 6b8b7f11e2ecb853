"""The data dictionary: what each column's values are, whatever form the server sends them in.

Declared by alias, since an alias means the same in every table. GRID_DATA sends dates as `YYYYMMDD`, numbers with
their decimals applied (never divide again), text blank-padded; other output types and releases differ, so all known
forms are read. Blank, absent and null are None throughout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any

from airflow_provider_mlconnector.digits import exact
from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.dates import from_julian

_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d")
_MILLISECONDS = re.compile(r"\d{13}", re.ASCII)
"""Since 1970, of the years 2001 to 2286."""
_POINT = re.compile(r"[+-]?(?:\d{4,}|0|(?=\d{1,3}\.(?!\d{3}$))\d{1,3})\.\d+", re.ASCII)
"""A dot that divides no thousands, so that it is the decimal mark whatever the user prefers."""

Converter = Callable[[Any], Any]


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    DATE = "date"
    ANY = "any"


_DICTIONARY: dict[Kind, str] = {
    # Ids stay text: their leading zeros count. MCU and its kin come right-justified in 12 characters.
    Kind.TEXT: """
        ALKY ALPH TAX DC MCU EMCU HMCU SIC LNGP AT1 CM TAXC MLNM GNNM MDNM SRNM ATTL TYC PHTP AR1 PH1 ETP EMAL
        ADD1 ADD2 ADD3 ADD4 ADDZ CTY1 COUN ADDS CTR CO KCO KCOO ARC MCUR CRCD TXA1 EXR1 TRAR RYIN CRCA HOLD CMGR
        AID OBJ SUB ANI LTTR NXTR DCTO SFXO LITM DSC1 DSC2 LNTY UOM GLC DCT SFX PTC CRRM ORBY VINV PST POST RMK
        PO PDCT PKCO DL01 LDA PEC STYL PECC USER PID JOBN TORG SBL SBLT LT OBAR OBAP AIDR AIDP MCUP HDAR HDPY PYIN APC
        CRRP TXA2 EXR2 TRAP AITM EDUS EDBT EDTN EDSP EDTC EDTR""",
    Kind.WHOLE: """
        AN8 IDLN RCK7 CNLN LNID AN81 AN82 AN83 AN84 AN85 AN86 PYE SHAN DOCO DOC ITM MATC NLIN ICU SFXE
        JELN EDLN UPMT TDAY""",
    Kind.NUMBER: """
        PRRC FRRC AEXP AOPN FEA UORG UOPN UREC AREC ACL OTOT FAP CRR AG AAP ATXA ATXN STAM ACR CTXA CTXN CTAM AA U""",
    Kind.DATE: "UPMJ EFTB DRQJ TRDJ PDDJ CNDJ DIVJ DSVJ DDJ DDNJ DGJ DGL RCDJ VLDT",
}
KINDS: dict[str, Kind] = {alias: kind for kind, aliases in _DICTIONARY.items() for alias in aliases.split()}
KINDS |= {f"AC{number:02d}": Kind.TEXT for number in range(1, 31)}
KINDS |= {f"RP{number:02d}": Kind.TEXT for number in range(1, 31)}

REST_OF_KEY: dict[str, tuple[str, ...]] = {
    "F0111": ("IDLN",),
    "F0115": ("IDLN", "RCK7", "CNLN"),
    "F01151": ("IDLN", "RCK7"),
    "F03012": ("CO",),
    "F4301": ("DCTO", "KCOO", "SFXO"),
    "F4311": ("DCTO", "KCOO", "SFXO", "LNID"),
}
"""What tells rows with one number apart, in tables that may have many of them."""


def kind_of(column: str) -> Kind:
    """Return what a column (`F0101.AN8`) holds; ANY for one the dictionary does not know."""
    return KINDS.get(column.rpartition(".")[2], Kind.ANY)


def scalar(cell: Any) -> Any:
    """Return a cell's value: versioned output types wrap it as `{"value": …}`."""
    return cell.get("value") if isinstance(cell, dict) else cell


def as_any(cell: Any) -> Any:
    """Strip text, None when blank; leave other values alone."""
    value = scalar(cell)
    return value.strip() or None if isinstance(value, str) else value


def as_text(cell: Any) -> str | None:
    """Return stripped text; a number becomes its digits."""
    if type(cell) is str:  # nearly every cell, so it takes the short way
        return cell.strip() or None
    value = as_any(cell)
    return value if value is None or isinstance(value, str) else str(value)


class Values:
    """Converters for one user's preferences.

    :param date_formats: how this user's dates may look besides the usual forms (strftime).
    :param decimal_format: this user's decimal mark.
    """

    def __init__(self, date_formats: Sequence[str] = (), decimal_format: str = "."):
        self._date_formats = date_formats
        self._comma = decimal_format == ","
        self._by_kind: dict[Kind, Converter] = {
            Kind.TEXT: as_text,
            Kind.WHOLE: self.whole,
            Kind.NUMBER: self.number,
            Kind.DATE: self.day,
            Kind.ANY: as_any,
        }

    def converter(self, column: str) -> Converter:
        """Return the converter of a column such as `F0101.AN8`."""
        return self._by_kind[kind_of(column)]

    def number(self, cell: Any) -> int | Decimal | None:
        """Return an exact number; text is read with the user's decimal mark."""
        value = as_any(cell)
        if value is None or isinstance(value, int | Decimal):
            return value
        text = str(value)
        comma = self._comma and not _POINT.fullmatch(text)
        text = text.replace(".", "").replace(",", ".") if comma else text.replace(",", "")
        try:
            return exact(text)
        except ValueError:
            raise UnexpectedAnswer("is no number") from None

    def whole(self, cell: Any) -> int | Decimal | None:
        """Return an int, of a time (`09:30:05`) as HHMMSS; a fraction (line 1.1 of a kit) is kept."""
        if type(cell) is int:
            return cell
        if isinstance(cell, str) and _CLOCK.fullmatch(cell.strip()):
            hours, minutes, seconds = (*cell.strip().split(":"), "0")[:3]
            return int(hours) * 10_000 + int(minutes) * 100 + int(seconds)
        value = self.number(cell)
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return int(value)
        return value

    def day(self, cell: Any) -> date | None:
        """Return the date of `YYYYMMDD`, CYYDDD, ISO or the user's own format; None for one that cannot be.

        :raises UnexpectedAnswer: for what does not even look like a date.
        """
        text = as_text(cell)
        if text is None:
            return None
        try:
            if text.isdigit() and len(text) == 8:
                return date(int(text[:4]), int(text[4:6]), int(text[6:]))
            if text.isdigit() and len(text) <= 6:
                return from_julian(int(text))
        except ValueError:
            return None
        return self._other_day(text)

    def moment(self, cell: Any, zone: tzinfo) -> datetime | None:
        """Return the instant of a time stamp, in ISO or in milliseconds since 1970, or of the start of a date.

        :param zone: of what names no offset.
        :raises UnexpectedAnswer: for what does not even look like a date.
        """
        text = as_text(cell)
        if text is not None and _MILLISECONDS.fullmatch(text):
            found = datetime.fromtimestamp(int(text) / 1000, UTC)
            # A date of its own is midnight, of the server or of UTC.
            return found if found.time() == time() else found.astimezone(zone)
        if text is not None and _ISO_TIME.match(text):
            try:
                found = datetime.fromisoformat(text)
            except ValueError:
                raise UnexpectedAnswer("AIS: a time stamp is none in any known format") from None
            return found.replace(tzinfo=found.tzinfo or zone)
        day = self.day(text)
        return None if day is None else datetime.combine(day, time(), zone)

    def _other_day(self, text: str) -> date:
        if _ISO_TIME.match(text):
            text = text[:10]
        for form in (*self._date_formats, "%Y-%m-%d"):
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
            except ValueError:
                continue
        raise UnexpectedAnswer("is no date in any known format")
