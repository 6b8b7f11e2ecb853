"""Matching the source's GL accounts to Cin7's chart: the user's map first, then OBJ, then MCU.OBJ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from airflow_provider_mlconnector.hooks.cin7.models import Account

SEPARATORS = re.compile(r"[\s./\\_-]+")


def normalised(code: str) -> str:
    """Return a code as it is compared: without blanks, in any case, its parts set apart by dots."""
    return SEPARATORS.sub(".", code.strip()).strip(".").casefold()


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An account of the source: business unit, object, subsidiary."""

    obj: str
    mcu: str = ""
    sub: str = ""

    @classmethod
    def parse(cls, text: str) -> AccountKey:
        """Read `OBJ`, `MCU.OBJ` or `MCU.OBJ.SUB`."""
        parts = [part.strip() for part in text.split(".", 2)]
        if len(parts) == 1:
            return cls(parts[0])
        return cls(parts[1], parts[0], parts[2] if len(parts) > 2 else "")

    @property
    def names(self) -> tuple[str, ...]:
        """How a user may name it in the map, the most exact first."""
        names = [".".join(part for part in parts if part) for parts in self._parts]
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def _parts(self) -> tuple[tuple[str, ...], ...]:
        exact = [(self.mcu, self.obj, self.sub)] if self.sub else []
        return (*exact, (self.mcu, self.obj), (self.obj,))

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes it may have in Cin7, the likeliest first."""
        both = f"{self.mcu}.{self.obj}" if self.mcu and self.obj else ""
        return tuple(code for code in (self.obj, both) if code)


class Chart:
    """Cin7's chart of accounts, and the user's map to it.

    :param account_map: the source's account → Cin7's code, where they differ.
    """

    def __init__(self, accounts: Iterable[Account], account_map: Mapping[str, str]):
        self.accounts = tuple(accounts)
        self._by_code: dict[str, Account] = {}
        for account in self.accounts:
            self._by_code.setdefault(normalised(account.code), account)
        self._map = {normalised(key): code for key, code in account_map.items()}

    def with_account(self, account: Account, account_map: Mapping[str, str]) -> Chart:
        """Return the chart with one more account."""
        return Chart((*self.accounts, account), account_map)

    def by_code(self, code: str) -> Account | None:
        """Return the account with a code, or None."""
        return self._by_code.get(normalised(code))

    def match(self, key: AccountKey) -> Account | None:
        """Return the account that stands for one of the source, or None."""
        for name in key.names:
            if code := self._map.get(normalised(name)):
                return self.by_code(code)
        return next((found for code in key.codes if (found := self.by_code(code))), None)

    @property
    def unknown_in_map(self) -> list[str]:
        """The codes that the user's map names and the chart does not have."""
        return sorted({code for code in self._map.values() if self.by_code(code) is None})

    @property
    def payables(self) -> list[Account]:
        """The active accounts that a supplier may owe to."""
        return [each for each in self.accounts if each.is_payable and each.is_active]
