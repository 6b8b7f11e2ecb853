"""The rows of the account context: what was read of an account, joined to what its row says already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from airflow_provider_mlconnector.hooks.marketo.activity import OpportunityKeys
from airflow_provider_mlconnector.hooks.marketo.context.accounts import Accounts
from airflow_provider_mlconnector.hooks.marketo.context.counting import (
    Counted,
    Figures,
    Leads,
    activity_columns,
    merged,
)
from airflow_provider_mlconnector.hooks.marketo.context.deciding import PERIOD, Reading
from airflow_provider_mlconnector.hooks.marketo.context.opportunities import (
    Opportunities,
    Record,
    keys_of,
    opportunity_columns,
    unknown_columns,
)
from airflow_provider_mlconnector.hooks.marketo.context.people import People
from airflow_provider_mlconnector.ledger.account_columns import COLUMNS

Row = dict[str, Any]
DECODER = msgspec.json.Decoder(float_hook=Decimal)
"""Amounts stay exact."""


@dataclass(frozen=True)
class RowMaker:
    """Makes the rows of some accounts at a time."""

    accounts: Accounts
    reading: Reading
    figures: Figures
    opportunities: Opportunities
    people: People

    def rows(self, numbers: Sequence[int], stored: Mapping[str, Row]) -> dict[str, Row]:
        """Return account key → row.

        :param stored: the rows that there are.
        """
        # An account that was linked since the reading was decided on is the next run's.
        keys = {n: self.accounts.keys[n] for n in numbers if self.accounts.keys[n] in self.reading.marks}
        known = {n: self._known(n, stored.get(key)) for n, key in keys.items()}
        found = self.opportunities.of_accounts(known)
        people = self.people.of_accounts(list(keys))
        made = {}
        for number, key in keys.items():
            parts = (
                people[number],
                self._opportunities(number, found.get(number, []), stored.get(key)),
                self._activities(number, stored.get(key)),
            )
            values: Row = {"account_key": key}
            reasons: dict[str, str] = {}
            for columns, missing in parts:
                values |= columns
                reasons |= missing
            made[key] = {**dict.fromkeys(COLUMNS), **values, "reasons": reasons}
        return made

    def _known(self, number: int, row: Row | None) -> set[OpportunityKeys]:
        return {keys_of(record) for record in told_in(row) or ()} | self.figures.opportunities.get(number, set())

    def _opportunities(self, number: int, found: Sequence[Record], row: Row | None) -> tuple[Row, dict[str, str]]:
        if why := self.opportunities.why:
            # Where they come from is activities that are not read again.
            return unknown_columns(why, told_in(row))
        searched = self.opportunities.is_searched(number)
        return opportunity_columns(found, self.opportunities.fields, searched=searched)

    def _activities(self, number: int, row: Row | None) -> tuple[Row, dict[str, str]]:
        key = self.accounts.keys[number]
        mark, ids = self.reading.marks[key], sorted(self.accounts.leads.get(number, ()))
        # Of leads that were linked since the reading was decided on, nothing was read.
        now = Leads(mark, ids if self.accounts.mark(number) == mark else [])
        days, grown = self.figures.days.get(number, {}), key in self.reading.grown
        counted = merged(counted_of(row), days, now, self.reading, grown=grown)
        if self.opportunities.why:
            counted.named = sorted(self.figures.opportunities.get(number, ()), key=str)
        columns, reasons = activity_columns(counted, mark, leads=bool(self.accounts.leads.get(number)), period=PERIOD)
        return {**columns, "activity_days": msgspec.to_builtins(counted)}, reasons


def counted_of(row: Mapping[str, Any] | None) -> Counted:
    """Return what a row keeps of its account's days."""
    kept = row["activity_days"] if row else None
    return msgspec.json.decode(kept, type=Counted) if kept else Counted()


def leads_of(row: Mapping[str, Any]) -> Leads:
    """Return whose days a row keeps."""
    kept = row["activity_days"]
    return msgspec.json.decode(kept, type=Leads) if kept else Leads()


def told_in(row: Mapping[str, Any] | None) -> list[Record] | None:
    """Return the opportunities that a row tells of; None where it does not say."""
    listed = row["opportunities"] if row else None
    told: list[Record] | None = DECODER.decode(listed) if listed else None
    return told
