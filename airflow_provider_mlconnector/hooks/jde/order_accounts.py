"""Which account a line of an order is charged to: by the account's id (AID), else by its number.

Most lines that are charged to an account have all of AID, ANI and OBJ. Where the id is not there the number is looked
up in F0901, so that what was entered as a number is not lost; a number that is not there stands for itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_mlconnector.hooks.jde.lookup import look_up
from airflow_provider_mlconnector.hooks.jde.posting import account_string, normal_account
from airflow_provider_mlconnector.hooks.jde.query import one_of
from airflow_provider_mlconnector.hooks.jde.reading import LIST_SIZE

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

ACCOUNTS = "F0901"
SHORT_ID = "*"
"""How an account number begins that is an AID (the default of the automatic accounting instructions)."""

Line = dict[str, Any]


class Charge(NamedTuple):
    """How a line names its account; `number` is `MCU.OBJ.SUB`, `unit` its business unit where that is sure."""

    aid: str | None
    number: str | None
    unit: str | None


def charge_of(line: Line) -> Charge:
    """Return how a line, given by alias, names its account; a line that is charged to none names nothing."""
    aid, entered = (line.get("AID") or "").strip(), (line.get("ANI") or "").strip()
    if entered.startswith(SHORT_ID):
        aid, entered = aid or entered[1:].strip(), ""
    number = normal_account(entered)
    if number:
        return Charge(aid or None, number, number.partition(".")[0] if "." in number else None)
    # The line's own business unit is the branch that orders, and of the account only where nothing else is said.
    made = account_string({f"{ACCOUNTS}.{alias}": line.get(alias) for alias in ("MCU", "OBJ", "SUB")})
    return Charge(aid or None, made, None if aid else (line.get("MCU") or None) if made else None)


class OrderAccounts:
    """The accounts of the lines of a run; each is looked up once."""

    def __init__(self, client: JdeClient):
        self._client = client
        self._units: dict[str, str] = {}
        self._aids: dict[str, str | None] = {}

    def told(self, lines: Iterable[Line]) -> None:
        """Add `ACCOUNT` and `COST_CENTER` to each line: the account's id (its number where there is no such account)
        and its business unit; of a line without account None, and the line's own unit.
        """
        charges = [(line, charge_of(line)) for line in lines]
        self._look_up_units({charge.aid for _, charge in charges if charge.aid and not charge.unit} - set(self._units))
        numbers = {charge.number for _, charge in charges if charge.number and not charge.aid}
        self._look_up_aids(numbers - set(self._aids))
        for line, charge in charges:
            account = charge.aid or self._aids.get(charge.number or "") or charge.number
            unit = charge.unit or self._units.get(charge.aid or "")
            line |= {"ACCOUNT": account, "COST_CENTER": unit if account else line.get("MCU") or None}

    def _look_up_units(self, aids: Collection[str]) -> None:
        for row in self._rows("AID", aids):
            self._units[row[f"{ACCOUNTS}.AID"]] = row[f"{ACCOUNTS}.MCU"]

    def _look_up_aids(self, numbers: Collection[str]) -> None:
        # By the object alone: how a site stores a business unit, right-justified or not, is no matter then.
        objects = {parts[1] for number in numbers if len(parts := number.split(".")) > 1}
        found = {account_string(row): row[f"{ACCOUNTS}.AID"] for row in self._rows("OBJ", objects)}
        self._aids |= {number: found.get(number) for number in numbers}

    def _rows(self, alias: str, values: Collection[str]) -> Iterable[dict[str, Any]]:
        wanted = sorted(values)
        for at in range(0, len(wanted), LIST_SIZE):
            where = one_of(f"{ACCOUNTS}.{alias}", wanted[at : at + LIST_SIZE])
            yield from look_up(self._client, ACCOUNTS, ("AID", "MCU", "OBJ", "SUB"), where, key=("AID",))
